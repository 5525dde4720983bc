"""Review capacity: from which score on as many cases are looked at as people can look at."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def threshold_at(probability: Floats, weight: Floats, capacity: float) -> float:
    """The lowest probability (N,) that at most the `capacity` share of samples, by `weight` (N,), reaches;
    ties that do not fit in stay under it together.
    """
    order = np.argsort(-probability, kind="stable")
    p, reached = probability[order], np.cumsum(weight[order])
    last = np.r_[p[1:] < p[:-1], True]  # of its ties
    fits = np.flatnonzero(last & (reached <= capacity * weight.sum() * (1 + 1e-9)))
    return float(p[fits[-1]]) if len(fits) else float(np.nextafter(p[0], np.inf))
