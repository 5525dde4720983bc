"""Turns groups into rings with lasting ids, measures and the place of every member."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from graph.facts.tables import Column
from graph.model.moments import EPOCH, moment
from graph.model.types import Ring, RingChange, RingMember, RingSnapshot
from graph.rings.changes import STATES, FlagStates, compared
from graph.rings.crews import crew_ties, named
from graph.rings.flagging import with_flags
from graph.rings.kinds import FLAG_HELD, kind_of, reasons_of
from graph.rings.measured import measured
from graph.rings.measures import Measures, Members
from graph.rings.projection import LINK_KINDS
from graph.rings.search import RingSearch
from graph.rings.whole_groups import in_large_groups


@dataclass(frozen=True)
class _Identity:
    """What a group is called, its state, and what it was last time."""

    ring_id: str
    state: str
    old: Ring | None


@dataclass(frozen=True)
class _Group:
    """The group at a place of its measures, with the ids of its members."""

    search: RingSearch
    measures: Measures
    place: int
    members: Members
    names: Column


def snapshot_of(
    search: RingSearch, name: str, as_of: datetime, previous: RingSnapshot | None
) -> RingSnapshot:
    """All groups of three or more as rings, worst first, with their changes since `previous` (by ring id)."""
    before = {ring.ring_id: ring for ring in previous.rings} if previous else {}
    numbers, changes = _changes(search, before, as_of)
    identities = {
        number: _Identity(change.ring_id, STATES[change.change], before.get(change.ring_id))
        for number, change in zip(numbers, changes)
    }
    found = dict(_rings(search, identities))
    rings = [found.pop(number) for number in numbers]
    ties = crew_ties(search)
    crews = ties.crews(len(search.flagged))[numbers].tolist()
    crew = named(rings, crews, {ring_id: ring.crew_id for ring_id, ring in before.items()})
    rings = [replace(ring, crew_id=crew[ring.ring_id]) for ring in rings]
    together = ties.reasons({number: identity.ring_id for number, identity in identities.items()})
    rows = with_flags(changes, rings, tuple(before.values()), (search.flags, together))
    rings.sort(key=lambda ring: (not ring.kind.flagged, -ring.score, ring.ring_id))
    return RingSnapshot(
        name=name, as_of=as_of, rings=tuple(rings), changes=tuple(sorted(rows, key=lambda c: c.ring_id))
    )


def _changes(
    search: RingSearch, before: Mapping[str, Ring], as_of: datetime
) -> tuple[list[int], tuple[RingChange, ...]]:
    """The numbers of the groups of three or more, ascending, and a change for each, then those of rings that
    are gone.
    """
    large = in_large_groups(search.group)
    people = np.flatnonzero(large)[np.argsort(search.group[large], kind="stable")]
    numbers, start = np.unique(search.group[people], return_index=True)
    names = search.applicants.names(people)
    members = [tuple(some.tolist()) for some in np.split(names, start[1:])] if len(people) else []
    there = {ring_id: tuple([m.applicant_id for m in ring.members]) for ring_id, ring in before.items()}
    flagged = FlagStates(
        frozenset(np.flatnonzero(search.flagged[numbers]).tolist()),
        frozenset(ring_id for ring_id, ring in before.items() if ring.kind.flagged),
    )
    return numbers.tolist(), compared(members, there, as_of, flagged)


def _rings(search: RingSearch, identities: Mapping[int, _Identity]) -> Iterator[tuple[int, Ring]]:
    """The number and the ring of each group; what some of them measure is let go before the next."""
    improbable = search.unusual.reasons(search.group, len(search.flagged))
    for measures in measured(search, search.group):
        end, names = np.cumsum(measures.size), search.applicants.names(measures.members.people)
        for place, number in enumerate(measures.number.tolist()):
            of = slice(end[place] - measures.size[place], end[place])
            group = _Group(search, measures, place, measures.members.of(of), names[of])
            identity = identities[number]
            ring = _ring(group, identity, improbable[number])
            held = identity.ring_id in search.flags.retained
            yield number, replace(ring, reason_codes=(*ring.reason_codes, FLAG_HELD)) if held else ring


def _placed(group: _Group, old: Ring | None) -> tuple[RingMember, ...]:
    """Each member's place: the core are the members with at least half of the strongest pull; distance is 0,
    1 or 2 steps and more.

    Who was a member of the ring before joined when it was said then, and nobody joins before the ring was
    first seen.
    """
    joined = {member.applicant_id: member.joined_at for member in old.members} if old else {}
    first = old.first_seen if old else EPOCH
    members = group.members
    top = float(members.strength.max(initial=0.0)) or 1.0
    moments = {at: moment(at) for at in set(members.joined.tolist())}
    out = []
    for place, pull in enumerate((members.strength / top).tolist()):
        core = pull >= 0.5
        fringe = not core and members.partners[place] <= 1
        who = str(group.names[place])
        out.append(
            RingMember(
                applicant_id=who,
                role="core" if core else "fringe" if fringe else "member",
                joined_at=max(joined.get(who, moments[int(members.joined[place])]), first),
                distance_to_core=0 if core else 1 if members.best_partner[place] >= 0.5 * top else 2,
                strength=round(pull, 6),
            )
        )
    return tuple(out)


def _ring(group: _Group, identity: _Identity, improbable: tuple[str, ...]) -> Ring:
    """The ring of a group. The same name keeps its first_seen."""
    measures, at, old, search = group.measures, group.place, identity.old, group.search
    number = int(measures.number[at])
    flagged = bool(search.flagged[number])
    traits = measures.traits(at, flagged, improbable if flagged else ())
    return Ring(
        ring_id=identity.ring_id,
        kind=kind_of(traits),
        score=round(float(search.score[number]), 6),
        state=identity.state,
        first_seen=old.first_seen if old else moment(int(measures.first[at])),
        last_seen=moment(int(measures.last[at])),
        confirmed_bad=traits.confirmed,
        suspected=int(measures.suspected[at]),
        bad_rate=round(traits.confirmed / traits.size, 6),
        exposure=round(float(measures.exposure[at]), 2),
        shared_by_kind={kind: int(n) for kind, n in zip(LINK_KINDS, measures.things[at].tolist()) if n},
        hubs_ignored=int(measures.hubs[at]),
        density=round(traits.density, 6),
        burst_days=round(float(measures.burst[at]), 3),
        platforms=int(measures.platforms[at]),
        reason_codes=reasons_of(traits),
        members=_placed(group, old),
    )
