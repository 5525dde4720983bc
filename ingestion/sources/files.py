"""Sources of rows: one or several files of a delivery, or a folder of parts as Spark and Hive write a
table.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from graph.model.errors import DeliveryError, RingfenceError
from ingestion.excerpts import plain
from ingestion.sources.limits import FOLDERS_DEEP, DeliveryLimits
from ingestion.sources.readers import PART_SUFFIXES, SUFFIXES, inspect, is_json, records, suffix_of
from ingestion.sources.recoding import Format
from ingestion.sources.rows import Inspection, Record

_NO_PARTITION = "__HIVE_DEFAULT_PARTITION__"  # what Hive and Spark write for *not known*
# beside these lie parts that are no longer of the table
_VERSIONED = {"_delta_log": "Delta", ".hoodie": "Hudi"}


State = tuple[int, ...]  # on which disk, which file it is, how large, and when it was written


@dataclass(frozen=True, slots=True)
class Part:
    """One file: its name within the delivery, what it holds, and the cells that its folders say of all its
    rows (`dt=2026-11-01`).
    """

    path: Path
    name: str
    folders: dict[str, str | None]
    inspection: Inspection
    limits: DeliveryLimits
    state: State

    def check_unchanged(self) -> None:
        """Raise RingfenceError when the file has changed since it was checked."""
        if _state(self.path)[-len(self.state) :] != self.state:
            raise RingfenceError(
                f"{plain(self.name)} was changed while it was loaded: load the delivery again when its "
                "sender is done with it"
            )

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
        """The columns of times that do not say in which zone they are, though other programs take them for
        UTC.
        """
        return frozenset(column for part in self.parts for column in part.inspection.int96)

    def lacks(self, column: str) -> bool:
        """Whether some part has no such column. Rows of JSON name their cells themselves: one column in one
        of them is enough.
        """
        return self.lacking(column) is not None

    def lacking(self, column: str) -> str | None:
        """The name of a part that has no such column, or the source's."""
        for part in self.parts:
            if part.inspection.rows and column not in part.columns and not is_json(part.path):
                return part.name
        return None if column in self.columns or self._says_nothing else self.name

    @property
    def _says_nothing(self) -> bool:
        """JSON without a row has no header to miss anything from."""
        return not self.rows and all(is_json(part.path) and not part.folders for part in self.parts)

    def part(self, number: int) -> Source:
        """One part alone, under the name of the whole, for another machine to read: it calls the disk
        otherwise.
        """
        alone = self.parts[number]
        return Source(self.name, (replace(alone, state=alone.state[1:]),))

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


def read_through(
    folder: Path, name: str, files: Sequence[str], limits: DeliveryLimits, form: Format
) -> Source:
    """The files and folders of a delivery that are the source of that name, in the order given. Raises
    DeliveryError for what cannot be read to its end, for links, and beyond the limits.
    """
    results = [part for file in files for part in _files_of(folder, file, limits)]
    limits.check(name, "parts", len(results))
    columns, parts = _Names(name, limits), []
    for path, stated in results:
        state, inspection = _state(path), inspect(path, limits, form)
        inspection = replace(inspection, columns=columns.once(inspection.columns, stated))
        parts.append(Part(path, str(path.relative_to(folder)), stated, inspection, limits, state))
    return Source(name, tuple(parts))


def matching(folder: Path, pattern: str, limits: DeliveryLimits) -> list[str]:
    """The names, within a delivery, of the files and folders that a pattern means (`loans_2025-*.csv`,
    `2025/*/loans.csv`), in their order.

    A name that is there means itself. Raises DeliveryError for a pattern that leaves the folder; links are
    left to who reads them.
    """
    steps = PurePosixPath(pattern).parts
    if not steps or pattern.startswith("/") or ".." in steps or len(steps) > FOLDERS_DEEP:
        raise DeliveryError(f"{plain(pattern)} is no name of a file within the delivery")
    results = [""]
    for n, step in enumerate(steps):
        last = n == len(steps) - 1
        results = [
            name
            for within in results
            for name in _matched(folder, within, step, limits)
            if last or _is_folder(folder / name)
        ]
        limits.check(plain(pattern), "parts", len(results))
    return results


def instead_of(name: str) -> str:
    """What to do about a file that is not read, if there is anything to say of its kind."""
    return (
        "; save a spreadsheet as CSV UTF-8"
        if name.lower().endswith((".xlsx", ".xls", ".xlsm", ".ods", ".et"))
        else ""
    )


