"""Turns groups into rings with lasting ids, measures and the place of every member."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import numpy as np

from graph.facts.tables import Column
from graph.model.moments import moment
from graph.model.rings_in_turn import InTurn, RingsInTurn
from graph.model.types import Ring, RingChange, RingSnapshot
from graph.rings.groups.flag_retention import RetainedFlags
from graph.rings.groups.kinds import FLAG_HELD, kind_of, reasons_of
from graph.rings.links.projection import LINK_KINDS
from graph.rings.search import RingSearch
from graph.rings.weekly.changes import NONE, STATES, Changes, TwoWeeks, in_common
from graph.rings.weekly.crews import crew_names, crew_ties
from graph.rings.weekly.flagging import with_flags
from graph.rings.weekly.found_rings import FoundRings
from graph.rings.weekly.member_places import members_of
from graph.rings.weekly.rings_before import RingsBefore


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
    some = found.changes_of({ring.ring_id for ring in rings} | {*before.flagged} | {*evidence[1]})
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
        of = np.searchsorted(groups, measures.number)
        old = changes.heir[of]
        seen = np.where(old == NONE, measures.first, before.seen_of(old)).tolist()
        members = members_of(measures.members, measures.size, before, old)
        for at, (number, place) in enumerate(zip(measures.number.tolist(), of.tolist())):
            those = next(members)
            change = changes.of(place, [member.applicant_id for member in those])
            is_flagged = number in flagged
            traits = measures.traits(at, is_flagged, improbable.get(number, ()) if is_flagged else ())
            held = (FLAG_HELD,) if change.ring_id in search.flags.retained else ()
            ring = Ring(
                ring_id=change.ring_id,
                kind=kind_of(traits),
                score=round(float(measures.score[at]), 6),
                state=STATES[change.change],
                first_seen=moment(seen[at]),
                last_seen=moment(int(measures.last[at])),
                confirmed_bad=traits.confirmed,
                suspected=int(measures.suspected[at]),
                bad_rate=round(traits.confirmed / traits.size, 6),
                exposure=round(float(measures.exposure[at]), 2),
                shared_by_kind={kind: n for kind, n in zip(LINK_KINDS, measures.things[at].tolist()) if n},
                hubs_ignored=int(measures.hubs[at]),
                density=round(traits.density, 6),
                burst_days=round(float(measures.burst[at]), 3),
                platforms=int(measures.platforms[at]),
                reason_codes=reasons_of(traits) + held,
                members=those,
                crew_id=change.ring_id,
            )
            yield place, ring, change
