"""The floor of the serving benchmark: a bare Flask echo, on the same server with the same settings as the service."""

from __future__ import annotations

import sys

from flask import Flask, Response, request
from granian import Granian
from granian.constants import Interfaces


def create_app() -> Flask:
    """One route that gives back what it was sent."""
    app = Flask(__name__)

    @app.post("/risk")
    def echo() -> Response:
        return Response(request.get_data(), mimetype="application/json")

    @app.get("/readyz")
    def ready() -> str:
        return "ready"

    return app


if __name__ == "__main__":
    port, workers = map(int, sys.argv[1:])
    Granian(
        "scripts.bench_echo:create_app", factory=True, port=port, interface=Interfaces.WSGI, workers=workers, blocking_threads=1, log_level="warning"
    ).serve()
