"""Schedules work in a process: one piece at a time, and long work yields between slices."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class Turns:
    """A turn is handed on directly: to who waits with short work, else to the long work that waits longest.

    Short work comes from one thread, which is back with its next piece only after a waiting slice was let
    through: neither starves.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._taken = False
        self._short: deque[Lock] = deque()
        self._long: deque[Lock] = deque()

    @contextmanager
    def turn(self, *, long: bool) -> Iterator[None]:
        """Wait for a turn and have it inside."""
        self._take(long)
        try:
            yield
        finally:
            self._hand_on()

    def give_way(self) -> None:
        """Between two slices of long work: let who waits have a turn, and wait for the next one. Only inside
        a long turn.
        """
        if self._short or self._long:
            self._hand_on()
            self._take(long=True)

    def _take(self, long: bool) -> None:
        with self._lock:
            if not self._taken:
                self._taken = True
                return
            gate = Lock()
            gate.acquire()
            (self._long if long else self._short).append(gate)
        gate.acquire()  # released by who hands the turn on

    def _hand_on(self) -> None:
        with self._lock:
            waiting = self._short or self._long
            if waiting:
                waiting.popleft().release()
            else:
                self._taken = False
