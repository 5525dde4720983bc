"""A delivery: which files and folders, or tables of a database, feed which tables of ours, all of it checked
before anything is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path, PurePosixPath

from graph.model.errors import DeliveryError
from graph.model.near_names import near_name
from ingestion.contract import TABLES, Cell, Table
from ingestion.excerpts import names, plain
from ingestion.loading.found import FoundDelivery, find_delivery, shown_little
from ingestion.mappings.feed import Feed, Mapped, sources
from ingestion.mappings.mapping import read_mapping
from ingestion.parse_context import time_zone
from ingestion.sources.databases import DatabaseSource, is_url, name_of, open_source, tables_in
from ingestion.sources.files import Part, Source, read_through, source_of
from ingestion.sources.limits import DEFAULT, DeliveryLimits
from ingestion.sources.recoding import DELIMITERS, UTF8
from ingestion.sources.remote import is_address
from ingestion.sources.rows import Record

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

    def near_table(self, name: str) -> str | None:
        """The table that is not there and that a file or folder which nothing reads may mean."""
        tables = TABLES.keys() - {feed.table.name for feed in self.feeds}
        return near_name(PurePosixPath(name).name.partition(".")[0], sorted(tables))

    def misspelt(self) -> Iterator[tuple[str, str, str]]:
        """Source and name of a column that nothing reads, and the one that is not there and that it may
        mean.
        """
        for feed in self.feeds:
            lacking = sorted(
                feed.table.sources.difference(self.sources[feed.source].columns if feed.source else ())
            )
            for column in self.unknown_columns(feed):
                if near := near_name(column, lacking):
                    yield feed.source, column, near

    def zone_is_guessed(self, feed: Feed) -> tuple[str, ...]:
        """The columns of times that say nothing of their zone, neither themselves nor in the mapping, and are
        read as UTC.
        """
        int96 = self.sources[feed.source].int96 if feed.source else frozenset()
        return tuple(
            c.source for c in feed.table.columns if c.source in int96 and c.cell is Cell.TIME and not c.zone
        )

    def ranges(self, feed: Feed) -> tuple[int, ...]:
        """How many ranges of rows each of the feed's files has that can be read by themselves; one of one
        where the mapping or a database gives the rows.
        """
        source = self.sources.get(feed.source)
        if not isinstance(source, Source):
            return (1,)
        return tuple(max(1, len(part.inspection.ranges)) for part in source.parts)

    def zone(self, usual: tzinfo) -> tzinfo:
        """The zone of times without an offset: the mapping's, else the usual one."""
        return time_zone(self.mapping.timezone) if self.mapping.timezone else usual

    def records(self, feed: Feed, part: tuple[int, int] | None = None) -> Iterator[Record]:
        """The feed's rows that pass its filter, or those of one of its files and of one of its `ranges`; rows
        that cannot be read pass, for they must be reported.
        """
        if not feed.source:
            return (Record(n, row) for n, row in enumerate(feed.rows, 1))
        source = self.sources[feed.source]
        if part is not None and isinstance(source, Source):
            source = source.part(*part)
        rows = source.records(self._read_of(feed.source))
        if not feed.where:
            return rows
        return (
            row for row in rows if row.code or all(condition.holds(row.cells) for condition in feed.where)
        )


def open_delivery(
    folder: Path | str, mapping: str | None = None, limits: DeliveryLimits = DEFAULT
) -> Delivery:
    """Find, read through and check every file, none of them larger than `limits` says. The folder may be an
    address that fsspec reads.

    Raises DeliveryError, and nothing was written, when any of it cannot be used. It shows little of what
    others wrote, and no identifier.
    """
    if is_url(folder) and not is_address(folder):
        with shown_little(folder):
            return _database(str(folder), mapping, limits)
    found = find_delivery(folder, mapping, limits)
    with shown_little(folder):
        return checked(found, (read_through(one.file, limits, one.form) for one in found.files))


def checked(found: FoundDelivery, parts: Iterable[Part]) -> Delivery:
    """The delivery whose files, in their order, were read through. Raises DeliveryError for what it lacks."""
    by_source: dict[str, list[Part]] = {}
    for one, part in zip(found.files, parts, strict=True):
        by_source.setdefault(one.source, []).append(part)
    limits = found.limits
    results = {name: source_of(name, read, limits) for name, read in by_source.items()}
    return _checked(Delivery(found.name, found.mapping, results, found.left_out, limits))


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
        unread = delivery.unknown_columns(feed)
        near = [plain(found) for column in missing if (found := near_name(column, unread))]
        raise DeliveryError(
            f"{feed.source}: the column {names(missing)} is missing{where} (table "
            f"{feed.table.name}){_one_cell(source)}"
            + (
                f"; nothing reads {names(near)}: write it as the table does, or give a mapping"
                if near
                else ""
            )
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
