"""Sources of rows: one or several files of a delivery, or a folder of parts as Spark and Hive write a
table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from urllib.parse import unquote

from graph.model.errors import DeliveryError, RingfenceError
from ingestion.excerpts import plain
from ingestion.sources.limits import FOLDERS_DEEP, DeliveryLimits
from ingestion.sources.paths import (
    AnyPath,
    State,
    anew,
    elsewhere,
    entries,
    is_link,
    is_there,
    looked_at,
    name_within,
    size_of,
    state_of,
)
from ingestion.sources.readers import PART_SUFFIXES, SUFFIXES, inspect, is_json, records, suffix_of
from ingestion.sources.recoding import Format
from ingestion.sources.remote import RemotePath
from ingestion.sources.rows import Inspection, Record

_NO_PARTITION = "__HIVE_DEFAULT_PARTITION__"  # what Hive and Spark write for *not known*
# beside these lie parts that are no longer of the table
_VERSIONED = {"_delta_log": "Delta", ".hoodie": "Hudi"}


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One file that was found: its name within the delivery, the cells that its folders say of all its rows
    (`dt=2026-11-01`), and the state in which its folder lists it, which a storage may write otherwise than in
    what it says of the file.
    """

    path: AnyPath
    name: str
    folders: dict[str, str | None]
    listed: State

    def check_seen(self) -> None:
        """Raise RingfenceError when this machine, one of several, does not see it."""
        if isinstance(self.path, RemotePath):
            if not self.path.anew().is_file():
                raise RingfenceError(
                    f"{plain(self.name)} is no longer at {self.path.url}: bring it back, or give the command "
                    "again for what is there now"
                )
        elif not self.path.is_file():
            raise RingfenceError(
                f"an executor does not see {plain(self.name)} of the delivery: all machines need it under "
                "the same path"
            )


@dataclass(frozen=True, slots=True)
class Part:
    """One file, the state in which it was, and what it then held."""

    file: FoundFile
    state: State
    inspection: Inspection
    limits: DeliveryLimits

    @property
    def path(self) -> AnyPath:
        """Where it lies."""
        return self.file.path

    @property
    def name(self) -> str:
        """Within the delivery."""
        return self.file.name

    @property
    def folders(self) -> dict[str, str | None]:
        """The cells that its folders say of all its rows."""
        return self.file.folders

    def check_unchanged(self) -> None:
        """Raise RingfenceError when the file has changed since it was read through."""
        if state_of(anew(self.path))[-len(self.state) :] != self.state:
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

    def part(self, number: int, rows: int) -> Source:
        """Of one part alone the range of rows of that number, if it has ranges, under the name of the whole,
        for another machine to read.
        """
        alone = self.parts[number]
        some = replace(alone.inspection, ranges=alone.inspection.ranges[rows : rows + 1])
        return Source(self.name, (replace(alone, inspection=some, state=elsewhere(alone.state)),))

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


def found_files(
    folder: AnyPath, name: str, files: Sequence[str], limits: DeliveryLimits
) -> tuple[FoundFile, ...]:
    """The files and folders of a delivery that are the source of that name, in the order given, not opened
    yet. Raises DeliveryError for links, and beyond the limits.
    """
    results = [one for file in files for one in _files_of(folder, file, limits)]
    limits.check(name, "parts", len(results))
    return tuple(
        FoundFile(path, name_within(path, folder), stated, state_of(path)) for path, stated in results
    )


def read_through(file: FoundFile, limits: DeliveryLimits, form: Format) -> Part:
    """The file, read to its end once. Raises DeliveryError where it cannot be, and beyond the limits."""
    state = state_of(anew(file.path))
    return Part(file, state, inspect(file.path, limits, form), limits)


def source_of(name: str, read: Iterable[Part], limits: DeliveryLimits) -> Source:
    """The source of that name, of parts that were read through. Raises DeliveryError beyond the limits."""
    columns, parts = _Names(name, limits), []
    for part in read:
        header = columns.once(part.inspection.columns, part.folders)
        parts.append(replace(part, inspection=replace(part.inspection, columns=header)))
    return Source(name, tuple(parts))


def matching(folder: AnyPath, pattern: str, limits: DeliveryLimits) -> list[str]:
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


def _matched(folder: AnyPath, within: str, step: str, limits: DeliveryLimits) -> list[str]:
    if is_there(folder / within / step):
        return [f"{within}{step}"] if not within else [f"{within}/{step}"]
    there = (path.name for path in entries(folder / within, limits) if not path.name.startswith("."))
    return [f"{within}/{name}".removeprefix("/") for name in there if fnmatchcase(name, step)]


def _is_folder(path: AnyPath) -> bool:
    return path.is_dir() and not is_link(path)


def _files_of(
    folder: AnyPath, name: str, limits: DeliveryLimits
) -> list[tuple[AnyPath, dict[str, str | None]]]:
    """The file of that name, or those of a folder with what its folders say."""
    path = looked_at(folder / name)
    if is_link(path):
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


def _parts(folder: AnyPath, limits: DeliveryLimits) -> list[tuple[AnyPath, dict[str, str | None]]]:
    """The files within, in order, with what their folders say. Files and folders with `_` or `.` before their
    names are the writer's own.
    """
    results: list[tuple[AnyPath, dict[str, str | None]]] = []
    _collect(folder, {}, FOLDERS_DEEP, limits, results)
    return results


def _collect(
    folder: AnyPath,
    stated: dict[str, str | None],
    deeper: int,
    limits: DeliveryLimits,
    results: list[tuple[AnyPath, dict[str, str | None]]],
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
        if is_link(path):
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
        elif size_of(path):  # a part of no rows may be a file of no bytes
            results.append((path, stated))
            limits.check(f"{folder.name}/", "parts", len(results))
