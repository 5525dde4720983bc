"""How the values of a name were spread among those who were assessed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from graph.facts.distributions import Values

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Of so many `assessments`: the mean and quantiles of the known values (None where there are none), and
    the share *not known*.
    """

    assessments: int
    mean: float | None
    q05: float | None
    q25: float | None
    q50: float | None
    q75: float | None
    q95: float | None
    missing: float


def population(values: Values) -> Population:
    """Of values (N,), NaN is *not known*; the same in whatever order they come."""
    known = values[~np.isnan(values)]
    q05, q25, q50, q75, q95 = np.quantile(known, _QUANTILES).tolist() if len(known) else [None] * 5
    return Population(
        assessments=len(values),
        mean=math.fsum(known.tolist()) / len(known) if len(known) else None,
        q05=q05,
        q25=q25,
        q50=q50,
        q75=q75,
        q95=q95,
        missing=1.0 - len(known) / max(len(values), 1),
    )
