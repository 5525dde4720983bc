"""Keeps a process running beside the workers, out of the way of requests: killed, it is started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LOOKS_S = 0.5  # between two looks at whether the others are still there
_ENDS_S = 10.0  # how long it may take to end


@contextmanager
def running_beside(module: str) -> Iterator[None]:
    """Keep `python -m module` running while the block lasts, with this process's environment."""
    keeper = subprocess.Popen((sys.executable, "-m", __name__, module))
    try:
        yield
    finally:
        _end(keeper)


def wait_until_ended(parent: int) -> None:
    """Wait until this process is told to end, or the one that started it, `parent`, is gone."""
    ended = _end_signal()
    while os.getppid() == parent and not ended.wait(_LOOKS_S):
        pass


def main() -> int:
    """Run the module of the argument again and again, until told to end or alone."""
    ended, parent = _end_signal(), os.getppid()
    while not ended.is_set() and os.getppid() == parent:
        process = subprocess.Popen((sys.executable, "-m", sys.argv[1]))
        while process.poll() is None and os.getppid() == parent and not ended.wait(_LOOKS_S):
            pass
        _end(process)
        ended.wait(_LOOKS_S)
    return 0


def _end_signal() -> threading.Event:
    ended = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: ended.set())
    return ended


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_ENDS_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
