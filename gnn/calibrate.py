"""Scores to probabilities: an increasing map of the logit, fitted where the model had not learned."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_STEPS = 60
_LEAST_SLOPE = 0.05  # never flat and never falling: a higher score is never a lower probability


@dataclass(frozen=True, slots=True)
class Calibrator:
    """probability = 1 / (1 + exp(-(slope * logit + shift))); Platt 1999, two numbers, so that a small slice fits it and no ranks are lost."""

    slope: float = 1.0
    shift: float = 0.0

    def log_odds(self, logits: Floats) -> Floats:
        """The calibrated log-odds of many, without bounds."""
        return self.slope * logits + self.shift

    def moved(self, by: float) -> Calibrator:
        """The calibrator of a model whose log-odds lie `by` higher throughout."""
        return Calibrator(self.slope, self.shift - self.slope * by)

    def of(self, logit: float) -> float:
        """The probability of one logit, strictly between 0 and 1."""
        z = min(max(self.slope * logit + self.shift, -30.0), 30.0)
        return 1.0 / (1.0 + math.exp(-z))

    def of_all(self, logits: Floats) -> Floats:
        """The same for many."""
        return np.array([self.of(logit) for logit in logits.tolist()], dtype=np.float64)


def fit(logits: Floats, bad: npt.NDArray[np.bool_], weight: Floats) -> Calibrator:
    """The map under which the outcomes `bad`, weighted, are likeliest (Newton's method with a slight pull of the slope to 1).

    Where the slice holds frauds and others, the mean probability then equals the share of frauds.
    """
    if not (weight[bad].sum() > 0 and weight[~bad].sum() > 0):
        return Calibrator()
    slope, shift = 1.0, 0.0
    z = np.clip(logits, -30.0, 30.0)
    for _ in range(_STEPS):
        slope_before, shift_before = slope, shift
        slope, shift = _step(z, bad, weight, (slope, shift))
        if abs(slope - slope_before) + abs(shift - shift_before) < 1e-10:
            break
    if slope >= _LEAST_SLOPE:
        return Calibrator(slope, shift)
    return Calibrator(_LEAST_SLOPE, _shift_for(z * _LEAST_SLOPE, bad, weight))


def level(logits: Floats, bad: npt.NDArray[np.bool_], weight: Floats) -> Calibrator:
    """The map of slope 1 that promises as many frauds as were found: for scores whose later model will be surer than the one that is watched."""
    if not (weight[bad].sum() > 0 and weight[~bad].sum() > 0):
        return Calibrator()
    return Calibrator(1.0, _shift_for(np.clip(logits, -30.0, 30.0), bad, weight))


def _step(z: Floats, bad: npt.NDArray[np.bool_], weight: Floats, at: tuple[float, float]) -> tuple[float, float]:
    slope, shift = at
    p = 1.0 / (1.0 + np.exp(-np.clip(slope * z + shift, -30.0, 30.0)))
    error, curve = weight * (p - bad), weight * p * (1 - p)
    gradient = np.array([float(error @ z) + (slope - 1.0), float(error.sum())])
    hessian = np.array([[float(curve @ (z * z)) + 1.0, float(curve @ z)], [float(curve @ z), float(curve.sum()) + 1e-9]])
    move = np.linalg.solve(hessian, gradient)
    move *= min(1.0, 2.0 / max(float(np.abs(move).max()), 1e-12))  # a long step from a flat place would overshoot
    return slope - float(move[0]), shift - float(move[1])


def _shift_for(z: Floats, bad: npt.NDArray[np.bool_], weight: Floats) -> float:
    """The shift that makes the mean probability the share of frauds, by halving."""
    share = float(weight[bad].sum() / weight.sum())
    low, high = -60.0, 60.0
    for _ in range(100):
        middle = (low + high) / 2
        mean = float((weight / (1.0 + np.exp(-np.clip(z + middle, -60.0, 60.0)))).sum() / weight.sum())
        low, high = (middle, high) if mean < share else (low, middle)
    return (low + high) / 2
