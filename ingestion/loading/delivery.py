"""A delivery: which files and folders, or tables of a database, feed which tables of ours, all of it checked
before anything is written.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path, PurePosixPath

from graph.model.errors import DeliveryError
from ingestion.contract import TABLES, Cell, Table
from ingestion.excerpts import names, plain
from ingestion.mappings.feed import Feed, Mapped, sources
from ingestion.mappings.mapping import FILE_NAME, read_mapping
from ingestion.parse_context import time_zone
from ingestion.sources.databases import DatabaseSource, is_url, name_of, open_source, tables_in
from ingestion.sources.files import Source, entries, instead_of, matching, read_through
from ingestion.sources.limits import DEFAULT, FOLDERS_DEEP, DeliveryLimits
from ingestion.sources.readers import SUFFIXES
from ingestion.sources.recoding import DELIMITERS, UTF8
from ingestion.sources.rows import Record

_MESSAGE = 600  # characters
REJECTS = "rejects.jsonl"  # what an earlier load may have left here is no table
# Spark and Hive write the old times of 96 bits in UTC; where another program wrote local ones the mapping
# says `zone`
_INT96_ZONE = "UTC"


@dataclass(frozen=True)
class Delivery:
    """What can be read: `feeds` in the order of loading, each source read through, `left_out` the files and
    folders that nothing reads.
    """

    name: str
    mapping: Mapped
    sources: Mapping[str, Source | DatabaseSource]
    left_out: tuple[str, ...]
    limits: DeliveryLimits = DEFAULT

    @property
    def feeds(self) -> tuple[Feed, ...]:
        """What to load, in order."""
        return self.mapping.feeds

    @property
    def rows(self) -> int:
        """How many rows there are to read, about: filters come later."""
        return sum(len(f.rows) or self.sources[f.source].rows for f in self.feeds if f.rows or f.source)

    def _read_of(self, source: str) -> frozenset[str]:
        """The columns of a source that some feed reads."""
        return frozenset[str]().union(
            *(f.table.sources | {c.column for c in f.where} for f in self.feeds if f.source == source)
        )

    def unknown_columns(self, feed: Feed) -> tuple[str, ...]:
        """The columns of the feed's source that no feed reads."""
        if not feed.source:
            return ()
        used = self._read_of(feed.source)
        return tuple(c for c in self.sources[feed.source].columns if c not in used)

    def present(self, feed: Feed) -> Table:
        """The feed's table as its source has it: without the columns that its rows can say nothing for, so
        that nobody looks for them in each.
        """
        if not feed.source:
            return feed.table
        source = self.sources[feed.source]
        columns = frozenset(source.columns)
        read = (
            c
            for c in feed.table.columns
            if not columns.isdisjoint(c.sources) or c.required or c.constant is not None
        )
        return replace(
            feed.table,
            columns=tuple(
                replace(c, zone=c.zone or _INT96_ZONE) if c.source in source.int96 else c for c in read
            ),
        )

    def zone_is_guessed(self, feed: Feed) -> tuple[str, ...]:
        """The columns of times that say nothing of their zone, neither themselves nor in the mapping, and are
        read as UTC.
        """
        int96 = self.sources[feed.source].int96 if feed.source else frozenset()
        return tuple(
            c.source for c in feed.table.columns if c.source in int96 and c.cell is Cell.TIME and not c.zone
        )

    def parts(self, feed: Feed) -> int:
        """Of how many files the feed's rows are; 1 where the mapping or a database gives them."""
        source = self.sources.get(feed.source)
        return len(source.parts) if isinstance(source, Source) else 1

    def zone(self, usual: tzinfo) -> tzinfo:
        """The zone of times without an offset: the mapping's, else the usual one."""
        return time_zone(self.mapping.timezone) if self.mapping.timezone else usual

    def records(self, feed: Feed, part: int | None = None) -> Iterator[Record]:
        """The feed's rows that pass its filter, or those of one of its files; rows that cannot be read pass,
        for they must be reported.
        """
        if not feed.source:
            return (Record(n, row) for n, row in enumerate(feed.rows, 1))
        source = self.sources[feed.source]
        if part is not None and isinstance(source, Source):
            source = source.part(part)
        rows = source.records(self._read_of(feed.source))
        if not feed.where:
            return rows
        return (
            row for row in rows if row.code or all(condition.holds(row.cells) for condition in feed.where)
        )


