"""Training on little: every store, however young or poor, ends with a model that tells something apart or
with one line that says what is missing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gnn.training.run import train_model
from gnn.training_plan import TrainingPlan
from graph.model.errors import InputError
from graph.model.types import Facts
from tests.support.small_worlds import applies, day, fraud, uses
from tests.support.stores import open_store

TINY = TrainingPlan(
    hidden=4, embedding=2, epochs=1, fewest_steps=1, members=2, rounds=4, least_frauds=4, workers=1
)


def young_store(people: int, days: int, every: int, delay: int, telling: bool) -> Facts:
    """`people` apply once within `days`; every so many-th is a fraud known `delay` days later, on one device
    with the others if `telling`.
    """
    applications, labels = [], []
    for n in range(people):
        bad, on = n % every == 0, n * days // people
        device = uses("device", "farm" if bad and telling else f"d{n}")
        applications.append(applies(f"p{n:03d}", on, device, application_id=f"a{n:03d}", face_match=0.9))
        if bad:
            labels.append(fraud(f"a{n:03d}", on + delay))
    return Facts(applications=tuple(applications), labels=tuple(labels))


def trained_or_refused(facts: Facts, as_of_day: int, plan: TrainingPlan = TINY) -> str:
    """What the refusal says, or nothing where a bundle came out that is better than chance on later
    applications.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "young.db"
        refusal = ""
        with open_store(path) as store:
            store.add(facts)
            try:
                figures = train_model(store, day(as_of_day), Path(folder) / "model", plan)
            except InputError as error:
                refusal = str(error)
        assert (Path(folder) / "model" / "card.json").exists() == (refusal == "")
        if refusal:
            return refusal
        served = figures[figures["serves"]]
        assert served["auc"] > 0.5
        assert served["ap"] > figures["test"]["base_rate"]
        return ""


stores = st.tuples(
    st.integers(0, 50), st.integers(1, 90), st.integers(1, 9), st.integers(1, 60), st.booleans()
)


@pytest.mark.same_examples
@settings(max_examples=10, deadline=timedelta(seconds=60))
@given(stores, st.integers(0, 40))
@example((50, 20, 2, 3, True), 1)  # weeks old: no horizon has passed
@example((50, 80, 1, 5, True), 30)  # nothing but frauds
@example((50, 80, 5, 60, True), 5)  # every fraud known at the very end
@example((50, 85, 4, 30, False), 40)  # nothing to tell them by
def test_a_small_store_trains_a_model_better_than_chance_or_is_refused_in_one_line(
    store: tuple[int, int, int, int, bool], later: int
) -> None:
    stated = trained_or_refused(young_store(*store), store[1] + later)
    assert "\n" not in stated
    assert stated == "" or "fraud" in stated


def test_a_store_in_which_frauds_share_a_device_is_learned_from() -> None:
    assert trained_or_refused(young_store(160, 150, 4, 5, telling=True), 155, replace(TINY, rounds=12)) == ""


def test_a_store_of_three_weeks_is_told_to_wait_for_the_horizon() -> None:
    assert "no application is older than the horizon of 30 days" in trained_or_refused(
        young_store(40, 20, 2, 3, telling=True), 21
    )


def test_frauds_hardly_known_before_the_later_applications_are_too_few_to_learn_from() -> None:
    stated = trained_or_refused(
        young_store(60, 150, 12, 100, telling=True), 300, replace(TINY, horizon_days=110)
    )
    assert stated.startswith(
        "too few frauds to learn from and to measure on later applications: 1 were known before"
    )
