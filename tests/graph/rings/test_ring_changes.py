"""A ring keeps its name from week to week, and what became of it is said."""

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graph.rings.weekly.changes import Changes, TwoWeeks, in_common
from tests.support.oracles.changes_by_sets import FlagStates, compared_by_sets
from tests.support.small_worlds import day

WEEK, NO_FLAGS = day(70), FlagStates()
names = st.text(st.sampled_from("ab9Z一😀"), min_size=1, max_size=3)


@st.composite
def two_weeks(draw):
    """Groups of different people now, rings of different people before, and which of both are flagged."""
    folk = draw(st.lists(names, unique=True, max_size=24))
    groups, rings = ([set() for _ in range(draw(st.integers(0, 5)))] for _ in range(2))
    for who in folk:
        for some in (groups, rings):
            if some and (at := draw(st.integers(-1, len(some) - 1))) >= 0:
                some[at].add(who)
    now = [frozenset(group) for group in groups if group]
    before = {f"R-{n}": frozenset(ring) for n, ring in enumerate(rings)}
    flagged = draw(st.sets(st.integers(0, 5))), draw(st.sets(st.sampled_from([*before, "R-9"])))
    return now, before, FlagStates(*map(frozenset, flagged))


def compared(groups, before, as_of, flagged=NO_FLAGS):
    """The changes by columns. Who is in no group is no applicant any more."""
    ids = sorted(who for group in groups for who in group)
    of = {who: n for n, members in enumerate(groups) for who in members}
    rings = sorted(before)
    was = {who: n for n, old in enumerate(rings) for who in before[old]}
    now, then = ([where.get(who, -1) for who in ids] for where in (of, was))
    group, ring, share = in_common(np.array(now, np.int32), np.array(then, np.int32), len(rings))
    weeks = TwoWeeks(
        first=np.array([ids.index(min(members)) for members in groups], np.int64),
        size=np.array([len(members) for members in groups], np.int64),
        flagged=np.array([n in flagged.groups for n in range(len(groups))], bool),
        rings=rings,
        size_before=np.array([len(before[old]) for old in rings], np.int64),
        flagged_before=np.array([old in flagged.before for old in rings], bool),
        group=group,
        ring=ring,
        share=share,
    )
    changes = Changes.between(weeks, as_of)
    living = [changes.of(n, sorted(members)) for n, members in enumerate(groups)]
    return (*living, *changes.gone([change.ring_id for change in living]))


def people(*names):
    return frozenset(names)


def changed(groups, before):
    changes = compared(groups, before, WEEK)
    return {c.ring_id: c for c in changes}


def test_without_a_week_before_every_group_is_born_with_an_id_of_its_own():
    changes = compared([people("a", "b", "c"), people("d", "e", "f")], {}, WEEK)
    assert [c.change for c in changes] == ["born", "born"]
    assert len({c.ring_id for c in changes}) == 2


def test_a_ring_that_gains_and_loses_a_few_keeps_its_name():
    changes = changed([people("a", "b", "c", "d", "x", "y")], {"R-1": people("a", "b", "c", "d", "e")})
    assert changes["R-1"].change == "grown"
    assert (changes["R-1"].joined, changes["R-1"].left) == (2, 1)


def test_the_same_people_are_unchanged():
    assert changed([people("a", "b", "c")], {"R-1": people("a", "b", "c")})["R-1"].change == "unchanged"


def test_two_rings_that_become_one_are_merged_under_the_larger_ones_name():
    before = {"R-1": people("a", "b", "c", "d"), "R-2": people("e", "f", "g")}
    changes = changed([people("a", "b", "c", "d", "e", "f", "g")], before)
    assert changes["R-1"].change == "merged"
    assert changes["R-1"].from_rings == ("R-1", "R-2")
    assert changes["R-2"].change == "dissolved"
    assert changes["R-2"].from_rings == ("R-1",)


def test_a_ring_that_falls_in_two_is_split_and_both_parts_say_from_what():
    changes = compared([people("a", "b", "c", "d"), people("e", "f", "g")], {"R-1": people(*"abcdefg")}, WEEK)
    assert [(c.change, c.from_rings) for c in changes] == [("split", ("R-1",)), ("split", ("R-1",))]
    assert changes[0].ring_id == "R-1" != changes[1].ring_id


def test_a_ring_that_is_gone_is_dissolved():
    assert changed([], {"R-1": people("a", "b", "c")})["R-1"].change == "dissolved"


def test_nearly_all_rings_keep_their_names_when_two_in_a_hundred_people_come_and_go():
    rng = random.Random(5)
    before = {f"R-{n}": frozenset(f"{n}.{i}" for i in range(rng.randint(3, 30))) for n in range(400)}
    stayed = [frozenset(m for m in members if rng.random() > 0.02) for members in before.values()]
    after = [
        members | {f"new{n}" for _ in members if rng.random() < 0.02} for n, members in enumerate(stayed)
    ]
    changes = compared(after, before, WEEK)
    kept = sum(change.ring_id == ring for change, ring in zip(changes, before, strict=False))
    assert kept >= 0.95 * len(before)


def test_the_order_of_groups_changes_no_name():
    before = {"R-1": people("a", "b", "c", "d"), "R-2": people("e", "f", "g")}
    groups = [people("a", "b", "e"), people("f", "g", "c", "d"), people("x", "y", "z")]
    there = {c.ring_id: c for c in compared(groups, before, WEEK)}
    back = {c.ring_id: c for c in compared(groups[::-1], before, WEEK)}
    assert there == back


@given(two_weeks())
def test_columns_tell_the_same_changes_as_sets_of_people_do(weeks):
    assert compared(*weeks[:2], WEEK, weeks[2]) == compared_by_sets(*weeks[:2], WEEK, weeks[2])