def open_delivery(
    folder: Path | str, mapping: str | None = None, limits: DeliveryLimits = DEFAULT
) -> Delivery:
    """Find, read through and check every file, none of them larger than `limits` says.

    Raises DeliveryError, and nothing was written, when any of it cannot be used. It shows little of what
    others wrote, and no identifier.
    """
    try:
        return (
            _database(str(folder), mapping, limits)
            if is_url(folder)
            else _opened(Path(folder), mapping, limits)
        )
    except DeliveryError as error:
        whole = str(error)
        ours = str(folder) if whole.startswith(str(folder)) else ""  # its caller gave that name
        raise DeliveryError(ours + plain(whole.removeprefix(ours), _MESSAGE)) from error


def _opened(folder: Path, mapping: str | None, limits: DeliveryLimits) -> Delivery:
    if not folder.is_dir():
        raise DeliveryError(f"{folder} is not a folder: a delivery is a folder of tables")
    beside = folder / FILE_NAME
    there = {p.name: p for p in entries(folder, limits) if not p.name.startswith(".")}
    if mapping is not None:
        mapped = read_mapping(mapping, limits)
    elif os.path.lexists(beside):
        mapped = read_mapping(beside, limits)
    else:
        mapped = Mapped(name="contract", feeds=_contract_feeds(folder, there, limits))
    feeds = sources(mapped.feeds)
    files = {name: _files(folder, feed, mapped.name, limits) for name, feed in feeds.items()}
    read = {name for names_read in files.values() for name in names_read}
    results = {
        name: read_through(folder, name, files[name], limits, feed.form)
        for name, feed in sorted(feeds.items())
    }
    return _checked(Delivery(folder.name, mapped, results, _left_out(folder, there, read, limits), limits))


def _database(url: str, mapping: str | None, limits: DeliveryLimits) -> Delivery:
    """The tables and views of a database that a mapping reads; without one, those that bear the names of
    ours.
    """
    there = tables_in(url)
    feeds = tuple(Feed(table=table, source=name) for name, table in TABLES.items() if name in there)
    mapped = Mapped(name="contract", feeds=feeds) if mapping is None else read_mapping(mapping, limits)
    if not mapped.feeds:
        raise DeliveryError(
            f"{name_of(url)}: none of its tables is one of ours ({', '.join(TABLES)}): foreign tables need a "
            "mapping"
        )
    if any(feed.form != UTF8 for feed in mapped.feeds):
        raise DeliveryError(
            f"mapping {mapped.name}: a database says itself how its texts are written, not `encoding` and "
            "`delimiter`"
        )
    results = {
        name: open_source(url, name, feed.files or (name,), there, limits)
        for name, feed in sorted(sources(mapped.feeds).items())
    }
    return _checked(Delivery(name_of(url), mapped, results, (), limits))


def _checked(delivery: Delivery) -> Delivery:
    for feed in delivery.feeds:
        _check_columns(feed, delivery)
    return delivery


def _files(folder: Path, feed: Feed, mapping: str, limits: DeliveryLimits) -> list[str]:
    """The files and folders that a feed reads."""
    results: dict[str, None] = {}
    for pattern in feed.files or (feed.source,):
        there = matching(folder, pattern, limits)
        if not there or not all(os.path.lexists(folder / name) for name in there):
            raise DeliveryError(f"{folder}: {plain(pattern)} is missing, the mapping {mapping} reads it")
        results.update(dict.fromkeys(there))
    return list(results)


def _left_out(
    folder: Path, there: Mapping[str, Path], read: Collection[str], limits: DeliveryLimits
) -> tuple[str, ...]:
    """What nothing reads: of the delivery, and of the folders in it of which some files are read."""
    opened = {parent for name in read for parent in PurePosixPath(name).parents} - {PurePosixPath(".")}
    within = {
        f"{parent}/{path.name}": path
        for parent in opened
        for path in entries(folder / parent, limits)
        if not path.name.startswith((".", "_"))
    }
    beside = {
        name: path for name, path in (dict(there) | within).items() if PurePosixPath(name) not in opened
    }
    return tuple(
        f"{name}/" if path.is_dir() else name
        for name, path in sorted(beside.items())
        if name not in read and name != FILE_NAME
    )


