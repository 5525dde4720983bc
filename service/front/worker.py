"""One worker process: the application from the environment's settings, behind its front."""

from __future__ import annotations

import sys

from service.app import from_environment as application
from service.front.front import Front
from service.settings import Settings

SWITCH_S = 0.001  # how long a thread that computes keeps the interpreter from the one that answers /healthz


def from_environment() -> Front:
    """The front of one worker, from the settings in the environment."""
    settings = Settings.from_environment()
    app = application()
    sys.setswitchinterval(SWITCH_S)
    return Front(app, most_bytes=settings.max_batch_bytes, body_seconds=settings.body_seconds)
