"""The place of every member of a ring, and since when they belong to it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np

from graph.facts.tables import Column
from graph.model.moments import moment
from graph.model.types import RingMember
from graph.rings.groups.measures import Members
from graph.rings.suspicion.columns import most
from graph.rings.weekly.changes import NONE
from graph.rings.weekly.rings_before import RingsBefore

_CORE, _NEAR, _FAR = range(3)  # steps from the core


def members_of(
    members: Members, size: Column, before: RingsBefore, old: Column
) -> Iterator[tuple[RingMember, ...]]:
    """The members of each group in turn, of so many (G,): the core are those with at least half of the
    strongest pull; distance is 0, 1 or 2 steps and more.

    Who was a member of the `old` ring (G,), a place, before joined when it was said then, and nobody joins
    before the ring was first seen; NONE: the group was no ring.
    """
    group = np.repeat(np.arange(len(size)), size)
    top = most(members.strength, group, len(size))
    top = np.where(top > 0, top, 1.0)[group]
    pull = members.strength / top
    distance = np.where(pull >= 0.5, _CORE, np.where(members.best_partner >= 0.5 * top, _NEAR, _FAR))
    rows = zip(
        members.names.tolist(),
        ((distance != _CORE) & (members.partners <= 1)).tolist(),
        _joined(members, before, old[group]).tolist(),
        distance.tolist(),
        pull.tolist(),
    )
    for count in size.tolist():
        yield tuple(
            [
                RingMember(
                    applicant_id=name,
                    role="core" if steps == _CORE else "fringe" if fringe else "member",
                    joined_at=moment(joined),
                    distance_to_core=steps,
                    strength=round(strength, 6),
                )
                for name, fringe, joined, steps, strength in islice(rows, count)
            ]
        )


def _joined(members: Members, before: RingsBefore, old: Column) -> Column:
    """When each member (N,) of a group that was the ring `old` (N,) joined, microseconds."""
    stayed = (old != NONE) & (before.ring_of(members.people) == old)
    joined = np.where(stayed, before.joined_of(members.people), members.joined)
    return np.where(old == NONE, joined, np.maximum(joined, before.seen_of(old)))