def _contract_feeds(folder: Path, there: Mapping[str, Path], limits: DeliveryLimits) -> tuple[Feed, ...]:
    results: dict[str, str] = {}
    for name, path in there.items():
        table = _table_in(folder, name, path, limits)
        if table is None:
            continue
        if table in results:
            raise DeliveryError(f"{folder}: {table} is there twice, as {results[table]} and {name}")
        results[table] = name
    if not results:
        raise DeliveryError(
            f"{folder}: there is no table in it ({', '.join(TABLES)} as {', '.join(SUFFIXES)})"
        )
    return tuple(Feed(table=table, source=results[name]) for name, table in TABLES.items() if name in results)


def _table_in(folder: Path, name: str, path: Path, limits: DeliveryLimits) -> str | None:
    """Which table a file or folder of a delivery without a mapping is; None for what bears no table's name.
    Raises DeliveryError for what bears one and cannot be read: whatever looks like a table and is passed over
    would be missed by nobody.
    """
    stem, suffix = (
        name.partition(".")[0],
        next((s for s in sorted(SUFFIXES, key=len, reverse=True) if name.lower().endswith(s)), None),
    )
    if name == REJECTS:
        return None
    if path.is_symlink() and (suffix or stem.lower() in TABLES):
        raise DeliveryError(
            f"{folder}: {name} is a link, and links in a delivery are not followed: put the file itself there"
        )
    if path.is_symlink():
        return None
    if path.is_dir() and stem in TABLES:
        return stem
    if not path.is_dir() and not path.is_file() and (suffix or stem.lower() in TABLES):
        raise DeliveryError(f"{folder}: {name} is neither a file nor a folder that can be read")
    if suffix is None and stem.lower() in TABLES:
        what = (
            f"a table in a format that is not read; there are {', '.join(SUFFIXES)}{instead_of(name)}"
            if path.is_file()
            else f"no table: {stem.lower()} is"
        )
        raise DeliveryError(f"{folder}: {name} is {what}")
    if path.is_dir() and suffix is None:
        if within := _named_within(path, FOLDERS_DEEP, limits):
            raise DeliveryError(
                f"{folder}: {within.relative_to(folder)} bears the name of a table and lies in a folder that "
                "is not read"
            )
        return None
    table = stem if suffix is None else name[: -len(suffix)]
    if suffix is not None and table not in TABLES:
        raise DeliveryError(
            f"{folder}: {name} is no table of the contract ({', '.join(TABLES)}); foreign tables need a "
            f"{FILE_NAME}"
        )
    return None if suffix is None else table


def _named_within(folder: Path, deeper: int, limits: DeliveryLimits) -> Path | None:
    """The first file or folder within that bears the name of a table."""
    there = entries(folder, limits)
    if result := next((path for path in there if path.name.partition(".")[0].lower() in TABLES), None):
        return result
    below = (path for path in there if deeper and path.is_dir() and not path.is_symlink())
    return next((result for path in below if (result := _named_within(path, deeper - 1, limits))), None)


def _check_columns(feed: Feed, delivery: Delivery) -> None:
    if not feed.source:
        return
    source = delivery.sources[feed.source]
    named = {
        name
        for c in feed.table.columns
        if c.constant is None and (c.required or c.source != c.name)
        for name in c.sources
    }
    named |= {source for source, _ in feed.table.attributes} | {c.column for c in feed.where}
    missing = sorted(column for column in named if source.lacks(column))
    part = next(
        (part for column in missing if (part := source.lacking(column)) not in (None, feed.source)), None
    )
    if feed.table.one_of and not any(
        c.name in feed.table.one_of and (c.constant is not None or not any(map(source.lacks, c.sources)))
        for c in feed.table.columns
    ):
        missing.append(" or ".join(feed.table.one_of))
    if missing:
        where = f" in {part}" if part else ""
        raise DeliveryError(
            f"{feed.source}: the column {names(missing)} is missing{where} (table "
            f"{feed.table.name}){_one_cell(source)}"
        )


def _one_cell(source: Source | DatabaseSource) -> str:
    """What to do about a header that seems to be a single cell."""
    (only, *more) = source.columns or ("",)
    signs = [name for name, sign in DELIMITERS.items() if sign in only]
    return (
        f"; its header is one cell, `{plain(only, 40)}`: a mapping may say `delimiter: {signs[0]}`"
        if signs and not more
        else ""
    )
