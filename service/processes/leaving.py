"""A process that runs beside the workers: how it hears that it shall end, and how it goes."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading

_LOOKS_S = 0.5  # between two looks at whether the one that started it is still there


def wait_until_ended() -> None:
    """Wait until this process is told to end, or the one that started it is gone: that of the command's only
    argument, for it may be gone before this one could look. Without an argument, the parent of now.
    """
    parent = int(sys.argv[1]) if len(sys.argv) > 1 else os.getppid()
    ended = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: ended.set())
    while os.getppid() == parent and not ended.wait(_LOOKS_S):
        pass


def leave() -> None:
    """End this process, in which everything was closed. The interpreter would walk through all that was ever
    loaded once more: at a low priority beside busy workers that took ten seconds.
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)
