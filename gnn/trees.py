"""Boosted trees on named columns: a few models with different seeds, whose mean is the score and whose spread the doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import lightgbm
import numpy as np
import numpy.typing as npt

from gnn.plan import Plan

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Shallow and slow: single rows must be explained within a millisecond, and crews change their habits faster than deep trees forget them.
PARAMETERS: dict[str, object] = {
    "objective": "binary", "learning_rate": 0.05, "num_leaves": 15, "max_depth": 5, "min_data_in_leaf": 10, "min_sum_hessian_in_leaf": 0.5,
    "feature_fraction": 0.25, "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 1.0, "max_bin": 63,
    "deterministic": True, "force_row_wise": True, "verbosity": -1,
}  # fmt: skip
_PATIENCE, _FEWEST = 80, 150  # a watched slice with few frauds wavers: it may say more than so many trees, not fewer


@dataclass(frozen=True)
class Learned:
    """N rows to learn from: `x` (N, columns) with NaN for *not known*, `bad` (N,), `weight` (N,)."""

    x: Floats
    bad: Bools
    weight: Floats

    def take(self, rows: npt.NDArray[np.bool_]) -> Learned:
        """The rows of a mask."""
        return Learned(self.x[rows], self.bad[rows], self.weight[rows])


@dataclass(frozen=True)
class Trees:
    """An ensemble over columns `names`; `texts` are LightGBM's own model files."""

    names: tuple[str, ...]
    texts: tuple[str, ...]
    boosters: tuple[lightgbm.Booster, ...]

    @classmethod
    def read(cls, names: Sequence[str], texts: Sequence[str]) -> Trees:
        """The ensemble of those model files."""
        return cls(tuple(names), tuple(texts), tuple(lightgbm.Booster(model_str=text) for text in texts))

    def logits(self, x: Floats) -> Floats:
        """(N, members): each member's log-odds."""
        return np.stack([booster.predict(x, raw_score=True, num_threads=1) for booster in self.boosters], axis=1)

    @property
    def rounds(self) -> tuple[int, ...]:
        """How many trees each member has."""
        return tuple(booster.num_trees() for booster in self.boosters)


def fit(names: Sequence[str], learned: Learned, plan: Plan, *, watch: Learned | None = None, rounds: Sequence[int] | None = None) -> Trees:
    """Members with different seeds; with `watch`, each stops growing where it no longer gets better there, else after its `rounds`."""
    data = _dataset(learned, list(names))
    valid = None if watch is None else [data.create_valid(watch.x, watch.bad.astype(np.float64), weight=watch.weight)]
    texts = []
    for member in range(plan.members):
        chance = {"bagging_seed": plan.seed + member, "feature_fraction_seed": plan.seed + 100 + member}
        booster = lightgbm.train(
            {**PARAMETERS, **chance, "num_threads": plan.workers, "metric": "average_precision"},
            data,
            num_boost_round=rounds[member] if rounds else plan.rounds,
            valid_sets=valid,
            callbacks=[lightgbm.early_stopping(_PATIENCE, verbose=False)] if valid else None,
            keep_training_booster=True,  # else what was grown after the best round is gone
        )
        texts.append(booster.model_to_string(num_iteration=max(booster.best_iteration, min(_FEWEST, plan.rounds)) if valid else -1))
    return Trees.read(names, texts)


def _dataset(learned: Learned, names: list[str]) -> lightgbm.Dataset:
    """The rows, binned once for all members."""
    return lightgbm.Dataset(
        learned.x, learned.bad.astype(np.float64), weight=learned.weight, feature_name=names, params=dict(PARAMETERS), free_raw_data=False
    )
