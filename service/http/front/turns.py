"""Schedules work in a process: one piece at a time, and long work yields between slices."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
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

    def short(self) -> AbstractContextManager[None]:
        """Wait for a turn with short work, and have it inside."""
        return self._turn(self._short)

    def long(self) -> AbstractContextManager[None]:
        """Wait for a turn with long work, and have it inside."""
        return self._turn(self._long)

    def give_way(self) -> None:
        """Between two slices of long work: let who waits have a turn, and wait for the next one. Only inside
        a long turn.
        """
        if self._short or self._long:
            self._hand_on()
            self._take(self._long)

    @contextmanager
    def _turn(self, queue: deque[Lock]) -> Iterator[None]:
        self._take(queue)
        try:
            yield
        finally:
            self._hand_on()

    def _take(self, queue: deque[Lock]) -> None:
        with self._lock:
            if not self._taken:
                self._taken = True
                return
            gate = Lock()
            gate.acquire()
            queue.append(gate)
        gate.acquire()  # released by who hands the turn on

    def _hand_on(self) -> None:
        with self._lock:
            waiting = self._short or self._long
            if waiting:
                waiting.popleft().release()
            else:
                self._taken = False
