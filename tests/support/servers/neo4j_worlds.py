"""A real Neo4j for the tests: one server a session, a graph of its own for each store that a test opens."""

from __future__ import annotations

import atexit
import os
import tempfile
from functools import cache
from pathlib import Path

import pytest

from graph.stores.neo4j.address import address_of
from graph.stores.neo4j.database import Database
from graph.stores.neo4j.schema import NODES
from scripts.tools.neo4j_jars import NoServerError
from scripts.tools.neo4j_server import Neo4jServer


@cache
def server_url() -> str:
    """The URL of a server's database: the one in NEO4J_URI, or our own. Skips the test, or fails it under CI,
    where there is none.
    """
    given = os.environ.get("NEO4J_URI")
    if given:
        return given
    try:
        return own_server().url
    except NoServerError as error:
        why = f"no Neo4j server can be brought up here: {error}"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)


@cache
def own_server() -> Neo4jServer:
    """The session's server; it ends with the session."""
    folder = tempfile.TemporaryDirectory(prefix="ringfence-neo4j-")
    server = Neo4jServer(Path(folder.name), brief=True)
    atexit.register(folder.cleanup)
    atexit.register(server.kill)  # its folder goes with it: nothing to save
    server.start()
    return server


def killable_server() -> Neo4jServer:
    """Our own server, for tests that stop it; skipped where the tests use somebody's."""
    if os.environ.get("NEO4J_URI"):
        pytest.skip("a server given by NEO4J_URI is not ours to stop")
    server_url()
    return own_server()


def empty_graph(name: str = "first") -> str:
    """The URL of a graph that was emptied; few names, because the server plans every statement anew for
    each.
    """
    url = f"{server_url()}?graph={name}"
    database = Database(address_of(url))
    facts = "|".join(label for label in NODES if label != "Store")
    while (
        database.write(
            lambda ask: ask(f"MATCH (n:{facts}) WITH n LIMIT 5000 DETACH DELETE n RETURN count(*)")
        )[0][0]
        == 5000
    ):
        continue
    database.write(lambda ask: ask("MATCH (s:Store {name: 'ringfence'}) SET s.mark = 0"))  # its schema stays
    database.close()
    return url
