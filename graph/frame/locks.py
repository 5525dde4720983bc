"""File locks for one writer and many readers on a machine, fair to both, released when their process ends."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from graph import private
from graph.facts.tables import Column
from graph.model.errors import FrameUnreadableError

# for how long readers that come stand back for a writer; then they come in, and it asks again
YIELDS_S = 0.005


class FileLock:
    """A lock on a file that all processes and threads of a machine share, by a descriptor of each thread's
    own.

    Not to be taken again by who holds it.
    """

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

    def take_shared(self) -> None:
        """Take it among other readers; `free` gives it back."""
        fcntl.flock(self._descriptor(), fcntl.LOCK_SH)

    def try_shared(self) -> bool:
        """Take it among other readers if no writer has it; `free` gives it back."""
        return self._tried(fcntl.LOCK_SH)

    def try_alone(self) -> bool:
        """Take it by oneself if nobody has it; `free` gives it back."""
        return self._tried(fcntl.LOCK_EX)

    def free(self) -> None:
        """Give back what was taken."""
        fcntl.flock(self._descriptor(), fcntl.LOCK_UN)

    def close(self) -> None:
        """Give back the descriptors of all threads; none of them holds the lock any more."""
        for descriptor in self._opened:
            os.close(descriptor)
        self._opened.clear()
        self._local = threading.local()

    def _tried(self, how: int) -> bool:
        try:
            fcntl.flock(self._descriptor(), how | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _descriptor(self) -> int:
        """This thread's own: a lock belongs to what `open` made, and a forked child shares that with its
        parent.
        """
        known: tuple[int, int] | None = getattr(self._local, "descriptor", None)
        if known is not None and known[0] == os.getpid():
            return known[1]
        with private.owner_only():
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._local.descriptor = (os.getpid(), descriptor)
        self._opened.append(descriptor)
        return descriptor


def writers_lock(folder: Path) -> FileLock:
    """The lock of who brings facts into the frame in that folder."""
    return FileLock(folder.with_name(folder.name + ".writer"))


class FairLock:
    """Many readers or one writer, in turns: however many read, a writer comes in, and however often it
    writes, who waits to read comes in.

    A file lock alone gives no turns: readers that overlap keep a writer out for ever, and a writer that comes
    back at once is quicker than who waits. So a writer shuts a gate before readers that come, for YIELDS_S at
    most, and before it writes it lets those in who waited while it wrote: they hold `turn`. The gate's sign
    is the one word `wanted`, so that a reader who meets no writer asks for one lock alone; a sign that a
    killed writer left costs readers two more, until the next writer.
    """

    def __init__(self, path: Path, beside: Path, wanted: Column) -> None:
        """`path`: the file of the lock; in the folder `beside` are those that give turns. `wanted`: (1,),
        which all processes share.
        """
        self._inside, self._gate, self._turn = (
            FileLock(path),
            FileLock(beside / "gate"),
            FileLock(beside / "turn"),
        )
        self._wanted = wanted

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Among other readers. Not to be taken again by who holds it. Raises FrameUnreadableError where the
        folder was taken away.
        """
        try:
            if self._wanted[0] or not self._inside.try_shared():
                self._wait()
        except FileNotFoundError as error:
            raise FrameUnreadableError("the frame's folder was taken away") from error
        try:
            yield
        finally:
            self._inside.free()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """By oneself; there is one writer at a time, whom another lock tells apart."""
        with self._turn.alone():  # whoever waited while something was written is in now
            pass
        while not (self._inside.try_alone() or self._shut()):
            sleep(YIELDS_S)  # somebody reads for long: others are not to wait for that
        try:
            yield
        finally:
            self._inside.free()

    def close(self) -> None:
        """Give back the descriptors of all threads; none of them holds the lock any more."""
        for lock in (self._inside, self._gate, self._turn):
            lock.close()

    def _wait(self) -> None:
        with self._turn.shared():
            with self._gate.shared():
                pass
            self._inside.take_shared()

    def _shut(self) -> bool:
        """Whether the lock could be had while the gate was shut."""
        with self._gate.alone():
            self._wanted[0] = 1
            try:
                return any(self._inside.try_alone() for _ in waits(YIELDS_S))
            finally:
                self._wanted[0] = 0


def waits(patience: float) -> Iterator[None]:
    """Wait a little longer each time, for about `patience` seconds in all."""
    until, pause = monotonic() + patience, 20e-6
    yield
    while monotonic() < until:
        sleep(pause)
        pause = min(pause * 1.5, 2e-3)
        yield
