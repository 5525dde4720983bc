"""Counters shared by all workers of a machine: records in a memory-mapped file under one lock."""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any, NamedTuple

from service.mapped_room import with_room

# whose record, and when it was written (monotonic, one clock for all processes)
_HEAD = struct.Struct("=16sd")
# slots in which a name's record may lie; where all are others', it takes the one that was not written for
# longest
_PROBES = 16


class CounterRecord(NamedTuple):
    """A record: when it was written, and its values."""

    at: float
    values: tuple[Any, ...]


class SharedCounters:
    """Records of one form, at most `slots` of them, each known by a digest of its name.

    `path` names a file that several processes share; without one the records are this process's own. What was
    written before the machine was started is not there any more.
    """

    def __init__(
        self, form: struct.Struct, slots: int, path: Path | None = None, tick: Callable[[], float] = monotonic
    ) -> None:
        self._form = form
        self._slots = slots
        self._width = _HEAD.size + form.size
        self._tick = tick
        self._lock = Lock()
        self._file = -1 if path is None else with_room(path, slots * self._width)
        self._bytes = mmap.mmap(self._file, slots * self._width)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else reads or writes meanwhile, in whatever process."""
        with self._lock:
            if self._file < 0:
                yield
                return
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def read(self, name: str) -> CounterRecord | None:
        """The record of that name, while it is `held`."""
        at, had = self._place(_mark(name))
        if not had:
            return None
        _, written = _HEAD.unpack_from(self._bytes, at)
        return (
            CounterRecord(written, self._form.unpack_from(self._bytes, at + _HEAD.size))
            if written <= self._tick()
            else None
        )

    def write(self, name: str, *values: Any) -> None:
        """Put the record in place of that name's, while it is `held`."""
        revision = _mark(name)
        at, _ = self._place(revision)
        _HEAD.pack_into(self._bytes, at, revision, self._tick())
        self._form.pack_into(self._bytes, at + _HEAD.size, *values)

    def _place(self, wanted: bytes) -> tuple[int, bool]:
        """Where the record lies or may be put, and whether it is there."""
        first = int.from_bytes(wanted[:8], "big")
        oldest, since = 0, float("inf")
        for probe in range(_PROBES):
            at = (first + probe) % self._slots * self._width
            whose, written = _HEAD.unpack_from(self._bytes, at)
            if whose == wanted:
                return at, True
            if not any(whose):
                return at, False
            if written < since:
                oldest, since = at, written
        return oldest, False


def _mark(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=16).digest()
