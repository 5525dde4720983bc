"""Distributions in bins: how the values of a name are spread, kept with a model and compared later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

BINS = 10
_PRIOR = 0.5  # values that every bin is given before any is counted: the index stays finite


@dataclass(frozen=True, slots=True)
class Distance:
    """The population stability index of one distribution against another; and that times n m / (n + m) of
    their counts, which by chance alone follows chi-square with so many degrees of `freedom` (Yurdakul and
    Naranjo 2020).
    """

    index: float
    statistic: float
    freedom: int


@dataclass(frozen=True, slots=True)
class Distribution:
    """`shares` (bins + 1,) of values between the `edges` (bins - 1,), the last is that of *not known*; of
    `count` values. `varies`: how many times as much as chance alone would have it its days differ from it, 1
    or more: people come in groups, and a store grows.
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]
    count: int
    varies: float = 1.0

    @classmethod
    def of(cls, values: Values, days: npt.NDArray[np.int64] | None = None) -> Self:
        """The distribution of values (N,), NaN is *not known*, in its own bins: about BINS of equal weight,
        and one of its own for each value that more than one of them would hold. `days` (N,): on which day
        each was; without them nobody knows how days differ.
        """
        known = values[~np.isnan(values)]
        edges = np.empty(0)
        if len(known):
            inner = np.linspace(0, 1, BINS + 1)[1:-1]
            edges, times = np.unique(np.quantile(known, inner, method="nearest"), return_counts=True)
            edges = np.unique(np.append(edges, np.nextafter(edges[times > 1], -np.inf)))
        whole = cls(tuple(edges.tolist()), (), 0).filled(values)
        if days is None or not len(values):
            return whole
        apart = [whole.distance(whole.filled(values[days == day])) for day in np.unique(days)]
        expected = sum(one.freedom for one in apart)
        return replace(whole, varies=max(1.0, sum(one.statistic for one in apart) / expected))

    def filled(self, values: Values) -> Self:
        """Other values in the same bins."""
        missing = np.isnan(values)
        place = np.searchsorted(np.array(self.edges), values[~missing], side="left")
        counts = np.append(np.bincount(place, minlength=len(self.edges) + 1), missing.sum())
        shares = counts / max(len(values), 1)
        return type(self)(self.edges, tuple(shares.tolist()), len(values))

    def distance(self, other: Self) -> Distance:
        """How far the shares of another one, in the same bins, are from these."""
        if not self.count or not other.count:
            return Distance(0.0, 0.0, 1)
        expected, actual = np.array(self.shares), np.array(other.shares)
        used = (expected > 0) | (actual > 0)
        e, a = _smoothed(expected[used], self.count), _smoothed(actual[used], other.count)
        index = float(((a - e) * np.log(a / e)).sum())
        scale = self.count * other.count / (self.count + other.count)
        return Distance(index, index * scale, max(int(used.sum()) - 1, 1))

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
            "varies": round(self.varies, 4),
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """What `as_json` gave. Raises LookupError, TypeError or ValueError for what is none."""
        edges, shares = tuple(map(float, kept["edges"])), tuple(map(float, kept["shares"]))
        if len(shares) != len(edges) + 2:
            raise ValueError(f"{len(shares)} shares for {len(edges)} edges")
        return cls(edges, shares, int(kept["count"]), float(kept.get("varies", 1.0)))


def _smoothed(shares: Values, count: int) -> Values:
    return (shares * count + _PRIOR) / (count + _PRIOR * len(shares))
