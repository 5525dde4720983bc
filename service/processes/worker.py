"""One worker process: the application from the environment's settings, behind its front."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import time
from threading import Thread

from service.app import from_environment as application
from service.assessment.context import AppContext
from service.http.front.ending import Ending, longest
from service.http.front.front import Front
from service.settings import Settings

log = logging.getLogger("ringfence.front")
ORPHANED_S = 1.0  # how often a worker looks whether its server is still there
SWITCH_S = 0.001  # how long a thread that computes keeps the interpreter from the one that answers /healthz


def from_environment() -> Front:
    """The front of one worker, from the settings in the environment."""
    for sign in (signal.SIGTERM, signal.SIGINT):  # until it listens, it ends at once
        signal.signal(sign, signal.SIG_DFL)
    settings = Settings.from_environment()
    Thread(
        target=_end_with_server, args=(longest(settings.drain_seconds),), name="orphaned", daemon=True
    ).start()
    app = application()
    context: AppContext = app.extensions["ringfence"]
    sys.setswitchinterval(SWITCH_S)
    return Front(
        app,
        most_bytes=settings.max_batch_bytes,
        body_seconds=settings.body_seconds,
        ending=Ending(settings.drain_seconds, context.writer.close),
    )


def _end_with_server(longest_s: float) -> None:
    """End this worker when the server that started it was killed: it would keep the port, so that no other
    server could start.
    """
    server = multiprocessing.parent_process()
    while server is not None:
        time.sleep(ORPHANED_S)
        if os.getppid() != server.pid:
            log.warning("the server is gone: this worker ends")
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(longest_s)
            os._exit(1)  # it hangs, and nobody else can end it
