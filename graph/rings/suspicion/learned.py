"""Suspicion of each applicant, learned out of fold from the labels known by then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graph.facts.tables import Column
from graph.rings.applicants.labelled import ENOUGH_GOODS, LabelledApplicants

FOLDS = 5
_TREES: dict[str, object] = {
    "objective": "binary",
    "learning_rate": 0.1,
    "num_leaves": 7,
    "min_data_in_leaf": 15,
    "feature_fraction": 0.25,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "max_bin": 63,
    "seed": 7,
    "num_threads": 1,  # the same bits whatever the machine, and no threads that spin on busy cores
    "deterministic": True,
    "force_col_wise": True,  # with a quarter of the columns a tree, half the time of the other way
    "verbose": -1,
}
ROUNDS = 90
# of all applicants, at least: so many the examples of the honest count for, however few of them have had time
# to show
_STAND_FOR = 0.2
# examples of the honest to learn from, a fold fewer each time: more of them teach nothing new and cost time
MOST_NEGATIVES = 10_000


@dataclass(frozen=True)
class Examples:
    """What to learn from, by row: `bad` bool, `weight` float (0 = not an example), `fold` int in
    0..FOLDS-1.
    """

    bad: Column
    weight: Column
    fold: Column

    def of(self, rows: Column) -> Examples:
        """These rows alone."""
        return Examples(self.bad[rows], self.weight[rows], self.fold[rows])


def member_examples(labelled: LabelledApplicants, group: Column) -> Examples:
    """Applicants (N,) as far as one can learn from them: the confirmed, and at a lower weight those who had
    time to show and did not.

    Folds follow the groups of the first cut, so that a ring's own labels never teach the score of its
    members. Where few are confirmed good, the silent ones have to do; where many are, silence counts little,
    because unconfirmed frauds are silent too.
    """
    known = labelled.totals
    silent = 0.1 if known.goods >= ENOUGH_GOODS else 1.0
    weight = np.where(labelled.fraud | labelled.good, 1.0, np.where(labelled.mature, silent, 0.0))
    honest = ~labelled.fraud & (weight > 0)
    weight[honest] *= max(_STAND_FOR * known.people / max(known.honest, 1), 1.0)
    return Examples(labelled.fraud, weight, folds_of(group))


def folds_of(group: Column) -> Column:
    """A fold for every row, the same for all of a group, spread by a fixed hash of the group's number."""
    mixed = (group.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    return ((mixed >> np.uint64(33)) % np.uint64(FOLDS)).astype(np.int64)


@dataclass(frozen=True)
class FoldJudges:
    """What each fold is judged by: LightGBM's text of what the examples of the other folds teach, or the
    share of the bad among them where these are too few. It can be sent to other machines.
    """

    judges: tuple[str | float, ...]

    def chance(self, values: Column, fold: Column) -> Column:
        """The chance to be bad (rows,) of each row of `values` (rows, columns), by its `fold` (rows,)."""
        import lightgbm  # here, because it brings scikit-learn with it

        out = np.zeros(len(values))
        for number, judge in enumerate(self.judges):
            here = fold == number
            if isinstance(judge, float):
                out[here] = judge
            elif here.any():
                booster = lightgbm.Booster(model_str=judge)
                out[here] = np.asarray(booster.predict(values[here], num_threads=1))
        return out


def fold_judges(values: Column, examples: Examples, weight: Column, rounds: int = ROUNDS) -> FoldJudges:
    """What rows to learn from teach: their `values` (rows, columns), and the `weight` (rows,) that each has
    there.

    The values are put into bins once for all folds: where a bin ends hangs on all the examples, on no label.
    """
    import lightgbm  # here, because it brings scikit-learn with it

    bad, fold_of = examples.bad, examples.fold
    data = lightgbm.Dataset(
        values, label=bad.astype(np.float64), weight=weight, params=dict(_TREES), free_raw_data=True
    ).construct()
    out: list[str | float] = []
    # one after another: LightGBM keeps its number of threads in one place for the whole process
    for fold in range(FOLDS):
        others = np.flatnonzero(fold_of != fold)
        if bad[others].sum() < 5 or bad[others].all():
            out.append(float(bad[others].mean()) if len(others) else 0.0)
            continue
        judge = lightgbm.train(_TREES, data.subset(others.tolist()), num_boost_round=rounds)
        out.append(judge.model_to_string())
    return FoldJudges(tuple(out))


def drawn_evenly(honest: int) -> Column:
    """Which of so many honest examples to learn from, by place."""
    if honest <= MOST_NEGATIVES:
        return np.arange(honest)
    return np.linspace(0, honest - 1, MOST_NEGATIVES).astype(np.int64)


def standing_for(examples: Examples, honest: int) -> Column:
    """The weight (N,) of the `examples` that are learned from, all of the bad and some of so many honest
    ones: each stands for those left out.
    """
    share = min(MOST_NEGATIVES / max(honest, 1), 1.0)
    return np.where(examples.bad, 1.0, 1.0 / share) * examples.weight
