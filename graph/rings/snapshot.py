"""Turns groups into rings with lasting ids, measures and the place of every member."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from graph.facts.tables import Column
from graph.model.moments import EPOCH, moment
from graph.model.types import Ring, RingMember, RingSnapshot
from graph.rings.changes import STATES, FlagStates, compared
from graph.rings.crews import crew_ties, named
from graph.rings.flagging import with_flags
from graph.rings.kinds import FLAG_HELD, kind_of, reasons_of
from graph.rings.measures import Measures, measure
from graph.rings.projection import LINK_KINDS
from graph.rings.search import RingSearch


@dataclass(frozen=True)
class _Members:
    """Rows of a RingSearch in groups of three or more: applicants by group, and where each group's begin."""

    groups: Column
    people: Column
    start: Column

    def of(self, i: int) -> Column:
        """Applicants of the i-th group, ascending."""
        return self.people[self.start[i] : self.start[i + 1]]


def snapshot_of(
    search: RingSearch, name: str, as_of: datetime, previous: RingSnapshot | None
) -> RingSnapshot:
    """All groups of three or more as rings, worst first, with their changes since `previous` (by ring id)."""
    measures = measure(search)
    members = _members(search, measures)
    ids = search.tables.applicant_ids
    before = {ring.ring_id: ring for ring in previous.rings} if previous else {}
    sets = [frozenset(ids[members.of(i)].tolist()) for i in range(len(members.groups))]
    there = {ring_id: frozenset(m.applicant_id for m in ring.members) for ring_id, ring in before.items()}
    numbers = frozenset(np.flatnonzero(search.flagged[members.groups]).tolist())
    flagged = FlagStates(numbers, frozenset(ring_id for ring_id, ring in before.items() if ring.kind.flagged))
    changes = compared(sets, there, as_of, flagged)
    rings = []
    for i, group in enumerate(members.groups):
        change, old = changes[i], before.get(changes[i].ring_id)
        ring = _ring(
            search, measures, int(group), members.of(i), (change.ring_id, STATES[change.change], old)
        )
        rings.append(
            replace(ring, reason_codes=(*ring.reason_codes, FLAG_HELD))
            if change.ring_id in search.flags.retained
            else ring
        )
    ties = crew_ties(search)
    crew = named(
        rings,
        ties.crews(len(search.flagged))[members.groups].tolist(),
        {ring_id: ring.crew_id for ring_id, ring in before.items()},
    )
    rings = [replace(ring, crew_id=crew[ring.ring_id]) for ring in rings]
    ring_of = dict(zip(members.groups.tolist(), [ring.ring_id for ring in rings]))
    rows = with_flags(changes, rings, tuple(before.values()), (search.flags, ties.reasons(ring_of)))
    rings.sort(key=lambda ring: (not ring.kind.flagged, -ring.score, ring.ring_id))
    return RingSnapshot(
        name=name, as_of=as_of, rings=tuple(rings), changes=tuple(sorted(rows, key=lambda c: c.ring_id))
    )


def _members(search: RingSearch, measures: Measures) -> _Members:
    order = np.argsort(search.group, kind="stable")
    big = measures.size[search.group[order]] >= 3
    people = order[big]
    groups, start = np.unique(search.group[people], return_index=True)
    return _Members(groups, people, np.r_[start, len(people)])


def _placed(
    search: RingSearch, measures: Measures, people: Column, old: Ring | None
) -> tuple[RingMember, ...]:
    """Each member's place: the core are the members with at least half of the strongest pull; distance is 0,
    1 or 2 steps and more.

    Who was a member of the ring before joined when it was said then, and nobody joins before the ring was
    first seen.
    """
    joined = {member.applicant_id: member.joined_at for member in old.members} if old else {}
    first = old.first_seen if old else EPOCH
    strength = measures.strength[people]
    top = float(strength.max(initial=0.0)) or 1.0
    out = []
    for person, pull in zip(people.tolist(), (strength / top).tolist()):
        core = pull >= 0.5
        fringe = not core and measures.partners[person] <= 1
        who = str(search.tables.applicant_ids[person])
        out.append(
            RingMember(
                applicant_id=who,
                role="core" if core else "fringe" if fringe else "member",
                joined_at=max(joined.get(who, moment(int(measures.joined[person]))), first),
                distance_to_core=0 if core else 1 if measures.best_partner[person] >= 0.5 * top else 2,
                strength=round(pull, 6),
            )
        )
    return tuple(out)


def _ring(
    search: RingSearch, measures: Measures, group: int, people: Column, name: tuple[str, str, Ring | None]
) -> Ring:
    """The ring of a group; `name` is its id, its state and what it was last time. The same name keeps its
    first_seen.
    """
    ring_id, state, old = name
    traits = measures.traits(group)
    return Ring(
        ring_id=ring_id,
        kind=kind_of(traits),
        score=round(float(search.score[group]), 6),
        state=state,
        first_seen=old.first_seen if old else moment(int(measures.first[group])),
        last_seen=moment(int(measures.last[group])),
        confirmed_bad=traits.confirmed,
        suspected=int(measures.suspected[group]),
        bad_rate=round(traits.confirmed / len(people), 6),
        exposure=round(float(measures.exposure[group]), 2),
        shared_by_kind={kind: int(n) for kind, n in zip(LINK_KINDS, measures.things[group].tolist()) if n},
        hubs_ignored=int(measures.hubs[group]),
        density=round(traits.density, 6),
        burst_days=round(float(measures.burst[group]), 3),
        platforms=int(measures.platforms[group]),
        reason_codes=reasons_of(traits),
        members=_placed(search, measures, people, old),
    )
