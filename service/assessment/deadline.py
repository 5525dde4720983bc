"""Deadlines: the caller's time-out and the estimated latency of each step decide how much of an assessment is
done.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

_FIRST_GUESS_MS = {
    "store": 2.0,
    "neighbourhood": 5.0,
    "signals": 3.0,
    "model": 10.0,
    "history": 1.0,
    "audit": 2.0,
}
_RISE, _FALL = 0.5, 0.1  # how much of a slower, or quicker, step is believed at once
_FAR = 10.0  # a step so many times as quick as expected says that what held it up is over
_UNHURRIED_MS = 1e9


class LatencyEstimate:
    """What each step has lately cost in this process, in milliseconds: rises fast, falls slowly, and fast
    again when a hold-up is over.
    """

    def __init__(self) -> None:
        self.expected = dict(_FIRST_GUESS_MS)

    def record(self, step: str, spent_ms: float) -> None:
        """Learn from a step that was done."""
        usual = self.expected[step]
        self.expected[step] = usual + (_RISE if spent_ms > usual or spent_ms * _FAR < usual else _FALL) * (
            spent_ms - usual
        )

    def skipped(self, step: str) -> None:
        """A step that was left out for its cost is tried again by and by: one slow moment must not shut it
        out for good.
        """
        self.expected[step] *= 1.0 - _FALL


class _Timing:
    """A step under way; a class, for a generator of the standard library takes four times as long."""

    __slots__ = ("_began", "_step", "_watch")

    def __init__(self, watch: Stopwatch, step: str) -> None:
        self._watch, self._step, self._began = watch, step, 0.0

    def __enter__(self) -> None:
        self._began = self._watch.now()

    def __exit__(self, *_: object) -> None:
        self._watch.took(self._step, (self._watch.now() - self._began) * 1000.0)


class Stopwatch:
    """The times of one assessment, against its deadline. `tick` gives seconds; only differences count.

    `started`: when the request came, on the same clock, where that was before now: what it waited counts.
    """

    def __init__(
        self,
        pace: LatencyEstimate,
        timeout_ms: float,
        tick: Callable[[], float] = perf_counter,
        *,
        started: float | None = None,
    ) -> None:
        self._pace = pace
        self._tick = tick
        self._started = tick() if started is None else started
        self._ends = self._started + timeout_ms / 1000.0
        self.spent_ms = {"store": 0.0, "neighbourhood": 0.0, "signals": 0.0, "model": 0.0}

    @classmethod
    def unhurried(cls) -> Stopwatch:
        """The times of an assessment for which nobody waits."""
        return cls(LatencyEstimate(), _UNHURRIED_MS)

    def left_ms(self) -> float:
        """Milliseconds until the caller's time is up; negative after it."""
        return (self._ends - self._tick()) * 1000.0

    def reserved_ms(self) -> float:
        """What the audit row usually takes."""
        return self._pace.expected["audit"]

    def late(self) -> bool:
        """Whether the caller's time is up, or will be when the audit row is written."""
        return self.left_ms() < self.reserved_ms()

    def spare_ms(self, *steps: str) -> float:
        """Milliseconds left when these steps and the audit row have taken twice what they usually take;
        negative when there is no room.
        """
        return self.left_ms() - 2.0 * (sum(self._pace.expected[step] for step in steps) + self.reserved_ms())

    def total_ms(self) -> float:
        """Milliseconds since the request came."""
        return (self._tick() - self._started) * 1000.0

    def allows(self, *steps: str) -> bool:
        """Whether there is time for these steps, and for the audit row that every answer needs."""
        if sum(self._pace.expected[step] for step in steps) + self._pace.expected["audit"] <= self.left_ms():
            return True
        for step in steps:
            self._pace.skipped(step)
        return False

    def timing(self, step: str) -> _Timing:
        """Time a step, a `with` block, whether it ends well or not."""
        return _Timing(self, step)

    def now(self) -> float:
        """Seconds on its clock."""
        return self._tick()

    def took(self, step: str, spent_ms: float) -> None:
        """A step was done."""
        self._pace.record(step, spent_ms)
        if step in self.spent_ms:
            self.spent_ms[step] += spent_ms

    def timings(self) -> dict[str, float]:
        """What the answer says: milliseconds of each step and in all."""
        return {name: round(spent, 3) for name, spent in self.spent_ms.items()} | {
            "total": round(self.total_ms(), 3)
        }
