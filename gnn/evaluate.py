"""How good probabilities are: ranking, calibration, and what a review team of a given size would catch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, roc_auc_score

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

BINS = 15


def measures(probability: Floats, bad: Bools, weight: Floats, capacity: float) -> dict[str, float | None]:
    """`auc`, `ap`, `ece` and `recall_at_capacity` of weighted samples; None where there are no frauds, or nothing else, to tell apart."""
    if not bad.any() or bad.all():
        return {"auc": None, "ap": None, "ece": _rounded(ece(probability, bad, weight)), "recall_at_capacity": None}
    return {
        "auc": _rounded(roc_auc_score(bad, probability, sample_weight=weight)),
        "ap": _rounded(average_precision_score(bad, probability, sample_weight=weight)),
        "ece": _rounded(ece(probability, bad, weight)),
        "recall_at_capacity": _rounded(recall_at(probability, bad, weight, capacity)),
    }


def ece(probability: Floats, bad: Bools, weight: Floats) -> float:
    """Expected calibration error: over BINS groups of equal weight by probability, the mean gap between promised and found share of frauds."""
    if not len(probability):
        return 0.0
    order = np.argsort(probability, kind="stable")
    p, y, w = probability[order], bad[order].astype(np.float64), weight[order]
    place = np.minimum(((np.cumsum(w) - w / 2) / w.sum() * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(place, w * (p - y), BINS)
    return float(np.abs(gaps).sum() / w.sum())


def recall_at(probability: Floats, bad: Bools, weight: Floats, capacity: float) -> float:
    """The share of frauds among the `capacity` share of samples with the highest probability; a tie at the edge counts in proportion."""
    order = np.argsort(-probability, kind="stable")
    p, y, w = probability[order], bad[order].astype(np.float64), weight[order]
    room = capacity * w.sum()
    edge = p[min(int(np.searchsorted(np.cumsum(w), room)), len(p) - 1)]
    above, at = p > edge, p == edge
    share = (room - w[above].sum()) / w[at].sum()
    return float(((w * y)[above].sum() + share * (w * y)[at].sum()) / (w * y).sum())


def threshold_at(probability: Floats, weight: Floats, capacity: float) -> float:
    """The probability that the `capacity` share of samples reaches."""
    order = np.argsort(-probability, kind="stable")
    place = int(np.searchsorted(np.cumsum(weight[order]), capacity * weight.sum()))
    return float(probability[order][min(place, len(order) - 1)])


def _rounded(value: float) -> float:
    return round(float(value), 4)
