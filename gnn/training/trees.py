"""Ensembles of boosted trees on named columns: the mean over members is the score, their spread the
uncertainty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import lightgbm
import numpy as np
import numpy.typing as npt

from gnn.scoring.ensemble import Trees
from gnn.training_plan import TrainingPlan
from graph.progress import bar

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Shallow and slow: single rows must be explained within a millisecond, and crews change their habits faster
# than deep trees forget them.
PARAMETERS: dict[str, object] = {
    "objective": "cross_entropy", "learning_rate": 0.05, "min_data_in_leaf": 10,
    "min_sum_hessian_in_leaf": 0.5, "feature_fraction": 0.25, "bagging_fraction": 0.8, "bagging_freq": 1,
    "lambda_l2": 1.0,
    # which knows the usual size of a leaf only where rows are taken some at a time, and would leave out rare
    # columns
    "feature_pre_filter": False,
    "deterministic": True, "force_row_wise": True, "verbosity": -1,
}  # fmt: skip
# Where a fraud stands beside hundreds, each sample kept of the others stands for many: what deeper trees
# would tell apart there is chance.
RARE, RARELY = {"num_leaves": 4, "max_depth": 2, "min_data_in_leaf": 30, "lambda_l2": 5.0}, 0.005


class ColumnSource(Protocol):
    """M rows of columns, NaN for *not known*, of which some are taken at a time."""

    def __getitem__(self, rows: Any, /) -> Floats: ...


@dataclass(frozen=True)
class TrainingRows:
    """Training data: the `rows` (N,) of `x`, `fraud` (N,) the chance of each to be one, 0 to 1, and `weight`
    (N,).
    """

    x: ColumnSource
    rows: npt.NDArray[np.int64]
    fraud: Floats
    weight: Floats


class _RowSequence(lightgbm.Sequence):  # type: ignore[misc]
    """The training rows with the columns of one view, read in chunks: a whole copy would double the
    memory.
    """

    batch_size = 4_096

    def __init__(self, learned: TrainingRows, view: Bools) -> None:
        self._learned, self._view = learned, view

    def __len__(self) -> int:
        return len(self._learned.rows)

    def __getitem__(self, wanted: Any) -> Floats:
        rows = self._learned.rows[wanted]
        if np.ndim(rows) == 0:
            return self[[wanted]].ravel()
        return np.asarray(np.where(self._view, self._learned.x[rows], np.nan), dtype=np.float64)


def fit(names: Sequence[str], learned: TrainingRows, plan: TrainingPlan, views: Sequence[Bools]) -> Trees:
    """Members with different seeds; `views`, masks (columns,), give each member its columns by turns, so that
    members make different errors.

    All grow to the plan's size. A slice watched for when to stop holds too few frauds: it wavers, and stops
    some members far too early.
    """
    usual = parameters(plan, rare=bool(np.average(learned.fraud, weights=learned.weight) < RARELY))
    datasets = [_dataset(learned, list(names), view, usual) for view in views[: plan.members]]
    texts = []
    with bar("trees", plan.members * plan.rounds, "tree") as progress:
        for member in range(plan.members):
            chance = {"bagging_seed": plan.seed + member, "feature_fraction_seed": plan.seed + 100 + member}
            texts.append(
                lightgbm.train(
                    {**usual, **chance, "num_threads": plan.workers},
                    datasets[member % len(datasets)],
                    num_boost_round=plan.rounds,
                    callbacks=[lambda _: progress.update()],
                ).model_to_string()
            )
    return Trees(tuple(names), tuple(texts))


def parameters(plan: TrainingPlan, *, rare: bool) -> dict[str, object]:
    """LightGBM's parameters for a plan; smaller trees where frauds are rare."""
    size = {"num_leaves": plan.leaves, "max_depth": plan.depth, "max_bin": plan.bins}
    return PARAMETERS | size | (RARE if rare else {})


def _dataset(
    learned: TrainingRows, names: list[str], view: Bools, parameters: dict[str, object]
) -> lightgbm.Dataset:
    """The rows, binned once for all members of this view; a column that is never known is never asked for."""
    datasets = _RowSequence(learned, view)
    return lightgbm.Dataset(
        datasets,
        learned.fraud.astype(np.float64),
        weight=learned.weight,
        feature_name=names,
        params=dict(parameters),
        free_raw_data=False,
    )
