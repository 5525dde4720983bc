"""Processes that a bench starts: none outlives it, unless it is killed itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

ENDS_S = 60.0  # a process that was told to end is killed after so long


def leave_on_sigterm() -> None:
    """From now on SIGTERM raises SystemExit in the main thread, once: a second one does not keep processes
    from being ended.
    """
    signal.signal(signal.SIGTERM, _leave)


def _leave(number: int, _: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(128 + number)


@contextmanager
def _signals_after() -> Iterator[None]:
    """SIGINT and SIGTERM count after the block: raised where Python forgets an object, as it does often while
    something starts, SystemExit would be lost, and the bench go on.
    """
    received: list[int] = []
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    handled = {one: how for one, how in before.items() if callable(how)}
    if threading.current_thread() is not threading.main_thread():
        handled = {}  # no signal is handled here
    for one in handled:
        signal.signal(one, lambda number, _: received.append(number))
    try:
        yield
    finally:
        for one, how in handled.items():
            signal.signal(one, how)
    for number in received:
        signal.raise_signal(number)


class Started:
    """A process and all that it starts."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    def start(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None, streams: int | None = None
    ) -> subprocess.Popen[bytes]:
        """Start it; `streams` (subprocess.PIPE) are its input and output. A signal that comes meanwhile
        does not keep it from being known here, and so from its end.
        """
        with _signals_after():
            self.process = subprocess.Popen(
                command, env=environment, stdin=streams, stdout=streams, start_new_session=True
            )
        return self.process

    def end(self, sign: int = signal.SIGTERM) -> None:
        """End it with all its processes; nothing happens where it has ended."""
        if self.process is None:
            return
        self._send(self.process.pid, sign)
        try:
            self.process.wait(ENDS_S)
        except subprocess.TimeoutExpired:
            self._send(self.process.pid, signal.SIGKILL)
            self.process.wait()

    @staticmethod
    def _send(group: int, sign: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(group, sign)


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str] | None = None, streams: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process while it is needed."""
    started = Started()
    try:
        yield started.start(command, environment, streams)
    finally:
        started.end()
