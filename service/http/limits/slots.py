"""Limits each caller's concurrent work by slots shared by all workers of a machine."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock


class Slots:
    """At most `most` pieces of work for each name.

    `folder`: where several processes share them, as locked files that are free again whatever becomes of a
    process; without one the slots are this process's own.
    """

    def __init__(self, most: int, folder: Path | None) -> None:
        self._most = most
        self._folder = folder
        self._lock = Lock()
        self._taken: Counter[str] = Counter()

    @contextmanager
    def slot(self, name: str) -> Iterator[bool]:
        """Whether there was a slot; it is held inside."""
        held = self._own(name) if self._folder is None else self._shared(self._folder, name)
        with held as had:
            yield had

    @contextmanager
    def _own(self, name: str) -> Iterator[bool]:
        with self._lock:
            had = self._taken[name] < self._most
            self._taken[name] += had
        try:
            yield had
        finally:
            with self._lock:
                self._taken[name] -= had
                if not self._taken[name]:
                    del self._taken[name]

    @contextmanager
    def _shared(self, folder: Path, name: str) -> Iterator[bool]:
        whose = hashlib.blake2b(name.encode(), digest_size=8).hexdigest()
        for number in range(self._most):
            file = os.open(folder / f"slot-{whose}-{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
                continue
            try:
                yield True
            finally:
                os.close(file)  # which frees the slot
            return
        yield False
