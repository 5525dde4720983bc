"""How a model fares with groups of people on later applications."""

from __future__ import annotations

import numpy as np

from gnn.samples.sample_groups import LEAST, figures_by_group


def test_a_group_has_what_was_expected_what_came_and_who_was_held_up_of_its_honest() -> None:
    people = 2 * LEAST
    new = np.arange(people) < LEAST
    groups = [frozenset({"new_citizen"} if one else {"settled_citizen"}) for one in new.tolist()]
    bad = np.arange(people) % 10 == 0
    held_up = new & (np.arange(people) % 3 == 1)
    figures = figures_by_group(groups, np.where(new, 0.2, 0.1), held_up, bad, np.ones(people))
    assert figures["settled_citizen"] == {
        "samples": LEAST, "frauds": 3, "expected": 0.1, "bad": 0.1, "held_up": 0.0,
    }  # fmt: skip
    honest = new & ~bad
    assert figures["new_citizen"]["held_up"] == np.round(held_up[honest].mean(), 6)
    weightless = figures_by_group(groups, np.where(new, 0.2, 0.1), held_up, bad, np.where(new, 1.0, 0.0))
    assert weightless.keys() == {"new_citizen"}, "who counts for nothing is in no group"


def test_of_too_few_samples_nothing_is_said() -> None:
    few = LEAST - 1
    none = np.zeros(few, np.bool_)
    assert figures_by_group([frozenset({"x"})] * few, np.zeros(few), none, none, np.ones(few)) == {}
