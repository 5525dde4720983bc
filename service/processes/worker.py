"""One worker process: the application from the environment's settings, behind its front."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import time
from threading import Event, Thread

from service.app import from_environment as application
from service.http.front.front import Front
from service.settings import Settings

log = logging.getLogger("ringfence.front")
ORPHANED_S = 1.0  # how often a worker looks whether its server is still there
SWITCH_S = 0.001  # how long a thread that computes keeps the interpreter from the one that answers /healthz


def from_environment() -> Front:
    """The front of one worker, from the settings in the environment."""
    loaded = Event()
    Thread(target=_end_with_server, args=(loaded,), name="orphaned", daemon=True).start()
    settings = Settings.from_environment()
    app = application()
    sys.setswitchinterval(SWITCH_S)
    loaded.set()
    return Front(app, most_bytes=settings.max_batch_bytes, body_seconds=settings.body_seconds)


def _end_with_server(loaded: Event) -> None:
    """End this worker when the server that started it was killed: it would keep the port, so that no other
    server could start.
    """
    server = multiprocessing.parent_process()
    while server is not None:
        time.sleep(ORPHANED_S)
        if os.getppid() != server.pid:
            log.warning("the server is gone: this worker ends")
            if not loaded.is_set():
                os._exit(1)  # no signal handler is installed yet, and there is no request to finish
            os.kill(os.getpid(), signal.SIGTERM)
