"""The conductor of a delivery: file -> mapping -> parse -> the store in batches -> report and rejects."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from graph.errors import RecordError
from graph.model import Facts
from graph.store import GraphStore
from ingestion.ahead import ahead, worth_a_process
from ingestion.batches import Batch, batches, few_collections
from ingestion.crowds import Crowds
from ingestion.delivery import REJECTS, Delivery
from ingestion.door import Door, time_zone
from ingestion.mapping import Feed
from ingestion.normalise import Standing
from ingestion.rejects import Rejects

Step = Callable[[int], object]


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
    crowds: list[dict[str, object]] = field(default_factory=list)
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
            "crowds": self.crowds,
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
    report = Report(delivery=delivery.folder.name, mapping=delivery.mapping.name, left_out=delivery.left_out)
    if delivery.mapping.timezone:
        door = replace(door, zone=time_zone(delivery.mapping.timezone))
    for feed in delivery.feeds:
        report.tables[feed.table.name] = Tally()  # a table without a row was read as well
    crowds = Crowds()
    with few_collections(), Rejects(report_to / REJECTS) as rejects:
        for batch in _parsed(delivery, store, door):
            _keep(delivery.feeds[batch.feed], batch, store, rejects, report)
            crowds.see(batch.facts)
            step(batch.read)
        report.crowds = crowds.found(store, door.now)
    report.rejects = rejects.counts
    report.seconds = time.perf_counter() - started
    (report_to / "report.json").write_bytes(orjson.dumps(report.as_json(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return report


def _parsed(delivery: Delivery, store: GraphStore, door: Door) -> Generator[Batch, None, None]:
    """All batches: the lenders first, because every application must name one that is then known."""
    lenders = [n for n, feed in enumerate(delivery.feeds) if feed.table.name == "platforms"]
    others = [n for n, feed in enumerate(delivery.feeds) if feed.table.name != "platforms"]
    yield from batches(delivery, lenders, door, store.batch)
    door = replace(door, platforms=frozenset(store.view(door.now).platforms()))
    yield from (ahead if worth_a_process(delivery, door) else batches)(delivery, others, door, store.batch)


def _keep(feed: Feed, batch: Batch, store: GraphStore, rejects: Rejects, report: Report) -> None:
    """Store what is good, write down what is not."""
    table = feed.table
    for record, problems in batch.bad:
        rejects.write(table, feed.source, record, problems)
    words: dict[str, Any] = {table.name: batch.facts}
    added = store.add(Facts(**words))
    if added.conflicts:
        good = batch.good()
        problem = RecordError("", "duplicate_id", "the id is known with other content; the first one stands")
        for _, position in added.conflicts:
            rejects.write(table, feed.source, good[position], (problem,))
    tally = report.tables[table.name]
    tally.read += batch.read
    tally.accepted += added.accepted
    tally.known += added.known
    tally.rejected += batch.read - added.accepted - added.known
    report.seen.update({(standing, kind.value): n for (standing, kind), n in batch.seen.items()})
    unknown = report.unknown_columns.setdefault(table.name, {})
    for name, n in batch.unknown.items():
        unknown[name] = unknown.get(name, 0) + n


def _nested(counts: dict[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    nested: dict[str, dict[str, int]] = {}
    for (table, code), n in sorted(counts.items()):
        nested.setdefault(table, {})[code] = n
    return nested
