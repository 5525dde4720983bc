"""Metrics of probabilities: ranking, calibration, and recall at a review capacity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Measures = Mapping[str, float | None]

BINS = 15


def measures(
    probability: Floats, bad: Bools, weight: Floats, mass: Floats, capacity: float
) -> dict[str, float | None]:
    """`auc`, `ap`, `ece` and `recall_at_capacity` (N samples); None where there are no frauds, or nothing
    else, to tell apart.

    `weight`: what each counts for as fraud or honest; `mass`: how many of all samples it stands for, which is
    what people have to review.
    """
    # here: it loads for half a second, and who watches what is served mostly has nothing to rank
    from sklearn.metrics import average_precision_score, roc_auc_score

    counts = weight > 0
    p, y, w = probability[counts], bad[counts], weight[counts]
    if not y.any() or y.all():
        return {"auc": None, "ap": None, "ece": _rounded(ece(p, y, w)), "recall_at_capacity": None}
    return {
        "auc": _rounded(roc_auc_score(y, p, sample_weight=w)),
        "ap": _rounded(average_precision_score(y, p, sample_weight=w)),
        "ece": _rounded(ece(p, y, w)),
        "recall_at_capacity": _rounded(recall_at(probability, bad, mass, capacity)),
    }


def ece(probability: Floats, bad: Bools, weight: Floats) -> float:
    """Expected calibration error: over BINS groups of equal weight by probability, the mean gap between
    predicted and observed share of frauds.
    """
    if not len(probability):
        return 0.0
    order = np.argsort(probability, kind="stable")
    p, y, w = probability[order], bad[order].astype(np.float64), weight[order]
    place = np.minimum(((np.cumsum(w) - w / 2) / w.sum() * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(place, w * (p - y), BINS)
    return float(np.abs(gaps).sum() / w.sum())


def recall_at(probability: Floats, bad: Bools, weight: Floats, capacity: float) -> float:
    """The share of frauds among the `capacity` share of samples with the highest probability; a tie at the
    edge counts in proportion.
    """
    frauds = weight * bad
    return float(frauds @ reviewed(probability, weight, capacity) / frauds.sum())


def precision_at(probability: Floats, bad: Bools, weight: Floats, capacity: float) -> float:
    """The share of frauds among those looked at: the `capacity` share with the highest probability."""
    looked = weight * reviewed(probability, weight, capacity)
    return float(looked @ bad / looked.sum())


def reviewed(probability: Floats, weight: Floats, capacity: float) -> Floats:
    """(N,) 0 to 1: how far each sample is among the `capacity` share with the highest probability; at the
    edge in proportion.
    """
    order = np.argsort(-probability, kind="stable")
    p, w = probability[order], weight[order]
    room = capacity * w.sum()
    edge = p[min(int(np.searchsorted(np.cumsum(w), room)), len(p) - 1)]
    above, at = probability > edge, probability == edge
    share = (room - weight[above].sum()) / weight[at].sum()
    return np.where(above, 1.0, np.where(at, share, 0.0))


def best_single(columns: Floats, names: Sequence[str], bad: Bools, weight: Floats) -> tuple[str, float]:
    """The single column (N, columns) that ranks frauds best, and its average precision: a baseline that needs
    no model.
    """
    from sklearn.metrics import average_precision_score  # here, as above

    counts = weight > 0
    x = np.where(np.isnan(columns), -np.inf, columns)[counts]
    precision = [
        float(average_precision_score(bad[counts], _ranks(values), sample_weight=weight[counts]))
        for values in x.T
    ]
    best = int(np.argmax(precision))
    return names[best], _rounded(precision[best])


def _ranks(values: Floats) -> Floats:
    return np.unique(values, return_inverse=True)[1].astype(np.float64)


def _rounded(value: float) -> float:
    return round(float(value), 4)
