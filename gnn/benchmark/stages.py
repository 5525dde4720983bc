"""Lessons from a graph's split: train, then train with val; what was watched is val."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gnn.benchmark.tables import TEST, TRAIN, VAL, GraphTables
from gnn.training.learning import StageTargets, TrainingStages, thinned
from gnn.training_plan import TrainingPlan

Bools = npt.NDArray[np.bool_]
Index = npt.NDArray[np.int64]

_FIRST = 0.6  # of train is the young network's


def stages_of(graph: GraphTables, subjects: Index, plan: TrainingPlan) -> TrainingStages:
    """The targets for these rows; by lot, or the earliest first where the graph is read in time."""
    lots = np.random.default_rng(plan.seed).random(len(subjects))
    split, label = graph.split[subjects], graph.label[subjects]
    chance = (label == 1).astype(np.float64)
    train, learned = split == TRAIN, split != TEST

    def targets(rows: Bools) -> StageTargets:
        weight = rows.astype(np.float64)
        return StageTargets(chance, weight, thinned(weight, chance == 1.0, lots, plan.most_network_samples))

    order = graph.at[subjects] if graph.dated else lots
    young = train & (order <= np.quantile(order[train], _FIRST))
    watched = split == VAL
    return TrainingStages(
        moments=np.where(np.isfinite(graph.at[subjects]), graph.at[subjects], 0).astype(np.int64),
        first=targets(young),
        validation=targets(train),
        whole=targets(learned),
        apart=learned & ~young,
        watched=watched,
        bad=label[watched] == 1,
        weight=np.ones(int(watched.sum())),
        mass=np.ones(int(watched.sum())),
    )
