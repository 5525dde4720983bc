"""Shares and ratios with their intervals: Wilson's score interval and the Poisson bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

TOO_FEW = 30  # people; of fewer a share says nothing
DRAWS = 999
_SEED = 7
BY_CHANCE = 0.01  # where a lot would do as much more often than this, chance explains it

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


class Estimate(NamedTuple):
    """A figure between the ends of its 95 % interval, of so many people; None where they are too few."""

    value: float | None
    low: float | None
    high: float | None
    people: int

    def rounded(self) -> dict[str, float | int | None]:
        """Its parts by name, for a line of JSON."""
        ends = {name: None if one is None else round(one, 6) for name, one in self._asdict().items()}
        return {**ends, "people": self.people}

    def in_percent(self) -> str:
        """A share for somebody to read: `2.8 (2.1-3.8)`."""
        if self.value is None or self.low is None or self.high is None:
            return "too few"
        return f"{self.value:.1%} ({self.low:.1%}-{self.high:.1%})".replace("%", "")


def share(of: Mask, among: Mask) -> Estimate:
    """The share `of` those `among` (both (N,)), with Wilson's interval; None where they are too few."""
    people, count = int(among.sum()), int((of & among).sum())
    if people < TOO_FEW:
        return Estimate(None, None, None, people)
    return Estimate(count / people, *wilson(count, people), people)


def wilson(count: int, people: int, level: float = 0.95) -> tuple[float, float]:
    """The ends of the interval (Wilson 1927) of a share that `count` of so many `people` (one or more)
    had.
    """
    from scipy.stats import (
        binomtest,
    )  # here: it loads for half a second, and most that start ask for no interval

    interval = binomtest(count, people).proportion_ci(level, method="wilson")
    return float(interval.low), float(interval.high)


def resampled(figure: Callable[[Array], float], people: int) -> Estimate:
    """A figure of weights (N,) per person, by a Poisson bootstrap (Chamandy et al. 2012)."""
    if people < TOO_FEW:
        return Estimate(None, None, None, people)
    lot = np.random.default_rng(_SEED)
    value = figure(np.ones(people))
    drawn = np.array([figure(lot.poisson(1.0, people).astype(np.float64)) for _ in range(DRAWS)])
    drawn = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or len(drawn) < DRAWS // 2:
        return Estimate(None, None, None, people)
    low, high = np.quantile(drawn, (0.025, 0.975)).tolist()
    return Estimate(float(value), low, high, people)


def against_the_same(event: Mask, member: Mask, stratum: npt.NDArray[np.int64]) -> Estimate:
    """How often `event` happens to members, as a multiple of how often it does to others of the same strata
    (direct standardisation to the members' strata); strata without others are left out.
    """
    strata = int(stratum.max(initial=-1)) + 1
    ours = np.array([bool((member & (stratum == s)).any()) for s in range(strata)])
    theirs = np.array([bool((~member & (stratum == s)).any()) for s in range(strata)])
    inside = (ours & theirs)[stratum] if strata else np.zeros(0, bool)
    if int((member & inside).sum()) < TOO_FEW or int((~member & inside).sum()) < TOO_FEW:
        return Estimate(None, None, None, int((member & inside).sum()))
    event, member, stratum = event[inside].astype(np.float64), member[inside], stratum[inside]

    def ratio(weights: Array) -> float:
        mine = np.bincount(stratum[member], weights[member], strata)
        other = np.bincount(stratum[~member], weights[~member], strata)
        rate = np.divide(
            np.bincount(stratum[~member], (weights * event)[~member], strata),
            other,
            out=np.full(strata, np.nan),
            where=other > 0,
        )
        kept = (mine > 0) & np.isfinite(rate)
        expected = float((mine[kept] * rate[kept]).sum())
        happened = float((weights * event)[member].sum())
        return happened / expected if expected > 0 else float("nan")

    return resampled(ratio, len(event))._replace(people=int(member.sum()))


class Excess(NamedTuple):
    """To how many members it happened, to how many it would have as often as to others of the same strata,
    and the chance that a lot among the same brings it to so many members or more.
    """

    happened: int
    expected: float
    chance: float

    @property
    def times(self) -> float:
        """How many times as many as expected, half a person added to both: finite, and near 1 for few."""
        return (self.happened + 0.5) / (self.expected + 0.5)

    def is_fair(self, before: Excess, most: float) -> bool:
        """Whether it is at most so many times as many, or a lot would do as much, or it was no better
        before.
        """
        return self.times <= most or self.chance >= BY_CHANCE or self.times <= before.times

    def sentence(self, what: str, before: Excess, when: str) -> str:
        """In a sentence: `what` happened, and `when` it was as `before`."""
        return (
            f"{self.happened} of the group's honest {what}, {self.expected:.1f} if they fared as others with "
            f"the same own history ({self.times:.1f} times, {before.times:.1f} {when}); by lot it would be "
            f"so many with a chance of {self.chance:.2g}"
        )


def excess(event: Mask, member: Mask, stratum: npt.NDArray[np.int64]) -> Excess:
    """Of an `event` (N,) among members beside others of the same strata; strata without others tell nothing.

    The lot is drawn within each stratum: a sum of hypergeometric counts (Fisher's exact test, stratified).
    """
    from scipy.stats import hypergeom  # here, as above

    happened, expected, drawn = 0, 0.0, np.ones(1)
    for one in np.unique(stratum[member]).tolist():
        inside = stratum == one
        people, ours, events = int(inside.sum()), int((inside & member).sum()), int((inside & event).sum())
        if people == ours:
            continue
        mine = int((inside & member & event).sum())
        happened += mine
        expected += ours * (events - mine) / (people - ours)
        drawn = np.convolve(drawn, hypergeom.pmf(np.arange(min(ours, events) + 1), people, events, ours))
    return Excess(happened, expected, min(float(drawn[happened:].sum()), 1.0))
