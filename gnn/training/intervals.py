"""How sure a difference between two scores is: people are drawn again and again, each with all their
samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Index = npt.NDArray[np.int64]

SURE = 0.9  # the share of the draws between `low` and `high`
_DRAWS, _SEED = 300, 7


class Gain(NamedTuple):
    """How much more average precision than another score has: measured, the ends of the interval, and in what
    share of the draws there is any gain.
    """

    more: float
    low: float
    high: float
    better: float

    @property
    def shown(self) -> bool:
        """Whether chance does not explain it."""
        return self.low > 0.0


def gains(
    scores: Mapping[str, Floats], against: Floats, bad: Bools, weight: Floats, person: Index
) -> dict[str, Gain]:
    """By score (N,) its gain over `against` (N,) on the same samples, of which `weight` says what each counts
    for.

    The samples of one `person` are drawn together: they are bad together, so that many loans of few people
    prove little. Draws without a fraud, or with nothing else, tell nothing.
    """
    counts = weight > 0
    bad, weight = bad[counts], weight[counts]
    base = _Ranked.of(against[counts], bad)
    ranked = {name: _Ranked.of(values[counts], bad) for name, values in scores.items()}
    drawn: dict[str, list[float]] = {name: [] for name in ranked}
    for factor in redrawn(person[counts]):
        now = weight * factor
        if now[bad].sum() > 0 and now[~bad].sum() > 0:
            usual = base.precision(now)
            for name, one in ranked.items():
                drawn[name].append(one.precision(now) - usual)
    usual = base.precision(weight)
    return {name: gain_of(one.precision(weight) - usual, drawn[name]) for name, one in ranked.items()}


def redrawn(person: Index) -> Iterator[Floats]:
    """Draw after draw how often each sample (N,) is in it; those of one `person` are drawn together."""
    group, chance = np.unique(person, return_inverse=True)[1], np.random.default_rng(_SEED)
    for _ in range(_DRAWS):
        yield chance.poisson(1.0, int(group.max(initial=0)) + 1)[group].astype(np.float64)


def gain_of(more: float, drawn: list[float]) -> Gain:
    """The gain that was measured, with the interval of those `drawn`."""
    edge = (1 - SURE) / 2
    low, high = np.quantile(drawn or [-1.0, 1.0], [edge, 1 - edge]).tolist()
    return Gain(more, low, high, float(np.mean(np.array(drawn) > 0)) if drawn else 0.0)


class _Ranked(NamedTuple):
    """Samples in falling order of a score; `ends` are the last of each tie."""

    order: Index
    bad: Bools
    ends: Index

    @classmethod
    def of(cls, score: Floats, bad: Bools) -> _Ranked:
        order = np.argsort(-score, kind="stable")
        falls = score[order]
        return cls(order, bad[order], np.flatnonzero(np.r_[falls[1:] < falls[:-1], True]))

    def precision(self, weight: Floats) -> float:
        """The average precision with these weights (N,); 0 where no fraud counts."""
        w = weight[self.order]
        found, all_of = np.cumsum(w * self.bad)[self.ends], np.cumsum(w)[self.ends]
        share = np.divide(found, all_of, out=np.zeros_like(found), where=all_of > 0)
        return float(np.diff(found, prepend=0.0) @ share / found[-1]) if found[-1] > 0 else 0.0
