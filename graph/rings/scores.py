"""From the suspicion of members to the score of a group, and from scores to a threshold that spares the honest."""

from __future__ import annotations

import numpy as np

from graph.rings.known import Known
from graph.store.tables import Column

SMALLEST = 3  # fewer people than this are no ring
HONEST_BUDGET = 0.002  # of the honest may be in flagged groups in the end, unless somebody asks for another share
_BEFORE = 2.05  # times as many are by expectation, before the confirmed goods are let go: about half of it is hit in the end
LEAST = 0.3  # no group with a lower score is flagged, whatever the budget
LEAST_CONFIRMED = 0.1  # of the bad who had time to show are confirmed, at least
_FEW = 20  # known frauds: with fewer, how often the bad are confirmed cannot be told
_BELIEF = 6.0  # members' worth of evidence that the mean suspicion counts for
_RATES = np.sort(np.r_[0.001, 0.004, 0.01, (np.arange(25) + 0.5) / 25])  # shares of bad members that are weighed against each other
UNSEEN = 0.2  # chance that nobody has looked at a crew yet, so that its members are silent however many they are and however long it is
_WRONG_FRAUD, _WRONG_GOOD = 0.002, 0.05  # an honest person labelled fraud; a cheat labelled good, as a share of how often the honest are


def rescaled(chance: Column, known: Known) -> Column:
    """Chances to be *found* bad as chances to be bad: many frauds are never confirmed (after Elkan and Noto 2008, with an upper quartile).

    Never to more than a confirmation rate of LEAST_CONFIRMED allows: where labels hardly follow suspicion, nobody is very suspicious.
    `chance` (A,) must be out of fold.
    """
    found = chance[known.fraud]
    if len(found) < _FEW:
        return chance
    raised = np.minimum(chance / max(float(np.quantile(found, 0.75)), 2 * LEAST_CONFIRMED), 1.0)
    top = known.mature & (raised >= 0.5)
    possible = float(known.fraud[top].mean()) / LEAST_CONFIRMED if top.any() else 1.0
    return raised * min(possible / float(raised[top].mean()), 1.0) if top.any() else raised


def group_scores(group: Column, suspicion: Column, known: Known) -> Column:
    """The expected share of bad loans among each group's members (G,): a Beta prior round their mean suspicion, updated by their labels.

    A label may be missing: how often the bad are confirmed and the honest cleared, among those with time to show and the others, is
    estimated from the store itself, and silence counts for what it is worth. It is worth less than its members say one by one, because a crew
    is noticed as a whole or hardly at all: with the chance UNSEEN silence says nothing about any of them. Suspicion never saw the labels of
    the group it judges.
    """
    size = np.bincount(group).astype(np.float64)
    mean = np.clip(np.bincount(group, weights=suspicion) / size, 0.002, 0.998)
    prior = (_BELIEF * mean[:, None] - 1) * np.log(_RATES) + (_BELIEF * (1 - mean[:, None]) - 1) * np.log(1 - _RATES)
    told, untold = np.zeros_like(prior), np.zeros_like(prior)
    for some in (known.mature, ~known.mature):
        confirmed, cleared = _label_rates(suspicion, known, some, mean[group] >= 0.5)
        fraud = _RATES * confirmed + (1 - _RATES) * _WRONG_FRAUD
        good = (1 - _RATES) * cleared + _RATES * cleared * _WRONG_GOOD
        silent = ~known.fraud & ~known.good
        for out, silence in ((told, 1 - fraud - good), (untold, 1 - (1 - _RATES) * _WRONG_FRAUD - good)):
            for seen, likelihood in ((known.fraud, fraud), (known.good, good), (silent, silence)):
                members = np.bincount(group[some & seen], minlength=len(size))
                out += members[:, None] * np.log(np.maximum(likelihood, 1e-6))
    chance = prior + np.logaddexp(np.log(1 - UNSEEN) + told, np.log(UNSEEN) + untold)
    posterior = np.exp(chance - chance.max(axis=1, keepdims=True))
    return np.asarray((posterior * _RATES).sum(axis=1) / posterior.sum(axis=1))


def flagged_groups(group: Column, scores: Column, known: Known, held: Column, budget: float = HONEST_BUDGET) -> Column:
    """Which groups to flag (G,) bool: the worst first, while the honest expected among their members stay within the budget.

    `held` (A,) is who would be flagged with the group; a confirmed good is let go from a flagged group later but counts here, because
    for each of them there are others whom nobody has cleared. Both the scores and the confirmed goods say how many honest are hit: the
    goods prevail as their number grows.
    """
    size = np.bincount(group, weights=held, minlength=len(scores))
    worst = np.lexsort((np.arange(len(scores)), -scores))
    eligible = (size >= SMALLEST) & (scores >= LEAST)
    honest = np.where(eligible, size * (1 - scores), 0.0)
    goods = np.where(eligible, np.bincount(group[held & known.good], minlength=len(scores)), 0)
    cleared = int(known.good.sum())
    by_scores = np.cumsum(honest[worst]) / max(len(group), 1)
    spent = (np.cumsum(goods[worst]) + 500 * by_scores) / (cleared + 500)
    flagged = np.zeros(len(scores), bool)
    if known.fraud.sum() >= _FEW:
        spent = np.maximum(spent, _unlabelled(group, eligible, known, held, worst))
    allowed = _BEFORE * budget + 1.0 / max(len(group), 1)  # one person at least, or a small store could flag nobody
    flagged[worst[(spent <= allowed) & eligible[worst]]] = True
    return flagged


def _unlabelled(group: Column, eligible: Column, known: Known, held: Column, worst: Column) -> Column:
    """The share of all applicants who must be honest among the first groups of `worst` (G,), given how few there are confirmed frauds."""
    showing = held & known.mature & eligible[group]
    members = np.cumsum(np.bincount(group[showing], minlength=len(eligible))[worst])
    confirmed = np.cumsum(np.bincount(group[showing & known.fraud], minlength=len(eligible))[worst])
    return np.asarray(np.maximum(members - confirmed / LEAST_CONFIRMED, 0.0) / max(len(group), 1))


def _label_rates(suspicion: Column, known: Known, some: Column, in_bad_groups: Column) -> tuple[float, float]:
    """How often the bad are confirmed and the honest cleared, among `some`."""
    bad = some & in_bad_groups
    expected = float(suspicion[bad].sum())
    confirmed = float(np.clip(known.fraud[bad].sum() / expected, 0.05, 0.9)) if expected > 15 else 0.3
    cleared = float(np.clip(known.good[some].mean(), 1e-4, 0.95)) if some.any() else 1e-4
    return confirmed, min(cleared, 0.98 - confirmed * 0.02)
