"""Calibration: an increasing map of the logit to a probability (Platt scaling), fitted on samples outside the
training set.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq, minimize
from scipy.special import expit, logit

from gnn.scoring.calibrator import Calibrator

Floats = npt.NDArray[np.float64]

_LEAST_SLOPE = 0.05  # never flat and never falling: a higher score is never a lower probability


def fit(logits: Floats, bad: npt.NDArray[np.bool_], weight: Floats) -> Calibrator:
    """The maximum-likelihood map for the weighted outcomes `bad`, with a weak prior on slope 1.

    Where the slice holds frauds and others, the mean probability then equals the share of frauds. Where no
    slope can be found, it stays 1.
    """
    if not (weight[bad].sum() > 0 and weight[~bad].sum() > 0):
        return Calibrator()
    z = np.clip(logits, -30.0, 30.0)
    result = minimize(
        _unlikely,
        np.array([1.0, 0.0]),
        (z, bad, weight),
        "L-BFGS-B",
        jac=True,
        bounds=[(_LEAST_SLOPE, None), (None, None)],
    )
    slope = float(result.x[0]) if result.success and np.isfinite(result.x).all() else 1.0
    return Calibrator(slope, _shift_for(slope * z, bad, weight))


def level(logits: Floats, bad: npt.NDArray[np.bool_], weight: Floats) -> Calibrator:
    """The map of slope 1 whose mean probability is the observed share of frauds: for scores whose final model
    is surer than the validated one.
    """
    if not (weight[bad].sum() > 0 and weight[~bad].sum() > 0):
        return Calibrator()
    return Calibrator(1.0, _shift_for(np.clip(logits, -30.0, 30.0), bad, weight))


def _unlikely(at: Floats, z: Floats, bad: npt.NDArray[np.bool_], weight: Floats) -> tuple[float, Floats]:
    """The negative log-likelihood of slope and shift, per unit of weight, and its gradient."""
    log_odds, total = at[0] * z + at[1], weight.sum()
    loss = weight @ (np.logaddexp(0.0, log_odds) - bad * log_odds) + (at[0] - 1.0) ** 2 / 2
    error = weight * (expit(log_odds) - bad)
    return float(loss / total), np.array([error @ z + (at[0] - 1.0), error.sum()]) / total


def _shift_for(z: Floats, bad: npt.NDArray[np.bool_], weight: Floats) -> float:
    """The shift that makes the mean probability the share of frauds, which lies strictly between 0 and 1."""
    share = float(weight[bad].sum() / weight.sum())
    if z.min() == z.max():
        return float(logit(share) - z[0])

    def surplus(shift: float) -> float:
        return float(weight @ expit(z + shift) / weight.sum()) - share

    # With all at the highest score the shift would be the first, with all at the lowest the second: it lies
    # between.
    return float(brentq(surplus, logit(share) - z.max() - 1e-6, logit(share) - z.min() + 1e-6))
