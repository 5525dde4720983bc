"""One Neo4j and one PostgreSQL of a bench's own, for several services: a world is in the store, the casebook
is empty, and both are thrown away.
"""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.bench.processes import leave_on_sigterm
from scripts.bench.worlds import SCRIPTS, measured, records_of, trained
from scripts.tools.neo4j_server import Neo4jServer
from scripts.tools.postgres_server import postgres_server


@dataclass(frozen=True)
class SharedStore:
    """Where the services of a bench meet. `records` are those of the world, `model` is what they serve,
    `scratch` is a folder for what they need for themselves.
    """

    server: Neo4jServer
    casebook: str
    records: Path
    model: Path
    scratch: Path

    def serving(self) -> list[str]:
        """The command of a service on it, but for its port."""
        stores = ["--store", self.server.url, "--casebook", self.casebook]
        return [sys.executable, str(SCRIPTS / "serve.py"), *stores, "--model", str(self.model)]


def options_of(about: str | None) -> ArgumentParser:
    """The options of every such bench."""
    parser = ArgumentParser(description=about)
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("var/bench"),
        help="where world and model are, or are made (default var/bench)",
    )
    parser.add_argument("--applicants", type=int, default=10_000, help="size of the world (default 10000)")
    return parser


@contextmanager
def shared_store(folder: Path, applicants: int) -> Iterator[SharedStore]:
    """Both servers, with the world of that size in the store; world and model are made where the folder has
    none; SIGTERM ends all.

    Raises CalledProcessError where one of these cannot be made, NoServerError where Neo4j does not start.
    """
    leave_on_sigterm()
    os.environ["RINGFENCE_HASH_KEY"] = secrets.token_hex(32)  # a Neo4j store makes none of its own
    records, model = records_of(folder / str(applicants), applicants), folder / "model"
    with tempfile.TemporaryDirectory(prefix="ringfence-bench-") as name:
        scratch = Path(name)
        server = Neo4jServer(scratch / "neo4j", heap_mb=2048)
        try:
            server.start()
            with postgres_server() as casebook:
                measured("load_records.py", records, "--store", server.url, "--report", scratch / "load")
                trained(model, server.url)
                yield SharedStore(server, casebook, records, model, scratch)
        finally:
            server.stop()
