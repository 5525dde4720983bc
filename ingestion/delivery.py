"""A delivery: which files of a folder feed which tables, all of it checked before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from graph.errors import DeliveryError
from ingestion.contract import TABLES, Table
from ingestion.mapping import FILE_NAME, Feed, Mapped, read_mapping, sources
from ingestion.readers import SUFFIXES, Inspection, Record, inspect, records

REJECTS = "rejects.jsonl"  # what an earlier load may have left here is no table


@dataclass(frozen=True)
class Delivery:
    """A folder that can be read: `feeds` in the order of loading, each file inspected, `left_out` the files that nothing reads."""

    folder: Path
    mapping: Mapped
    inspections: dict[str, Inspection]
    left_out: tuple[str, ...]

    @property
    def feeds(self) -> tuple[Feed, ...]:
        """What to load, in order."""
        return self.mapping.feeds

    @property
    def rows(self) -> int:
        """How many rows there are to read, about: filters come later."""
        return sum(len(f.rows) or self.inspections[f.source].rows for f in self.feeds if f.rows or f.source)

    def unknown_columns(self, feed: Feed) -> tuple[str, ...]:
        """The columns of the feed's file that no feed reads."""
        if not feed.source:
            return ()
        used = frozenset[str]().union(*(f.table.sources | {c.column for c in f.where} for f in self.feeds if f.source == feed.source))
        return tuple(c for c in self.inspections[feed.source].columns if c not in used)

    def present(self, feed: Feed) -> Table:
        """The feed's table without the columns that its rows can say nothing for, so that nobody looks for them in each."""
        if not feed.source:
            return feed.table
        columns = frozenset(self.inspections[feed.source].columns)
        return replace(feed.table, columns=tuple(c for c in feed.table.columns if c.source in columns or c.required or c.constant is not None))

    def records(self, feed: Feed) -> Iterator[Record]:
        """The feed's rows that pass its filter; rows that cannot be read pass, for they must be reported."""
        if not feed.source:
            return (Record(n, row) for n, row in enumerate(feed.rows, 1))
        rows = records(self.folder / feed.source, self.inspections[feed.source])
        if not feed.where:
            return rows
        return (row for row in rows if row.code or all(condition.holds(row.cells) for condition in feed.where))


def open_delivery(folder: Path, mapping: str | None = None) -> Delivery:
    """Find, read through and check every file. Raises DeliveryError, and nothing was written, when any of it cannot be used."""
    if not folder.is_dir():
        raise DeliveryError(f"{folder} is not a folder: a delivery is a folder of tables")
    beside = folder / FILE_NAME
    files = {p.name: p for p in sorted(folder.iterdir()) if p.is_file() and not p.name.startswith(".")}
    if mapping is not None:
        mapped = read_mapping(mapping)
    elif beside.exists():
        mapped = read_mapping(beside)
    else:
        mapped = Mapped(name="contract", feeds=_contract_feeds(folder, files))
    if absent := sorted(sources(mapped.feeds) - set(files)):
        raise DeliveryError(f"{folder}: {', '.join(absent)} is missing, the mapping {mapped.name} reads it")
    delivery = Delivery(folder, mapped, {name: inspect(files[name]) for name in sorted(sources(mapped.feeds))}, _left_out(files, mapped.feeds))
    for feed in delivery.feeds:
        _check_columns(feed, delivery)
    return delivery


def _contract_feeds(folder: Path, files: dict[str, Path]) -> tuple[Feed, ...]:
    found: dict[str, str] = {}
    for name in files:
        suffix = next((s for s in sorted(SUFFIXES, key=len, reverse=True) if name.lower().endswith(s)), None)
        if suffix is None and name.partition(".")[0] in TABLES:
            raise DeliveryError(f"{folder}: {name} is a table in a format that is not read; there are {', '.join(SUFFIXES)}")
        if suffix is None or name == REJECTS:
            continue
        table = name[: -len(suffix)]
        if table not in TABLES:
            raise DeliveryError(f"{folder}: {name} is no table of the contract ({', '.join(TABLES)}); foreign tables need a {FILE_NAME}")
        if table in found:
            raise DeliveryError(f"{folder}: {table} is there twice, as {found[table]} and {name}")
        found[table] = name
    if not found:
        raise DeliveryError(f"{folder}: there is no table in it ({', '.join(TABLES)} as {', '.join(SUFFIXES)})")
    return tuple(Feed(table=table, source=found[name]) for name, table in TABLES.items() if name in found)


def _left_out(files: dict[str, Path], feeds: tuple[Feed, ...]) -> tuple[str, ...]:
    return tuple(name for name in files if name not in sources(feeds) and name != FILE_NAME)


def _check_columns(feed: Feed, delivery: Delivery) -> None:
    if not feed.source:
        return
    inspection = delivery.inspections[feed.source]
    present = frozenset(inspection.columns)
    if not present and inspection.rows == 0 and feed.source.endswith(".jsonl"):
        return  # an empty jsonl has no header to miss anything from
    named = {c.source for c in feed.table.columns if c.constant is None and (c.required or c.source != c.name)}
    named |= {source for source, _ in feed.table.attributes} | {c.column for c in feed.where}
    missing = sorted(named - present)
    if feed.table.one_of and not any(c.name in feed.table.one_of and (c.source in present or c.constant is not None) for c in feed.table.columns):
        missing.append(" or ".join(feed.table.one_of))
    if missing:
        raise DeliveryError(f"{feed.source}: the column {', '.join(missing)} is missing (table {feed.table.name})")
