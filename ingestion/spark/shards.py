"""What a task makes of a shard: it loads it into a store of its own, which goes with the task, and writes
down what the store says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import numpy as np

from graph.facts.tables import KINDS, Column
from graph.model.types import (
    Application,
    Contact,
    Device,
    Event,
    Facts,
    Identifier,
    Label,
    Mention,
    Merchant,
    Outcome,
    Platform,
)
from graph.rings.spark.buckets import Parted, Rows, bucket, whole
from graph.rings.spark.raw_facts import raw_rows
from graph.store.port import GraphStore
from graph.stores.sqlite import SqliteStore
from ingestion.contract import TABLES
from ingestion.loading.batches import few_collections
from ingestion.loading.load import ABOUT, about
from ingestion.loading.report import NAMED
from ingestion.parse import Fact, named
from ingestion.repeats import Repeats
from ingestion.spark.parsing import TABLE
from ingestion.spark.pieces import Piece, piece_at

ROUTED, DISPUTED = "routed", "disputed"  # the stages that are read
TAKEN, CONFLICTS, STRANGERS, JOURNAL, ENTRIES = "taken", "conflicts", "strangers", "journal", "entries"
ENTRIES_KINDS = {"shard": "i4", "table": "i1", "first": "i8", "entries": "i8"}
TAKEN_KINDS = {"feed": "i4", "accepted": "i8", "known": "i8"}
CONFLICT_KINDS = {"position": "i8"}
STRANGER_KINDS = {"position": "i8", "table": "i1", "about": "O", "facts": "i8"}
DISPUTED_KINDS = {"kind": "i1", "token": "O", "linking": "?"}
ROUTED_KINDS = {"position": "i8", "table": "i1", "guest": "?", "fact": "O"}
_NAMES = tuple(TABLES)
_READ: Mapping[str, msgspec.json.Decoder[Fact]] = {
    name: msgspec.json.Decoder(kind)
    for name, kind in {
        "applications": Application,
        "events": Event,
        "outcomes": Outcome,
        "labels": Label,
        "platforms": Platform,
        "merchants": Merchant,
        "contacts": Contact,
        "devices": Device,
    }.items()
}


@dataclass(frozen=True)
class Sharding:
    """What all tasks know: the lenders, the pieces of the delivery, the moments as of which facts are asked
    for, how many `people` are read at once, and whether somebody applied for something in any shard.
    """

    lenders: tuple[Platform, ...]
    pieces: tuple[Piece, ...]
    moments: tuple[datetime, ...]
    people: int
    applied: bool


def sharded(folder: str, number: int, *, work: Sharding) -> Iterator[Parted]:
    """The shard of that number, by parts:

    taken      `feed`, how many of its facts the store has `accepted`, and how many were `known`
    conflicts  the `position` of each row whose id is known with other content
    strangers  of facts about who is in no application: of each `table` the first, `position` and whom they
               are `about`, and beside the first of all how many `facts` there are
    journal/T  an `entry` of the journal with facts of the table T
    entries    of each `table` of the `shard`, the number of its `first` file there, and how many `entries`
    moment_M   facts as of the moment M, as `graph.rings.spark.raw_facts.raw_rows` has them
    """
    with TemporaryDirectory(prefix="ringfence-shard-") as own, SqliteStore(Path(own) / "shard.db") as store:
        with few_collections():
            yield from _Load(folder, number, store, work).parts()
        for place, at in enumerate(work.moments):
            view = store.view(at)
            for within in view.people_ranges(work.people):
                rows = raw_rows(view.tables_with_tokens(within=within))
                parts = {f"moment_{place}/{part}": some for part, some in rows.items()}
                yield Parted(parts, all_parts=number == 0)


class _Load:
    """One shard comes into its store, in the order of a load."""

    def __init__(self, folder: str, number: int, store: GraphStore, work: Sharding) -> None:
        self._store, self._work = store, work
        rows = bucket(folder, ROUTED, number, ROUTED_KINDS)
        order = np.argsort(rows["position"], kind="stable")
        self._rows = {name: column[order] for name, column in rows.items()}
        disputed = whole(folder, DISPUTED, DISPUTED_KINDS)
        columns = (disputed[name].tolist() for name in DISPUTED_KINDS)
        self._linking = {(KINDS[kind], token): linking for kind, token, linking in zip(*columns, strict=True)}
        self._repeats = Repeats()
        self._applied = bool((self._rows["table"] == TABLE["applications"]).any())
        self._number, self._entries = number, Counter[int]()
        self._taken: dict[int, Counter[str]] = {}
        self._conflicts: list[int] = []
        self._strangers: dict[str, _Strangers] = {}

    def parts(self) -> Iterator[Parted]:
        """All but the facts as of moments."""
        self._store.add(Facts(platforms=self._work.lenders))
        for some in self._batches(guests=True):
            self._store.add(self._facts(some)[1])
        for some in self._batches(guests=False):
            if entry := self._loaded(some):
                table = int(self._rows["table"][some[0]])
                self._entries[table] += 1
                yield Parted({f"{JOURNAL}/{table}": {"entry": _objects([entry])}})
        feeds = sorted(self._taken)
        yield Parted(
            {
                TAKEN: {
                    "feed": np.array(feeds, "i4"),
                    **{
                        name: np.array([self._taken[feed][name] for feed in feeds], "i8")
                        for name in ("accepted", "known")
                    },
                },
                CONFLICTS: {"position": np.array(self._conflicts, "i8")},
                STRANGERS: _stranger_rows(self._strangers),
                ENTRIES: self._entry_rows(),
            },
            all_parts=True,
        )

    def _entry_rows(self) -> Rows:
        """Tables come one after the other, and their entries before anything else of the shard."""
        entries = np.array([*self._entries.values()], "i8")
        return {
            "shard": np.full(len(entries), self._number, "i4"),
            "table": np.array([*self._entries], "i1"),
            "first": np.cumsum(entries) - entries,
            "entries": entries,
        }

    def _batches(self, *, guests: bool) -> Iterator[Column]:
        """Places of rows of one feed, some after the other."""
        places = np.flatnonzero(self._rows["guest"] == guests)
        feed = np.array([piece.feed for piece in self._work.pieces], np.int64)
        feeds = feed[piece_at(self._rows["position"][places])]
        for some in np.split(places, np.flatnonzero(np.diff(feeds)) + 1):
            for start in range(0, len(some), self._store.batch):
                yield some[start : start + self._store.batch]

    def _facts(self, some: Column) -> tuple[str, Facts]:
        table = _NAMES[int(self._rows["table"][some[0]])]
        read = _READ[table].decode
        facts = tuple([self._settled(read(line)) for line in self._rows["fact"][some].tolist()])
        words: dict[str, Any] = {table: facts}
        return table, Facts(**words)

    def _settled(self, fact: Fact) -> Fact:
        """With the id that it lacks, and with what holds of the identifiers."""
        if self._linking:
            fact = _with_linking(fact, self._linking)
        return named(fact, self._repeats) if isinstance(fact, Event) and not fact.event_id else fact

    def _loaded(self, some: Column) -> bytes:
        """The journal's entry of these rows, empty where none of them is new."""
        table, facts = self._facts(some)
        added = self._store.add(facts)
        positions = self._rows["position"][some]
        feed = self._work.pieces[piece_at(int(positions[0]))].feed
        counted = self._taken.setdefault(feed, Counter())
        counted.update(accepted=added.accepted, known=added.known)
        left_out = {place for _, place in added.conflicts}
        self._conflicts += positions[sorted(left_out)].tolist()
        if table in ABOUT:
            listed: Sequence[Fact] = getattr(facts, table)
            nobody = set(range(len(some))) if self._is_apart else {n for _, n in self._store.unmatched(facts)}
            for n in sorted(nobody - left_out):
                self._strangers.setdefault(table, _Strangers()).add(int(positions[n]), about(listed[n]))
        return added.entry

    @property
    def _is_apart(self) -> bool:
        """Whether people are known by applications, and nobody in this shard has made one: to its store it
        would look as if nobody had anywhere.
        """
        return self._work.applied and not self._applied


