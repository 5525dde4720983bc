"""How much a caller may ask: a bucket for each, shared by all workers of a machine; wrong keys have one by address."""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from time import monotonic

_SLOTS = 4_096
_SLOT = struct.Struct("=16sdd")  # whose bucket, its level, and when that was its level (monotonic, one clock for all processes)
_PROBES = 16  # slots in which a name's bucket may lie; where all are others', it takes the one that was not used for longest


class RateLimit:
    """A bucket of `burst` requests for each name, refilled at `rate` a second.

    `path` names a file that several processes share; without one the buckets are this process's own. A rate of 0 is no limit.
    """

    def __init__(self, rate: float, burst: float, path: Path | None = None, tick: Callable[[], float] = monotonic) -> None:
        self._rate = rate
        self._burst = float(max(burst, 1))
        self._tick = tick
        self._lock = Lock()
        self._file = -1 if path is None else os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if self._file >= 0:
            os.ftruncate(self._file, _SLOTS * _SLOT.size)
        self._slots = mmap.mmap(self._file, _SLOTS * _SLOT.size)

    def wait(self, name: str, cost: float = 1.0) -> float:
        """Seconds until the caller may come again; 0.0 when this request is let through. One that costs more than a burst waits for a full bucket."""
        if self._rate <= 0:
            return 0.0
        cost = min(cost, self._burst)
        with self._held():
            at, level = self._bucket(name)
            if level >= cost:
                self._write(at, name, level - cost)
                return 0.0
            self._write(at, name, level)
        return (cost - level) / self._rate

    def _bucket(self, name: str) -> tuple[int, float]:
        """Where the bucket lies, and its level now."""
        wanted, now = _mark(name), self._tick()
        first = int.from_bytes(wanted[:8], "big")
        oldest, since = 0, float("inf")
        for probe in range(_PROBES):
            at = (first + probe) % _SLOTS * _SLOT.size
            whose, level, then = _SLOT.unpack_from(self._slots, at)
            if whose == wanted:
                return at, min(self._burst, level + (now - then) * self._rate)
            if not any(whose):
                return at, self._burst
            if then < since:
                oldest, since = at, then
        return oldest, self._burst

    def _write(self, at: int, name: str, level: float) -> None:
        _SLOT.pack_into(self._slots, at, _mark(name), level, self._tick())

    @contextmanager
    def _held(self) -> Iterator[None]:
        with self._lock:
            if self._file < 0:
                yield
                return
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)


def _mark(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=16).digest()
