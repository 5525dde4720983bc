"""Last week's rings as columns: who was in which one since when, and what a ring of now is told of them."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from graph.facts.tables import Column
from graph.model.moments import micros
from graph.model.types import Ring, RingKind
from graph.rings.applicants.rows import ApplicantRows
from graph.rings.weekly.changes import NONE
from graph.rings.weekly.ring_ids import RingIds, column_of

_AT_ONCE = 200_000  # members who are looked up at once
_KINDS = tuple(RingKind)
_FLAGGED = np.array([kind.flagged for kind in _KINDS])


@dataclass(frozen=True)
class RingsBefore:
    """The rings of the last snapshot. By person in one of them who is an applicant now (M,): `people`, their
    positions in ascending order, `ring`, the place of the ring of each, and `joined`, since when
    (microseconds).

    By ring, in order of their ids (R,): `ids`, `size` (members), `first_seen` (microseconds), `kind`, a place
    among all. `flagged` are those with a flag whole, and `crews` the crew ids of those that are called
    otherwise than their crew, by id.
    """

    people: Column
    ring: Column
    joined: Column
    ids: RingIds
    size: Column
    first_seen: Column
    kind: Column
    flagged: dict[str, Ring]
    crews: dict[str, str]

    @classmethod
    def of(cls, rings: Iterable[Ring], applicants: ApplicantRows) -> RingsBefore:
        """Of rings of different people, in any order, each looked at once."""
        found = _Gathered(applicants)
        for ring in rings:
            found.take(ring)
        found.place()
        ids = np.concatenate([*found.ids, column_of([])])
        order = np.argsort(ids, kind="stable")
        place = np.argsort(order, kind="stable").astype(np.int32)
        people, number, joined = (np.concatenate(parts) for parts in zip(*found.members))
        by_person = np.argsort(people, kind="stable")
        return cls(
            people=people[by_person],
            ring=place[number[by_person]],
            joined=joined[by_person],
            ids=RingIds(ids[order]),
            size=np.array(found.size, np.int32)[order],
            first_seen=np.array(found.first_seen, np.int64)[order],
            kind=np.array(found.kinds, np.int8)[order],
            flagged=found.flagged,
            crews=found.crews,
        )

    @property
    def with_flag(self) -> Column:
        """Which rings were flagged (R,) bool."""
        return np.asarray(_FLAGGED[self.kind])

    def ring_of(self, people: Column) -> Column:
        """The place of the ring in which each of these `people` (N,), positions, was; NONE for none."""
        return self._of(people, self.ring, NONE)

    def joined_of(self, people: Column) -> Column:
        """Since when each of these `people` (N,) was in a ring, microseconds; 0 for who was in none."""
        return self._of(people, self.joined, 0)

    def seen_of(self, rings: Column) -> Column:
        """Since when each of the rings at these places (N,) is known, microseconds; 0 at NONE."""
        return np.append(self.first_seen, 0)[rings]  # NONE is the last place

    def _of(self, people: Column, value: Column, otherwise: int) -> Column:
        if not len(self.people):
            return np.full(len(people), otherwise, value.dtype)
        at = np.minimum(np.searchsorted(self.people, people), len(self.people) - 1)
        return np.where(self.people[at] == people, value[at], value.dtype.type(otherwise))

    def kind_of(self, ring_id: str) -> RingKind | None:
        """What a ring was taken for; None where there was none of that id."""
        return None if (at := self.ids.place(ring_id)) == NONE else _KINDS[self.kind[at]]


@dataclass
class _Gathered:
    """Rings so far, in the order in which they come."""

    applicants: ApplicantRows
    ids: list[Column] = field(default_factory=list)
    crews: dict[str, str] = field(default_factory=dict)
    kinds: array[int] = field(default_factory=lambda: array("b"))
    size: array[int] = field(default_factory=lambda: array("i"))
    first_seen: array[int] = field(default_factory=lambda: array("q"))
    flagged: dict[str, Ring] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.members = list[tuple[Column, Column, Column]]()
        self._ids, self._names = list[str](), list[str]()
        self._numbers, self._joined = array("i"), array("q")

    def take(self, ring: Ring) -> None:
        """One more."""
        self._names += [member.applicant_id for member in ring.members]
        self._numbers.extend([len(self.kinds)] * ring.size)
        self._joined.extend([micros(member.joined_at) for member in ring.members])
        self._ids.append(ring.ring_id)
        if ring.crew_id != ring.ring_id:
            self.crews[ring.ring_id] = ring.crew_id
        self.kinds.append(_KINDS.index(ring.kind))
        self.size.append(ring.size)
        self.first_seen.append(micros(ring.first_seen))
        if ring.kind.flagged:
            self.flagged[ring.ring_id] = ring
        if len(self._names) >= _AT_ONCE:
            self.place()

    def place(self) -> None:
        """Look up the members who wait."""
        people = self.applicants.places(self._names)
        known = np.flatnonzero(people >= 0)
        rings, joined = np.array(self._numbers, np.int32), np.array(self._joined, np.int64)
        self.members.append((people[known].astype(np.int32), rings[known], joined[known]))
        self.ids.append(column_of(self._ids))
        self._ids, self._names, self._numbers, self._joined = [], [], array("i"), array("q")
