"""One writer a machine, many readers: locks on files, by a descriptor of each thread's own, that end with whoever holds them."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from graph import private


class FileLock:
    """A lock on a file that all processes and threads of a machine share. Not to be taken again by who holds it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._opened: list[int] = []

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Among other readers."""
        descriptor = self._descriptor()
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        try:
            yield
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """By oneself."""
        descriptor = self._descriptor()
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)

    def try_alone(self) -> bool:
        """Take it by oneself if nobody has it; `free` gives it back."""
        try:
            fcntl.flock(self._descriptor(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def free(self) -> None:
        """Give back what `try_alone` took."""
        fcntl.flock(self._descriptor(), fcntl.LOCK_UN)

    def close(self) -> None:
        """Give back the descriptors of all threads; none of them holds the lock any more."""
        for descriptor in self._opened:
            os.close(descriptor)
        self._opened.clear()
        self._local = threading.local()

    def _descriptor(self) -> int:
        """This thread's own: a lock belongs to what `open` made, and a forked child shares that with its parent."""
        known: tuple[int, int] | None = getattr(self._local, "descriptor", None)
        if known is not None and known[0] == os.getpid():
            return known[1]
        with private.owner_only():
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._local.descriptor = (os.getpid(), descriptor)
        self._opened.append(descriptor)
        return descriptor


def waits(patience: float) -> Iterator[None]:
    """Wait a little longer each time, for about `patience` seconds in all."""
    until, pause = monotonic() + patience, 20e-6
    yield
    while monotonic() < until:
        sleep(pause)
        pause = min(pause * 1.5, 2e-3)
        yield
