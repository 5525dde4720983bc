"""The conductor of a delivery: file -> mapping -> parse -> the store in batches -> report and rejects."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from graph.errors import RecordError
from graph.model import Facts
from graph.store import GraphStore
from ingestion.delivery import Delivery
from ingestion.door import Door, time_zone
from ingestion.mapping import Feed
from ingestion.normalise import Standing
from ingestion.parse import PARSERS, BadRow, Fact
from ingestion.readers import Record
from ingestion.rejects import Rejects

BATCH = 5_000  # facts a transaction
Step = Callable[[int], None]


@dataclass
class Tally:
    """What became of the rows of one table: accepted + known + rejected = read."""

    read: int = 0
    accepted: int = 0
    known: int = 0
    rejected: int = 0


@dataclass(kw_only=True)
class Report:
    """The figures of a load."""

    delivery: str
    mapping: str
    tables: dict[str, Tally] = field(default_factory=dict)
    unknown_columns: dict[str, dict[str, int]] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    seen: Counter[tuple[Standing, str]] = field(default_factory=Counter)
    rejects: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """The report as it is written: totals first."""
        totals = {name: sum(getattr(t, name) for t in self.tables.values()) for name in ("read", "accepted", "known", "rejected")}
        return {
            **totals,
            "seconds": round(self.seconds, 3),
            "delivery": self.delivery,
            "mapping": self.mapping,
            "tables": {name: vars(tally) for name, tally in self.tables.items()},
            "rejects": _nested({(t, c): n for (t, c), n in self.rejects.items()}),
            "unverified": self._seen(Standing.UNVERIFIED),
            "placeholder": self._seen(Standing.PLACEHOLDER),
            "unknown_columns": self.unknown_columns,
            "files_left_out": list(self.left_out),
        }

    def _seen(self, standing: Standing) -> dict[str, int]:
        return {kind: n for (of, kind), n in sorted(self.seen.items()) if of is standing}


def load(delivery: Delivery, store: GraphStore, door: Door, *, report_to: Path, step: Step = lambda rows: None) -> Report:
    """Load a delivery that was checked. `step` is told of each batch's rows. Writes `report.json` and `rejects.jsonl` into `report_to`.

    Idempotent: batches are, and every row is read again each time. Raises StoreUnavailableError when the store cannot be written.
    """
    started = time.perf_counter()
    if delivery.mapping.timezone:
        door = replace(door, zone=time_zone(delivery.mapping.timezone))
    report = Report(delivery=delivery.folder.name, mapping=delivery.mapping.name, left_out=delivery.left_out)
    with Rejects(report_to / "rejects.jsonl") as rejects:
        for feed in delivery.feeds:
            if door.platforms is None and feed.table.name != "platforms":
                door = replace(door, platforms=frozenset(store.view(door.now).platforms()))
            tally = report.tables.setdefault(feed.table.name, Tally())
            unknown = report.unknown_columns.setdefault(feed.table.name, {})
            unknown.update(dict.fromkeys(delivery.unknown_columns(feed), 0))
            for records in _batches(delivery.records(feed)):
                _add(feed, records, door, store, rejects, tally)
                for name in unknown:
                    unknown[name] += sum(record.cells.get(name) not in (None, "") for record in records)
                step(len(records))
    report.seen.update({(standing, kind.value): n for (standing, kind), n in door.seen.items()})
    report.rejects = rejects.counts
    report.seconds = time.perf_counter() - started
    (report_to / "report.json").write_bytes(orjson.dumps(report.as_json(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return report


def _add(feed: Feed, records: list[Record], door: Door, store: GraphStore, rejects: Rejects, tally: Tally) -> None:
    """Parse a batch, store what is good, write down what is not."""
    parse, table = PARSERS[feed.table.name], feed.table
    facts: list[Fact] = []
    good: list[Record] = []
    tally.read += len(records)
    for record in records:
        if record.code:
            rejects.write(table, feed.source, record, (RecordError("", record.code, "the row cannot be read"),))
            continue
        try:
            facts.append(parse(record.cells, door, table))
            good.append(record)
        except BadRow as bad:
            rejects.write(table, feed.source, record, bad.problems)
    words: dict[str, Any] = {table.name: tuple(facts)}
    added = store.add(Facts(**words))
    for _, position in added.conflicts:
        problem = RecordError("", "duplicate_id", "the id is known with other content; the first one stands")
        rejects.write(table, feed.source, good[position], (problem,))
    tally.accepted += added.accepted
    tally.known += added.known
    tally.rejected += len(records) - added.accepted - added.known


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    while batch := list(islice(records, BATCH)):
        yield batch


def _nested(counts: dict[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    nested: dict[str, dict[str, int]] = {}
    for (table, code), n in sorted(counts.items()):
        nested.setdefault(table, {})[code] = n
    return nested
