"""A process that works for another ends with it, also where that one was killed and could tell nobody."""

from __future__ import annotations

import os
import threading
import time

_LOOKS_S = 0.5
KILLED = 137  # as by SIGKILL: what it was at work for is gone


def end_with(parent: int) -> None:
    """From here on this process, a child of `parent`, is there no longer than it."""
    threading.Thread(target=_watch, args=(parent,), name="parent-watch", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOKS_S)
    os._exit(KILLED)
