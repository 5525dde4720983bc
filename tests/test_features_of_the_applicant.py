"""Compiled features of the applicant's conduct, and of the place where the loan is taken, equal the signals in Python, whatever happened."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.evidence import Evidence
from graph.features import behaviour, merchant
from graph.features.behaviour import BEHAVIOUR
from graph.features.merchant import MERCHANT
from graph.features.reading import read
from graph.features.room import room_for
from graph.frame.of_view import of_evidence
from graph.signals import SIGNALS
from graph.signals import read as read_slowly
from graph.signals.behaviour import BEHAVIOUR as SLOW_BEHAVIOUR
from graph.signals.merchant import MERCHANT as SLOW_MERCHANT
from tests.feature_worlds import made_evidence, odd_evidence

NAMES = [one.name for one in (*MERCHANT, *BEHAVIOUR)]


def compiled(evidence: Evidence) -> dict[str, float | None]:
    n = of_evidence(evidence)
    r = room_for(n)
    assert read(n, r)
    row = np.full(len(NAMES), -7.0)
    merchant.fill(n, r, row[: len(MERCHANT)])
    behaviour.fill(n, r, row[len(MERCHANT) :])
    return {name: None if np.isnan(value) else float(value) for name, value in zip(NAMES, row, strict=True)}


def agree(evidence: Evidence) -> None:
    reading = read_slowly(evidence)
    assert compiled(evidence) == {name: SIGNALS[name].measure(reading) for name in NAMES}


@given(st.integers(0, 2**32), st.integers(1, 14), st.integers(1, 60))
@settings(max_examples=25, deadline=None)
def test_every_feature_of_an_odd_world_is_what_it_means(seed: int, people: int, loans: int) -> None:
    for evidence in odd_evidence(random.Random(seed), people=people, loans=loans):
        agree(evidence)


@pytest.mark.parametrize("seed", range(3))
def test_shops_and_agents_with_many_customers_are_added_up_as_they_are(seed: int) -> None:
    for evidence in odd_evidence(random.Random(seed), 12, people=60, loans=300):
        agree(evidence)


def test_every_feature_of_a_made_world_is_what_it_means() -> None:
    for evidence in made_evidence():
        agree(evidence)


def test_the_worlds_show_something_of_every_feature_and_somebody_of_whom_it_is_not_known() -> None:
    found = [compiled(e) for e in odd_evidence(random.Random(1), 40, people=40, loans=240)]
    assert [name for name in NAMES if not any(one[name] for one in found)] == []
    always = {"known_days", "changes_30d", "payers", "other_applicant_ids", "night_share"}
    assert {name for name in NAMES if all(one[name] is not None for one in found)} <= always | {"own_fraud_labels"}


def test_nothing_is_left_of_the_subject_before() -> None:
    """The room is written for one subject after the other."""
    evidences = odd_evidence(random.Random(2), 12, people=30, loans=120)
    neighbourhoods = [of_evidence(e) for e in evidences]
    r = room_for(max(neighbourhoods, key=lambda n: len(n.ties)))
    rows = np.full((2, len(evidences), len(NAMES)), -7.0)
    for way, order in enumerate((range(len(evidences)), range(len(evidences) - 1, -1, -1))):
        for place in order:
            if read(neighbourhoods[place], r):
                merchant.fill(neighbourhoods[place], r, rows[way, place, : len(MERCHANT)])
                behaviour.fill(neighbourhoods[place], r, rows[way, place, len(MERCHANT) :])
    assert rows[0].tobytes() == rows[1].tobytes()


def test_the_families_have_the_signals_of_those_in_python_in_their_order() -> None:
    assert [one.name for one in MERCHANT] == [one.name for one in SLOW_MERCHANT]
    assert [one.name for one in BEHAVIOUR] == [one.name for one in SLOW_BEHAVIOUR]
