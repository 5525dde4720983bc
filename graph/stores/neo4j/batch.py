"""A batch of facts for Neo4j: rows by table, sorted into new, known and conflicting ones, and the revision of
each of several batches.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from graph.model.types import Added, Facts, Identifier, Mention
from graph.store.forgetting import StoreState
from graph.stores.neo4j import codec
from graph.stores.neo4j.codec import Row

Key = Any
FIELDS = tuple(Facts.__dataclass_fields__)
_MENTIONS = {"applications": 16, "events": 7}


@dataclass(frozen=True)
class RowTable:
    """One table of a batch: its rows, and how a row's key is read."""

    rows: list[Row]
    key: Callable[[Sequence[Any]], Key]


@dataclass(frozen=True)
class FactBatch:
    """Facts, their rows by table, and each identifier that they name, by node, as the first fact to name it
    shows it.
    """

    facts: Facts
    tables: dict[str, RowTable]
    shown: dict[str, Identifier]

    @classmethod
    def of(cls, facts: Facts) -> FactBatch:
        """The batch of these facts."""
        shown = shown_in(facts)
        return cls(facts, _tables(facts, shown), shown)


@dataclass
class SortedRows:
    """The rows of a batch, sorted: positions of the new ones by table, how many are known, and which
    conflict.
    """

    new: dict[str, list[int]] = field(default_factory=dict)
    known: int = 0
    conflicts: list[tuple[str, int]] = field(default_factory=list)


def joined(batches: Sequence[Facts]) -> tuple[Facts, dict[str, list[int]]]:
    """The batches as one, and for each row of each table the batch it is of."""
    owner = {name: [n for n, facts in enumerate(batches) for _ in getattr(facts, name)] for name in FIELDS}
    return Facts.joined(batches), owner


def shown_in(facts: Facts) -> dict[str, Identifier]:
    """Each identifier that a batch names, by node, as the first fact to name it shows it."""
    spoken: dict[int, Mention] = {id(m): m for a in facts.applications for m in a.mentions}
    spoken.update((id(m), m) for e in facts.events for m in e.mentions)
    first: dict[str, Identifier] = {}
    for i in (
        *(m.identifier for m in spoken.values()),
        *(c.phone for c in facts.contacts),
        *(d.identifier for d in facts.devices),
    ):
        first.setdefault(i.node, i)
    return first


def _tables(facts: Facts, shown: Mapping[str, Identifier]) -> dict[str, RowTable]:
    """The tables of a batch that have rows."""
    pack = codec.packer(shown)
    applications = {
        "platforms": RowTable([codec.platform_row(p) for p in facts.platforms], _first),
        "merchants": RowTable([codec.merchant_row(m) for m in facts.merchants], _first),
        "devices": RowTable([codec.device_row(d) for d in facts.devices], _first),
        "applications": RowTable([codec.application_row(a, pack) for a in facts.applications], _first),
        "events": RowTable([codec.event_row(e, pack) for e in facts.events], _first),
        "contacts": RowTable([codec.contact_row(c) for c in facts.contacts], tuple),
        "outcomes": RowTable(
            [codec.outcome_row(o) for o in facts.outcomes], lambda row: (row[0], row[1], row[2])
        ),
        "labels": RowTable([codec.label_row(label) for label in facts.labels], lambda row: tuple(row[:5])),
    }
    return {name: table for name, table in applications.items() if table.rows}


def lookup_keys(name: str, table: RowTable) -> list[Any]:
    """The keys to look up; of contacts, the people whose lists are read."""
    if name == "contacts":
        return sorted({row[0] for row in table.rows})
    return [list(key) if isinstance(key, tuple) else key for key in dict.fromkeys(map(table.key, table.rows))]


def sort_out(tables: Mapping[str, RowTable], existing: Mapping[str, list[Row]]) -> SortedRows:
    """Sort rows into new, known and conflicting, against the store and earlier rows of the batch."""
    sorted_rows = SortedRows()
    for name, table in tables.items():
        earlier = {table.key(row): row for row in existing[name]}
        positions = sorted_rows.new[name] = []
        for n, row in enumerate(table.rows):
            rows = earlier.get(table.key(row))
            if rows is None:
                earlier[table.key(row)] = row
                positions.append(n)
            elif _same(name, rows, row):
                sorted_rows.known += 1
            else:
                sorted_rows.conflicts.append((name, n))
    return sorted_rows


def _same(name: str, rows: Row, row: Row) -> bool:
    place = _MENTIONS.get(name)
    if place is None:
        return rows == row
    return (
        rows[:place] == row[:place]
        and rows[place + 1 :] == row[place + 1 :]
        and _named(rows[place]) == _named(row[place])
    )


def _named(mentions: str | None) -> list[tuple[Any, ...]]:
    """Who is named in which role, however it is shown."""
    return [tuple(mention[:3]) for mention in json.loads(mentions)] if mentions else []


def marks_of(
    batches: int, state: StoreState, sorted_rows: SortedRows, owner: Mapping[str, list[int]]
) -> tuple[list[int], list[Added]]:
    """Each batch's revision relative to the store's, and its AddResult; of several batches the known rows are
    counted with the last.
    """
    accepted = [0] * batches
    for name, positions in sorted_rows.new.items():
        for n in positions:
            accepted[owner[name][n]] += 1
    beyond = list(accumulate(int(count > 0) for count in accepted))
    added = [
        Added(accepted=n, known=0, conflicts=(), revision=state.revision + b, edition=state.edition)
        for n, b in zip(accepted, beyond, strict=True)
    ]
    if added:
        added[-1] = Added(
            accepted=accepted[-1],
            known=sorted_rows.known,
            conflicts=tuple(sorted_rows.conflicts),
            revision=state.revision + beyond[-1],
            edition=state.edition,
        )
    return beyond, added


def _first(row: Sequence[Any]) -> Key:
    return row[0]
