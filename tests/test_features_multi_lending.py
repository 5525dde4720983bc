"""Multi-lending variables counted by compiled code equal those of the Python that says what they mean, whatever happened."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import multi_lending as slow
from graph.entity import Entity, resolve
from graph.evidence import Evidence
from graph.features import multi_lending
from graph.frame.neighbourhood import Neighbourhood
from graph.frame.of_view import of_evidence
from tests.feature_worlds import made_evidence, odd_evidence

ALL = multi_lending.plan()


def selves(n: Neighbourhood, evidence: Evidence, entity: Entity) -> np.ndarray:
    people = [node.partition(":")[2] for node, data in evidence.graph.nodes(data=True) if data["type"] == "applicant"]
    return np.array([who in entity.applicants for who in people])


def counted(evidence: Evidence, plan: multi_lending.Plan = ALL) -> tuple[list[float | None], dict[str, str]]:
    n = of_evidence(evidence)
    row, why = np.full(len(plan.columns), -7.0), np.full(9, 7, np.int8)
    multi_lending.fill(plan, n, selves(n, evidence, resolve(evidence)), row, why)
    return [None if np.isnan(value) else float(value) for value in row], multi_lending.left_out(why)


def agree(evidence: Evidence) -> None:
    wanted = slow.compute(evidence)
    assert counted(evidence) == (list(wanted.variables.values()), dict(wanted.left_out))


@given(st.integers(0, 2**32), st.integers(1, 14), st.integers(1, 60))
@settings(max_examples=25, deadline=None)
def test_every_variable_of_an_odd_world_is_what_it_means(seed: int, people: int, loans: int) -> None:
    for evidence in odd_evidence(random.Random(seed), people=people, loans=loans):
        agree(evidence)


def test_every_variable_of_a_made_world_is_what_it_means() -> None:
    for evidence in made_evidence():
        agree(evidence)


def test_what_people_beyond_the_bound_applied_for_is_counted() -> None:
    crowded = [e for e in odd_evidence(random.Random(2), 30, people=90, loans=160) if e.elsewhere]
    assert len(crowded) > 5
    for evidence in crowded:
        agree(evidence)


def test_the_worlds_show_every_kind_of_thing_that_is_counted() -> None:
    rows = np.array([counted(e)[0] for e in odd_evidence(random.Random(1), 80, loans=90)], dtype=np.float64)
    shown = (rows > 0).any(axis=0)
    assert shown.mean() > 0.9
    assert (np.isnan(rows).any(axis=0) & (rows == 0).any(axis=0)).any()


def test_what_is_wanted_is_given_by_name_in_that_order() -> None:
    rng, evidence = random.Random(9), odd_evidence(random.Random(4), 1)[0]
    every = dict(zip(multi_lending.NAMES, counted(evidence)[0], strict=True))
    for size in (1, 2, 7, 40):
        names = rng.sample(multi_lending.NAMES, size)
        assert counted(evidence, multi_lending.plan(names))[0] == [every[name] for name in names]
    assert counted(evidence, multi_lending.plan([]))[0] == []


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(KeyError):
        multi_lending.plan(["ml_2h_id_all_apps"])