class _Strangers:
    """Facts of a table about whom nothing else is known: how many, and the first ids, with their places."""

    def __init__(self) -> None:
        self.facts, self.first = 0, dict[str, int]()

    def add(self, position: int, name: str) -> None:
        """Count one."""
        self.facts += 1
        if len(self.first) < NAMED:
            self.first.setdefault(name, position)


def _stranger_rows(strangers: Mapping[str, _Strangers]) -> dict[str, Column]:
    rows = [
        (position, TABLE[table], name, of.facts if n == 0 else 0)
        for table, of in strangers.items()
        for n, (name, position) in enumerate(of.first.items())
    ]
    columns = list(zip(*rows, strict=True)) or [()] * len(STRANGER_KINDS)
    return {
        name: _objects(values) if kind == "O" else np.array(values, kind)
        for (name, kind), values in zip(STRANGER_KINDS.items(), columns, strict=True)
    }


def _objects(values: Sequence[object]) -> Column:
    column = np.empty(len(values), object)
    column[:] = values
    return column


def _with_linking(fact: Fact, linking: Mapping[tuple[Any, str], bool]) -> Fact:
    def settled(one: Identifier) -> Identifier:
        return replace(one, linking=linking.get((one.kind, one.token), one.linking))

    if isinstance(fact, Application | Event):
        return replace(fact, mentions=tuple([Mention(settled(i), role) for i, role in fact.mentions]))
    if isinstance(fact, Contact):
        return replace(fact, phone=settled(fact.phone))
    return replace(fact, identifier=settled(fact.identifier)) if isinstance(fact, Device) else fact
