"""Last week's rings as columns: who was in which one since when, and what a ring of now is told of them."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from graph.facts.tables import Column
from graph.model.moments import micros
from graph.model.types import Ring, RingKind
from graph.rings.applicants.rows import ApplicantRows

NONE = -1
_AT_ONCE = 200_000  # members who are looked up at once


@dataclass(frozen=True)
class RingsBefore:
    """The rings of the last snapshot. By applicant (A,): `ring`, the place of the ring in which each was, -1
    for none, and `joined`, since when (microseconds).

    By ring, in order of their ids: `ids`, `crews` (crew ids), `kinds`, `size` (R,) members and `first_seen`
    (R,) microseconds. `flagged` are those with a flag whole, by id.
    """

    ring: Column
    joined: Column
    ids: Sequence[str]
    crews: Sequence[str]
    kinds: Sequence[RingKind]
    size: Column
    first_seen: Column
    flagged: dict[str, Ring]

    @classmethod
    def of(cls, rings: Iterable[Ring], applicants: ApplicantRows) -> RingsBefore:
        """Of rings of different people, in any order, each looked at once."""
        found = _Gathered(applicants)
        for ring in rings:
            found.take(ring)
        found.place()
        order = sorted(range(len(found.ids)), key=found.ids.__getitem__)
        place = np.append(np.argsort(order), NONE).astype(np.int32)  # of none: the last
        return cls(
            ring=place[found.ring],
            joined=found.joined,
            ids=[found.ids[at] for at in order],
            crews=[found.crews[at] for at in order],
            kinds=[found.kinds[at] for at in order],
            size=np.array(found.size, np.int64)[order],
            first_seen=np.array(found.first_seen, np.int64)[order],
            flagged=found.flagged,
        )


@dataclass
class _Gathered:
    """Rings so far, in the order in which they come."""

    applicants: ApplicantRows
    ids: list[str] = field(default_factory=list)
    crews: list[str] = field(default_factory=list)
    kinds: list[RingKind] = field(default_factory=list)
    size: list[int] = field(default_factory=list)
    first_seen: list[int] = field(default_factory=list)
    flagged: dict[str, Ring] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ring = np.full(len(self.applicants), NONE, np.int32)
        self.joined = np.zeros(len(self.applicants), np.int64)
        self._names, self._numbers, self._joined = list[str](), array("i"), array("q")

    def take(self, ring: Ring) -> None:
        """One more."""
        self._names += [member.applicant_id for member in ring.members]
        self._numbers.extend([len(self.ids)] * ring.size)
        self._joined.extend([micros(member.joined_at) for member in ring.members])
        self.ids.append(ring.ring_id)
        # most are a crew of their own: one text for both
        self.crews.append(ring.ring_id if ring.crew_id == ring.ring_id else ring.crew_id)
        self.kinds.append(ring.kind)
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
        self.ring[people[known]] = np.array(self._numbers, np.int32)[known]
        self.joined[people[known]] = np.array(self._joined, np.int64)[known]
        self._names, self._numbers, self._joined = [], array("i"), array("q")
