"""A source of rows: one file of a delivery, or a folder of parts as Spark and Hive write a table."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

from graph.model.errors import DeliveryError, RingfenceError
from ingestion.limits import FOLDERS_DEEP, Limits
from ingestion.readers import PART_SUFFIXES, SUFFIXES, inspect, is_json, records, suffix_of
from ingestion.rows import Inspection, Record
from ingestion.telling import plain

_NO_PARTITION = "__HIVE_DEFAULT_PARTITION__"  # what Hive and Spark write for *not known*
_VERSIONED = {"_delta_log": "Delta", ".hoodie": "Hudi"}  # beside these lie parts that are no longer of the table


State = tuple[int, ...]  # which file it is, how large, and when it was written


@dataclass(frozen=True, slots=True)
class Part:
    """One file: its name within the delivery, what it holds, and the cells that its folders say of all its rows (`dt=2026-11-01`)."""

    path: Path
    name: str
    folders: dict[str, str | None]
    inspection: Inspection
    limits: Limits
    state: State

    def check_unchanged(self) -> None:
        """Raise RingfenceError when the file is no longer what was checked: what it says then, nobody has looked at."""
        if _state(self.path) != self.state:
            raise RingfenceError(f"{plain(self.name)} was changed while it was loaded: load the delivery again when its sender is done with it")

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
            part.check_unchanged()
            for record in records(part.path, part.inspection, wanted, part.limits):
                if name:
                    cells = folders | record.cells if folders else record.cells
                    record = replace(record, cells=cells, part=name)
                yield record
            part.check_unchanged()


def read_through(folder: Path, name: str, limits: Limits) -> Source:
    """The file or folder of that name in a delivery. Raises DeliveryError for what cannot be read to its end, for links, and beyond the limits."""
    path = folder / name
    if path.is_symlink():
        raise DeliveryError(f"{name} is a link, and links in a delivery are not followed: put the file itself there")
    if not path.is_dir():
        if not path.name.lower().endswith((*SUFFIXES, ".zip")):
            raise DeliveryError(f"{name}: not one of the formats {', '.join(SUFFIXES)}")
        state = _state(path)
        return Source(name, (Part(path, name, {}, inspect(path, limits), limits, state),))
    found, columns = [], _Names(name, limits)
    for file, said in _parts(path, limits):
        state, inspection = _state(file), inspect(file, limits)
        inspection = replace(inspection, columns=columns.once(inspection.columns, said))
        found.append(Part(file, str(file.relative_to(folder)), said, inspection, limits, state))
    if not found:
        raise DeliveryError(f"{name} is a folder without a part of a table in it")
    return Source(name, tuple(found))


class _Names:
    """The columns of a table's parts, each held once, however many parts name it."""

    def __init__(self, table: str, limits: Limits) -> None:
        self._table, self._limits = table, limits
        self._names: dict[str, str] = {}
        self._headers: dict[tuple[str, ...], tuple[str, ...]] = {}

    def once(self, header: tuple[str, ...], folders: Iterable[str]) -> tuple[str, ...]:
        """The header of a part. Raises DeliveryError when the parts have more columns than a table may have."""
        if header not in self._headers:
            self._headers[header] = tuple(self._names.setdefault(name, name) for name in header)
        self._names.update((name, name) for name in folders)
        self._limits.check_columns(self._table, tuple(self._names))
        return self._headers[header]


def _state(path: Path) -> State:
    try:
        found = path.lstat()
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


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
        elif not path.is_file():
            raise DeliveryError(f"{folder.name}/{path.name} is neither a file nor a folder that can be read")
        elif path.stat().st_size:  # a part of no rows may be a file of no bytes
            found.append((path, said))
            limits.check(f"{folder.name}/", "parts", len(found))
