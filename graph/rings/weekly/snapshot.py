"""Turns groups into rings with lasting ids, measures and the place of every member."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

import numpy as np

from graph.model.moments import moment
from graph.model.rings_in_turn import RingsInTurn
from graph.model.types import Ring, RingChange, RingMember, RingSnapshot
from graph.rings.groups.kinds import FLAG_HELD, kind_of, reasons_of
from graph.rings.groups.measures import Measures, Members
from graph.rings.groups.whole_groups import in_large_groups
from graph.rings.links.projection import LINK_KINDS
from graph.rings.search import RingSearch
from graph.rings.weekly.changes import STATES, TwoWeeks, compared
from graph.rings.weekly.crews import crew_ties, named
from graph.rings.weekly.flagging import with_flags
from graph.rings.weekly.ring_file import RingFile
from graph.rings.weekly.rings_before import NONE, RingsBefore


@dataclass(frozen=True)
class _Identity:
    """What a group is called, its state, and the place of the ring that it was last time, -1 for none."""

    ring_id: str
    state: str
    old: int


@dataclass(frozen=True)
class _Group:
    """The group at a place of its measures."""

    search: RingSearch
    before: RingsBefore
    measures: Measures
    place: int
    members: Members


class _Head(NamedTuple):
    """What is held of a ring that waits at a place of the file."""

    ring_id: str
    first_seen: datetime
    flagged: bool
    score: float
    place: int


def rings_found(search: RingSearch, name: str, as_of: datetime, previous: Iterable[Ring] = ()) -> RingsInTurn:
    """All groups of three or more as rings, worst first, with their changes since the rings of the `previous`
    snapshot (by ring id). Those are looked at once, one after the other, in any order; the new ones wait in a
    file.
    """
    before, waiting = RingsBefore.of(previous, search.applicants), RingFile()
    numbers, changes = _changes(search, before, as_of)
    place = {ring_id: at for at, ring_id in enumerate(before.ids)}
    identities = {
        number: _Identity(change.ring_id, STATES[change.change], place.get(change.ring_id, NONE))
        for number, change in zip(numbers, changes)
    }
    found = {number: _head(ring, waiting) for number, ring in _rings(search, before, identities)}
    heads = [found[number] for number in numbers]
    ties = crew_ties(search)
    crews = ties.crews(len(search.flagged))[numbers].tolist()
    crew = named(heads, crews, dict(zip(before.ids, before.crews)))
    together = ties.reasons({number: identity.ring_id for number, identity in identities.items()})

    def ring(head: _Head) -> Ring:
        return replace(waiting.ring(head.place), crew_id=crew[head.ring_id])

    looked_at = [ring(found[number]) for number in _with_flags(search, before, numbers)]
    rows = with_flags(changes, looked_at, before, (search.flags, together))
    heads.sort(key=lambda head: (not head.flagged, -head.score, head.ring_id))
    changed = tuple(sorted(rows, key=lambda change: change.ring_id))
    return RingsInTurn(name=name, as_of=as_of, changes=changed, walk=lambda: map(ring, heads))


def snapshot_of(
    search: RingSearch, name: str, as_of: datetime, previous: Iterable[Ring] = ()
) -> RingSnapshot:
    """The same whole."""
    found = rings_found(search, name, as_of, previous)
    return RingSnapshot(name=name, as_of=as_of, rings=tuple(found.rings), changes=found.changes)


def _head(ring: Ring, waiting: RingFile) -> _Head:
    return _Head(ring.ring_id, ring.first_seen, ring.kind.flagged, ring.score, waiting.add(ring))


def _with_flags(search: RingSearch, before: RingsBefore, numbers: list[int]) -> list[int]:
    """Those of the groups `numbers` that are flagged, or in which somebody is who was in a flagged ring."""
    was = np.array([*(kind.flagged for kind in before.kinds), False])[before.ring]
    some = search.flagged.copy()
    some[search.group[was]] = True
    return [number for number in numbers if some[number]]


def _changes(
    search: RingSearch, before: RingsBefore, as_of: datetime
) -> tuple[list[int], tuple[RingChange, ...]]:
    """The numbers of the groups of three or more, ascending, and a change for each, then those of rings that
    are gone.
    """
    numbers = np.unique(search.group[in_large_groups(search.group)])
    place = np.full(len(search.flagged), NONE, np.int32)
    place[numbers] = np.arange(len(numbers))
    weeks = TwoWeeks(
        names=search.applicants.names,
        group=place[search.group],
        ring=before.ring,
        rings=before.ids,
        size=before.size,
        flagged=search.flagged[numbers],
        flagged_before=np.array([kind.flagged for kind in before.kinds], bool),
    )
    return numbers.tolist(), tuple(compared(weeks, as_of))


def _rings(
    search: RingSearch, before: RingsBefore, identities: Mapping[int, _Identity]
) -> Iterator[tuple[int, Ring]]:
    """The number and the ring of each group; what some of them measure is let go before the next."""
    improbable = search.unusual.reasons(search.group, len(search.flagged))
    for measures in search.groups.measured(search.group, search.suspicion):
        end = np.cumsum(measures.size)
        for place, number in enumerate(measures.number.tolist()):
            of = slice(end[place] - measures.size[place], end[place])
            group = _Group(search, before, measures, place, measures.members.of(of))
            identity = identities[number]
            ring = _ring(group, identity, improbable[number])
            held = identity.ring_id in search.flags.retained
            yield number, replace(ring, reason_codes=(*ring.reason_codes, FLAG_HELD)) if held else ring


def _placed(group: _Group, old: int) -> tuple[RingMember, ...]:
    """Each member's place: the core are the members with at least half of the strongest pull; distance is 0,
    1 or 2 steps and more.

    Who was a member of the `old` ring before joined when it was said then, and nobody joins before the ring
    was first seen.
    """
    members, before = group.members, group.before
    joined = members.joined
    if old != NONE:
        was = before.ring[members.people] == old
        joined = np.maximum(np.where(was, before.joined[members.people], joined), before.first_seen[old])
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
