"""How a worker ends: it says so, goes on for a while so that a balancer can look, and answers what it has
begun.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable

CLOSING_S = 8.0  # how long running requests have
SENDING_S = 1.0  # how long the last answers have to be sent, where a connection keeps the server from ending
_LOOKS_S = 0.05


def longest(drain_s: float) -> float:
    """How many seconds a worker takes to end, if it does not hang."""
    return drain_s + CLOSING_S + SENDING_S + 1.0


def _nothing() -> None:
    """Where nothing is left to be written."""


class Ending:
    """A worker's end. Once it has `begun` it goes on answering for `drain_s` seconds. `close` writes what is
    still to be written.
    """

    def __init__(self, drain_s: float = 0.0, close: Callable[[], None] = _nothing) -> None:
        self.close = close
        self._drain_s = drain_s
        self._running = 0
        self._end: asyncio.Task[None] | None = None

    @property
    def begun(self) -> bool:
        """Whether this worker was told to end."""
        return self._end is not None

    def listen(self) -> None:
        """Begin with SIGTERM from here on. The server, which had it, still ends itself on SIGINT."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.begin)

    def begin(self) -> None:
        """Begin to end. Told again, nothing changes."""
        if self._end is None:
            self._end = asyncio.get_running_loop().create_task(self._drain_and_end())

    def enter(self) -> None:
        """A request begins."""
        self._running += 1

    def leave(self) -> None:
        """It is answered, or nobody waits for it any more."""
        self._running -= 1

    async def _drain_and_end(self) -> None:
        await asyncio.sleep(self._drain_s)
        os.kill(os.getpid(), signal.SIGINT)  # from here on nobody can connect
        until = time.monotonic() + CLOSING_S
        while self._running and time.monotonic() < until:
            await asyncio.sleep(_LOOKS_S)
        await asyncio.sleep(SENDING_S)
        # The server waits for connections on which no request comes whole, too. This worker does not.
        await asyncio.to_thread(self.close)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(0)
