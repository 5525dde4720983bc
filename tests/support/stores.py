"""Which kind of store the tests open: SQLite in the test's own folder, or with STORE=neo4j a graph of its own
on a real server.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from graph.store.port import GraphStore
from graph.stores.sqlite import SqliteStore

ON_NEO4J = os.environ.get("STORE") == "neo4j"
HASH_KEY = hashlib.sha256(b"of the tests' pseudonyms").hexdigest()  # a store on a server takes no weak one
# a server that has just started plans every statement first, a process loads what is compiled
TIMEOUT_MS = 60_000 if ON_NEO4J else 10_000
# of single tests: the store that was not used for longest gives its graph to the next
GRAPHS = ("first", "second", "third")
_graph_of: dict[Path, str] = {}  # of single tests
_kept: dict[Path, str] = {}  # of several tests of a module

if ON_NEO4J:
    from graph.stores.neo4j import store as neo4j_store

    neo4j_store.LIVE_PATIENCE = TIMEOUT_MS / 1000

sqlite_only = pytest.mark.skipif(ON_NEO4J, reason="shows what the embedded store alone does")


def store_url(path: str | Path) -> str:
    """The URL of the store that a test names by this path: the same one each time, empty at first."""
    path = Path(path).absolute()
    if not ON_NEO4J:
        return f"sqlite:///{path}"
    from tests.support.servers.neo4j_worlds import empty_graph

    if not any(part.startswith("test_") for part in path.parts):
        if path not in _kept:
            _kept[path] = empty_graph(f"k{len(_kept)}")
        return _kept[path]
    if path not in _graph_of:
        full = len(_graph_of) == len(GRAPHS)
        _graph_of[path] = empty_graph(
            _graph_of.pop(next(iter(_graph_of))).rpartition("=")[2] if full else GRAPHS[len(_graph_of)]
        )
    _graph_of[path] = _graph_of.pop(path)
    return _graph_of[path]


def open_url(url: str) -> GraphStore:
    """Open a store by its URL; what another process can be handed."""
    if url.startswith("sqlite:///"):
        return SqliteStore(url.removeprefix("sqlite:///"))
    from graph.stores.neo4j import Neo4jStore

    return Neo4jStore(url)


def open_store(path: str | Path) -> GraphStore:
    """Open the store that a test names by this path."""
    return open_url(store_url(path))