def _matched(folder: Path, within: str, step: str, limits: DeliveryLimits) -> list[str]:
    if os.path.lexists(folder / within / step):
        return [f"{within}{step}"] if not within else [f"{within}/{step}"]
    there = (path.name for path in entries(folder / within, limits) if not path.name.startswith("."))
    return [f"{within}/{name}".removeprefix("/") for name in there if fnmatchcase(name, step)]


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _files_of(folder: Path, name: str, limits: DeliveryLimits) -> list[tuple[Path, dict[str, str | None]]]:
    """The file of that name, or those of a folder with what its folders say."""
    path = folder / name
    if path.is_symlink():
        raise DeliveryError(
            f"{name} is a link, and links in a delivery are not followed: put the file itself there"
        )
    if not path.is_dir():
        if suffix_of(path) is None:
            raise DeliveryError(
                f"{name}: not one of the formats {', '.join(SUFFIXES)}{instead_of(path.name)}"
            )
        return [(path, {})]
    if not (parts := _parts(path, limits)):
        raise DeliveryError(f"{name} is a folder without a part of a table in it")
    return parts


class _Names:
    """The columns of a table's parts, each held once, however many parts name it."""

    def __init__(self, table: str, limits: DeliveryLimits) -> None:
        self._table, self._limits = table, limits
        self._names: dict[str, str] = {}
        self._headers: dict[tuple[str, ...], tuple[str, ...]] = {}

    def once(self, header: tuple[str, ...], folders: Iterable[str]) -> tuple[str, ...]:
        """The header of a part. Raises DeliveryError when the parts have more columns than a table may
        have.
        """
        if header not in self._headers:
            self._headers[header] = tuple(self._names.setdefault(name, name) for name in header)
        self._names.update((name, name) for name in folders)
        self._limits.check_columns(self._table, tuple(self._names))
        return self._headers[header]


def _state(path: Path) -> State:
    try:
        result = path.lstat()
    except OSError:
        return ()
    return result.st_dev, result.st_ino, result.st_size, result.st_mtime_ns


def entries(folder: Path, limits: DeliveryLimits) -> list[Path]:
    """What lies in a folder, in order. Raises DeliveryError when it is more than may be."""
    results: list[Path] = []
    with os.scandir(folder) as there:
        for entry in there:
            results.append(folder / entry.name)
            limits.check(f"{folder.name}/", "parts", len(results))
    return sorted(results)


def _parts(folder: Path, limits: DeliveryLimits) -> list[tuple[Path, dict[str, str | None]]]:
    """The files within, in order, with what their folders say. Files and folders with `_` or `.` before their
    names are the writer's own.
    """
    results: list[tuple[Path, dict[str, str | None]]] = []
    _collect(folder, {}, FOLDERS_DEEP, limits, results)
    return results


def _collect(
    folder: Path,
    stated: dict[str, str | None],
    deeper: int,
    limits: DeliveryLimits,
    results: list[tuple[Path, dict[str, str | None]]],
) -> None:
    if not deeper:
        raise DeliveryError(f"{folder.name}: more than {FOLDERS_DEEP} folders within one another")
    for path in entries(folder, limits):
        if path.name in _VERSIONED:
            raise DeliveryError(
                f"{folder.name} is a table of {_VERSIONED[path.name]}, which keeps old parts beside the new "
                "ones: export it as plain parquet"
            )
        if path.name.startswith(("_", ".")):
            continue
        if path.is_symlink():
            raise DeliveryError(
                f"{folder.name}/{path.name} is a link, and links in a delivery are not followed: put the "
                "file itself there"
            )
        if path.is_dir():
            column, equals, value = path.name.partition("=")
            more = {column: None if value == _NO_PARTITION else unquote(value)} if equals else {}
            _collect(path, stated | more, deeper - 1, limits, results)
        elif suffix_of(path) not in PART_SUFFIXES:
            raise DeliveryError(
                f"{folder.name}/{path.name}: a part in a format that is not read; there are "
                f"{', '.join(PART_SUFFIXES)}"
            )
        elif not path.is_file():
            raise DeliveryError(f"{folder.name}/{path.name} is neither a file nor a folder that can be read")
        elif path.stat().st_size:  # a part of no rows may be a file of no bytes
            results.append((path, stated))
            limits.check(f"{folder.name}/", "parts", len(results))
