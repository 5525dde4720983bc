"""Turns groups into rings with lasting ids, measures and the place of every member."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from graph.facts.tables import Column
from graph.model.moments import moment
from graph.model.rings_in_turn import InTurn, RingsInTurn
from graph.model.types import Ring, RingChange, RingMember, RingSnapshot
from graph.rings.groups.flag_retention import RetainedFlags
from graph.rings.groups.kinds import FLAG_HELD, kind_of, reasons_of
from graph.rings.groups.measures import Measures, Members
from graph.rings.links.projection import LINK_KINDS
from graph.rings.search import RingSearch
from graph.rings.weekly.changes import NONE, STATES, Changes, TwoWeeks, in_common
from graph.rings.weekly.crews import crew_names, crew_ties
from graph.rings.weekly.flagging import with_flags
from graph.rings.weekly.found_rings import FoundRings
from graph.rings.weekly.rings_before import RingsBefore


@dataclass(frozen=True)
class _Identity:
    """What a group is called, its state, and the place of the ring that it was last time, NONE for none."""

    ring_id: str
    state: str
    old: int


@dataclass(frozen=True)
class _Group:
    """The group at a place of its measures."""

    before: RingsBefore
    measures: Measures
    place: int
    members: Members


def rings_found(search: RingSearch, name: str, as_of: datetime, previous: Iterable[Ring] = ()) -> RingsInTurn:
    """All groups of three or more as rings, worst first, with their changes since the rings of the `previous`
    snapshot (by ring id). Those are looked at once, one after the other, in any order; the new ones and the
    changes wait in a file.
    """
    before = RingsBefore.of(previous, search.applicants)
    groups, place = np.unique(search.group, return_inverse=True)
    changes = Changes.between(_two_weeks(search, before, groups, place), as_of)
    found = FoundRings(len(groups), before.ids.column.itemsize)
    for number, ring, change in _rings(search, before, groups, changes):
        found.add(number, ring, change)
    found.add_gone(changes.gone(found.ids))
    ties = crew_ties(search)
    crew = crew_names(found, ties.crews(groups), before)
    tied = np.searchsorted(groups, ties.groups).tolist()
    why = ties.reasons({group: found.ids[of] for group, of in zip(ties.groups.tolist(), tied)})
    telling = np.flatnonzero(_telling(search, before, groups, place))
    held = _flags(found, telling, before, (search.flags, why))
    return RingsInTurn(
        name=name,
        as_of=as_of,
        rings=InTurn(lambda: found.worst_first(crew)),
        changes=InTurn(lambda: (held.get(change.ring_id, change) for change in found.changes())),
    )


def snapshot_of(
    search: RingSearch, name: str, as_of: datetime, previous: Iterable[Ring] = ()
) -> RingSnapshot:
    """The same whole."""
    found = rings_found(search, name, as_of, previous)
    return RingSnapshot(name=name, as_of=as_of, rings=tuple(found.rings), changes=tuple(found.changes))


def _two_weeks(search: RingSearch, before: RingsBefore, groups: Column, place: Column) -> TwoWeeks:
    of, ring, share = in_common(place, before.ring_of(search.people), len(before.ids))
    return TwoWeeks(
        first=groups,
        size=np.bincount(place, minlength=len(groups)),
        flagged=np.isin(groups, search.flagged),
        rings=before.ids,
        size_before=before.size,
        flagged_before=before.with_flag,
        group=of,
        ring=ring,
        share=share,
    )


def _telling(search: RingSearch, before: RingsBefore, groups: Column, place: Column) -> Column:
    """Which of the `groups` are flagged, or have somebody in them who was in a flagged ring, bool; `place` is
    that of the group of each of the search's people.
    """
    was = np.append(before.with_flag, False)[before.ring_of(search.people)]
    some = np.isin(groups, search.flagged)
    some[place[was]] = True
    return some


def _flags(
    found: FoundRings,
    numbers: Column,
    before: RingsBefore,
    evidence: tuple[RetainedFlags, Mapping[str, tuple[str, ...]]],
) -> dict[str, RingChange]:
    """The changes of which a flag, or a crew, has more to say, by ring id; `numbers` are those of the groups
    to look at.
    """
    rings = [found.ring(number) for number in numbers.tolist()]
    of = {ring.ring_id for ring in rings} | {*before.flagged} | {*evidence[1]}
    some = (change for change in found.changes() if change.ring_id in of)
    return {change.ring_id: change for change in with_flags(some, rings, before, evidence)}


def _rings(
    search: RingSearch, before: RingsBefore, groups: Column, changes: Changes
) -> Iterator[tuple[int, Ring, RingChange]]:
    """The place of each group among the `groups` of three or more, its ring and what became of it; what some
    of them measure is let go before the next.
    """
    improbable = search.unusual.reasons(search.everybody.of(search.unusual.people, "group")["group"])
    flagged = {*search.flagged.tolist()}
    for measures in search.groups.measured(search.everybody, search.rates):
        end = np.cumsum(measures.size)
        for at, number in enumerate(measures.number.tolist()):
            group = _Group(
                before, measures, at, measures.members.of(slice(end[at] - measures.size[at], end[at]))
            )
            of = int(np.searchsorted(groups, number))
            change = changes.of(of, group.members.names.tolist())
            identity = _Identity(change.ring_id, STATES[change.change], int(changes.heir[of]))
            ring = _ring(group, identity, number in flagged, improbable.get(number, ()))
            held = identity.ring_id in search.flags.retained
            yield of, replace(ring, reason_codes=(*ring.reason_codes, FLAG_HELD)) if held else ring, change


def _placed(group: _Group, old: int) -> tuple[RingMember, ...]:
    """Each member's place: the core are the members with at least half of the strongest pull; distance is 0,
    1 or 2 steps and more.

    Who was a member of the `old` ring before joined when it was said then, and nobody joins before the ring
    was first seen.
    """
    members, before = group.members, group.before
    joined = members.joined
    if old != NONE:
        was = before.ring_of(members.people) == old
        joined = np.maximum(np.where(was, before.joined_of(members.people), joined), before.first_seen[old])
    top = float(members.strength.max(initial=0.0)) or 1.0
    moments = {at: moment(at) for at in set(joined.tolist())}
    out = []
    for place, pull in enumerate((members.strength / top).tolist()):
        core = pull >= 0.5
        fringe = not core and members.partners[place] <= 1
        out.append(
            RingMember(
                applicant_id=str(members.names[place]),
                role="core" if core else "fringe" if fringe else "member",
                joined_at=moments[int(joined[place])],
                distance_to_core=0 if core else 1 if members.best_partner[place] >= 0.5 * top else 2,
                strength=round(pull, 6),
            )
        )
    return tuple(out)


def _ring(group: _Group, identity: _Identity, flagged: bool, improbable: tuple[str, ...]) -> Ring:
    """The ring of a group. The same name keeps its first_seen."""
    measures, at, old = group.measures, group.place, identity.old
    traits = measures.traits(at, flagged, improbable if flagged else ())
    return Ring(
        ring_id=identity.ring_id,
        kind=kind_of(traits),
        score=round(float(measures.score[at]), 6),
        state=identity.state,
        first_seen=moment(int(measures.first[at] if old == NONE else group.before.first_seen[old])),
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
