"""The clocks of the service, where nothing says another moment: that of this machine, and the one that all
machines on a casebook share.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic

from investigations.casebook import Casebook
from service.threads.periodic_thread import PeriodicThread

LOOKS_EVERY_S = 15.0  # how often a machine asks the casebook for the moment
_LOOKS = 3  # at once, of which the shortest tells most exactly
_SHORT = timedelta(milliseconds=50)  # a longer look changes nothing, where there was one before


def system_clock() -> datetime:
    """The moment now, UTC, by this machine's clock."""
    return datetime.now(UTC)


def clock_of(casebook: Casebook) -> Callable[[], datetime]:
    """The clock of a process on that casebook. Raises StoreUnavailableError."""
    return system_clock if casebook.moment() is None else SharedClock(casebook.moment)


class SharedClock:
    """The moment as `ask` has it, whatever this machine's own clock says or is put to: this machine's steady
    clock (`tick`, seconds) carries it on from the latest look. Safe for threads.

    Raises what `ask` raises, but at the first look alone; later the one before goes on.
    """

    def __init__(self, ask: Callable[[], datetime | None], tick: Callable[[], float] = monotonic) -> None:
        self._ask, self._tick = ask, tick
        self._at_zero: datetime | None = None  # the moment at which `tick` was 0
        self._next = 0.0  # by `tick`, when it is time for another look
        self.look()
        self._looking = PeriodicThread(self.look, LOOKS_EVERY_S)

    def __call__(self) -> datetime:
        tick = self._tick()
        if tick > self._next:
            self._looking.wake()
        assert self._at_zero is not None
        return self._at_zero + timedelta(seconds=tick)

    def look(self) -> bool:
        """Ask for the moment; nothing is left to do afterwards."""
        self._next = self._tick() + 2 * LOOKS_EVERY_S
        took, at_zero = min(self._looked() for _ in range(_LOOKS))
        if self._at_zero is None or took <= _SHORT:
            self._at_zero = at_zero
        return True

    def close(self) -> None:
        """Look no more."""
        self._looking.close()

    def _looked(self) -> tuple[timedelta, datetime]:
        """How long a look took, and when `tick` was 0 by it."""
        before = self._tick()
        there = self._ask()
        after = self._tick()
        if there is None:
            raise ValueError("there is no clock to share")
        return timedelta(seconds=after - before), there - timedelta(seconds=(before + after) / 2)
