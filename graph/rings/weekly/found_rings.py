"""Rings and changes that wait in a file until they are asked for, so that nobody holds all of them."""

from __future__ import annotations

import os
import weakref
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from tempfile import TemporaryFile
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from msgspec import msgpack

from graph.facts.tables import Column
from graph.model.moments import micros, moment
from graph.model.types import Ring, RingChange
from graph.rings.weekly.ring_ids import NEW, RingIds, column_of

T = TypeVar("T", Ring, RingChange)


class _Waiting(Generic[T]):
    """Rings or changes in a file without a name, which goes with this object or with the process."""

    def __init__(self, kind: type[T]) -> None:
        self._encoder = msgpack.Encoder()
        self._decoder: msgpack.Decoder[T] = msgpack.Decoder(kind)
        self._file = TemporaryFile(buffering=1 << 16)  # noqa: SIM115 - it goes with this object
        self._ends = array("q", [0])
        weakref.finalize(self, self._file.close)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def add(self, one: T) -> int:
        """Keep one; its place."""
        self._ends.append(self._ends[-1] + self._file.write(self._encoder.encode(one)))
        return len(self) - 1

    def __getitem__(self, place: int) -> T:
        self._file.flush()
        begin, end = self._ends[place], self._ends[place + 1]
        return self._decoder.decode(os.pread(self._file.fileno(), end - begin, begin))


class RingHead(NamedTuple):
    """What is held of a ring that waits."""

    ring_id: str
    first_seen: datetime
    flagged: bool


@dataclass(eq=False)
class FoundRings:
    """The rings of so many groups and what became of each, by the number of the group (G,), in any order, and
    what became of old rings that are gone. `width` is how many bytes the longest old id has.
    """

    groups: int
    width: int
    _gone: list[Column] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ids = np.zeros(self.groups, f"S{max(NEW, self.width)}")
        self._first_seen, self._place = np.zeros(self.groups, np.int64), np.zeros(self.groups, np.int64)
        self._flagged, self._score = np.zeros(self.groups, bool), np.zeros(self.groups)
        self._rings, self._changes = _Waiting(Ring), _Waiting(RingChange)
        self._changed = np.zeros(self.groups, np.int64)

    @property
    def ids(self) -> RingIds:
        """By group."""
        return RingIds(self._ids)

    def add(self, number: int, ring: Ring, change: RingChange) -> None:
        """Keep the ring of a group, and what became of it."""
        self._ids[number] = ring.ring_id.encode()
        self._first_seen[number], self._flagged[number] = micros(ring.first_seen), ring.kind.flagged
        self._score[number] = ring.score
        self._place[number] = self._rings.add(ring)
        self._changed[number] = self._changes.add(change)

    def add_gone(self, changes: Iterable[RingChange]) -> None:
        """Keep what became of old rings that are gone, after all others."""
        gone = array("q")
        self._gone.append(column_of(self._kept(changes, gone)))
        self._changed = np.r_[self._changed, np.array(gone, np.int64)]

    def _kept(self, changes: Iterable[RingChange], places: array[int]) -> Iterator[str]:
        for change in changes:
            places.append(self._changes.add(change))
            yield change.ring_id

    def head(self, number: int) -> RingHead:
        """What is held of the ring of a group."""
        first_seen = moment(int(self._first_seen[number]))
        return RingHead(self.ids[number], first_seen, bool(self._flagged[number]))

    def ring(self, number: int) -> Ring:
        """The ring of a group."""
        return self._rings[int(self._place[number])]

    def worst_first(self, crew: Mapping[str, str]) -> Iterator[Ring]:
        """All rings with their crew ids: flagged ones first, by score, then id. Who is not in `crew` (by ring
        id) is a crew alone.
        """
        for number in np.lexsort((self._ids, -self._score, ~self._flagged)).tolist():
            ring = self.ring(number)
            name = crew.get(ring.ring_id, ring.ring_id)
            yield ring if ring.crew_id == name else replace(ring, crew_id=name)

    def changes(self) -> Iterator[RingChange]:
        """What became of all rings, by ring id."""
        return map(self._changes.__getitem__, self._changed[np.argsort(self._changed_ids)].tolist())

    def changes_of(self, ring_ids: Iterable[str]) -> Iterator[RingChange]:
        """What became of these rings, as far as they are there; no other is read."""
        some = np.isin(self._changed_ids, column_of(ring_ids))
        return map(self._changes.__getitem__, self._changed[some].tolist())

    @property
    def _changed_ids(self) -> Column:
        return np.concatenate([self._ids, *self._gone])
