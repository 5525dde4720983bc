"""A background thread that repeats a step while there is work: when woken, and every second."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence

from graph.model.errors import RingfenceError

log = logging.getLogger("ringfence.threads")
PAUSE_S = 1.0  # between two looks when nobody tells, and after a failure
ENDS_S = 3.0  # how long a stopping service waits for all current steps


class PeriodicThread:
    """Runs `step` until it says that nothing is left to do for now, whenever somebody says `wake`, and every
    `pause_s` from the first time on.

    What `step` raises is logged, once while it stays the same, and it is tried again after a pause.
    """

    def __init__(self, step: Callable[[], bool], pause_s: float = PAUSE_S) -> None:
        self._step = step
        self._pause_s = pause_s
        self._woken, self._ended = threading.Event(), threading.Event()
        self._starting = threading.Lock()
        # of which process: a fork takes no threads along
        self._thread: tuple[int, threading.Thread] | None = None
        self._failed: type[Exception] | None = None

    def wake(self) -> None:
        """There may be something to do; the thread begins with the first call in a process."""
        self._woken.set()
        if self._thread is not None and self._thread[0] == os.getpid():
            return
        with self._starting:
            if (self._thread is None or self._thread[0] != os.getpid()) and not self._ended.is_set():
                thread = threading.Thread(target=self._run, name="keeper", daemon=True)
                self._thread = (os.getpid(), thread)
                thread.start()

    def end(self) -> None:
        """Stop after the current step; nobody waits for it."""
        self._ended.set()
        self._woken.set()

    def close(self) -> None:
        """Stop after the current step, and wait for that."""
        close_all((self,))

    def _join(self, until: float) -> None:
        """Wait for the thread's end, no longer than `until` (monotonic seconds)."""
        if self._thread is not None and self._thread[0] == os.getpid():
            self._thread[1].join(timeout=max(until - time.monotonic(), 0.0))

    def _run(self) -> None:
        while not self._ended.is_set():
            self._woken.clear()
            while not self._ended.is_set() and not self._done():
                pass
            self._woken.wait(self._pause_s)

    def _done(self) -> bool:
        try:
            done = self._step()
        except Exception as error:  # whatever is wrong, the next look may find it mended
            self._say(error)
            self._ended.wait(self._pause_s)
            return True
        self._failed = None
        return done

    def _say(self, error: Exception) -> None:
        """Once while it stays of one kind."""
        if type(error) is self._failed:
            return
        self._failed = type(error)
        if isinstance(error, RingfenceError):
            log.warning("%s", error)
        else:
            log.exception("something is wrong")


def close_all(threads: Sequence[PeriodicThread]) -> None:
    """Stop all of them, each after its current step; all together have ENDS_S for that."""
    for thread in threads:
        thread.end()
    until = time.monotonic() + ENDS_S
    for thread in threads:
        thread._join(until)
