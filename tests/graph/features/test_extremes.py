"""However many facts are in one place, an assessment reads no more of them: counted in SQLite's own steps,
which no busy machine changes.
"""

from __future__ import annotations

from itertools import count

import pytest

from graph.store.port import GraphStore
from investigations.policy import Policy
from scripts.bench.risk.extremes import EXTREMES, NOW, application_of, filled
from service.assessment.assess import assess_stored

FEW, MANY = 600, 6_000
STEPS = 100  # between two counts
# Not bounded yet (docs/security.md): they grow, by so many steps for each fact at most.
# a store's own view reads the subject's past twice
GROWING = {"outcomes of a loan": 45, "applications of a person": 45, "lenders": 20}


def steps_of(store: GraphStore, who: str) -> int:
    """Steps of the database that an assessment of `who` takes, once what can be remembered is."""
    for _ in range(2):
        steps, view = count(), store.view(NOW)
        view._db.set_progress_handler(lambda steps=steps: next(steps) and None, STEPS)
        assess_stored(view, application_of(who), None, Policy())
        view._db.set_progress_handler(None, 0)
    return next(steps) * STEPS


@pytest.mark.parametrize("name", EXTREMES)
def test_ten_times_the_facts_in_one_place_are_not_ten_times_the_reading(name: str) -> None:
    took = []
    for size in (FEW, MANY):
        with filled(name, size) as store:
            took.append({who: steps_of(store, who) for who in ("many", "neighbour")})
    for who in ("many", "neighbour"):
        few, many = (one[who] for one in took)
        more = GROWING.get(name, 0) * (MANY - FEW)
        assert many <= 1.5 * few + more, (who, few, many)
        assert name not in GROWING or who != "neighbour" or many > 1.5 * few, "it is bounded now: say so"
