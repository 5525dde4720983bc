"""Thresholds that follow the scores: each day as many answers go to a person as people can review, also when
what comes has changed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from graph.model.capacity import threshold_at
from investigations.policy import Thresholds

log = logging.getLogger("ringfence.capacity")

Floats = npt.NDArray[np.float64]

# The answers that set a day's threshold: of the day before, and where these are fewer than LEAST as many of
# the days before that, up to LONGEST; fewer than half of LEAST say too little (at a capacity of .02, ten).
LEAST, MOST = 1_000, 20_000
DAY, LONGEST = timedelta(days=1), timedelta(days=30)
# Answers of the last minutes before midnight may still be on their way into the casebook: every process, and
# every one that looks later, has to see the same.
SETTLED = timedelta(minutes=5)
LOW, HIGH = 0.25, 2.0  # the band of the share in review, in times of the capacity


class Outside(StrEnum):
    """On which side of its band the share in review lies."""

    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True, slots=True)
class ScoreWindow:
    """Which scores set the thresholds of a day, all before `until`: those from `usual` on, the day before, at
    most the latest `most`; where they are fewer than `least`, the latest `least` from `first` on.
    """

    first: datetime
    usual: datetime
    until: datetime
    least: int
    most: int


Scores = Callable[[ScoreWindow], Floats]
"""The scores (N,) of a window."""


@dataclass(frozen=True, slots=True)
class InForce:
    """A day's thresholds, and what share of the scores that set them had reached the ones before (None where
    there were too few).
    """

    thresholds: Thresholds
    followed: bool = False
    reached: float | None = None

    def outside(self, capacity: float) -> Outside | None:
        """Where the share that had reached the thresholds before lies outside the band around `capacity`."""
        if self.reached is None or LOW * capacity <= self.reached <= HIGH * capacity:
            return None
        return Outside.ABOVE if self.reached > capacity else Outside.BELOW


def window_of(at: datetime, zone: tzinfo) -> ScoreWindow:
    """The window for the day, by the clocks of `zone`, in which `at` lies."""
    midnight = at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    until = midnight - SETTLED
    return ScoreWindow(until - LONGEST, until - DAY, until, LEAST, MOST)


def in_force(scores: Floats, capacity: float, own: Thresholds, before: Thresholds) -> InForce:
    """The thresholds by the latest `scores` (N,): the `capacity` share of them reaches `review`.

    `own` are the model's, which hold where there are too few scores: declining is proposed from there on as
    before, and never below `review`. `before`: the ones in force until now. The ceiling on approval stays.
    """
    if len(scores) < LEAST // 2:
        return InForce(own)
    review = min(threshold_at(scores, np.ones(len(scores)), capacity), 1.0)
    thresholds = replace(own, review=review, decline=max(own.decline, review))
    return InForce(thresholds, True, float(np.mean(scores >= before.from_here_a_person)))


class Following:
    """The thresholds in force, day by day; the same scores give the same thresholds in every process.

    `scores` gives those of a window. `alarm` is told, once a day, when the share in review had left its band.
    """

    def __init__(
        self,
        own: Thresholds,
        capacity: float,
        zone: tzinfo,
        scores: Scores,
    ) -> None:
        self._own, self._capacity, self._zone = own, capacity, zone
        self._scores = scores
        self.alarm: Callable[[Outside], None] = lambda side: None
        self._day: tuple[datetime, InForce] | None = None

    def at(self, moment: datetime) -> InForce:
        """Those of that moment's day. Raises what `scores` does."""
        window = window_of(moment, self._zone)
        if self._day is None or self._day[0] != window.until:
            earlier = window_of(window.until, self._zone)
            before = in_force(self._scores(earlier), self._capacity, self._own, self._own)
            now = in_force(self._scores(window), self._capacity, self._own, before.thresholds)
            self._say(window, now)
            self._day = window.until, now
        return self._day[1]

    def _say(self, window: ScoreWindow, now: InForce) -> None:
        if (side := now.outside(self._capacity)) is None or now.reached is None:
            return
        self.alarm(side)
        log.warning(
            "until %s %.1f %% of the scores reached the review threshold, people can review %.1f %%: "
            "it is %.4g from here on; what comes has changed, or the model has aged",
            window.until.isoformat(timespec="minutes"),
            100 * now.reached,
            100 * self._capacity,
            now.thresholds.review,
        )
