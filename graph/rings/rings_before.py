"""Last week's rings as columns: who was in which one since when, and what a ring of now is told of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from graph.facts.tables import Column
from graph.model.moments import micros
from graph.model.types import Ring, RingKind
from graph.rings.applicants import ApplicantRows

NONE = -1
_AT_ONCE = 50_000  # rings whose members are looked up at once


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
        found, each = _Gathered(applicants), iter(rings)
        while some := list(islice(each, _AT_ONCE)):
            found.take(some)
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

    def take(self, rings: Sequence[Ring]) -> None:
        """Some more."""
        size = [ring.size for ring in rings]
        members = [member for ring in rings for member in ring.members]
        people = self.applicants.places([member.applicant_id for member in members])
        known = np.flatnonzero(people >= 0)
        number = np.repeat(np.arange(len(rings)) + len(self.ids), size)
        self.ring[people[known]] = number[known]
        self.joined[people[known]] = np.array([micros(m.joined_at) for m in members], np.int64)[known]
        self.ids += [ring.ring_id for ring in rings]
        # most are a crew of their own: one text for both
        self.crews += [r.ring_id if r.crew_id == r.ring_id else r.crew_id for r in rings]
        self.kinds += [ring.kind for ring in rings]
        self.size += size
        self.first_seen += [micros(ring.first_seen) for ring in rings]
        self.flagged |= {ring.ring_id: ring for ring in rings if ring.kind.flagged}
