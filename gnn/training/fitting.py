"""Fits every part of the model as of a cutoff, with calibration and thresholds from later validation
samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gnn.samples.cutoffs import learning_cutoffs
from gnn.samples.samples import Samples
from gnn.training.evaluate import Measures
from gnn.training.learning import FittedParts, StageTargets, TrainingStages, learn, thinned
from gnn.training.parts import SERVABLE, SamplePool, design_of
from gnn.training_plan import TrainingPlan
from graph.facts.tables import Column
from graph.model.capacity import threshold_at

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
    at). `latest`: the probabilities (M,) of the latest applications, thinned evenly, which set these, and
    `latest_at` when they were (M,).
    """

    cutoff: int
    parts: FittedParts
    serves: str
    validation: Mapping[str, Measures]
    uncertainty_at: tuple[float, float]
    network_usual: float
    review_at: float
    decline_at: float
    latest: Floats
    latest_at: Column


@dataclass(frozen=True)
class _Latest:
    """What the latest applications say: the network's usual logit, the two probabilities, and their own."""

    network_usual: float
    review_at: float
    decline_at: float
    probabilities: Floats
    at: Column


def fit_at(cutoff: int, pool: SamplePool, plan: TrainingPlan, serves: str | None = None) -> Fitted:
    """Fit all parts on what was known before `cutoff`. Raises InputError when that is too little.

    `serves` is the part that the same procedure showed to be worth it on a slice of its own; without it the
    best on the validation slice serves, where the network is only half trained.
    """
    learned = learn(pool.inputs, _stages(cutoff, pool.samples, plan), design_of(plan), plan)
    judged, parts = learned.validation, learned.parts
    serves = serves or max(SERVABLE, key=lambda part: judged[part]["ap"] or 0.0)
    medium, high = np.quantile(learned.spread[serves], [0.6, 0.9]).tolist()
    latest = _latest(parts, serves, pool, cutoff, plan)
    return Fitted(
        cutoff,
        parts,
        serves,
        judged,
        (medium, high),
        latest.network_usual,
        latest.review_at,
        latest.decline_at,
        latest.probabilities,
        latest.at,
    )


def _stages(cutoff: int, samples: Samples, plan: TrainingPlan) -> TrainingStages:
    """Lessons by what was known at three cutoffs: the network learns first from the earliest part."""
    first, validation = learning_cutoffs(cutoff, samples, plan)
    now = samples.weight(cutoff)
    watched = (samples.at >= validation) & (now > 0)
    return TrainingStages(
        moments=samples.at,
        first=_targets(first, samples, plan),
        validation=_targets(validation, samples, plan),
        whole=_targets(cutoff, samples, plan),
        apart=(samples.at >= first) & (now > 0),
        watched=watched,
        bad=samples.bad(cutoff)[watched],
        weight=now[watched],
        mass=samples.mass(cutoff)[watched],
    )


def _targets(cutoff: int, samples: Samples, plan: TrainingPlan) -> StageTargets:
    chance, weight = samples.targets(cutoff)
    return StageTargets(
        chance, weight, thinned(weight, chance == 1.0, samples.drawn, plan.most_network_samples)
    )


def _latest(parts: FittedParts, serves: str, pool: SamplePool, cutoff: int, plan: TrainingPlan) -> _Latest:
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
    even = samples.drawn[recent] < samples.share
    return _Latest(
        float(np.average(predictions["network"], weights=mass)),
        min(review_at, 1.0),
        min(decline_at, 1.0),
        promised[even],
        samples.at[recent][even],
    )
