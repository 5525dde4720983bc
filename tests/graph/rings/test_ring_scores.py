"""The score of a group: what its members are suspected of, updated by what became of them and by what has not
been heard.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from graph.rings.applicants.labelled import LabelledApplicants
from graph.rings.suspicion.scores import InBadGroups, group_scores, in_bad_groups, label_rates

HONEST, CREWS = 2_000, 40  # people whom nobody suspects, and crews of five of whom three were confirmed


def score_of(members: int, *, confirmed: int = 0, cleared: int = 0, suspicion: float = 0.9) -> float:
    """The score of a group of so many members among many honest people and crews that were found; all have
    had time to show.
    """
    others = HONEST + 5 * CREWS
    group = np.r_[
        np.zeros(members, np.int64), 1 + np.arange(HONEST), 1 + HONEST + np.repeat(np.arange(CREWS), 5)
    ]
    suspected = np.r_[np.full(members, suspicion), np.full(HONEST, 0.02), np.full(5 * CREWS, 0.9)]
    fraud, good = np.zeros(len(group), bool), np.zeros(len(group), bool)
    fraud[:confirmed], good[confirmed : confirmed + cleared] = True, True
    fraud[members + HONEST :] = np.tile([True, True, True, False, False], CREWS)
    good[members : members + HONEST : 5] = True
    nothing = np.zeros(members + others, bool)
    known = LabelledApplicants(
        fraud,
        good,
        nothing,
        nothing,
        nothing,
        np.ones(members + others, bool),
        np.zeros(members + others, np.int64),
    )
    at = in_bad_groups(group, suspected)
    bad = InBadGroups(suspected[at], fraud[at], known.mature[at])
    rates = label_rates(bad, known.totals, 1)
    return float(group_scores(group, suspected, known, rates)[0])


def test_a_crew_that_nobody_has_noticed_is_not_cleared_by_its_own_size() -> None:
    assert min(score_of(members) for members in (10, 20, 40)) > 0.9 * score_of(5) > 0.7


@pytest.mark.parametrize("members", [4, 10, 30])
def test_each_fraud_that_is_confirmed_raises_the_score(members: int) -> None:
    scores = [score_of(members, confirmed=n) for n in range(members + 1)]
    assert all(more > less for less, more in pairwise(scores))


@pytest.mark.parametrize("members", [4, 10, 30])
def test_each_member_who_is_cleared_lowers_it(members: int) -> None:
    scores = [score_of(members, cleared=n) for n in range(members + 1)]
    assert all(more < less for less, more in pairwise(scores))


def test_the_silence_of_people_whom_nobody_suspects_changes_little() -> None:
    assert score_of(30, suspicion=0.03) < 0.05
