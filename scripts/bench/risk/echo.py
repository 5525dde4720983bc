"""The floor of the serving benchmark: a bare Flask echo, on the same server and behind the same front as the
service.
"""

from __future__ import annotations

import sys

from flask import Flask, Response, request

from service.http.front.front import Front
from service.processes.server import server
from service.settings import Settings


def create_app() -> Front:
    """One route that gives back what it was sent."""
    app = Flask(__name__)

    @app.post("/risk")
    def echo() -> Response:
        return Response(request.get_data(), mimetype="application/json")

    @app.get("/readyz")
    def ready() -> dict[str, str]:
        return {"status": "ready"}

    return Front(app, most_bytes=65_536, body_seconds=10.0)


if __name__ == "__main__":
    port, workers = map(int, sys.argv[1:])
    server("scripts.bench.risk.echo:create_app", Settings(port=port, workers=workers), (), print).serve()
