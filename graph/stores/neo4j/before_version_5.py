"""Migration to version 5: builds the journal of an older store from its facts, once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from graph.journal.decode import JournalEntry
from graph.journal.encode import encode, encode_snapshot
from graph.journal.snapshots import changes_of
from graph.model.moments import moment
from graph.model.types import Contact, Facts, RingSnapshot
from graph.stores.neo4j import codec
from graph.stores.neo4j.cypher.parts import (
    APPLICATION,
    DEVICE,
    EVENT,
    IDENTIFIER,
    LABEL,
    MERCHANT,
    OUTCOME,
    PLATFORM,
    columns,
    micros,
)
from graph.stores.neo4j.cypher.tables import pages
from graph.stores.neo4j.facts import device_of
from graph.stores.neo4j.intern import Interned
from graph.stores.neo4j.rings import each_ring

Read = Callable[..., list[list[Any]]]
PAGE = 2_000
_NEW = "f.mark > $told AND f.mark <= $upto"
_I = columns("i", IDENTIFIER)

# Applications and events are many: first only their revisions and ids, a page after the other, then the facts
# in the order of the revisions.
IDS = {
    "applications": pages(
        "Application",
        "application_id",
        f"WITH f WHERE {_NEW} RETURN collect([f.mark, f.application_id]) AS rows",
    ),
    "events": pages("Event", "event_id", f"WITH f WHERE {_NEW} RETURN collect([f.mark, f.event_id]) AS rows"),
}
BY_ID = {  # NodeUniqueIndexSeek for each id
    "applications": (
        f"UNWIND $ids AS id MATCH (f:Application {{application_id: id}}) RETURN {columns('f', APPLICATION)}"
    ),
    "events": f"UNWIND $ids AS id MATCH (f:Event {{event_id: id}}) RETURN {columns('f', EVENT)}",
}
ROWS = {
    "outcomes": pages(
        "Application",
        "application_id",
        (
            f"MATCH (f)-[:CAME_TO]->(o:Outcome) WHERE {_NEW.replace('f.', 'o.')} "
            f"RETURN collect([o.mark, {columns('o', OUTCOME)}]) AS rows"
        ),
    ),
    "contacts": pages(
        "Applicant",
        "applicant_id",
        f"""MATCH (f)-[c:LISTED]->(i:Identifier) WHERE {_NEW.replace("f.", "c.")}
        RETURN collect([c.mark, [f.applicant_id, {_I}, {micros("c.at")}, c.relation]]) AS rows""",
    ),
    "platforms": pages(
        "Platform",
        "platform_id",
        f"WITH f WHERE {_NEW} RETURN collect([f.mark, {columns('f', PLATFORM)}]) AS rows",
    ),
    "merchants": pages(
        "Merchant",
        "merchant_id",
        f"WITH f WHERE {_NEW} RETURN collect([f.mark, {columns('f', MERCHANT)}]) AS rows",
    ),
    "devices": pages(
        "Identifier",
        "node",
        f"""WITH f, f AS i WHERE f.device_mark > $told AND f.device_mark <= $upto
        RETURN collect([f.device_mark, [{_I}, {columns("f", DEVICE)}]]) AS rows""",
    ),
}
LABELS = {
    "of applications": pages(
        "Application",
        "application_id",
        (
            f"MATCH (f)<-[:ABOUT]-(l:Label) WHERE {_NEW.replace('f.', 'l.')} "
            f"RETURN collect([l.mark, {columns('l', LABEL)}]) AS rows"
        ),
    ),
    "of people": pages(
        "Applicant",
        "applicant_id",
        (
            f"MATCH (f)<-[:ABOUT]-(l:Label) WHERE {_NEW.replace('f.', 'l.')} "
            f"RETURN collect([l.mark, {columns('l', LABEL)}]) AS rows"
        ),
    ),
}
# from version 8 on what became of rings is in the entry alone, which is never missing
SNAPSHOTS = f"""MATCH (f:RingSnapshot) WHERE f.as_of IS NOT NULL AND f.changes IS NOT NULL AND {_NEW}
    RETURN f.mark, [f.key, f.name, {micros("f.as_of")}, f.changes] ORDER BY f.mark"""


# From counts that the database keeps, and from the unique key on the revision (NodeUniqueIndexSeekByRange,
# NodeUniqueIndexSeek).
MARK = "MATCH (s:Store {name: 'ringfence'}) RETURN s.mark"
ENTRIES = "MATCH (j:JournalEntry) RETURN count(j)"
ENTRIES_UPTO = "MATCH (j:JournalEntry) WHERE j.mark <= $upto RETURN count(j)"
ADD_ENTRIES = "UNWIND $entries AS row MERGE (j:JournalEntry {mark: row[0]}) ON CREATE SET j.body = row[1]"
AT_ONCE = 1 << 20  # bytes of entries written at once


def complete_journal(read: Read, write: Read) -> None:
    """Write the entries that are missing: all of them after an earlier version, and those of a process of an
    earlier release that still wrote.

    May be cut off and run again, and by several at once.
    """
    # in this order: whoever writes meanwhile adds to both
    [[revision]], [[entries]] = read(MARK), read(ENTRIES)
    if entries >= revision:
        return
    gathered, size = list[list[Any]](), 0
    for rows in _journal(read, Interned(), _complete_up_to(read, revision), revision):
        body = encode_snapshot(rows.snapshot) if rows.snapshot is not None else encode(rows.facts)
        gathered.append([rows.revision, body])
        size += len(body)
        if size > AT_ONCE:
            write(ADD_ENTRIES, entries=gathered)
            gathered, size = [], 0
    write(ADD_ENTRIES, entries=gathered)


def _complete_up_to(read: Read, revision: int) -> int:
    """The last revision before which none lacks its entry."""
    lower, upper = 0, revision
    while lower < upper:
        middle = (lower + upper + 1) // 2
        if read(ENTRIES_UPTO, upto=middle)[0][0] == middle:
            lower = middle
        else:
            upper = middle - 1
    return lower


def _journal(read: Read, interned: Interned, after: int, upto: int) -> Iterator[JournalEntry]:
    """What the revisions after `after` up to `upto` brought: what comes in meanwhile has later revisions."""
    reader = _Reader(read, interned, {"told": after, "upto": upto})
    small = {name: reader.rows(statement) for name, statement in ROWS.items()}
    small["labels"] = [row for statement in LABELS.values() for row in reader.rows(statement)]
    record: dict[int, dict[str, tuple[Any, ...]]] = defaultdict(dict)
    for name, rows in small.items():
        for revision, group in groupby(sorted(rows, key=itemgetter(0)), key=itemgetter(0)):
            record[revision][name] = tuple(_MAKE[name](row, interned) for _, row in group)
    snapshots: dict[int, list[Any]] = {row[0]: row[1] for row in read(SNAPSHOTS, told=after, upto=upto)}
    many = {name: _Ordered(reader, name) for name in IDS}
    for revision in sorted(
        {*record, *snapshots, *(revision for one in many.values() for revision in one.marks)}
    ):
        facts = Facts(
            **record.pop(revision, {}), **{name: one.facts_of(revision) for name, one in many.items()}
        )
        snapshot = _snapshot(read, *snapshots[revision]) if revision in snapshots else None
        yield JournalEntry(revision=revision, facts=facts, snapshot=snapshot)


def _snapshot(read: Read, key: str, name: str, as_of: int, changes: str) -> RingSnapshot:
    rings = tuple(each_ring(read, key))
    return RingSnapshot(name=name, as_of=moment(as_of), rings=rings, changes=changes_of(changes))


class _Reader:
    """Reads pages of one stretch of revisions."""

    def __init__(self, read: Read, interned: Interned, stretch: Mapping[str, int]) -> None:
        self.read = read
        self.interned = interned
        self._stretch = stretch

    def rows(self, statement: str) -> list[Any]:
        """The rows of all pages."""
        after, result = "", list[Any]()
        while True:
            [[last, size, rows]] = self.read(statement, after=after, page=PAGE, **self._stretch)
            result += rows
            if size < PAGE:
                return result
            after = last


class _Ordered:
    """The facts of a large table by revision, fetched a page ahead."""

    def __init__(self, reader: _Reader, name: str) -> None:
        self._reader = reader
        self._name = name
        self._order = sorted(reader.rows(IDS[name]))
        self._fetched = 0
        self._facts: dict[str, Any] = {}
        self._next = 0

    @property
    def marks(self) -> Sequence[int]:
        """The revisions that have facts in this table."""
        return list(dict.fromkeys(revision for revision, _ in self._order))

    def facts_of(self, revision: int) -> tuple[Any, ...]:
        """The facts of that revision; to be called in order of revision."""
        results = []
        while self._next < len(self._order) and self._order[self._next][0] == revision:
            if self._next == self._fetched:
                self._fetch()
            results.append(self._facts.pop(self._order[self._next][1]))
            self._next += 1
        return tuple(results)

    def _fetch(self) -> None:
        ids = [i for _, i in self._order[self._fetched : self._fetched + PAGE]]
        make = codec.application_of if self._name == "applications" else codec.event_of
        self._facts.update((row[0], make(row)) for (row,) in self._reader.read(BY_ID[self._name], ids=ids))
        self._fetched += len(ids)


def _contact(row: Sequence[Any], interned: Interned) -> Contact:
    who, phone, at, relation = row
    return Contact(
        applicant_id=who, phone=interned.identifier(phone), relation=relation or None, at=moment(at)
    )


_MAKE: Mapping[str, Callable[[Any, Interned], Any]] = {
    "outcomes": lambda row, _: codec.outcome_of(row),
    "labels": lambda row, _: codec.label_of(row),
    "contacts": _contact,
    "platforms": lambda row, _: codec.platform_of(row),
    "merchants": lambda row, _: codec.merchant_of(row),
    "devices": lambda row, interned: device_of(interned.identifier(row[0]), row[1]),
}
