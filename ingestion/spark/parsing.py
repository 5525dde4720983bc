"""What a task makes of a piece of a delivery: facts under pseudonyms, bad rows, and what a load counts.

No raw value of an identifier leaves the task.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import orjson

from graph.facts.tables import KINDS
from graph.model.types import Application, Contact, Device, Event, Identifier, Label, Merchant, Outcome
from graph.rings.spark.buckets import Parted, Rows
from ingestion.contract import TABLES
from ingestion.excerpts import plain
from ingestion.loading.batches import ParsedBatch, batches_of, few_collections
from ingestion.loading.delivery import Delivery
from ingestion.loading.rejects import reject_line
from ingestion.loading.report import Report
from ingestion.parse import Fact
from ingestion.parse_context import ParseContext
from ingestion.spark.pieces import Piece, position_of

FACTS, BAD, HELD, STANDINGS, COUNTS = "facts", "bad", "held", "standings", "counts"
TABLE = {name: code for code, name in enumerate(TABLES)}
FACT_KINDS = {"position": "i8", "table": "i1", "name": "O", "loan": "O", "event": "O", "fact": "O"}
BAD_KINDS = {"position": "i8", "table": "O", "code": "O", "line": "O"}
HELD_KINDS = {"token": "O", "who": "O"}
STANDING_KINDS = {"kind": "i1", "token": "O", "linking": "?", "position": "i8"}
COUNT_KINDS = {"feed": "i4", "said": "O"}
_EMPTY: dict[str, Rows] = {
    part: {name: np.zeros(0, kind) for name, kind in kinds.items()}
    for part, kinds in (
        (FACTS, FACT_KINDS),
        (BAD, BAD_KINDS),
        (HELD, HELD_KINDS),
        (STANDINGS, STANDING_KINDS),
    )
}
_ROWS = 10_000  # that are parsed at once


@dataclass(frozen=True)
class Parsing:
    """What all tasks know. `context` counts no events that say the same, for it sees one piece."""

    delivery: Delivery
    pieces: tuple[Piece, ...]
    context: ParseContext


def parsed(folder: str, number: int, *, work: Parsing, first: int = 0) -> Iterator[Parted]:
    """The piece of that number, counted from the `first`, by parts:

    facts      a row: `position`, `table` (place in TABLES), `fact` (JSON), and what says whose it is: `name`,
               the person, merchant, device or application; the `loan` and the `event` that it names
    bad        a row: `position`, `table`, `code`, `line` (of rejects.jsonl)
    held       a device, and who names it
    standings  an identifier, whether it links, and the row that says so first
    counts     `feed`, and what a load counts (`Counts`)
    """
    piece = work.pieces[first + number]
    counts = Counts()
    with few_collections():
        rows = piece.records(work.delivery)
        for batch in batches_of(work.delivery, piece.feed, rows, work.context, _ROWS):
            counts.add(batch)
            yield Parted(
                {
                    FACTS: _fact_rows(batch, work.delivery.feeds[piece.feed].table.name, first + number),
                    BAD: _bad_rows(batch, work.delivery, first + number),
                    HELD: _held_rows(batch.facts),
                    STANDINGS: _standing_rows(batch, first + number),
                }
            )
    said: Rows = {"feed": np.array([piece.feed], "i4"), "said": np.array([counts.as_text()], object)}
    yield Parted({**_EMPTY, COUNTS: said}, all_parts=True)


@dataclass
class Counts:
    """What a load counts of the rows of a feed before any store has seen them; `good` are facts."""

    read: int = 0
    good: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    identifiers: Counter[tuple[str, Any, str]] = field(default_factory=Counter)
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    words: Counter[tuple[str, str]] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, batch: ParsedBatch) -> None:
        """Count a batch."""
        self.read += batch.read
        self.good += len(batch.facts)
        self.unknown.update(batch.unknown)
        self.identifiers.update(batch.identifier_counts)
        self.dropped.update(batch.dropped)
        self.words.update(batch.words)
        self.kinds.update(fact.kind for fact in batch.facts if isinstance(fact, Event))

    def as_text(self) -> str:
        """For `counts_of`."""
        named = ("unknown", "identifiers", "dropped", "words", "kinds")
        return orjson.dumps([self.read, self.good, *(list(getattr(self, n).items()) for n in named)]).decode()

    def into(self, report: Report, table: str) -> None:
        """Into a report, as said of that table; what became of the rows is for a store to say."""
        report.count_identifiers(table, self.identifiers)
        report.read_words(table, self.words)
        report.count_event_kinds(self.kinds)
        report.dropped.update({(table, column, code): n for (column, code), n in self.dropped.items()})
        unknown = report.unknown_columns.setdefault(table, {})
        for name, n in ((plain(name), n) for name, n in self.unknown.items()):
            unknown[name] = unknown.get(name, 0) + n


def counts_of(text: str) -> Counts:
    """What `Counts.as_text` wrote."""
    read, good, unknown, identifiers, dropped, words, kinds = orjson.loads(text)
    return Counts(
        read,
        good,
        Counter(dict(unknown)),
        Counter({(column, KINDS_BY_WORD[kind], why): n for (column, kind, why), n in identifiers}),
        Counter({(column, code): n for (column, code), n in dropped}),
        Counter({(column, word): n for (column, word), n in words}),
        Counter(dict(kinds)),
    )


KINDS_BY_WORD = {kind.value: kind for kind in KINDS}
_KIND = {kind: code for code, kind in enumerate(KINDS)}


def _fact_rows(batch: ParsedBatch, table: str, piece: int) -> Rows:
    facts = batch.facts
    return {
        "position": np.array([position_of(piece, record.line) for record in batch.good()], "i8"),
        "table": np.full(len(facts), TABLE[table], "i1"),
        "name": texts(map(_name, facts)),
        "loan": texts(map(_loan, facts)),
        "event": texts(fact.event_id or None if isinstance(fact, Event) else None for fact in facts),
        "fact": texts(msgspec.json.encode(fact).decode() for fact in facts),
    }


def _name(fact: Fact) -> str:
    """Whose it is where no application says so."""
    if isinstance(fact, Application | Event | Contact):
        return fact.applicant_id
    if isinstance(fact, Outcome):
        return fact.application_id
    if isinstance(fact, Label):
        return fact.application_id or fact.applicant_id or ""
    if isinstance(fact, Device):
        return fact.identifier.token
    return fact.merchant_id if isinstance(fact, Merchant) else fact.platform_id


def _loan(fact: Fact) -> str | None:
    return fact.application_id if isinstance(fact, Application | Outcome | Label) else None


def _bad_rows(batch: ParsedBatch, delivery: Delivery, piece: int) -> Rows:
    feed = delivery.feeds[batch.feed]
    lines = [reject_line(feed.table, feed.source, record, problems) for record, problems in batch.bad]
    return {
        "position": np.array([position_of(piece, record.line) for record, _ in batch.bad], "i8"),
        "table": texts(feed.table.name for _ in lines),
        "code": texts(problems[0].code for _, problems in batch.bad),
        "line": texts(line.decode() for line in lines),
    }


def _held_rows(facts: Iterable[Fact]) -> Rows:
    held = {
        (m.identifier.token, fact.applicant_id): None
        for fact in facts
        if isinstance(fact, Application | Event)
        for m in fact.mentions
        if m.identifier.kind.value == "device"
    }
    return {"token": texts(token for token, _ in held), "who": texts(who for _, who in held)}


def _standing_rows(batch: ParsedBatch, piece: int) -> Rows:
    first: dict[tuple[int, str, bool], int] = {}
    for fact, record in zip(batch.facts, batch.good(), strict=True):
        for one in identifiers_of(fact):
            first.setdefault((_KIND[one.kind], one.token, one.linking), position_of(piece, record.line))
    return {
        "kind": np.array([kind for kind, _, _ in first], "i1"),
        "token": texts(token for _, token, _ in first),
        "linking": np.array([linking for _, _, linking in first], bool),
        "position": np.array(list(first.values()), "i8"),
    }


def identifiers_of(fact: Fact) -> tuple[Identifier, ...]:
    """What a fact names, in its order."""
    if isinstance(fact, Application | Event):
        return tuple([mention.identifier for mention in fact.mentions])
    return (
        (fact.phone,) if isinstance(fact, Contact) else (fact.identifier,) if isinstance(fact, Device) else ()
    )


def texts(values: Iterable[str | None]) -> Any:
    listed = list(values)
    column = np.empty(len(listed), object)
    column[:] = listed
    return column
