"""A source of rows: one file of a delivery, or a folder of parts as Spark and Hive write a table."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from graph.errors import DeliveryError
from ingestion.limits import FOLDERS_DEEP, Limits
from ingestion.readers import PART_SUFFIXES, SUFFIXES, inspect, is_json, records, suffix_of
from ingestion.rows import Inspection, Record

_NO_PARTITION = "__HIVE_DEFAULT_PARTITION__"  # what Hive and Spark write for *not known*
_VERSIONED = {"_delta_log": "Delta", ".hoodie": "Hudi"}  # beside these lie parts that are no longer of the table


@dataclass(frozen=True, slots=True)
class Part:
    """One file: its name within the delivery, what it holds, and the cells that its folders say of all its rows (`dt=2026-11-01`)."""

    path: Path
    name: str
    folders: dict[str, str | None]
    inspection: Inspection
    limits: Limits

    @property
    def columns(self) -> tuple[str, ...]:
        """Its own, and those of its folders."""
        own = self.inspection.columns
        return own + tuple(name for name in self.folders if name not in own)


@dataclass(frozen=True, slots=True)
class Source:
    """What a feed reads: all parts, read through once."""

    name: str
    parts: tuple[Part, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that a part has."""
        return tuple(dict.fromkeys(column for part in self.parts for column in part.columns))

    @property
    def rows(self) -> int:
        """How many there are."""
        return sum(part.inspection.rows for part in self.parts)

    @property
    def int96(self) -> frozenset[str]:
        """The columns of times that do not say in which zone they are, though other programs take them for UTC."""
        return frozenset(column for part in self.parts for column in part.inspection.int96)

    def lacks(self, column: str) -> bool:
        """Whether some part has no such column. Rows of JSON name their cells themselves: one column in one of them is enough."""
        if any(part.inspection.rows and column not in part.columns for part in self.parts if not is_json(part.path)):
            return True
        return column not in self.columns and not self._says_nothing

    @property
    def _says_nothing(self) -> bool:
        """JSON without a row has no header to miss anything from."""
        return not self.rows and all(is_json(part.path) and not part.folders for part in self.parts)

    def records(self, wanted: Collection[str]) -> Iterator[Record]:
        """The rows, part by part; columns that are not `wanted` may say only whether they hold anything."""
        for part in self.parts:
            folders, name = part.folders, part.name if part.name != self.name else ""
            for record in records(part.path, part.inspection, wanted, part.limits):
                if name:
                    cells = folders | record.cells if folders else record.cells
                    record = Record(record.line, cells, record.code, name, record.weight)
                yield record


def read_through(folder: Path, name: str, limits: Limits) -> Source:
    """The file or folder of that name in a delivery. Raises DeliveryError for what cannot be read to its end, for links, and beyond the limits."""
    path = folder / name
    if path.is_symlink():
        raise DeliveryError(f"{name} is a link, and links in a delivery are not followed: put the file itself there")
    if not path.is_dir():
        if not path.name.lower().endswith((*SUFFIXES, ".zip")):
            raise DeliveryError(f"{name}: not one of the formats {', '.join(SUFFIXES)}")
        return Source(name, (Part(path, name, {}, inspect(path, limits), limits),))
    found = tuple(Part(file, str(file.relative_to(folder)), said, inspect(file, limits), limits) for file, said in _parts(path, limits))
    if not found:
        raise DeliveryError(f"{name} is a folder without a part of a table in it")
    source = Source(name, found)
    limits.check_columns(name, source.columns)
    return source


def entries(folder: Path, limits: Limits) -> list[Path]:
    """What lies in a folder, in order. Raises DeliveryError when it is more than may be."""
    found: list[Path] = []
    with os.scandir(folder) as there:
        for entry in there:
            found.append(folder / entry.name)
            limits.check(f"{folder.name}/", "parts", len(found))
    return sorted(found)


def _parts(folder: Path, limits: Limits) -> list[tuple[Path, dict[str, str | None]]]:
    """The files within, in order, with what their folders say. Files and folders with `_` or `.` before their names are the writer's own."""
    found: list[tuple[Path, dict[str, str | None]]] = []
    _collect(folder, {}, FOLDERS_DEEP, limits, found)
    return found


def _collect(folder: Path, said: dict[str, str | None], deeper: int, limits: Limits, found: list[tuple[Path, dict[str, str | None]]]) -> None:
    if not deeper:
        raise DeliveryError(f"{folder.name}: more than {FOLDERS_DEEP} folders within one another")
    for path in entries(folder, limits):
        if path.name in _VERSIONED:
            raise DeliveryError(
                f"{folder.name} is a table of {_VERSIONED[path.name]}, which keeps old parts beside the new ones: export it as plain parquet"
            )
        if path.name.startswith(("_", ".")):
            continue
        if path.is_symlink():
            raise DeliveryError(f"{folder.name}/{path.name} is a link, and links in a delivery are not followed: put the file itself there")
        if path.is_dir():
            column, equals, value = path.name.partition("=")
            more = {column: None if value == _NO_PARTITION else unquote(value)} if equals else {}
            _collect(path, said | more, deeper - 1, limits, found)
        elif suffix_of(path) not in PART_SUFFIXES:
            raise DeliveryError(f"{folder.name}/{path.name}: a part in a format that is not read; there are {', '.join(PART_SUFFIXES)}")
        elif path.stat().st_size:  # a part of no rows may be a file of no bytes
            found.append((path, said))
            limits.check(f"{folder.name}/", "parts", len(found))
