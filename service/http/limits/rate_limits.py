"""Rate limits: a token bucket for each caller, shared by all workers of a machine, who let through their
machine's part; wrong keys are limited by address.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from service.http.limits.shared_counters import SharedCounters

_BUCKETS = 4_096
_LEVEL = struct.Struct("=d")


class RateLimit:
    """A bucket of `burst` requests for each name, refilled at `rate` a second.

    `path` names a file that several processes share; without one the buckets are this process's own. A rate
    of 0 is no limit. `machines` says among how many machines rate and burst are divided: callers come to each
    of them alike.
    """

    def __init__(
        self,
        rate: float,
        burst: float,
        path: Path | None = None,
        tick: Callable[[], float] = monotonic,
        machines: Callable[[], int] = lambda: 1,
    ) -> None:
        self._whole_rate, self._whole_burst = rate, burst
        self._tick, self._machines = tick, machines
        self._buckets = SharedCounters(_LEVEL, _BUCKETS, path, tick)

    def wait(self, name: str, cost: float = 1.0) -> float:
        """Seconds until the caller may come again; 0.0 when this request is let through. One that costs more
        than a burst waits for a full bucket.
        """
        if self._whole_rate <= 0:
            return 0.0
        machines = self._machines()
        rate, burst = self._whole_rate / machines, max(self._whole_burst / machines, 1.0)
        cost = min(cost, burst)
        with self._buckets.held():
            result = self._buckets.read(name)
            level = (
                burst if result is None else min(burst, result.values[0] + (self._tick() - result.at) * rate)
            )
            enough = level >= cost
            self._buckets.write(name, level - cost if enough else level)
        return 0.0 if enough else (cost - level) / rate
