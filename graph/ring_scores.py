"""From the suspicion of members to the score of a group, and from scores to a threshold that spares the honest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graph.known import Known
from graph.tables import Column

SMALLEST = 3  # fewer people than this are no ring
_STATES = 3  # of a member's label: nothing said, good, fraud


@dataclass(frozen=True)
class GroupScores:
    """Per group (G,): `chance` that it is a ring given everything known, `score` the chance that a random member's loan is fraud,
    `honest` the expected honest members if it were flagged."""

    chance: Column
    score: Column
    honest: Column


def rescaled(chance: Column, known: Known) -> Column:
    """Chances to be *found* bad as chances to be bad: most frauds are never confirmed (Elkan and Noto 2008, with an upper quartile)."""
    found = chance[known.fraud]
    if len(found) < 20:
        return chance
    return np.minimum(chance / max(float(np.quantile(found, 0.75)), 0.05), 1.0)


def group_scores(group: Column, suspicion: Column, known: Known) -> GroupScores:
    """A mixture of two sorts of groups, rings and others, fitted by expectation maximisation to what is known of their members.

    Evidence of a group: its mean suspicion (which never saw the group's own labels), its size, and each member's label and lateness.
    How often a ring's member is confirmed, cleared or late is learned from the store itself, held near the overall rates by a prior.
    """
    size = np.bincount(group).astype(np.float64)
    mean = np.bincount(group, weights=suspicion) / size
    counts = _counts(group, known)
    basis = np.column_stack([np.ones(len(size)), _logit(mean), np.log(size)])
    prior = np.array([0.0, 1.0, 0.0])
    counted = size >= SMALLEST
    confirmed = counts[:, :, 2].sum(axis=1)
    ring = np.where(confirmed > 0, np.maximum(mean, np.minimum(0.5, 0.15 * confirmed)), mean)
    coefficients = prior
    for _ in range(10):
        evidence = _evidence(counts, ring * counted, (1 - ring) * counted)
        coefficients = _fitted(basis[counted], ring[counted], coefficients, prior)
        ring = _sigmoid(basis @ coefficients + evidence)
    ring = np.where(counted, ring, 0.0)
    purity = np.clip(mean + 0.25, 0.5, 0.95)
    score = ring * purity + (1 - ring) * np.minimum(mean, 0.05)
    return GroupScores(ring, score, size * (1 - score))


def flagged_groups(group: Column, scores: GroupScores, known: Known, *, budget: float = 0.0035, least: float = 0.25) -> Column:
    """Which groups to flag (G,) bool: the most certain first, while the honest among all applicants expected in them stay within `budget`.

    The expectation is the larger of the model's own and of the share of confirmed goods that would be flagged, where enough are confirmed.
    """
    order = np.lexsort((np.arange(len(scores.chance)), -scores.chance))
    spent = np.cumsum(scores.honest[order]) / max(len(group), 1)
    goods = int(known.good.sum())
    if goods >= 300:
        among = np.bincount(group[known.good], minlength=len(order))
        spent = np.maximum(spent, np.cumsum(among[order]) / goods)
    take = (spent <= budget) & (scores.chance[order] >= least)
    flagged = np.zeros(len(order), bool)
    flagged[order[np.cumprod(take).astype(bool)]] = True
    return flagged


def _counts(group: Column, known: Known) -> Column:
    """Members of each group by maturity and state (G, 2, 5): nothing said, good, fraud; then not late, late."""
    mature = known.mature.astype(np.int64)
    state = np.where(known.fraud, 2, np.where(known.good, 1, 0))
    late = _STATES + (known.late & ~known.fraud).astype(np.int64)
    out = np.zeros((int(group.max(initial=-1)) + 1, 2, _STATES + 2))
    np.add.at(out, (group, mature, state), 1.0)
    np.add.at(out, (group, mature, late), 1.0)
    return out


def _evidence(counts: Column, ring: Column, other: Column) -> Column:
    """Log-odds that members' labels and lateness add, by group."""
    out = np.zeros(len(counts))
    limits = np.array([[-0.4, 0.1], [-2.5, 0.0], [0.5, 4.0], [-0.3, 0.0], [0.0, 2.0]])
    for part in (slice(0, _STATES), slice(_STATES, None)):
        some = counts[:, :, part]
        overall = some.sum(axis=0) + 1.0
        overall /= overall.sum(axis=1, keepdims=True)
        rates = []
        for weight in (ring, other):
            seen = np.tensordot(weight, some, axes=1)
            rates.append((seen + 20 * overall) / (seen.sum(axis=1, keepdims=True) + 20))
        ratio = np.clip(np.log(rates[0] / rates[1]), limits[part, 0], limits[part, 1])
        out += (some * ratio).sum(axis=(1, 2))
    return out


def _fitted(basis: Column, target: Column, start: Column, prior: Column) -> Column:
    """Logistic regression on soft targets, held near `prior` (ridge 0.01 on the constant, 1 on the rest)."""
    ridge = np.diag([0.01, 1.0, 1.0])
    out = start
    for _ in range(8):
        chance = _sigmoid(basis @ out)
        curve = (basis.T * (chance * (1 - chance))) @ basis + ridge
        out = out + np.linalg.solve(curve, basis.T @ (target - chance) - ridge @ (out - prior))
    return out


def _logit(chance: Column) -> Column:
    clipped = np.clip(chance, 1e-4, 1 - 1e-4)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _sigmoid(x: Column) -> Column:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -30, 30))))
