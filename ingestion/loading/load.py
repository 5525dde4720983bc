"""Loads a delivery: file -> mapping -> parse -> store in batches -> report and rejects."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from graph import private
from graph.model.errors import RecordError
from graph.model.types import Event, Facts
from graph.store.port import GraphStore
from ingestion.characters import visible
from ingestion.excerpts import plain
from ingestion.loading.batches import ParsedBatch, batches, few_collections
from ingestion.loading.delivery import Delivery
from ingestion.loading.found import REJECTS
from ingestion.loading.heavy_hitters import HeavyHitters
from ingestion.loading.prefetch import prefetch, worth_a_process
from ingestion.loading.rejects import Rejects, masked
from ingestion.loading.report import Report, RowCounts, Unmatched
from ingestion.parse import Fact
from ingestion.parse_context import ParseContext
from ingestion.repeats import Repeats

CONFLICT = RecordError("", "duplicate_id", "the id is known with other content; the first one stands")
# tables of facts about an application or a person that another table tells of
ABOUT = ("events", "contacts", "outcomes", "labels")
Step = Callable[[int], object]
Watch = Callable[[str, Sequence[Fact]], object]


def load(
    delivery: Delivery,
    store: GraphStore,
    context: ParseContext,
    *,
    report_to: Path,
    step: Step = lambda rows: None,
    watch: Watch | None = None,
    beside: GraphStore | None = None,
) -> Report:
    """Load a delivery that was checked. `step` gets each batch's row count, `watch` of the facts of a table
    that were taken; whom the store `beside` knows is no stranger either. Writes `report.json` and
    `rejects.jsonl` into `report_to`.

    Idempotent: batches are, and every row is read again each time. Raises StoreUnavailableError when the
    store cannot be written.
    """
    started = time.perf_counter()
    name, mapping = plain(delivery.name), plain(delivery.mapping.name)
    report = Report(
        delivery=name,
        mapping=mapping,
        first=(store if beside is None else beside).revision() == 0,
        feeds=delivery.feeds,
        left_out=tuple(map(plain, delivery.left_out)),
    )
    context = replace(context, repeats=Repeats(), zone=delivery.zone(context.zone))
    for feed in delivery.feeds:
        report.tables[feed.table.name] = RowCounts()  # a table without a row was read as well
    heavy_hitters = HeavyHitters()
    with few_collections(), Rejects(report_to / REJECTS, delivery.limits.rejects_bytes) as rejects:
        for batch in _parsed(delivery, store, context):
            taken = _keep(batch, store, rejects, report, beside)
            if watch is not None:
                watch(report.feeds[batch.feed].table.name, taken)
            heavy_hitters.count(batch.facts)
            step(batch.read)
        report.heavy_hitters = heavy_hitters.heavy(store, context.now)
    report.rejects, report.rejects_not_written = rejects.counts, rejects.left_out
    report.seconds = time.perf_counter() - started
    private.write(
        report_to / "report.json",
        orjson.dumps(report.as_json(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE),
    )
    return report


def _parsed(
    delivery: Delivery, store: GraphStore, context: ParseContext
) -> Generator[ParsedBatch, None, None]:
    """All batches: the lenders first, because every application must name one that is then known."""
    lenders = [n for n, feed in enumerate(delivery.feeds) if feed.table.name == "platforms"]
    others = [n for n, feed in enumerate(delivery.feeds) if feed.table.name != "platforms"]
    yield from batches(delivery, lenders, context, store.batch)
    context = replace(context, platforms=frozenset(store.view(context.now).platforms()))
    yield from (prefetch if worth_a_process(delivery, context) else batches)(
        delivery, others, context, store.batch
    )


def _keep(
    batch: ParsedBatch, store: GraphStore, rejects: Rejects, report: Report, beside: GraphStore | None
) -> Sequence[Fact]:
    """Store what is good, write down what is not; the facts that the store now has."""
    feed = report.feeds[batch.feed]
    table = feed.table
    for record, problems in batch.bad:
        said = {name: visible(text) for name, text in masked(table, record.cells).items()}
        if store.refusal.speaks_of(table.name, said):
            record = replace(record, cells={})  # an erased name stands in no file again
        rejects.write(table, feed.source, record, problems)
    words: dict[str, Any] = {table.name: batch.facts}
    facts = Facts(**words)
    added = store.add(facts)
    if added.conflicts:
        good = batch.good()
        for _, position in added.conflicts:
            rejects.write(table, feed.source, good[position], (CONFLICT,))
    if added.refused:
        good = batch.good()
        for _, position, field in added.refused:  # of the row nothing else is written down
            problem = RecordError(field, "erased", "names somebody who was erased before this delivery")
            rejects.write(table, feed.source, replace(good[position], cells={}), (problem,))
    report.count(batch.feed, batch.read, added.accepted, added.known)
    report.count_identifiers(table.name, batch.identifier_counts)
    report.read_words(table.name, batch.words)
    report.count_event_kinds(Counter(fact.kind for fact in batch.facts if isinstance(fact, Event)))
    report.dropped.update({(table.name, column, code): n for (column, code), n in batch.dropped.items()})
    left_out = frozenset((*added.conflicts, *(one[:2] for one in added.refused)))
    if table.name in ABOUT:
        nobody = set(store.unmatched(facts)) - left_out
        nobody = nobody.intersection(beside.unmatched(facts)) if nobody and beside is not None else nobody
        about_nobody = [batch.facts[n] for _, n in sorted(nobody)]
        report.unmatched.setdefault(table.name, Unmatched()).add(map(about, about_nobody))
    unknown = report.unknown_columns.setdefault(table.name, {})
    for name, n in ((plain(name), n) for name, n in batch.unknown.items()):
        unknown[name] = unknown.get(name, 0) + n
    if not left_out:
        return batch.facts
    return [fact for n, fact in enumerate(batch.facts) if (table.name, n) not in left_out]


def about(fact: Fact) -> str:
    """The application, or else the person, that a fact is about."""
    return getattr(fact, "application_id", None) or getattr(fact, "applicant_id", None) or ""
