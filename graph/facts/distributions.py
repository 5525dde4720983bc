"""Distributions in bins: how the values of a name are spread, kept with a model and compared later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

BINS = 10


@dataclass(frozen=True, slots=True)
class Distribution:
    """`shares` (bins + 1,) of values between the `edges` (bins - 1,), the last is that of *not known*; of
    `count` values.
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]
    count: int

    @classmethod
    def of(cls, values: Values) -> Self:
        """The distribution of values (N,), NaN is *not known*, in its own bins: about BINS of equal weight,
        and one of its own for each value that more than one of them would hold.
        """
        known = values[~np.isnan(values)]
        edges = np.empty(0)
        if len(known):
            inner = np.linspace(0, 1, BINS + 1)[1:-1]
            edges, times = np.unique(np.quantile(known, inner, method="nearest"), return_counts=True)
            edges = np.unique(np.append(edges, np.nextafter(edges[times > 1], -np.inf)))
        return cls(tuple(edges.tolist()), (), 0).filled(values)

    def filled(self, values: Values) -> Self:
        """Other values in the same bins."""
        missing = np.isnan(values)
        place = np.searchsorted(np.array(self.edges), values[~missing], side="left")
        counts = np.append(np.bincount(place, minlength=len(self.edges) + 1), missing.sum())
        shares = counts / max(len(values), 1)
        return type(self)(self.edges, tuple(shares.tolist()), len(values))

    @property
    def missing(self) -> float:
        """The share of *not known*."""
        return self.shares[-1]

    def as_json(self) -> dict[str, Any]:
        """Plain values, rounded."""
        return {
            "edges": list(self.edges),
            "shares": [round(one, 6) for one in self.shares],
            "count": self.count,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """What `as_json` gave. Raises LookupError, TypeError or ValueError for what is none."""
        edges, shares = tuple(map(float, kept["edges"])), tuple(map(float, kept["shares"]))
        if len(shares) != len(edges) + 2:
            raise ValueError(f"{len(shares)} shares for {len(edges)} edges")
        return cls(edges, shares, int(kept["count"]))
