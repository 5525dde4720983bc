"""The explanation of a score: what LightGBM itself says of its trees, for every kind of condition that a tree
can have.
"""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pytest

from gnn.scoring.ensemble import columns_in, trees_in
from gnn.scoring.explain import MOST_COLUMNS, Explainer, Floats


def rows(seed: int, count: int, columns: int = 7) -> Floats:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, columns)).round(1)
    x[rng.random(x.shape) < 0.2] = np.nan
    x[rng.random(x.shape) < 0.2] = 0.0
    return x


def grown(seed: int, **settings: object) -> lightgbm.Booster:
    x = rows(seed, 400)
    y = (np.nan_to_num(x[:, 0], nan=1.5) + np.nan_to_num(x[:, 1]) * np.isnan(x[:, 2]) > 0.5).astype(float)
    given = {
        "objective": "binary",
        "num_leaves": 15,
        "max_depth": 5,
        "min_data_in_leaf": 5,
        "verbosity": -1,
        "seed": seed,
        **settings,
    }
    return lightgbm.train(
        given, lightgbm.Dataset(x, y, params={"verbosity": -1, **settings}), num_boost_round=20
    )


@pytest.mark.parametrize(
    "settings", [{}, {"use_missing": False}, {"zero_as_missing": True}, {"num_leaves": 31, "max_depth": 8}]
)
def test_every_members_score_is_lightgbms_and_what_each_column_added_is_too(
    settings: dict[str, object],
) -> None:
    boosters = [grown(seed, **settings) for seed in (1, 2)]
    explainer = Explainer.of([booster.model_to_string() for booster in boosters])
    for x in rows(9, 200):
        members, moved = explainer(x)
        assert members.tolist() == [booster.predict(x[None], raw_score=True)[0] for booster in boosters]
        assert explainer.logits(x).tolist() == members.tolist()
        reported = np.mean([booster.predict(x[None], pred_contrib=True)[0] for booster in boosters], axis=0)
        assert moved == pytest.approx(reported[:-1], rel=1e-9, abs=1e-12)
        assert moved.sum() + reported[-1] == pytest.approx(members.mean(), rel=1e-9)


def test_a_model_file_is_read_as_lightgbm_reads_it() -> None:
    """A column that is one number or not known is split by whether it is known, at an infinite threshold."""
    x = rows(5, 400)
    x[:, 3] = np.where(x[:, 0] > 0, np.nan, 1.0)
    booster = lightgbm.train(
        {"objective": "binary", "num_leaves": 15, "verbosity": -1},
        lightgbm.Dataset(x, np.isnan(x[:, 3])),
        num_boost_round=5,
    )
    stated = [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    assert [known(tree) for tree in trees_in(booster.model_to_string())] == [known(tree) for tree in stated]
    assert columns_in(booster.model_to_string()) == booster.num_feature()


def known(node: dict[str, Any]) -> dict[str, Any]:
    """What is made use of, of a node and all below it."""
    used = (
        "split_feature",
        "threshold",
        "decision_type",
        "missing_type",
        "default_left",
        "internal_count",
        "leaf_value",
        "leaf_count",
    )
    below = {side: known(node[side]) for side in ("left_child", "right_child") if side in node}
    return {name: node[name] for name in used if name in node} | below


def test_a_member_that_learned_nothing_says_its_one_number() -> None:
    x = rows(3, 50)
    flat = lightgbm.train(
        {"objective": "binary", "verbosity": -1, "min_data_in_leaf": 60},
        lightgbm.Dataset(x, x[:, 0] > 0),
        num_boost_round=2,
    )
    members, moved = Explainer.of([flat.model_to_string()])(x[0])
    assert members[0] == flat.predict(x[:1], raw_score=True)[0]
    assert not moved.any()


def test_trees_too_deep_for_a_table_are_refused_aloud() -> None:
    x = np.random.default_rng(0).normal(size=(6000, 40))
    y = x[:, :30].sum(axis=1) > 0
    deep = lightgbm.train(
        {"objective": "binary", "num_leaves": 2000, "min_data_in_leaf": 1, "verbosity": -1},
        lightgbm.Dataset(x, y),
        3,
    )
    with pytest.raises(ValueError, match=f"at most {MOST_COLUMNS} can be explained"):
        Explainer.of([deep.model_to_string()])


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="6 columns for trees over 7"):
        Explainer.of([grown(1).model_to_string()])(np.zeros(6))
