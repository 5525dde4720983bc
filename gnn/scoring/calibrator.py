"""What a calibrated score means: an increasing map of the logit to a probability. Training fits it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Numbers = TypeVar("Numbers", float, Floats)


@dataclass(frozen=True, slots=True)
class Calibrator:
    """probability = 1 / (1 + exp(-(slope * logit + shift))); Platt 1999, two numbers, so that a small slice
    fits it and no ranks are lost.
    """

    slope: float = 1.0
    shift: float = 0.0

    def log_odds(self, logits: Numbers) -> Numbers:
        """The calibrated log-odds of many, or of one, without bounds."""
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
