"""Model bundles written by hand: whole and served as any other, each with probabilities of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import log
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gnn.scoring import bundle
from gnn.scoring.bundle import ModelBundle
from gnn.scoring.ensemble import REFERENCE, Trees
from gnn.scoring.weights import NetworkWeights, shapes
from gnn.training.parts import names_of
from gnn.training_plan import TrainingPlan
from graph.facts.distributions import Distribution, Values

_SHAPE = {"hidden": 4, "embedding": 2, "layers": 1}
_PLAN = TrainingPlan(hidden=4, embedding=2)


def made_bundle(
    folder: Path,
    probability: float,
    strange_face: float | None = None,
    usual: Mapping[str, Values] | None = None,
    **card: Any,
) -> str:
    """Write the bundle of a model to which everybody has this probability, and who hardly looks like their
    document (face match up to .2) another one, where it is given; its version. `usual`: the values by name
    that its training slice had.
    """
    strange = probability if strange_face is None else strange_face
    made = _bundle(_Split("face_match", 0.2, _odds(strange), _odds(probability)), card)
    if usual is not None:
        kept = {name: Distribution.of(values).as_json() for name, values in usual.items()}
        made = replace(
            made, usual={"from": "2024-10-01", "until": "2025-01-01", "samples": 1, "distributions": kept}
        )
    return str(bundle.write(made, folder)["version"])


def made_against_crowds(folder: Path, probability: float, in_a_crowd: float, **card: Any) -> str:
    """The same of a model to which whoever shares a Wi-Fi of eight or more has another probability."""
    split = _Split("wifi_holders", 7.5, _odds(probability), _odds(in_a_crowd))
    return str(bundle.write(_bundle(split, card), folder)["version"])


class _Split(NamedTuple):
    """A tree's only question: the odds of whose value is at most so much, and of all others, the unknown
    among them.
    """

    name: str
    at_most: float
    low: float
    high: float


def _odds(probability: float) -> float:
    return log(probability / (1 - probability))


def _bundle(split: _Split, card: dict[str, Any]) -> ModelBundle:
    network = {name: np.ones(size, np.float32) for name, size in shapes(**_SHAPE).items()}
    names = names_of(_PLAN)
    stated = {
        "name": "made",
        "trained_as_of": "2025-01-01T00:00:00+00:00",
        "horizon_days": 25.0,
        "capacity": 0.02,
        "serves": "trees",
        "review_probability": 0.1,
        "decline_probability": 0.9,
        "uncertainty_at": [0.5, 1.0],
        "network_usual": 0.0,
        "calibration": {part: {"slope": 1.0, "shift": 0.0} for part in ("network", *names)},
        "typical_p95": {},
    }
    trees = {part: Trees(columns, (_tree(split, columns),)) for part, columns in names.items()}
    trees[REFERENCE] = Trees(names[REFERENCE], (_tree(split._replace(low=split.high), names[REFERENCE]),))
    return ModelBundle({**stated, **card}, NetworkWeights(_SHAPE, network), trees)


def _tree(split: _Split, columns: tuple[str, ...]) -> str:
    """A tree as LightGBM writes it, of two leaves."""
    at, count = columns.index(split.name) if split.name in columns else 0, len(columns)
    return (
        "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\n"
        f"max_feature_idx={count - 1}\nobjective=binary sigmoid:1\n"
        f"feature_names={' '.join(f'c{n}' for n in range(count))}\n"
        f"feature_infos={' '.join(['[0:1]'] * count)}\n\nTree=0\nnum_leaves=2\nnum_cat=0\n"
        f"split_feature={at}\nsplit_gain=1\nthreshold={split.at_most}\ndecision_type=8\nleft_child=-1\nright_child=-2\n"
        f"leaf_value={split.low!r} {split.high!r}\nleaf_weight=1 1\nleaf_count=1 1\ninternal_value=0\n"
        "internal_weight=0\ninternal_count=2\nis_linear=0\nshrinkage=1\n\n\nend of trees\n"
    )
