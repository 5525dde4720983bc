"""The Neo4j store keeps the contract of every store on a real server, and what only a server can promise."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from graph.neo4j_store import Neo4jStore
from tests.neo4j_worlds import empty_graph
from tests.store_contract import Open, StoreContract

pytestmark = pytest.mark.neo4j


class TestNeo4jStore(StoreContract):
    @pytest.fixture
    def open_store(self) -> Open:
        return partial(Neo4jStore, empty_graph())

    @pytest.fixture
    def store(self, open_store: Open) -> Iterator[Neo4jStore]:
        with open_store() as store:
            yield store

    @pytest.fixture
    def second(self) -> Iterator[Neo4jStore]:
        with Neo4jStore(empty_graph("second")) as store:
            yield store
