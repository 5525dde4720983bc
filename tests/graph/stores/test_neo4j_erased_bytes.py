"""What an erasure leaves in the files of a Neo4j server, and that a copy in another server has none of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph.stores.neo4j import Neo4jStore
from scripts.cli.main import main
from scripts.tools.neo4j_server import Neo4jServer
from tests.support.contracts.erasure_contract import erased
from tests.support.erasure.crowd import GONE, crowd, customer, traces
from tests.support.erasure.servers import traces_in_graph
from tests.support.servers.neo4j_worlds import server_url


@pytest.mark.slow
def test_a_copy_of_a_neo4j_store_has_no_byte_of_the_erased(tmp_path: Path) -> None:
    server_url()  # skipped where no server can be brought up
    old, new = (
        Neo4jServer(tmp_path / name, heap_mb=512, page_cache_mb=64, brief=True) for name in ("old", "new")
    )
    try:
        old.start()
        with Neo4jStore(old.url) as store:
            store.add(crowd())
            erased(store, *map(customer, range(GONE)))
        assert traces_in_graph(old.url) == {}
        new.start()
        assert main(["copy", old.url, new.url]) == 0
        for server in (old, new):
            server.stop()
        assert traces(old.folder), "a server overwrites nothing by itself"
        assert traces(new.folder) == {}
    finally:
        for server in (old, new):
            server.kill()
