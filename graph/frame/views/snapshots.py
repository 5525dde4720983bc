"""Reads ring snapshots from the frame: whole, for who asks again and again, or ring by ring."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import count

import numpy as np

from graph.facts.tables import Column
from graph.frame.columns.layout import Arrays
from graph.frame.columns.texts import place_of
from graph.frame.views.read import text_in
from graph.journal.ring_changes import RingChanges
from graph.journal.ring_rows import RingRows
from graph.journal.snapshots import SnapshotText, has_changes
from graph.model.moments import moment
from graph.model.rings_in_turn import InTurn, RingsInTurn
from graph.model.types import Membership, Ring, RingSnapshot

_AT_ONCE = 2_000  # rings

Reading = Callable[[], AbstractContextManager[Arrays]]
"""The frame's arrays, which stay as they are within the block."""


@dataclass(frozen=True)
class CachedSnapshot:
    """A ring snapshot, its rings by id, and everybody's place in it."""

    snapshot: RingSnapshot
    rings: Mapping[str, Ring]
    members: Mapping[str, Membership]

    @classmethod
    def of(cls, arrays: Arrays, row: int) -> CachedSnapshot:
        """The snapshot of a row, looked up."""
        texts = _texts(arrays, row)
        rings = sorted((ring for text in texts for ring in text.rings()), key=lambda ring: ring.ring_id)
        name, as_of = _about(arrays, row)
        changes = tuple([change for text in texts for change in text.changes()])
        snapshot = RingSnapshot(name=name, as_of=as_of, rings=tuple(map(_in_order, rings)), changes=changes)
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
    """The rings of the snapshot in a row of the frame: where each stands in each of its texts, and their
    `order` by id, as places in all texts one after the other; the rings of text n are from `first[n]` on.
    """

    row: int
    rows: Sequence[RingRows]
    first: Column
    order: Column

    @classmethod
    def of(cls, row: int, texts: Sequence[SnapshotText]) -> SnapshotRings:
        """Those of a row, with its texts."""
        rows = [text.rows for text in texts]
        first = np.cumsum([0, *(len(one.begins) for one in rows)])[:-1]
        ids = [one for text in texts for one in text.ids()]
        return cls(row, rows, first, np.array(sorted(range(len(ids)), key=ids.__getitem__), np.int64))

    def each(self, reading: Reading) -> Iterator[Ring]:
        """One after the other. The frame is being read while some are taken, not between them."""
        for begin in range(0, len(self.order), _AT_ONCE):
            places = self.order[begin : begin + _AT_ONCE]
            of = np.searchsorted(self.first, places, "right") - 1
            with reading() as arrays:
                bodies = _bodies(arrays, self.row)
                texts = [SnapshotText(body, rows) for body, rows in zip(bodies, self.rows, strict=True)]
                rings = [
                    _in_order(texts[n].ring(place))
                    for n, place in zip(of.tolist(), (places - self.first[of]).tolist(), strict=True)
                ]
            yield from rings


def in_turn(arrays: Arrays, row: int, reading: Reading) -> RingsInTurn:
    """The snapshot of a row; its rings and changes are read by `reading` while one walks over them."""
    name, as_of = _about(arrays, row)
    rings = InTurn(partial(_each_ring, row, reading))
    return RingsInTurn(name=name, as_of=as_of, rings=rings, changes=changes_in(row, reading))


def changes_in(row: int, reading: Reading) -> RingChanges:
    """What became of its rings."""
    return RingChanges(partial(_texts_with_changes, row, reading))


def _each_ring(row: int, reading: Reading) -> Iterator[Ring]:
    with reading() as arrays:
        rings = SnapshotRings.of(row, _texts(arrays, row))
    yield from rings.each(reading)


def _texts_with_changes(row: int, reading: Reading) -> Iterator[SnapshotText]:
    """What is said of changes in the texts; the frame is being read while one is taken, not between them."""
    for number in count():
        with reading() as arrays:
            if number == len(bodies := _bodies(arrays, row)):
                return
            if not has_changes(bodies[number]):
                continue
            text = SnapshotText.of(bodies[number]).without_rings()
        yield text


def _about(arrays: Arrays, row: int) -> tuple[str, datetime]:
    """Name and moment."""
    snapshot = arrays.snapshots[row]
    return text_in(arrays.texts, int(snapshot["name"])), moment(int(snapshot["as_of"]))


def _texts(arrays: Arrays, row: int) -> list[SnapshotText]:
    return [SnapshotText.of(body) for body in _bodies(arrays, row)]


def _bodies(arrays: Arrays, row: int) -> list[Column]:
    """The bytes of its JSON, whole or part by part, which end with a bracket: of no such text the frame packs
    digits.
    """
    first = int(arrays.snapshots[row]["part"])
    out = []
    for text in arrays.parts[first : first + int(arrays.snapshots[row]["parts"])].tolist():
        at, length, _ = place_of(arrays.texts, np.int64(text))
        out.append(arrays.texts[at : at + length])
    return out


def _in_order(ring: Ring) -> Ring:
    """As a store gives it: members by their ids."""
    return replace(ring, members=tuple(sorted(ring.members, key=lambda m: m.applicant_id)))
