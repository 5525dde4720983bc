"""Splits in time: training and later test samples with enough frauds on both sides, or an error that says
what is missing.
"""

from __future__ import annotations

import numpy as np

from gnn.samples.samples import Samples
from gnn.training_plan import TrainingPlan
from graph.model.errors import InputError
from graph.model.moments import DAY, moment
from graph.quantities import quantity

_TEST_SHARES = (0.8, 0.7, 0.6, 0.5)
_NETWORK_SHARES, _VALIDATION_SHARES = (0.6, 0.7, 0.8), (0.75, 0.7, 0.65, 0.6, 0.8, 0.85)


def test_cutoff(samples: Samples, as_of: int, plan: TrainingPlan) -> int:
    """Where the test samples begin: the last fifth of the matured samples, or more where a fifth has too few
    frauds.

    Raises InputError where either side is left with too few frauds, or with nothing else.
    """
    matured = samples.matured(as_of) & (samples.weight(as_of) > 0)
    at, bad = samples.at[matured], samples.bad(as_of)[matured]
    days = quantity(round(samples.horizon / DAY), "day")
    if not len(at):
        raise InputError(
            f"no application is older than the horizon of {days} within which a fraud becomes "
            "known: train at a later moment, load earlier applications, or give a shorter --horizon-days"
        )
    results = []
    for share in _TEST_SHARES:
        cutoff = int(np.quantile(at, share))
        later = at >= cutoff
        results.append((_learnable(samples, cutoff), int(bad[later].sum()), int((~bad)[later].sum()), cutoff))
        if results[-1][0] >= least_to_learn(plan) and min(results[-1][1:3]) >= least_to_measure(plan):
            break
    else:
        learned, measured, _, cutoff = max(results, key=lambda one: min(one[0], 2 * one[1]))
        raise InputError(
            f"too few frauds to learn from and to measure on later applications: {learned} were known before "
            f"{moment(cutoff).isoformat()}, {measured} are of applications from then on whose horizon of "
            f"{days} has passed; at least {least_to_learn(plan)} and {least_to_measure(plan)} are "
            "needed: load more labels, or train at a later moment"
        )
    return cutoff


def learning_cutoffs(cutoff: int, samples: Samples, plan: TrainingPlan) -> tuple[int, int]:
    """Until when the network learns, and until when the validation models do: early enough to leave samples,
    late enough to have frauds.
    """
    weight = samples.weight(cutoff) > 0
    at, bad = samples.at[weight], samples.bad(cutoff)[weight]
    least = least_to_learn(plan)
    firsts = [int(np.quantile(at, share)) for share in _NETWORK_SHARES]
    first = next(
        (one for one in firsts if _learnable(samples, one) >= plan.least_frauds),
        max(firsts, key=lambda one: _learnable(samples, one)),
    )
    ends = [max(first, int(np.quantile(at, share))) for share in _VALIDATION_SHARES]
    validation = next(
        (
            one
            for one in ends
            if _learnable(samples, one) >= least and 0 < bad[at >= one].sum() < (at >= one).sum()
        ),
        None,
    )
    if validation is None or not _learnable(samples, first):
        raise InputError(
            f"the frauds known before {moment(cutoff).isoformat()} lie too close together in time to learn "
            f"from the earlier and to calibrate on the later ones ({quantity(int(bad.sum()), 'fraud')}, "
            f"{_learnable(samples, ends[0])} of them known at three quarters of the samples): load more "
            "labels, or train at a later moment"
        )
    return first, validation


def least_to_learn(plan: TrainingPlan) -> int:
    """How many frauds must be known to learn anything from them."""
    return max(2, plan.least_frauds // 2)


def least_to_measure(plan: TrainingPlan) -> int:
    """How many frauds a figure must rest on."""
    return max(2, plan.least_frauds // 4)


def _learnable(samples: Samples, cutoff: int) -> int:
    """The frauds that can be learned from at `cutoff`; none where there are no other samples."""
    bad, weight = samples.bad(cutoff), samples.weight(cutoff)
    return int(((weight > 0) & bad).sum()) if ((weight > 0) & ~bad).any() else 0
