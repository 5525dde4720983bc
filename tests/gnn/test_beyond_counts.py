"""A part serves where it is shown to rank better than the bare counts; where it is not, the counts serve."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from gnn.scoring.count_words import by_signal, signal_of
from gnn.scoring.ensemble import REFERENCE
from gnn.training.beyond_counts import PartsEvidence, chosen, sentence
from gnn.training.intervals import Gain, gains
from graph.features.extraction import COUNT_NAMES, SIGNAL_NAMES, VARIABLE_NAMES

BETTER, LIKELY = Gain(0.1, 0.02, 0.2, 1.0), Gain(0.1, -0.01, 0.2, 0.9)
UNSURE, WORSE = Gain(0.01, -0.1, 0.1, 0.6), Gain(-0.1, -0.2, -0.02, 0.0)


def a_slice(seed: int, people: int = 300, each: int = 1) -> tuple[np.ndarray, ...]:
    """Whose samples they are, which are bad, what each weighs, and a score that is no use."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(people), each)
    bad = np.repeat(rng.random(people) < 0.1, each)
    return person, bad, rng.uniform(0.5, 1.5, len(person)), np.repeat(rng.normal(size=people), each)


@given(seed=st.integers(0, 10_000))
def test_the_gain_is_the_difference_of_two_average_precisions(seed: int) -> None:
    person, bad, weight, noise = a_slice(seed)
    score = np.round(noise + bad, 1)  # with ties
    gain = gains({"one": score}, noise, bad, weight, person)["one"]
    expected = average_precision_score(bad, score, sample_weight=weight) - average_precision_score(
        bad, noise, sample_weight=weight
    )
    assert gain.more == pytest.approx(expected)
    assert gain.low <= gain.high


def test_the_same_score_gains_nothing_and_a_good_one_much() -> None:
    person, bad, weight, noise = a_slice(3)
    found = gains({"same": noise, "good": noise + 3.0 * bad}, noise, bad, weight, person)
    assert found["same"] == Gain(0.0, 0.0, 0.0, 0.0)
    assert not found["same"].shown
    assert found["good"].shown
    assert found == gains({"same": noise, "good": noise + 3.0 * bad}, noise, bad, weight, person)


def test_many_loans_of_the_same_few_people_prove_no_more_than_the_people_do() -> None:
    person, bad, weight, noise = a_slice(5, people=200, each=5)
    score = noise + 0.5 * bad
    together = gains({"one": score}, noise, bad, weight, person)["one"]
    apart = gains({"one": score}, noise, bad, weight, np.arange(len(person)))["one"]
    assert together.high - together.low > 1.5 * (apart.high - apart.low)


def test_a_slice_without_frauds_shows_nothing() -> None:
    person, bad, weight, noise = a_slice(1)
    gain = gains({"one": noise + bad}, noise, np.zeros_like(bad), weight, person)["one"]
    assert not gain.shown


@pytest.mark.parametrize(
    ("trees", "blend", "serves"),
    [
        (BETTER, BETTER, "blend"),
        (BETTER, UNSURE, "trees"),
        (UNSURE, LIKELY, "blend"),
        (UNSURE, UNSURE, REFERENCE),
        (WORSE, WORSE, REFERENCE),
    ],
)
def test_what_hardly_beats_the_bare_counts_does_not_serve(trees: Gain, blend: Gain, serves: str) -> None:
    found = {"network": UNSURE, "trees": trees, "blend": blend}
    assert chosen(found, {"trees": 0.5, "blend": 0.6, REFERENCE: 0.4}) == serves
    said = sentence(PartsEvidence(found, serves))
    assert said.startswith("the bare counts serve" if serves == REFERENCE else f"{serves} serves")
    assert f"{found[serves if serves != REFERENCE else 'trees'].more:+.3f}" in said


def test_a_count_is_named_by_the_signal_that_says_the_same_or_by_none() -> None:
    said = {count: signal_of(count) for count in COUNT_NAMES}
    assert said["device_holders"] == "device_holders"
    assert said["bank_card_known_fraud"] == "card_bad"
    assert said["amount"] == "amount"
    assert said["own_known_fraud"] is None
    assert {one for one in said.values() if one} <= set(SIGNAL_NAMES)
    moved = np.random.default_rng(0).normal(size=len(COUNT_NAMES))
    named = by_signal(moved)
    assert len(named) == len(SIGNAL_NAMES) + len(VARIABLE_NAMES) + 1
    assert named.sum() == pytest.approx(moved.sum())
