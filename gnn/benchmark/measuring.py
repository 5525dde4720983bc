"""Trains all parts on a graph under several seeds, and measures them on its test nodes beside a random
forest.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score, roc_auc_score

from gnn.benchmark.inputs import WebInputs, design_of, inputs_of
from gnn.benchmark.stages import stages_of
from gnn.benchmark.tables import SPLITS, TEST, GraphTables
from gnn.scoring.ensemble import REFERENCE
from gnn.training import trees
from gnn.training.beyond_counts import chosen
from gnn.training.evaluate import recall_at
from gnn.training.intervals import gains
from gnn.training.learning import PARTS, Design, Learned, TrainingStages, learn
from gnn.training.trees import TrainingRows
from gnn.training_plan import TrainingPlan
from graph.progress import part_of_work

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SERVED = "served"  # the part that val shows to be worth it, as the product chooses
METHODS = (*PARTS, SERVED, "random_forest")


class TreeSize(NamedTuple):
    """Of a plan: how many trees, how large each, and into how many bins a column is cut."""

    rounds: int
    leaves: int
    depth: int
    bins: int


# tried on val: as large as the product's own, and larger; columns are cut finer than the product's, because
# amounts and shares are among them here
SIZES = (TreeSize(100, 15, 5, 255), TreeSize(250, 31, 8, 255))
_FOREST, _LEAST_LEAF = 100, 2


@dataclass(frozen=True)
class SeedResult:
    """One seed's `scores` by method (tested,), a higher one is more likely bad, what val said of the parts,
    and which of them serves by that.
    """

    seed: int
    plan: TrainingPlan
    scores: Mapping[str, Floats]
    validation: Mapping[str, Any]
    serves: str
    seconds: float


def measure(graph: GraphTables, seeds: Sequence[int], plan: TrainingPlan) -> Iterator[SeedResult]:
    """One result after the other. The size of the trees is chosen on val by the first seed."""
    subjects = graph.subjects
    tested = graph.split[subjects] == TEST
    chosen: TrainingPlan | None = None
    for seed in seeds:
        started = time.process_time()
        inputs, names = inputs_of(graph, subjects, seed)
        here = replace(chosen or plan, seed=seed)
        stages, design = stages_of(graph, subjects, here), design_of(inputs, names, here)
        with part_of_work(f"seed {seed}"):
            if chosen is None:
                chosen = here = _sized(inputs, stages, design, here)
            learned = learn(inputs, stages, design, here)
        scores = dict(learned.parts.logits(inputs.take(tested)))
        serves = _serves(learned, stages)
        scores[SERVED] = scores[serves]
        scores["random_forest"] = _forest(inputs, stages, tested, here)
        validation = {part: dict(values) for part, values in learned.validation.items()}
        yield SeedResult(seed, here, scores, validation, serves, round(time.process_time() - started, 1))


def figures(graph: GraphTables, results: Sequence[SeedResult]) -> dict[str, Any]:
    """For each method and measure the mean over seeds, its standard deviation and every value; what the graph
    is; the plan that val chose.
    """
    subjects = graph.subjects
    bad = graph.label[subjects[graph.split[subjects] == TEST]] == 1
    rows = {method: [_measures(one.scores[method], bad) for one in results] for method in METHODS}
    return {
        "graph": _described(graph),
        "seeds": [one.seed for one in results],
        "methods": {
            method: {
                name: _spread([row[name] for row in of_seeds])
                for name in ("auroc", "auprc", "recall_at_positives")
            }
            for method, of_seeds in rows.items()
        },
        "trees": {name: getattr(results[0].plan, name) for name in TreeSize._fields},
        "validation": [one.validation for one in results],
        "serves": [one.serves for one in results],
        "processor_seconds": [one.seconds for one in results],
    }


def table(measured: Mapping[str, Any]) -> str:
    """The figures as a table in Markdown."""
    lines = ["| | AUROC | AUPRC | Rec@K |", "|---|---|---|---|"]
    for method, values in measured["methods"].items():
        cells = " | ".join(f"{one['mean']:.4f} ± {one['sd']:.4f}" for one in values.values())
        lines.append(f"| {method.replace('_', ' ')} | {cells} |")
    tested = measured["graph"]["test"]
    lines.append(
        f"\nMean ± standard deviation over seeds {', '.join(map(str, measured['seeds']))}; "
        f"{tested['labelled']:,} test nodes, {tested['positives']:,} of them positive (K)."
    )
    return "\n".join(lines) + "\n"


def _sized(inputs: WebInputs, stages: TrainingStages, design: Design, plan: TrainingPlan) -> TrainingPlan:
    """The plan with the size of trees that ranks val best, learned from train; of equals the smallest."""
    x = inputs.columns(np.empty((len(stages.moments), 0)))["trees"]
    rows = np.flatnonzero(stages.validation.weight > 0)
    learned = TrainingRows(x, rows, stages.validation.chance[rows], stages.validation.weight[rows])
    best, chosen = -1.0, plan
    for size in SIZES:
        tried = replace(plan, members=1, **size._asdict())
        with part_of_work(f"{size.rounds} trees of {size.leaves} leaves"):
            fitted = trees.fit(design.names["trees"], learned, tried, design.views["trees"])
        precision = average_precision_score(stages.bad, fitted.logits(x[stages.watched])[:, 0])
        if precision > best:
            best, chosen = precision, replace(plan, **size._asdict())
    return chosen


def _serves(learned: Learned, stages: TrainingStages) -> str:
    """What is shown to rank val better than the nodes' own columns, or these."""
    logits = dict(learned.watched)
    each = np.arange(len(stages.bad))
    found = gains(logits, logits[REFERENCE], stages.bad, stages.weight, each)
    return chosen(found, {part: values["ap"] for part, values in learned.validation.items()})


def _forest(inputs: WebInputs, stages: TrainingStages, tested: Bools, plan: TrainingPlan) -> Floats:
    """A random forest on the nodes' features with their sums one and two steps away."""
    rows = stages.whole.weight > 0
    forest = RandomForestClassifier(
        _FOREST, min_samples_leaf=_LEAST_LEAF, n_jobs=plan.workers, random_state=plan.seed
    )
    forest.fit(inputs.two_hops[rows], stages.whole.chance[rows] == 1.0)
    return np.asarray(forest.predict_proba(inputs.two_hops[tested])[:, 1], dtype=np.float64)


def _measures(scores: Floats, bad: Bools) -> dict[str, float]:
    return {
        "auroc": float(roc_auc_score(bad, scores)),
        "auprc": float(average_precision_score(bad, scores)),
        "recall_at_positives": recall_at(scores, bad, np.ones(len(bad)), float(bad.mean())),
    }


def _spread(values: Sequence[float]) -> dict[str, Any]:
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return {
        "mean": round(float(np.mean(values)), 4),
        "sd": round(sd, 4),
        "each": [round(one, 4) for one in values],
    }


def _described(graph: GraphTables) -> dict[str, Any]:
    described: dict[str, Any] = {
        "nodes": len(graph.kind),
        "links": len(graph.ends),
        "features": len(graph.x_names),
        "as_of_each_node": graph.dated,
    }
    for code, name in enumerate(SPLITS):
        labels = graph.label[(graph.split == code) & (graph.label >= 0)]
        described[name] = {"labelled": len(labels), "positives": int((labels == 1).sum())}
    return described
