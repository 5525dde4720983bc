"""Keeps processes running: what ends is begun again, at once or after a pause, and all are ended together."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Protocol

from graph.model.moments import EPOCH
from service.jobs.pauses import Pauses

log = logging.getLogger("ringfence.processes")
LOOKS_S = 0.2  # between two looks at whether all are there
FIRST, LONGEST = timedelta(seconds=0.5), timedelta(seconds=30)  # before one that ended is begun again
_SOON_S = 0.02
SETTLED_S = 60.0  # who ran for so long ended for a reason of its own
IN_VAIN = 5  # times that all must fail, over some 15 s, before nobody tries any more


class KeptRunning(Protocol):
    """A process that is kept running. `ends_s`: how long it may take to end once it is told to."""

    name: str
    ends_s: float

    def begin(self) -> None:
        """Start it, once more where it ended."""

    def ended(self) -> int | None:
        """Its exit status, negative where a signal ended it; None while it runs."""

    def tell(self) -> None:
        """Tell it to end."""

    def kill(self) -> None:
        """End it."""


class Beside:
    """`python -m module` as a process of its own, with this one's environment; it is told who started it."""

    def __init__(self, module: str, ends_s: float) -> None:
        self.name, self.ends_s = module.rpartition(".")[2], ends_s
        self._module = module
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start it."""
        self._process = subprocess.Popen((sys.executable, "-m", self._module, str(os.getpid())))

    def ended(self) -> int | None:
        """Its exit status; None while it runs, and before it was begun."""
        return self._process.poll() if self._process else None

    def tell(self) -> None:
        """Tell it to end."""
        if self._process:
            self._process.terminate()

    def kill(self) -> None:
        """End it."""
        if self._process:
            self._process.kill()
            self._process.wait()


def _uncounted(_name: str) -> None:
    """Where nobody counts who is begun again."""


class Supervisor:
    """Some processes, of which none stays away because it, or another, ended. `seconds` is a clock that runs
    evenly; `count` is told the name of each that is begun again.
    """

    def __init__(
        self,
        kept: Iterable[KeptRunning],
        seconds: Callable[[], float] = time.monotonic,
        count: Callable[[str], None] = _uncounted,
    ) -> None:
        self._kept, self._seconds, self._count = tuple(kept), seconds, count
        self._pauses = Pauses[str](lambda: EPOCH + timedelta(seconds=seconds()), FIRST, LONGEST)
        self._begun = dict.fromkeys((one.name for one in self._kept), seconds())
        self._away: set[str] = set()
        self._in_vain: Counter[str] = Counter()

    def look(self) -> None:
        """Begin again what ended and has paused."""
        for one in self._kept:
            if one.name in self._away:
                self._again(one)
            elif (status := one.ended()) is not None:
                self._ended(one, status)

    def all_in_vain(self, names: Iterable[str]) -> bool:
        """Whether none of these runs, because each has ended itself IN_VAIN times one after the other: what
        keeps them from running is not over in a moment.
        """
        return all(name in self._away and self._in_vain[name] >= IN_VAIN for name in names)

    def end(self) -> None:
        """Tell all to end, wait for each as long as it may take, and kill who still runs then."""
        running = [one for one in self._kept if one.ended() is None]
        for one in running:
            one.tell()
        since = self._seconds()
        while running := [one for one in running if one.ended() is None]:
            for one in running:
                if self._seconds() - since > one.ends_s:
                    log.warning("%s did not end within %g s and is killed", one.name, one.ends_s)
                    one.kill()
            time.sleep(_SOON_S)

    def _ended(self, one: KeptRunning, status: int) -> None:
        lived = self._seconds() - self._begun[one.name]
        if lived > SETTLED_S:
            self._pauses.over(one.name)
        self._in_vain[one.name] = self._in_vain[one.name] + 1 if status > 0 and lived <= SETTLED_S else 0
        pause = self._pauses.failed(one.name)
        self._away.add(one.name)
        log.warning(
            "%s ended by %s after %.0f s; it is begun again in %g s",
            one.name,
            _words(status),
            lived,
            pause.total_seconds(),
        )

    def _again(self, one: KeptRunning) -> None:
        if one.name not in self._pauses:
            one.begin()
            self._count(one.name)
            self._begun[one.name] = self._seconds()
            self._away.discard(one.name)


def _words(status: int) -> str:
    if status >= 0:
        return f"itself with status {status}"
    return f"signal {-status}{' (out of memory?)' if -status == signal.SIGKILL else ''}"
