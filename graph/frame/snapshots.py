"""Reads ring snapshots from the frame: whole, for who asks again and again, or ring by ring."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np

from graph.facts.tables import Column
from graph.frame.layout import Arrays
from graph.frame.texts import place_of
from graph.journal.ring_rows import RingRows
from graph.journal.snapshots import SnapshotText
from graph.model.rings_in_turn import RingsInTurn
from graph.model.types import Membership, Ring, RingSnapshot

_AT_ONCE = 2_000  # rings


@dataclass(frozen=True)
class CachedSnapshot:
    """A ring snapshot, its rings by id, and everybody's place in it."""

    snapshot: RingSnapshot
    rings: Mapping[str, Ring]
    members: Mapping[str, Membership]

    @classmethod
    def of(cls, arrays: Arrays, row: int) -> CachedSnapshot:
        """The snapshot of a row, looked up."""
        text = _text(arrays, row)
        given, rings = text.in_turn(), tuple([_in_order(text.ring(place)) for place in text.by_id()])
        snapshot = RingSnapshot(name=given.name, as_of=given.as_of, rings=rings, changes=given.changes)
        members = {}
        for ring in snapshot.rings:
            bare = replace(ring, members=())
            members.update(
                {one.applicant_id: Membership(snapshot.name, bare, ring.size, one) for one in ring.members}
            )
        return cls(snapshot, {ring.ring_id: ring for ring in snapshot.rings}, members)


CachedSnapshots = dict[tuple[int, int, int], CachedSnapshot]
"""Those that were read, by seed, row and revision."""


@dataclass(frozen=True)
class SnapshotRings:
    """The rings of the snapshot in a row of the frame: where each stands in its text, and their `order` by
    id.
    """

    row: int
    rows: RingRows
    order: Sequence[int]

    def each(self, reading: Callable[[], AbstractContextManager[Arrays]]) -> Iterator[Ring]:
        """One after the other. The frame is being read while some are taken, not between them."""
        for first in range(0, len(self.order), _AT_ONCE):
            with reading() as arrays:
                text = SnapshotText(_body(arrays, self.row), self.rows)
                rings = [_in_order(text.ring(place)) for place in self.order[first : first + _AT_ONCE]]
            yield from rings


def in_turn(arrays: Arrays, row: int, reading: Callable[[], AbstractContextManager[Arrays]]) -> RingsInTurn:
    """The snapshot of a row; its rings are read by `reading` while one walks over them."""
    text = _text(arrays, row)
    rings = SnapshotRings(row, text.rows, text.by_id())
    return replace(text.in_turn(), walk=lambda: rings.each(reading))


def _text(arrays: Arrays, row: int) -> SnapshotText:
    return SnapshotText.of(_body(arrays, row))


def _body(arrays: Arrays, row: int) -> Column:
    """The bytes of its JSON, which ends with a bracket: of no such text the frame packs digits."""
    at, length, _ = place_of(arrays.texts, np.int64(arrays.snapshots[row]["body"]))
    return arrays.texts[at : at + length]


def _in_order(ring: Ring) -> Ring:
    """As a store gives it: members by their ids."""
    return replace(ring, members=tuple(sorted(ring.members, key=lambda m: m.applicant_id)))
