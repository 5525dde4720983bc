"""Neo4j's own algorithms find the same rings as the local engine, and where they are missing the command says
so.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from neo4j.exceptions import ClientError

from graph.model.errors import SettingError
from graph.model.types import Facts
from graph.rings.engines import engine
from graph.rings.search import RingSearch, search
from graph.stores.neo4j import Neo4jStore, gds
from graph.stores.sqlite import SqliteStore
from tests.support.neo4j_worlds import empty_graph, server_url
from tests.support.ring_worlds import AS_OF, CREW, both, crew, honest
from tests.support.small_worlds import before, day, random_facts, shuffled

pytestmark = pytest.mark.neo4j


@pytest.fixture(autouse=True)
def plugin() -> None:
    """Our own server has the plugin; somebody else's may not."""
    with Neo4jStore(server_url()) as store:
        try:
            gds.components(
                lambda text, **given: store._read(text, **given) if text == gds.VERSION else [], []
            )
        except SettingError as error:
            pytest.skip(str(error))


def found(facts: Facts, name: str, as_of: Any = AS_OF) -> tuple[RingSearch, RingSearch]:
    """What the local engine finds on a store, and what the database finds there."""
    with Neo4jStore(empty_graph(name)) as store:
        store.add(facts)
        view = store.view(as_of)
        return search(view.tables()), search(view.tables(), engine("gds", view))


def assert_same(one: RingSearch, other: RingSearch) -> None:
    for name in ("group", "suspicion", "score", "flagged"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name


def test_both_engines_find_the_same_rings() -> None:
    local, inside = found(both(honest(families=20), crew()), "first")
    assert_same(local, inside)
    people = local.tables.applicant_ids[np.flatnonzero(local.flagged[local.group])].tolist()
    assert set(people) == set(CREW)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_what_comes_later_changes_nothing_inside_the_database(seed: int) -> None:
    facts, moment = random_facts(seed, people=80), day(35)
    local, inside = found(facts, "first", moment)
    assert_same(local, inside)
    assert_same(inside, found(shuffled(before(facts, moment), 3), "second", moment)[1])


def test_an_empty_graph_has_no_parts() -> None:
    with Neo4jStore(empty_graph()) as store:
        assert store.view(day(1)).components([]) == {}


def test_a_store_without_algorithms_and_a_server_without_the_plugin_are_named(tmp_path: Any) -> None:
    with (
        SqliteStore(tmp_path / "graph.db") as store,
        pytest.raises(SettingError, match="needs a store in Neo4j"),
    ):
        engine("gds", store.view(day(1)))

    def without_plugin(text: str, **given: Any) -> list[list[Any]]:
        raise ClientError("Unknown function 'gds.version'")

    with pytest.raises(SettingError, match="Graph Data Science plugin"):
        gds.components(without_plugin, [])
