"""Distributions in bins, and how far one has moved from another: the population stability index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

Values = npt.NDArray[np.float64]

BINS = 10
MOVED, DRIFTED = 0.1, 0.25  # as scorecards have used the index for decades (Siddiqi 2006)
FALSE_ALARMS = 0.01  # of a comparison of many names, by chance
_PRIOR = 0.5  # values that every bin is given before any is counted: the index stays finite


class Stability(StrEnum):
    """What an index says: nothing that chance does not explain, or a change that has to be looked at."""

    STEADY = "steady"
    MOVED = "moved"
    DRIFTED = "drifted"


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
        """The distribution of values (N,), NaN is *not known*, in its own bins: at most BINS of about equal
        weight.
        """
        known = values[~np.isnan(values)]
        edges: Sequence[float] = []
        if len(known):
            edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])).tolist()
        return cls(tuple(edges), (), 0).filled(values)

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


@dataclass(frozen=True, slots=True)
class Shift:
    """The population stability index of a distribution against another, and how likely chance alone gives as
    much (`chance`, 0 to 1).
    """

    index: float
    chance: float

    def stability(self, compared: int = 1) -> Stability:
        """What it says where so many names are `compared` at once (Bonferroni)."""
        if self.chance > FALSE_ALARMS / max(compared, 1) or self.index < MOVED:
            return Stability.STEADY
        return Stability.DRIFTED if self.index >= DRIFTED else Stability.MOVED


def shift(reference: Distribution, now: Distribution) -> Shift:
    """How far `now`, in the bins of `reference`, has moved.

    Without a change the index times n m / (n + m) of the two counts follows chi-square with as many degrees
    of freedom as bins but one (Yurdakul and Naranjo 2020): of few values a high index says nothing.
    """
    if not reference.count or not now.count:
        return Shift(0.0, 1.0)
    expected, actual = np.array(reference.shares), np.array(now.shares)
    used = (expected > 0) | (actual > 0)
    e, a = _smoothed(expected[used], reference.count), _smoothed(actual[used], now.count)
    index = float(((a - e) * np.log(a / e)).sum())
    scale = reference.count * now.count / (reference.count + now.count)
    return Shift(index, float(chi2.sf(index * scale, max(int(used.sum()) - 1, 1))))


def _smoothed(shares: Values, count: int) -> Values:
    return (shares * count + _PRIOR) / (count + _PRIOR * len(shares))


def columns(rows: Sequence[Mapping[str, float | None]]) -> dict[str, Values]:
    """Named values of many rows as columns (N,); what a row lacks or does not know is NaN."""
    names = sorted({name for row in rows for name in row})
    return {
        name: np.array(
            [np.nan if (value := row.get(name)) is None else value for row in rows], dtype=np.float64
        )
        for name in names
    }
