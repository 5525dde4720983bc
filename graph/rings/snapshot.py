"""Groups found become rings: named, measured, with the place of every member; last week's snapshot gives them their lasting ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from graph.model import Ring, RingMember, RingSnapshot
from graph.moments import moment
from graph.rings.changes import STATES, compared
from graph.rings.kinds import kind_of, reasons_of
from graph.rings.measures import Measures, measure
from graph.rings.search import Found
from graph.tables import Column


@dataclass(frozen=True)
class _Members:
    """Rows of a Found in groups of three or more: applicants by group, and where each group's begin."""

    groups: Column
    people: Column
    start: Column

    def of(self, i: int) -> Column:
        """Applicants of the i-th group, ascending."""
        return self.people[self.start[i] : self.start[i + 1]]


def snapshot_of(found: Found, name: str, as_of: datetime, previous: RingSnapshot | None) -> RingSnapshot:
    """All groups of three or more as rings, worst first, with their changes since `previous` (by ring id)."""
    measures = measure(found)
    members = _members(found, measures)
    ids = found.tables.applicant_ids
    sets = [frozenset(ids[members.of(i)].tolist()) for i in range(len(members.groups))]
    before = {ring.ring_id: frozenset(m.applicant_id for m in ring.members) for ring in previous.rings} if previous else {}
    changes = compared(sets, before, as_of)
    seen = {ring.ring_id: ring.first_seen for ring in previous.rings} if previous else {}
    rings = []
    for i, group in enumerate(members.groups):
        change = changes[i]
        people = _placed(found, measures, members.of(i))
        rings.append(_ring(found, measures, int(group), people, (change.ring_id, STATES[change.change], seen.get(change.ring_id))))
    rings.sort(key=lambda ring: (not ring.kind.flagged, -ring.score, ring.ring_id))
    return RingSnapshot(name=name, as_of=as_of, rings=tuple(rings), changes=tuple(sorted(changes, key=lambda c: c.ring_id)))


def _members(found: Found, measures: Measures) -> _Members:
    order = np.argsort(found.group, kind="stable")
    big = measures.size[found.group[order]] >= 3
    people = order[big]
    groups, start = np.unique(found.group[people], return_index=True)
    return _Members(groups, people, np.r_[start, len(people)])


def _placed(found: Found, measures: Measures, people: Column) -> tuple[RingMember, ...]:
    """Each member's place: the core are the members with at least half of the strongest pull; distance is 0, 1 or 2 steps and more."""
    strength = measures.strength[people]
    top = float(strength.max(initial=0.0)) or 1.0
    out = []
    for person, pull in zip(people.tolist(), (strength / top).tolist()):
        core = pull >= 0.5
        fringe = not core and measures.partners[person] <= 1
        out.append(
            RingMember(
                applicant_id=str(found.tables.applicant_ids[person]),
                role="core" if core else "fringe" if fringe else "member",
                joined_at=moment(int(measures.joined[person])),
                distance_to_core=0 if core else 1 if measures.best_partner[person] >= 0.5 * top else 2,
                strength=round(pull, 6),
            )
        )
    return tuple(out)


def _ring(found: Found, measures: Measures, group: int, people: Sequence[RingMember], name: tuple[str, str, datetime | None]) -> Ring:
    traits = measures.traits(group)
    shared = {kind: int(count) for kind, count in traits.links.items() if count}
    return Ring(
        ring_id=name[0],
        kind=kind_of(traits),
        score=round(float(found.score[group]), 6),
        state=name[1],
        first_seen=min([moment(int(measures.first[group])), *([name[2]] if name[2] else [])]),
        last_seen=moment(int(measures.last[group])),
        confirmed_bad=traits.confirmed,
        suspected=int(measures.suspected[group]),
        bad_rate=round(traits.confirmed / len(people), 6),
        exposure=round(float(measures.exposure[group]), 2),
        shared_by_kind=shared,
        hubs_ignored=int(measures.hubs[group]),
        density=round(traits.density, 6),
        burst_days=round(float(measures.burst[group]), 3),
        platforms=int(measures.platforms[group]),
        reason_codes=reasons_of(traits),
        members=tuple(people),
    )
