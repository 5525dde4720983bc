"""Chance by seed, one draw at a time: uniform numbers come from numpy in bulk, so that a draw is cheap."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")
_BULK = 65_536


class Dice:
    """Draws that depend on the seed and their order alone."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._pool: list[float] = []

    def u(self) -> float:
        """Uniform in [0, 1)."""
        if not self._pool:
            self._pool = self._rng.random(_BULK).tolist()
        return self._pool.pop()

    def chance(self, share: float) -> bool:
        """True in that share of cases."""
        return self.u() < share

    def whole(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + int(self.u() * (high - low + 1))

    def between(self, low: float, high: float) -> float:
        """Uniform between two numbers."""
        return low + self.u() * (high - low)

    def wait(self, mean: float) -> float:
        """Exponential: how long until the next of things that come at random."""
        return -mean * math.log(1.0 - self.u())

    def bell(self, middle: float, spread: float) -> float:
        """Normal."""
        return middle + spread * math.sqrt(-2 * math.log(1.0 - self.u())) * math.cos(2 * math.pi * self.u())

    def pick(self, things: Sequence[T]) -> T:
        """One of them, each as likely."""
        return things[int(self.u() * len(things))]

    def front(self, things: Sequence[T], steepness: float = 2.0) -> T:
        """One of them, the first ones likelier: how customers spread over shops and workers over firms."""
        return things[int(self.u() ** steepness * len(things))]

    def some(self, things: Sequence[T], count: int) -> list[T]:
        """Several different ones, in random order; all of them where there are fewer."""
        return self.shuffled(things)[:count]

    def shuffled(self, things: Sequence[T]) -> list[T]:
        """The same things in random order."""
        left = list(things)
        for last in range(len(left) - 1, 0, -1):
            other = int(self.u() * (last + 1))
            left[last], left[other] = left[other], left[last]
        return left

    def weighted(self, weights: Mapping[T, float]) -> T:
        """One of the keys, by its weight."""
        mark = self.u() * sum(weights.values())
        for thing, weight in weights.items():
            mark -= weight
            if mark < 0:
                return thing
        return next(reversed(list(weights)))
