"""Model bundles written by hand: whole and served as any other, each with a probability of its own for
everybody.
"""

from __future__ import annotations

from math import log
from pathlib import Path
from typing import Any

import numpy as np

from gnn import bundle
from gnn.bundle import ModelBundle
from gnn.ensemble import Trees
from gnn.parts import names_of
from gnn.training_plan import TrainingPlan
from gnn.weights import NetworkWeights, shapes

_SHAPE = {"hidden": 4, "embedding": 2, "layers": 1}
_PLAN = TrainingPlan(hidden=4, embedding=2)


def made_bundle(folder: Path, probability: float, **card: Any) -> str:
    """Write the bundle of a model to which everybody has this probability; its version."""
    return str(bundle.write(_bundle(probability, card), folder)["version"])


def _bundle(probability: float, card: dict[str, Any]) -> ModelBundle:
    network = {name: np.ones(size, np.float32) for name, size in shapes(**_SHAPE).items()}
    names = names_of(_PLAN)
    odds = log(probability / (1 - probability))
    stated = {
        "name": "made",
        "trained_as_of": "2025-01-01T00:00:00+00:00",
        "horizon_days": 25.0,
        "capacity": 0.02,
        "serves": "trees",
        "review_probability": 0.1,
        "decline_probability": 0.9,
        "doubt": [0.5, 1.0],
        "network_usual": 0.0,
        "calibration": {part: {"slope": 1.0, "shift": 0.0} for part in ("network", *names)},
        "typical_p95": {},
    }
    trees = {part: Trees(columns, (_constant(odds, len(columns)),)) for part, columns in names.items()}
    return ModelBundle({**stated, **card}, NetworkWeights(_SHAPE, network), trees)


def _constant(value: float, columns: int) -> str:
    """A tree of two equal leaves."""
    return (
        f"tree\nmax_feature_idx={columns - 1}\n\nTree=0\nnum_leaves=2\nsplit_feature=0\nthreshold=0\n"
        "decision_type=2\nleft_child=-1\nright_child=-2\n"
        f"leaf_value={value!r} {value!r}\nleaf_count=1 1\ninternal_count=2\n\nend of trees\n"
    )
