"""Ring snapshots in Neo4j, read back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from graph.journal.ring_changes import RingChanges
from graph.journal.snapshots import member_of, ring_of
from graph.model.moments import moment
from graph.model.rings_in_turn import InTurn, RingsInTurn
from graph.model.types import Ring, RingSnapshot
from graph.stores.neo4j import journal
from graph.stores.neo4j.cypher.read import RINGS

PAGE = 2_000  # rings a reading

Read = Callable[..., list[list[Any]]]


def snapshot_of(row: Sequence[Any], read: Read) -> RingSnapshot:
    """The snapshot of a row of SNAPSHOT, with its rings and their members."""
    given = in_turn(row, read)
    return RingSnapshot(
        name=given.name, as_of=given.as_of, rings=tuple(given.rings), changes=tuple(given.changes)
    )


def in_turn(row: Sequence[Any], read: Read) -> RingsInTurn:
    """The same, its rings and changes one after the other."""
    key, name, as_of = row[:3]
    return RingsInTurn(
        name=name,
        as_of=moment(as_of),
        rings=InTurn(partial(each_ring, read, key)),
        changes=changes_in(row, read),
    )


def changes_in(row: Sequence[Any], read: Read) -> RingChanges:
    """What became of its rings, which is in the journal alone."""
    return RingChanges(partial(journal.texts_with_changes, read, row[3]))


def each_ring(read: Read, key: str) -> Iterator[Ring]:
    """The rings of a snapshot with their members, by id."""
    after = ""
    while rows := sorted(read(RINGS, key=key, after=after, limit=PAGE)):
        yield from map(ring_with_members, rows)
        after = rows[-1][0]


def ring_with_members(row: Sequence[Any]) -> Ring:
    """(ring_id, body, members) as a Ring."""
    ring_id, body, members = row
    return ring_of(ring_id, body, tuple(member_of((who, *member)) for who, member in sorted(members)))
