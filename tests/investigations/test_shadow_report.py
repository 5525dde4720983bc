"""The arithmetic of a report on a challenger, beside the same counted one by one."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from investigations.assessments import Decision
from investigations.shadow.answers import AnswerPair, Proposed
from investigations.shadow.report import Agreement, agreement, side_by_side
from tests.support.casebooks import NOW

APPROVE, REVIEW, DECLINE = Decision.APPROVE, Decision.REVIEW, Decision.DECLINE


def decided(probability: float) -> Proposed:
    return Proposed(APPROVE if probability < 0.3 else REVIEW if probability < 0.8 else DECLINE, probability)


def pair(number: int, served: float, shadow: float) -> AnswerPair:
    return AnswerPair(
        assessment_id=f"A-{number}",
        at=NOW + timedelta(minutes=number),
        applicant_id=f"p{number % 50}",
        served=decided(served),
        shadow=decided(shadow),
    )


def hundred() -> tuple[list[AnswerPair], list[bool | None]]:
    """A hundred applications: what was served hardly tells frauds apart, the challenger does; of the last
    twenty nothing is known yet.
    """
    bad = [n % 5 == 0 if n < 80 else None for n in range(100)]
    pairs = [pair(n, 0.01 + n / 1000, 0.9 - n / 1000 if one else 0.1) for n, one in enumerate(bad)]
    return pairs, bad


def found(capacity: float = 0.16) -> Agreement:
    pairs, bad = hundred()
    return agreement(side_by_side(pairs, bad), capacity)


def test_decisions_that_differ_are_counted_with_what_became_of_them() -> None:
    one = found()
    assert (one.same.value, one.same.people) == (0.84, 100)
    assert set(one.changes) == {(APPROVE, DECLINE)}
    change = one.changes[APPROVE, DECLINE]
    assert (change.assessments, change.matured, change.bad.people) == (16, 16, 16)


def test_at_the_same_review_capacity_each_is_judged_by_what_has_matured() -> None:
    one = found(0.4)
    assert (one.served.assessments, one.served.threshold) == (40, pytest.approx(0.07))
    # 60..79 are known, four of them frauds
    assert (one.both.matured + one.only_served.matured, one.served.precision.people) == (20, 20)
    assert one.served.precision.value is None  # of fewer than thirty a share says nothing
    assert (one.shadow.assessments, one.shadow.threshold) == (16, pytest.approx(0.825))
    assert one.both.assessments + one.only_shadow.assessments == 16


def test_nobody_is_judged_before_it_is_known_what_became_of_them() -> None:
    pairs, _ = hundred()
    one = agreement(side_by_side(pairs, [None] * 100), 0.16)
    assert (one.shadow.precision.people, one.shadow.recall.people) == (0, 0)
    assert [change.matured for change in one.changes.values()] == [0]


PROBABILITY = st.sampled_from([n / 20 for n in range(21)])


@given(st.lists(st.tuples(PROBABILITY, PROBABILITY, st.none() | st.booleans()), min_size=1, max_size=60))
def test_the_same_is_counted_one_by_one(drawn: list[tuple[float, float, bool | None]]) -> None:
    pairs = [pair(n, served, shadow) for n, (served, shadow, _) in enumerate(drawn)]
    bad = [one for *_, one in drawn]
    one = agreement(side_by_side(pairs, bad), 0.3)
    for pair_of, change in one.changes.items():
        decisions = [(p.served.decision, p.shadow.decision) for p in pairs]
        mine = [b for both, b in zip(decisions, bad, strict=True) if both == pair_of]
        assert (change.assessments, change.matured) == (len(mine), sum(b is not None for b in mine))
    differ = sum(change.assessments for change in one.changes.values())
    assert sum(p.served.decision is p.shadow.decision for p in pairs) + differ == len(pairs)
    for reviewed, own in ((one.served, one.only_served), (one.shadow, one.only_shadow)):
        assert reviewed.assessments == one.both.assessments + own.assessments <= 0.3 * len(pairs)
        assert reviewed.precision.people == one.both.matured + own.matured
        assert reviewed.recall.people == sum(b is True for b in bad)


def test_people_are_told_apart_for_draws_of_people() -> None:
    pairs, bad = hundred()
    people = side_by_side(pairs, bad).people
    assert len(np.unique(people)) == 50
    assert people[0] == people[50] != people[1]
