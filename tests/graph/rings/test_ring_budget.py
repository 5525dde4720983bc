"""The budget for honest people: what flagged groups cost them is estimated from scores and from the cleared,
and known frauds cost nothing.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.rings.applicants.labelled import LabelledApplicants
from graph.rings.groups.budget import Candidates, Spending, affordable, flagged_groups

HONEST = 10_000  # people alone, whom nobody suspects


def town(
    groups: list[tuple[int, int, int, float]], cleared: int = 1_000, unheard: float | None = None
) -> tuple[Candidates, LabelledApplicants]:
    """Groups of (people, of them known frauds, of them cleared, score) among honest people of whom so many
    are cleared.
    """
    people = sum(size for size, *_ in groups)
    group = np.r_[
        np.repeat(np.arange(len(groups)), [size for size, *_ in groups]), len(groups) + np.arange(HONEST)
    ]
    fraud, good = np.zeros(people + HONEST, bool), np.zeros(people + HONEST, bool)
    start = 0
    for size, frauds, goods, _ in groups:
        fraud[start : start + frauds] = True
        good[start + frauds : start + frauds + goods] = True
        start += size
    good[people : people + cleared] = True
    score = np.r_[[score for *_, score in groups], np.full(HONEST, 0.01)]
    nothing, all_of_them = np.zeros(len(group), bool), np.ones(len(group), bool)
    known = LabelledApplicants(
        fraud, good, nothing, nothing, nothing, all_of_them, np.zeros(len(group), np.int64)
    )
    return Candidates(
        group, all_of_them, score, score if unheard is None else np.full(len(score), unheard)
    ), known


def flagged(
    groups: list[tuple[int, int, int, float]], budget: float = 0.002, **more: float
) -> tuple[list[int], Spending]:
    which, spent = flagged_groups(*town(groups, **more), budget)
    return np.flatnonzero(which).tolist(), spent


def test_known_frauds_cost_nothing_however_many_there_are() -> None:
    crews = [(40, 40, 0, 0.96)] * 20 + [(8, 1, 0, 0.95)] * 5
    assert flagged(crews)[0] == list(range(25))


def test_three_known_frauds_of_a_bad_group_are_a_ring_by_themselves() -> None:
    candidates, known = town([(9, 5, 0, 0.9), (9, 3, 4, 0.3), (9, 2, 0, 0.9), (9, 5, 0, 0.2)])
    assert np.flatnonzero(candidates.of_known(known)).tolist() == [0, 1]


def test_the_worst_groups_are_flagged_until_the_budget_is_spent() -> None:
    crews = [(10, 3, 0, 0.95 - n / 100) for n in range(40)]
    which, spent = flagged(crews, cleared=0)
    assert which == list(range(len(which)))
    assert 5 < len(which) < 40
    assert 0.8 * 0.002 < spent.expected <= 0.002 + 1 / HONEST
    assert spent.low < spent.expected < spent.high


def test_a_larger_budget_flags_more_and_none_at_all_next_to_nothing() -> None:
    crews = [(10, 3, 0, 0.95 - n / 100) for n in range(40)]
    flags = [len(flagged(crews, budget, cleared=0)[0]) for budget in (0.0, 0.001, 0.002, 0.01)]
    assert flags == sorted(flags)
    assert flags[0] <= 2 < flags[1] < flags[2] < flags[3]


def test_cleared_people_who_would_be_flagged_had_nobody_cleared_them_are_the_measure() -> None:
    with_cleared, without = ([(10, 3, goods, 0.95 - n / 100) for n in range(15)] for goods in (2, 0))
    assert len(flagged(with_cleared, cleared=3_000)[0]) < len(flagged(without, cleared=3_000)[0]) == 15
    # thirty of sixty hit are more than of thousands
    assert len(flagged(with_cleared, cleared=30)[0]) < len(flagged(with_cleared, cleared=3_000)[0])


def test_ten_cleared_people_of_one_place_with_verdicts_of_their_own_stop_nothing() -> None:
    crews = [(8, 2, 0, 0.9)] * 10
    place = (30, 0, 10, 0.31)  # without one of the ten it would still not be flagged
    which, _ = flagged([*crews, place], unheard=0.2)
    assert set(range(10)) <= set(which)


def test_the_more_people_were_cleared_the_narrower_the_interval() -> None:
    crews = [(10, 3, 0, 0.95)] * 20
    widths = [
        spent.high - spent.low
        for spent in (flagged(crews, cleared=cleared)[1] for cleared in (0, 1_000, 5_000))
    ]
    assert widths[0] > widths[1] > widths[2]


@given(st.integers(1, 6))
def test_the_size_of_a_store_does_not_decide(times: int) -> None:
    """The same people several times over: the same share of the groups is flagged."""
    crews = [(10, 3, 0, 0.95 - n / 100) for n in range(20)]
    candidates, known = town(crews)
    groups = len(candidates.score)
    stated = (np.tile(column, times) for column in (candidates.held, candidates.score, candidates.unheard))
    many = Candidates(np.concatenate([candidates.group + n * groups for n in range(times)]), *stated)
    all_of_them = LabelledApplicants(**{name: np.tile(column, times) for name, column in vars(known).items()})
    one, more = flagged_groups(candidates, known)[0].sum(), flagged_groups(many, all_of_them)[0].sum()
    assert abs(more / times - one) <= 2


@pytest.mark.parametrize("left", [0.002, 0.0, -0.001])
def test_who_hangs_on_a_flagged_group_is_paid_for_from_the_same_budget(left: float) -> None:
    _, known = town([(40, 5, 1, 0.9)])
    people, suspicion = np.arange(40), np.full(len(known.fraud), 0.6)
    more, spent = affordable(people, suspicion, known, Spending(0.002 - left), 0.002)
    assert not more[known.good[:40]].any()  # the cleared are never flagged
    assert spent.expected <= max(0.002, 0.002 - left) + 1e-12
    assert more[:5].all()  # known frauds cost nothing
    assert more[10:].any() == (left > 0)
