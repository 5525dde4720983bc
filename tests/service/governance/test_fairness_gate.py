"""The gate refuses a model that holds up the honest of a group more often than others like them, and says
which group.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.stats import fisher_exact

from graph.features.extraction import names
from graph.model.moments import micros
from investigations.estimates import excess
from service.governance.gates.model import fairness_checks
from tests.support.small_worlds import day

PEOPLE, DORMITORY, HELD_UP = 1446, 253, 22  # as measured in the world in which the fault was found
COLUMNS = names()


def slice_of(own: int = 0) -> Any:
    """Honest people, the first DORMITORY of whom live in a dormitory, all with as many applications."""
    rows = np.full((PEOPLE, len(COLUMNS)), np.nan)
    rows[:DORMITORY, COLUMNS.index("wifi_holders")] = 40.0
    rows[:, COLUMNS.index("own_applications")] = own
    who = np.arange(PEOPLE)
    samples = SimpleNamespace(
        person=who,
        drawn=who / PEOPLE,
        at=np.full(PEOPLE, micros(day(9))),
        applicant_id=np.array([f"p{n}" for n in who], object),
        application_id=np.full(PEOPLE, None, object),
    )
    tables = SimpleNamespace(applications={"application_id": np.empty(0, object)}, platforms={}, as_of=0)
    inputs = SimpleNamespace(rows=rows)
    return SimpleNamespace(
        samples=samples, inputs=inputs, tables=tables, bad=np.zeros(PEOPLE, bool), mass=np.ones(PEOPLE)
    )


def holding_up(dormitory: int) -> Any:
    """A model that holds up so many of the dormitory, and others until it is HELD_UP people."""
    probability = np.full(PEOPLE, 0.01)
    probability[:dormitory] = 0.9
    probability[DORMITORY : DORMITORY + HELD_UP - dormitory] = 0.9
    return SimpleNamespace(probability=probability)


def refused(model: int, before: int, most: float = 2.0) -> list[str]:
    compared: Any = SimpleNamespace(
        model=holding_up(model), other=holding_up(before), slice=slice_of(), capacity=HELD_UP / PEOPLE
    )
    return [one.name for one in fairness_checks(compared, most) if not one.passed]


@pytest.mark.parametrize(
    ("model", "before", "most", "refuses"),
    [
        (9, 3, 2.0, ["fairness to dormitory"]),  # what was found
        (HELD_UP, 3, 2.0, ["fairness to dormitory"]),  # nobody else at all
        (3, 3, 2.0, []),
        (6, 3, 2.0, []),  # a lot would do that now and then
        (9, 9, 2.0, []),  # no worse than what serves
        (9, 3, 9.0, []),  # within the setting
    ],
)
def test_a_model_that_holds_up_a_dormitory_more_than_others_is_refused(
    model: int, before: int, most: float, refuses: list[str]
) -> None:
    assert refused(model, before, most) == refuses


def test_the_refusal_says_how_many_and_how_many_it_would_be() -> None:
    compared: Any = SimpleNamespace(
        model=holding_up(12), other=holding_up(3), slice=slice_of(2), capacity=HELD_UP / PEOPLE
    )
    (check,) = [one for one in fairness_checks(compared, 2.0) if not one.passed]
    assert check.sentence.startswith("12 of the group's honest are held up, 2.1 if they fared as others")
    assert check.value == pytest.approx(12.5 / (0.5 + DORMITORY * 10 / (PEOPLE - DORMITORY)), abs=1e-3)


def test_the_chance_is_that_of_the_exact_test_and_histories_are_told_apart() -> None:
    event = np.zeros(PEOPLE, bool)
    event[:9], event[-13:] = True, True
    member = np.arange(PEOPLE) < DORMITORY
    table = [[9, DORMITORY - 9], [13, PEOPLE - DORMITORY - 13]]
    one = excess(event, member, np.zeros(PEOPLE, np.int64))
    assert one.chance == pytest.approx(fisher_exact(table, "greater").pvalue)
    apart = excess(event, member, member.astype(np.int64))
    assert (apart.happened, apart.expected, apart.chance) == (0, 0.0, 1.0), "nobody to compare with"
