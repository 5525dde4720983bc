"""Checks a load without storing anything: accepted, rejected, doubtful and duplicate rows, and how rows would
be stored.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from graph.model.types import Application, Contact, Device, Event, Facts, Identifier
from graph.store.port import GraphStore
from ingestion.loading.delivery import Delivery
from ingestion.loading.found import REJECTS
from ingestion.loading.load import Step, load
from ingestion.loading.report import Report
from ingestion.parse import Fact
from ingestion.parse_context import PLACEHOLDER, ParseContext

SHOWN = 10  # rows of each table, and rejected ones
_MOMENTS = ("applied_at", "at", "known_at", "opened_at")


@dataclass(kw_only=True)
class Check:
    """The report of a load that was not one, the first rows of each table as they would be stored, the first
    rejects, and the times of each table.
    """

    report: Report
    rows: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    times: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)

    def see(self, table: str, facts: Sequence[Fact]) -> None:
        """Look at facts of a table that would be stored."""
        shown = self.rows.setdefault(table, [])
        shown += [as_stored(fact) for fact in facts[: SHOWN - len(shown)]]
        moments = [
            moment for fact in facts for name in _MOMENTS if (moment := getattr(fact, name, None)) is not None
        ]
        if moments:
            first, last = self.times.get(table, (moments[0], moments[0]))
            self.times[table] = min(first, *moments), max(last, *moments)

    def as_json(self) -> dict[str, Any]:
        """The figures of a load, and checks that are made beforehand only."""
        return {
            **self.report.as_json(),
            "checked": True,
            "times": {
                table: [first.isoformat(), last.isoformat()] for table, (first, last) in self.times.items()
            },
            "duplicates": {
                name: {"same": tally.known, "other_content": self.report.rejects[name, "duplicate_id"]}
                for name, tally in self.report.tables.items()
            },
            "placeholders": self._placeholders(),
            "rows": self.rows,
            "rejected_rows": self.rejected,
        }

    def _placeholders(self) -> dict[str, int]:
        return {
            f"{table}.{column}": n
            for (table, column, _, why), n in sorted(self.report.identifier_counts.items())
            if why == PLACEHOLDER
        }


def check(
    delivery: Delivery,
    store: GraphStore,
    context: ParseContext,
    *,
    beside: GraphStore | None,
    report_to: Path,
    step: Step = lambda rows: None,
) -> Check:
    """Load a delivery into a store that is thrown away, empty so far, and look at what became of it. Of the
    store `beside`, into which it is meant to go, the lenders and the people are known; what it holds already
    counts as new.
    """
    if beside is not None:
        store.add(Facts(platforms=tuple(beside.view(context.now).platforms().values())))
    result = Check(report=Report(delivery="", mapping=""))
    result.report = load(
        delivery, store, context, report_to=report_to, step=step, watch=result.see, beside=beside
    )
    with (report_to / REJECTS).open(encoding="utf-8") as lines:
        result.rejected = [json.loads(line) for line in itertools.islice(lines, SHOWN)]
    return result


def as_stored(fact: Fact) -> dict[str, str]:
    """A fact as people may see it: its values as texts, its identifiers masked, with a mark where they do not
    link.
    """
    shown = {
        name: _text(value)
        for name, value in _values(fact)
        if value is not None and not isinstance(value, tuple | Identifier)
    }
    for name, identifier in _identifiers(fact):
        shown[name] = ", ".join(
            filter(
                None, (shown.get(name), identifier.masked + ("" if identifier.linking else " (links nobody)"))
            )
        )
    return shown | dict(getattr(fact, "attributes", ()))


def _values(fact: Fact) -> Iterator[tuple[str, object]]:
    return ((f.name, getattr(fact, f.name)) for f in dataclasses.fields(fact))


def _identifiers(fact: Fact) -> Iterator[tuple[str, Identifier]]:
    if isinstance(fact, Application | Event):
        for mention in fact.mentions:
            kind, role = mention.identifier.kind.value, mention.role.value
            yield kind if role == "own" else f"{kind} ({role})", mention.identifier
    elif isinstance(fact, Contact):
        yield "phone", fact.phone
    elif isinstance(fact, Device):
        yield "device", fact.identifier


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().removesuffix("+00:00") + "Z"
    return (
        f"{value:g}"
        if isinstance(value, float)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )
