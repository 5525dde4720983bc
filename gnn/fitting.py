"""Fits every part of the model as of a cutoff, with calibration and thresholds from later validation
samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gnn import calibrate, network_fitting, trees
from gnn.blend import NETWORK_WEIGHT, blended
from gnn.cutoffs import learning_cutoffs
from gnn.evaluate import Measures, measures, threshold_at
from gnn.network import RingNet
from gnn.parts import PARTS, SERVABLE, ColumnBlocks, FittedParts, SamplePool, columns, names_of, views_of
from gnn.samples import Samples
from gnn.training_plan import TrainingPlan
from gnn.trees import TrainingRows

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

RECENT_SAMPLES = 300  # so many of the latest applications set the review capacity at least


@dataclass(frozen=True)
class Fitted:
    """Everything learned by `cutoff` (microseconds). `uncertainty_at`: the spreads between members above
    which uncertainty is medium and high.

    `network_usual`: the network's mean logit, the reference for its contribution.
    `review_at` and `decline_at`: the probabilities from which on a person should look (as many as people
    can), and declining is proposed (more likely fraud than not, and the worst quarter of what people look
    at).
    """

    cutoff: int
    parts: FittedParts
    serves: str
    validation: Mapping[str, Measures]
    uncertainty_at: tuple[float, float]
    network_usual: float
    review_at: float
    decline_at: float


def fit_at(
    cutoff: int, pool: SamplePool, plan: TrainingPlan, earlier: Mapping[str, Measures] | None = None
) -> Fitted:
    """Fit all parts on what was known before `cutoff`. Raises InputError when that is too little.

    The network is first trained on the earliest part, for half as long, by what was known then, and the trees
    learn from its embeddings of the rest; before it serves, training goes on with everything, which changes
    the embedding little and keeps the meaning of its columns. Validation trees are fitted on a longer part
    and validated on the rest, which sets calibration and uncertainty; then they are fitted on everything.
    `earlier` measures, of the same procedure on another slice, decide which part serves: the network of the
    validation is only half trained.
    """
    samples = pool.samples
    first, validation = learning_cutoffs(cutoff, samples, plan)
    young = _network(first, pool, replace(plan, epochs=max(1, plan.epochs // 2)))
    now = samples.weight(cutoff)
    # on its own training samples the network is too confident
    embedded = _embedded(young, pool, (samples.at >= first) & (now > 0))
    inputs, names, views = columns(pool.inputs, embedded), names_of(plan), views_of(plan)
    watched = (samples.at >= validation) & (now > 0)
    bad, weight, mass = samples.bad(cutoff)[watched], now[watched], samples.mass(cutoff)[watched]
    ensembles, logits, spread = {}, {"network": embedded[watched, 0]}, {}
    for part, x in inputs.items():
        members = trees.fit(names[part], _learned(validation, x, samples), plan, views[part]).logits(
            x[watched]
        )
        logits[part], spread[part] = members.mean(axis=1), members.std(axis=1)
        ensembles[part] = trees.fit(names[part], _learned(cutoff, x, samples), plan, views[part])
    # The final network is trained much longer than this one: a slope fitted to this one's errors would be too
    # flat for it.
    leveled = calibrate.level(logits["network"], bad, weight)
    logits["blend"] = blended(logits["blend"], logits["network"], leveled)
    calibrators = {part: calibrate.fit(values, bad, weight) for part, values in logits.items()} | {
        "network": leveled
    }
    judged = {
        part: measures(calibrators[part].of_all(logits[part]), bad, weight, mass, plan.capacity)
        for part in PARTS
    }
    serves = max(SERVABLE, key=lambda part: (earlier or judged)[part]["ap"] or 0.0)
    doubt = np.quantile(spread[serves], [0.6, 0.9]).tolist()
    more = samples.odds(cutoff) - samples.odds(validation)
    moved = {
        # More frauds are known by now than when the watched models learned: scores lie higher, and promise no
        # more for it.
        "network": calibrators["network"].moved(samples.odds(cutoff) - samples.odds(first)),
        "blend": calibrators["blend"].moved((1 - NETWORK_WEIGHT) * more),
        **{part: calibrators[part].moved(more) for part in ("trees", "reference")},
    }
    parts = FittedParts(_network(cutoff, pool, plan, young), ensembles, moved)
    usual, review_at, decline_at = _thresholds(parts, serves, pool, cutoff, plan)
    return Fitted(cutoff, parts, serves, judged, (doubt[0], doubt[1]), usual, review_at, decline_at)


def _thresholds(
    parts: FittedParts, serves: str, pool: SamplePool, cutoff: int, plan: TrainingPlan
) -> tuple[float, float, float]:
    """The network's usual logit, and from which probability on to review and to decline, by what serves on
    the latest applications.

    Those are the ones too young to be learned from: of what it has learned a model is surer than it will be
    of what comes next. Where they are few, simply the last ones.
    """
    samples = pool.samples
    mass = np.where((samples.at < cutoff) & ~samples.known, samples.mass(cutoff), 0.0)
    latest = int(samples.at[mass > 0][-RECENT_SAMPLES:][0])
    unlearned = (mass > 0) & (samples.targets(cutoff)[1] == 0.0)
    recent = unlearned if unlearned.sum() >= RECENT_SAMPLES else (mass > 0) & (samples.at >= latest)
    predictions = parts.logits(pool.take(recent).inputs)
    promised, mass = parts.probabilities(predictions)[serves], mass[recent]
    review_at = threshold_at(promised, mass, plan.capacity)
    decline_at = max(review_at, 0.5, threshold_at(promised, mass, plan.capacity / 4))
    return float(np.average(predictions["network"], weights=mass)), min(review_at, 1.0), min(decline_at, 1.0)


def _network(cutoff: int, pool: SamplePool, plan: TrainingPlan, start: RingNet | None = None) -> RingNet:
    samples = pool.samples
    chance, weight = samples.targets(cutoff)
    weight = _thinned(weight, chance == 1.0, samples, plan.most_network_samples)
    rows = np.flatnonzero(weight > 0)
    graphs = pool.inputs.neighbourhoods.take(rows).graphs()
    return network_fitting.fit(graphs, samples.at[rows], chance[rows], weight[rows], plan, start)


def _thinned(weight: Floats, fraud: Bools, samples: Samples, most: int) -> Floats:
    """The weights with so many of the samples not known as fraud left out, by lot, that `most` remain; the
    others count for more.
    """
    others = (weight > 0) & ~fraud
    room = max(most - int((weight > 0)[fraud].sum()), 1)
    if others.sum() <= room:
        return weight
    edge = float(np.sort(samples.drawn[others])[room])
    kept = others & (samples.drawn < edge)
    grown = weight * float(weight[others].sum() / weight[kept].sum())
    return np.asarray(np.where(fraud, weight, np.where(kept, grown, 0.0)), dtype=np.float64)


def _embedded(network: RingNet, pool: SamplePool, rows: Bools) -> Floats:
    """(N, 1 + embedding): what the network says of those rows; NaN, *not known*, of the others."""
    predictions = network_fitting.embed(network, pool.inputs.neighbourhoods.take(rows).parts())
    out = np.full((len(rows), predictions.shape[1]), np.nan)
    out[rows] = predictions
    return out


def _learned(cutoff: int, x: ColumnBlocks, samples: Samples) -> TrainingRows:
    chance, weight = samples.targets(cutoff)
    rows = np.flatnonzero(weight > 0)
    return TrainingRows(x, rows, chance[rows], weight[rows])
