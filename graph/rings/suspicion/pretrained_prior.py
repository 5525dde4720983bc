"""A pretrained prior of suspicion, learned on several simulated worlds, for stores with few or no labels of
their own.

`scripts/tools/fit_pretrained_prior.py` learns it again, and says how well it holds in worlds by a hand it has
not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from graph.facts.tables import Column
from graph.rings.suspicion.columns import Features
from graph.rings.suspicion.prior_cuts import cuts_at
from graph.rings.suspicion.rows import ContextRows

if TYPE_CHECKING:
    import lightgbm

FILE = Path(__file__).with_name("pretrained_prior.txt")
COLUMNS = 100  # that matter most; the others cost a sort each
_TREES: dict[str, object] = {
    "objective": "binary",
    "learning_rate": 0.04,
    "num_leaves": 7,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.2,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 20.0,
    "max_bin": 63,
    "seed": 7,
    "num_threads": 1,
    "deterministic": True,
    "force_col_wise": True,
    "verbose": -1,
}
_ROUNDS = 250
_NEVER = 1e-4  # no chance is smaller


@dataclass(frozen=True)
class PriorJudge:
    """What other stores taught, for one store: it can be sent to other machines.

    `text` is LightGBM's; `columns` (C,) its columns' positions among the context features; `cuts` (C,) a
    number for each threshold of the trees: the values that are not above it, by place among the store's own,
    are those that are no larger; `places` (C,) a place below each threshold and above the one before, and one
    above all.
    """

    text: str
    columns: tuple[int, ...]
    cuts: tuple[Column, ...]
    places: tuple[Column, ...]

    def chance(self, values: Column, fold: Column) -> Column:
        """The chance to be bad of each row (rows,) of `values` (rows, columns), whatever its `fold`."""
        del fold
        return self.of_rows(values)

    def of_rows(self, values: Column) -> Column:
        """The same, of whoever these are."""
        import lightgbm  # here, because it brings scikit-learn with it

        rows = np.empty((len(values), len(self.columns)))
        for n, (column, cuts, places) in enumerate(zip(self.columns, self.cuts, self.places, strict=True)):
            x = values[:, column]
            rows[:, n] = np.where(np.isnan(x), np.nan, places[np.searchsorted(cuts, x)])
        return np.asarray(lightgbm.Booster(model_str=self.text).predict(rows, num_threads=1))


def shipped_judge(around: ContextRows) -> PriorJudge:
    """The shipped prior for the store whose features are `around`."""
    return judge_by(around, _shipped())


def beside_experience(own: Column, elsewhere: Column, share: float) -> Column:
    """A store's own chances to be bad (N,) beside what other stores taught (N,), which counts for `share`:
    less with every fraud that is known here.
    """
    return np.asarray(np.maximum(own, _NEVER) ** (1 - share) * np.maximum(elsewhere, _NEVER) ** share)


def judge_by(around: ContextRows, text: str) -> PriorJudge:
    """The same of what `fit_prior` gave."""
    names, thresholds = _thresholds(text)
    places = []
    for of_trees in thresholds:
        ends = np.r_[0.0, of_trees, 2.0]
        places.append((ends[:-1] + ends[1:]) / 2)
    cuts = cuts_at(around, names, thresholds)
    return PriorJudge(text, tuple(map(around.names.index, names)), tuple(cuts), tuple(places))


@cache
def _thresholds(text: str) -> tuple[tuple[str, ...], tuple[Column, ...]]:
    """The columns that trees look at, and for each the places at which they part it, ascending."""
    lines = [line.partition("=") for line in text.splitlines()]
    [names] = (tuple(value.split()) for key, _, value in lines if key == "feature_names")
    split, at = (
        [one for key, _, value in lines if key == what for one in value.split()]
        for what in ("split_feature", "threshold")
    )
    column, place = np.array(split, np.int64), np.array(at, np.float64)
    return names, tuple(np.unique(place[column == n]) for n in range(len(names)))


def ranked(values: Column) -> Column:
    """Each column (rows, columns) as places among its own known values, 0 to 1, equals in the middle of
    theirs; NaN stays NaN.

    How much is much differs between a store of a month and one of years; who has more than the others there
    does not.
    """
    rows = np.maximum((~np.isnan(values)).sum(axis=0), 1)
    from scipy.stats import rankdata  # here: of what loads it, most do without

    return np.asarray((rankdata(values, axis=0, nan_policy="omit") - 0.5) / rows, np.float32)


def fit_prior(values: Sequence[tuple[Features, Column, float]]) -> str:
    """LightGBM's text of what several stores teach: of each its columns, who is bad (rows,) bool, and how
    much it counts.
    """
    names = values[0][0].names
    rows = np.concatenate([ranked(around.values) for around, _, _ in values])
    bad = np.concatenate([who for _, who, _ in values]).astype(np.float64)
    weight = np.concatenate([np.full(len(who), counts / len(who)) for _, who, counts in values])
    weight /= weight.mean()
    first = _trained(rows, names, bad, weight)
    best = np.sort(np.argsort(-first.feature_importance("gain"), kind="stable")[:COLUMNS])
    return str(_trained(rows[:, best], tuple(names[n] for n in best), bad, weight).model_to_string())


def _trained(rows: Column, names: Sequence[str], bad: Column, weight: Column) -> lightgbm.Booster:
    import lightgbm  # here, because it brings scikit-learn with it

    data = lightgbm.Dataset(rows, label=bad, weight=weight, feature_name=list(names), params=dict(_TREES))
    return lightgbm.train(_TREES, data, num_boost_round=_ROUNDS)


@cache
def _shipped() -> str:
    return FILE.read_text(encoding="utf-8")
