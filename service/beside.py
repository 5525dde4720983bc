"""The watch and the webhooks in a process of their own beside the workers: no request waits for them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.settings import Settings

COMMAND = (sys.executable, "-m", "service.beside")
_WORK = "work"
_LOOKS_S = 0.5  # between two looks at whether the others are still there
_ENDS_S = 10.0  # how long it may take to end
_NICE = 10  # requests go first


@contextmanager
def running_beside(settings: Settings) -> Iterator[None]:
    """Keep it running while the block lasts; nothing where the settings want neither watch nor webhooks.

    The settings must be in the environment.
    """
    from service.settings import WATCH_ON

    if settings.watch != WATCH_ON and not settings.webhooks:
        yield
        return
    keeper = subprocess.Popen(COMMAND)
    try:
        yield
    finally:
        _end(keeper)


def main() -> int:
    """Keep the working process running until whoever started us ends, or ends us: a killed one is begun
    again.
    """
    if sys.argv[1:] == [_WORK]:
        return work()
    ended, parent = _until_ended(), os.getppid()
    while not ended.is_set() and os.getppid() == parent:
        process = subprocess.Popen((*COMMAND, _WORK))
        while process.poll() is None and os.getppid() == parent and not ended.wait(_LOOKS_S):
            pass
        _end(process)
        ended.wait(_LOOKS_S)
    return 0


def work() -> int:
    """Watch and send until the keeper ends."""
    from service.http import logs
    from service.jobs.background import background
    from service.settings import Settings
    from service.wiring import wire

    ended, parent = _until_ended(), os.getppid()
    os.nice(_NICE)
    logs.install()
    logs.to_stderr()
    context = wire(replace(Settings.from_environment(), model=""))
    with background(context):
        while os.getppid() == parent and not ended.wait(_LOOKS_S):
            pass
    context.close()
    return 0


def _until_ended() -> threading.Event:
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
