"""Worlds that tools learn from: made by a generator's script and loaded into an embedded store."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from graph.store.port import GraphStore
from service.opening import open_store

ROOT = Path(__file__).resolve().parents[2]
END = datetime(2025, 12, 31, 16, tzinfo=UTC)  # of every made world: midnight in China
GENERATORS = {
    "ours": "scripts/make_world.py",
    "strangers": "tests/worlds/strangers_world.py",
    "examiner": "tests/worlds/examiner_world.py",
}


class WorldError(Exception):
    """A world could not be made or loaded; the text is the end of what its script said."""


@contextmanager
def store_of_world(generator: str, place: Path, *arguments: object) -> Iterator[GraphStore]:
    """The store of the world that `generator` (of GENERATORS) makes in `place`; one that is there stays."""
    url = f"sqlite:///{place / 'graph.db'}"
    if not (place / "graph.db").exists():
        _run(GENERATORS[generator], place, *arguments)
        _run("scripts/load_records.py", place / "records", "--store", url, "--report", place / "load")
    with open_store(url) as store:
        yield store


def _run(script: str, *arguments: object) -> None:
    command = [sys.executable, str(ROOT / script), *map(str, arguments)]
    keyed = os.environ | {"RINGFENCE_HASH_KEY": "a key for made worlds"}
    done = subprocess.run(command, check=False, capture_output=True, env=keyed)
    if done.returncode:
        raise WorldError(f"{script} ended with {done.returncode}: {done.stderr.decode()[-500:]}")
