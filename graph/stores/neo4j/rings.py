"""Ring snapshots in Neo4j, read back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from graph.journal.snapshots import changes_of, member_of, ring_of
from graph.model.moments import moment
from graph.model.rings_in_turn import RingsInTurn
from graph.model.types import Ring, RingSnapshot
from graph.stores.neo4j.cypher.read import RINGS

PAGE = 2_000  # rings a reading

Read = Callable[..., list[list[Any]]]


def snapshot_of(row: Sequence[Any], read: Read) -> RingSnapshot:
    """The snapshot of (key, name, as_of, changes), with its rings and their members."""
    key, name, as_of, changes = row
    return RingSnapshot(
        name=name, as_of=moment(as_of), rings=tuple(each_ring(read, key)), changes=changes_of(changes)
    )


def in_turn(row: Sequence[Any], read: Read) -> RingsInTurn:
    """The same, its rings one after the other."""
    key, name, as_of, changes = row
    return RingsInTurn(
        name=name, as_of=moment(as_of), changes=changes_of(changes), walk=lambda: each_ring(read, key)
    )


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
