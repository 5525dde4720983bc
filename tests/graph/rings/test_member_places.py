"""Every member's place in a ring is the same whether rings are looked at together or one by one."""

from typing import cast

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graph.model.moments import moment
from graph.rings.applicants.rows import ApplicantRows
from graph.rings.groups.measures import Members
from graph.rings.weekly.changes import NONE
from graph.rings.weekly.member_places import members_of
from graph.rings.weekly.ring_ids import RingIds, column_of
from graph.rings.weekly.rings_before import RingsBefore

PULLS = st.sampled_from([0.0, 0.1, 0.3333333, 0.5, 0.9, 1.7])
GROUPS = st.lists(
    st.tuples(st.integers(NONE, 1), st.lists(st.tuples(PULLS, PULLS, st.integers(0, 3)), min_size=3)),
    max_size=4,
)


class Nobody:
    """No applicants."""

    def __len__(self) -> int:
        return 0

    def places(self, names):
        return np.full(len(names), -1)


def last_week(ring, joined):
    """Two rings, seen first at 50 and at 5 microseconds; each person was in the `ring`, or in NONE."""
    nobody = RingsBefore.of([], cast(ApplicantRows, Nobody()))
    people = np.flatnonzero(ring != NONE)
    return RingsBefore(
        people=people,
        ring=ring[people],
        joined=joined[people],
        ids=RingIds(column_of(["R-1", "R-2"])),
        size=nobody.size,
        first_seen=np.array([50, 5]),
        kind=nobody.kind,
        flagged={},
        crews={},
    )


def placed_alone(pull, strongest, partners, of_all):
    """Role, distance and strength of one member, by the pulls `of_all` of the group."""
    top = max(of_all) or 1.0
    if pull / top >= 0.5:
        return "core", 0, round(pull / top, 6)
    steps = 1 if strongest >= 0.5 * top else 2
    return ("fringe" if partners <= 1 else "member"), steps, round(pull / top, 6)


def joined_alone(joined, old, was, joined_then):
    """Since when somebody belongs to a group that was the ring `old`, who `was` in that one or another."""
    if old == NONE:
        return joined
    return max(joined_then if was == old else joined, (50, 5)[old])


@given(GROUPS, st.randoms(use_true_random=False))
def test_members_are_placed_as_if_each_ring_were_looked_at_alone(groups, random):
    rows = [row for _, some in groups for row in some]
    pull, strongest, partners = (np.array([row[n] for row in rows]) for n in range(3))
    names = [f"a{n}" for n in range(len(rows))]
    joined, then = (np.array([random.randrange(100) for _ in rows], np.int64) for _ in range(2))
    was = np.array([random.randrange(-1, 2) for _ in rows], np.int32)
    members = Members(
        people=np.arange(len(rows)),
        names=np.array(names, object),
        strength=pull.astype(float),
        partners=partners.astype(int),
        best_partner=strongest.astype(float),
        joined=joined,
    )
    size, old = np.array([len(some) for _, some in groups], int), np.array([old for old, _ in groups], int)
    placed = list(members_of(members, size, last_week(was, then), old))
    assert [len(some) for some in placed] == size.tolist()
    at = 0
    for (ring, some), found in zip(groups, placed):
        for (own, best, near), member in zip(some, found):
            assert member.applicant_id == names[at]
            place = member.role, member.distance_to_core, member.strength
            assert place == placed_alone(own, best, near, [row[0] for row in some])
            assert member.joined_at == moment(joined_alone(joined[at].item(), ring, was[at], then[at].item()))
            at += 1
