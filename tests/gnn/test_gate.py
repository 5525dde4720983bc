"""The gate of promotion: two models on the same applications, of which neither knows anything, and what a
model must keep to.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnn.registry.checks import GateCheck, GateResult
from gnn.registry.comparison import BARE_COUNTS, ModelComparison, compared, served
from gnn.registry.gate import GateLimits, passed_gate
from gnn.registry.last_slice import LastSlice, last_slice
from gnn.samples.sample_groups import lives_of
from gnn.scoring import bundle
from gnn.scoring.bundle import ModelBundle
from gnn.scoring.scorer import Scorer
from gnn.training.evaluate import recall_at, reviewed
from gnn.training.intervals import Gain
from graph.frame.frame import Frame
from graph.frame.location import frame_of
from graph.model.errors import InputError
from graph.model.moments import micros
from graph.store.port import GraphStore
from tests.support.models.made_bundles import made_bundle
from tests.support.models.small_models import TODAY, small_facts
from tests.support.small_worlds import day, fraud
from tests.support.stores import open_store

BEGIN, HORIZON, CAPACITY = day(5), 25.0, 0.15


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GraphStore, Frame]]:
    with open_store(tmp_path_factory.mktemp("gate") / "store.db") as store:
        store.add(small_facts())
        with closing(frame_of(store)) as frame:
            yield store, frame


@pytest.fixture(scope="module")
def on(opened: tuple[GraphStore, Frame]) -> LastSlice:
    return last_slice(*opened, micros(BEGIN), micros(TODAY), HORIZON)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModelBundle]:
    """One that knows the trick of this world, one that knows nothing, one that is fooled by it."""
    folder = tmp_path_factory.mktemp("models")
    strange = {"sharp": 0.9, "blind": 0.05, "fooled": 0.001}
    for name, probability in strange.items():
        made_bundle(folder / name, 0.05, probability)
    return {name: bundle.read(folder / name) for name in strange}


def test_the_slice_holds_whom_nobody_knew_and_what_has_matured(on: LastSlice) -> None:
    assert not on.samples.known.any()
    assert on.samples.at.min() >= micros(BEGIN)
    assert on.samples.matured(micros(TODAY)).all()
    assert on.bad.sum() >= 10
    assert all((on.bad & mask).sum() >= 10 for mask in on.groups.values())


def test_who_belongs_to_which_group_is_the_same_by_sample_as_by_slice(on: LastSlice) -> None:
    groups = [of for of, _ in lives_of(on.samples, on.inputs.rows, on.tables, range(len(on.samples)))]
    for name, said in (("thin file", "thin_file"), ("new citizen", "new_citizen")):
        if name in on.groups:
            assert [said in of for of in groups] == on.groups[name].tolist()
    assert "thin file" in on.groups


def test_what_becomes_known_later_changes_nothing_of_the_slice(
    opened: tuple[GraphStore, Frame], on: LastSlice
) -> None:
    store, frame = opened
    honest = on.samples.application_id[~on.bad][:20].tolist()
    store.add(replace(small_facts(), applications=(), labels=tuple(fraud(one, 61) for one in honest)))
    again = last_slice(store, frame, micros(BEGIN), micros(TODAY), HORIZON)
    assert np.array_equal(again.bad, on.bad)
    assert np.array_equal(again.inputs.rows, on.inputs.rows, equal_nan=True)


def test_a_slice_with_too_few_frauds_is_refused_with_the_next_step(
    opened: tuple[GraphStore, Frame],
) -> None:
    with pytest.raises(InputError, match="train the candidate as of an earlier moment"):
        last_slice(*opened, micros(day(34)), micros(TODAY), HORIZON)


def test_the_slice_is_scored_as_the_service_scores(on: LastSlice, models: dict[str, ModelBundle]) -> None:
    frame, scorer = on.inputs.neighbourhoods.frame, Scorer(models["sharp"])
    assert frame is not None
    expected = [scorer.score(None, row).probability for row in on.inputs.rows]  # type: ignore[arg-type]
    assert np.array_equal(served(models["sharp"], on), expected)


def test_a_model_is_better_calibrated_in_the_draws_in_which_it_errs_less(
    on: LastSlice, models: dict[str, ModelBundle]
) -> None:
    for name, other in (("sharp", "blind"), ("blind", "sharp")):
        gain = compared(models[name], models[other], on, CAPACITY).ece
        assert gain.low > 0 or gain.high < 0, "else nothing is told apart"
        assert (gain.better > 0.5) == (gain.more < 0)


def test_who_knows_the_trick_passes_and_who_is_fooled_does_not(
    on: LastSlice, models: dict[str, ModelBundle]
) -> None:
    ahead = compared(models["sharp"], models["blind"], on, CAPACITY)
    assert all(one.latency_ms is not None and one.latency_ms > 0 for one in (ahead.model, ahead.other))
    assert ahead.recall.low > 0
    assert ahead.ap.low > 0
    assert failed(passed_gate(ahead, GateLimits(ece=1.0))) == []
    behind = passed_gate(compared(models["blind"], models["sharp"], on, CAPACITY), GateLimits())
    assert "recall_at_capacity" in failed(behind)
    assert not behind.passed


def test_without_a_champion_the_bare_counts_are_to_be_met(
    on: LastSlice, models: dict[str, ModelBundle]
) -> None:
    first = compared(models["blind"], None, on, CAPACITY)
    assert (first.other.version, first.recall.more, first.other.latency_ms) == (BARE_COUNTS, 0.0, None)
    assert passed_gate(first, GateLimits()).passed
    assert not passed_gate(compared(models["fooled"], None, on, CAPACITY), GateLimits()).passed


def test_a_model_beside_itself_is_no_worse(on: LastSlice, models: dict[str, ModelBundle]) -> None:
    same = compared(models["sharp"], models["sharp"], on, CAPACITY)
    assert (same.recall, same.ece) == (Gain(0.0, 0.0, 0.0, 0.0), Gain(0.0, 0.0, 0.0, 0.0))
    assert passed_gate(same, GateLimits()).passed


def comparison(**changes: Any) -> ModelComparison:
    """A comparison of two equal models, but for the changes."""
    even = Gain(0.0, 0.0, 0.0, 0.0)
    model = SimpleNamespace(version="new", latency_ms=1.0, measures={"ece": 0.01})
    other = SimpleNamespace(version="old", latency_ms=1.0)
    on = SimpleNamespace(as_json=dict)
    stated = {"model": model, "other": other, "slice": on, "capacity": 0.02, "bundle": None}
    return ModelComparison(**stated | {"recall": even, "ap": even, "ece": even, "groups": {}} | changes)  # type: ignore[arg-type]


def failed(result: GateResult) -> list[str]:
    return [one.name for one in result.checks if not one.passed]


@pytest.mark.parametrize(
    ("changes", "fails"),
    [
        ({"recall": Gain(0.02, -0.06, 0.1, 0.7)}, ["recall_at_capacity"]),  # perhaps better, perhaps worse
        ({"recall": Gain(0.02, -0.06, 0.1, 0.8)}, []),  # likely better
        ({"recall": Gain(-0.01, -0.05, 0.03, 0.3)}, []),  # not worse within the margin
        ({"groups": {"thin file": Gain(-0.06, -0.1, -0.01, 0.0)}}, ["recall of thin file"]),
        ({"groups": {"thin file": Gain(-0.06, -0.2, 0.1, 0.2)}}, []),  # chance explains it
        ({"groups": {"thin file": Gain(-0.04, -0.045, -0.035, 0.0)}}, []),  # within the margin
        ({"ece": Gain(0.011, 0.001, 0.02, 1.0)}, ["calibration"]),
        ({"ece": Gain(0.019, -0.04, 0.03, 0.5)}, []),  # chance explains it
        ({"model": SimpleNamespace(version="new", latency_ms=None, measures={"ece": 0.0})}, ["latency"]),
        ({"model": SimpleNamespace(version="new", latency_ms=11.0, measures={"ece": 0.0})}, ["latency"]),
    ],
)
def test_each_check_fails_for_its_own_reason(changes: dict[str, Any], fails: list[str]) -> None:
    assert failed(passed_gate(comparison(**changes), GateLimits())) == fails


def test_a_slow_champion_may_be_followed_by_one_as_slow() -> None:
    slow = {"version": "x", "latency_ms": 20.0, "measures": {"ece": 0.0}}
    even = comparison(model=SimpleNamespace(**slow), other=SimpleNamespace(**slow))
    assert passed_gate(even, GateLimits()).passed


def test_the_gate_takes_more_checks_and_one_that_fails_is_enough() -> None:
    unfair = GateCheck(name="dormitories", passed=False, value=3.0, limit=1.5)
    result = passed_gate(comparison(), GateLimits(), [lambda _: [unfair]])
    assert (result.passed, result.checks[-1], result.as_json()["passed"]) == (False, unfair, False)


SHARES = st.floats(0.001, 0.999)


@given(st.lists(st.tuples(SHARES, st.booleans(), st.floats(0.1, 10.0)), min_size=2, max_size=40), SHARES)
def test_reviewed_are_as_many_as_people_can_and_the_riskiest_first(
    rows: list[tuple[float, bool, float]], capacity: float
) -> None:
    probability, bad, weight = (np.array(column) for column in zip(*rows, strict=True))
    looked = reviewed(probability, weight, capacity)
    assert weight @ looked == pytest.approx(capacity * weight.sum())
    order = np.argsort(-probability, kind="stable")
    assert (np.diff(looked[order]) <= 1e-9).all()
    if bad.any():
        assert recall_at(probability, bad, weight, capacity) == pytest.approx(
            (weight * bad) @ looked / (weight @ bad)
        )
