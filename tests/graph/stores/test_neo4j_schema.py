"""The page on the schema is true, its ten queries run, and no hot statement scans."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import neo4j
import pytest
from neo4j.exceptions import ClientError

from graph.facts.hubs import COUNT_CAP
from graph.model.types import Facts, IdentifierKind, Role
from graph.stores.neo4j import Neo4jStore, before_version_5, journal, schema
from graph.stores.neo4j.address import address_of
from graph.stores.neo4j.codec import KIND_LABEL
from graph.stores.neo4j.cypher import erase as cypher_erase
from graph.stores.neo4j.cypher import people as cypher_people
from graph.stores.neo4j.cypher import read as cypher_read
from graph.stores.neo4j.cypher import tables as cypher_tables
from graph.stores.neo4j.cypher import write as cypher_write
from graph.stores.neo4j.cypher.parts import HUB
from graph.stores.neo4j.database import Database, as_sent
from graph.stores.sqlite import SqliteStore
from tests.service.assessment.test_assess import snapshot
from tests.support.contracts.store_contract import assert_same_tables, in_parts
from tests.support.servers.neo4j_worlds import empty_graph, server_url
from tests.support.small_worlds import PLATFORMS, applies, day, does, fraud, random_facts, uses

pytestmark = pytest.mark.neo4j
PAGE = (Path(__file__).parents[3] / "docs" / "graph_schema.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```cypher\n(.*?)```", PAGE, re.DOTALL)
ASKED = {
    "applicant": "ann",
    "device": "device:k1.d",
    "merchant": "M1",
    "as_of": "2025-06-01T00:00:00Z",
    "recorded_by": 9,
}


@pytest.fixture(scope="module")
def graph() -> Iterator[Database]:
    """A world in which each of the page's queries has something to find."""
    url = empty_graph()
    with Neo4jStore(url) as store:
        shared = (uses("device", "d"), uses("phone", "mum", Role.CONTACT))
        created = (
            applies("ann", 1, *shared, merchant_id="M1"),
            applies("ann", 2, platform_id="L2"),
            applies("bob", 3, *shared, uses("bank_card", "c"), agent_id="G1"),
            applies("cid", 4, uses("bank_card", "c")),
        )
        sent = does("ann", "transfer", 5, counterparty_id="bob", amount=10.0)
        store.add(
            Facts(applications=created, events=(sent,), labels=(fraud("cid@4", 9),), platforms=PLATFORMS)
        )
        store.save_rings(snapshot("ann", "bob", on=60))
    database = Database(address_of(url))
    yield database
    database.close()


def test_the_page_has_ten_queries() -> None:
    assert len(QUERIES) == 10


@pytest.mark.parametrize("number", range(10))
def test_each_query_of_the_page_finds_something(graph: Database, number: int) -> None:
    assert graph.read(QUERIES[number], **ASKED)


def test_the_way_to_a_fraud_is_the_one_that_is_there(graph: Database) -> None:
    assert graph.read(QUERIES[4], **ASKED) == [[["ann", "device:k1.d", "bob", "bank_card:k1.c", "cid"]]]


def test_a_crowd_is_never_smaller_than_what_is_counted() -> None:
    assert HUB >= COUNT_CAP
    assert f"With {HUB:,} it is a crowd" in PAGE


def test_every_label_and_type_is_on_the_page() -> None:
    stated = set(re.findall(r"\w+", PAGE))
    assert set(schema.NODES) | set(schema.RELATIONSHIPS) | set(KIND_LABEL.values()) <= stated
    assert len(KIND_LABEL) == len(IdentifierKind)


def test_a_schema_whose_making_was_cut_off_is_made_when_the_store_is_opened_again() -> None:
    url = empty_graph()
    Neo4jStore(url).close()
    database = Database(address_of(url))
    database.alone("DROP CONSTRAINT ring_key")
    # what a server leaves behind that was killed on the way
    database.alone("CREATE INDEX ring_key FOR (n:Ring) ON (n.snapshot, n.ring_id)")
    database.write(lambda ask: ask("MATCH (s:Store {name: 'ringfence'}) SET s.version = 0"))
    with Neo4jStore(url) as store:
        assert store.revision() == 0
    result = database.read("SHOW CONSTRAINTS YIELD name WHERE name = 'ring_key_first' RETURN count(*)")
    database.close()
    assert result == [[1]]


# Ties as earlier versions wrote them: mentions and revisions as two lists, and with the very first one a
# `last` of ties that were mentioned once.
AS_BEFORE = """MATCH ()-[t:USES|NAMES_AS_CONTACT]->()
    WITH t, [x IN split(t.told, '|')[1..] | split(x, ',')] AS told
    SET t.times = [x IN told | toInteger(x[0])], t.marks = [x
        IN told | toInteger(x[1])], t.last_mark = t.told_by,
        t.last = coalesce(t.last, t.since), t.told = null, t.told_by = null"""


def test_ties_of_an_earlier_version_are_read_and_added_to_as_if_they_were_of_today(
    tmp_path: Path,
) -> None:
    *before, after = in_parts(random_facts(5), 4)
    url = empty_graph("second")
    with Neo4jStore(url) as store, SqliteStore(tmp_path / "graph.db") as oracle:
        for part in before:
            assert store.add(part) == oracle.add(part)
        store._database.write(lambda ask: ask(AS_BEFORE))
        store._database.write(lambda ask: ask("MATCH (s:Store {name: 'ringfence'}) SET s.version = 2"))
        with Neo4jStore(url) as today:
            assert today.add(after) == oracle.add(after)
            for mark in range(1, today.revision() + 1):
                for moment in (day(20), day(70)):
                    assert_same_tables(today.view(moment, mark).tables(), oracle.view(moment, mark).tables())
        assert store._read(
            "MATCH ()-[t:USES|NAMES_AS_CONTACT]->() WHERE t.times IS NOT NULL OR t.last = t.since "
            "RETURN count(t)"
        ) == [[0]]


# -- plans

EMPTY: dict[str, Any] = {
    **ASKED, "id": "x", "since": day(0), "after": "", "limit": 5, "page": 5, "dealings": 5, "events": 5,
    "ties": 5, "people": [], "bound": 5, "mentioned": [], "nodes": [], "ids": [], "applications": [],
    "devices": [], "agent": "G1", "seed": "ann", "text": "a", "key": "k", "node": "n", "as_of": day(9),
    "until": 9, "mark": 9, "identifiers": [], "advance": 1, "unless": "", "rows": [], "named": [],
    "entries": [], "upto": 9, "base": 1, "drawn": 1, "edition": 1, "end": "", "place": 3,
}  # fmt: skip
PARTS = {
    "LOCK",
    "A",
    "E",
    "I",
    "M",
    "TIE_ROWS",
    "KNOWN",
    "ABOUT",
    "DEALT",
    "DONE_BY",
    "APPLIED_BY",
    "MEMBERSHIP",
    "IN_FORCE",
    "AT_MERCHANT",
    "AT_AGENT",
    "HELD",
    "COUNTED",
}
READS = {
    f"{module.__name__.rpartition('.')[2]}.{name}": text
    for module in (cypher_erase, cypher_people, cypher_read, cypher_tables, journal)
    for name, text in vars(module).items()
    if name.isupper()
    and isinstance(text, str)
    and text.lstrip().startswith(("MATCH", "UNWIND", "CALL"))
    and name not in PARTS
}
READS |= {f"bounded {name}": cypher_tables.bounded(pages) for name, (pages, _) in cypher_tables.READS.items()}
READS |= {f"of people, {name}": cypher_tables.bounded(pages) for name, pages in cypher_people.READS.items()}
WRITES = {
    "known": cypher_write.ALL_KNOWN,
    "new": cypher_write.ALL_NEW,
    "correct entries": cypher_write.CORRECT_ENTRIES,
    "missing entries": before_version_5.ADD_ENTRIES,
    **{f"correct {name}": text for name, text in cypher_write.CORRECT.items()},
}
GIVEN: dict[str, list[Any]] = {
    f"{what}_{name}": []
    for what in ("keys", "new", "ties")
    for name in [*cypher_write.KNOWN, *cypher_write.TIES]
}


@pytest.fixture(scope="module")
def plain() -> Iterator[Any]:
    """A session of the driver on the same graph; plans are asked for, nothing is read."""
    url = empty_graph("second")
    Neo4jStore(url).close()
    address = address_of(url)
    with (
        neo4j.GraphDatabase.driver(
            address.uri, auth=(address.user, address.password), notifications_min_severity="OFF"
        ) as driver,
        driver.session(database=address.database) as session,
    ):
        yield session


def operators(plan: dict[str, Any]) -> Iterator[str]:
    yield plan["operatorType"].partition("@")[0]
    for child in plan.get("children", ()):
        yield from operators(child)


@pytest.mark.parametrize("name", sorted(READS | WRITES))
def test_no_hot_statement_scans(plain: Any, name: str) -> None:
    text = as_sent((READS | WRITES)[name], "second")
    result = list(
        operators(
            plain.run(text.replace("CYPHER", "EXPLAIN CYPHER", 1), {"q": {**EMPTY, **GIVEN}}).consume().plan
        )
    )
    assert [operator for operator in result if "Scan" in operator] == []
    assert [operator for operator in result if "Seek" in operator or operator == "NodeCountFromCountStore"]


@pytest.mark.slow
def test_several_processes_that_open_an_empty_store_at_once_all_have_their_schema() -> None:
    """Two that make one index at once both find it missing: so they make the schema one after the other."""
    url = f"{server_url()}?graph=raced"
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: Neo4jStore(url), range(8)))
    named = "SHOW CONSTRAINTS YIELD name WHERE name ENDS WITH '_raced' RETURN name"
    names = {row[0] for row in stores[0]._read(named)}
    for store in stores:
        store.close()
    assert {name.removesuffix("_raced") for name in names} == {
        statement.split()[2]
        for statements in schema.MIGRATIONS.values()
        for statement in statements
        if statement.startswith("CREATE CONSTRAINT")
    } - {"label_key"}


def told_off(code: str) -> ClientError:
    error = ClientError("an equivalent one exists")
    error._neo4j_code = f"Neo.ClientError.Schema.{code}"
    return error


def refusing(code: str, times: int, asked: list[str]) -> schema.Run:
    """Runs nothing; says of the first so many statements that they are told off."""

    def run(statement: str, **given: object) -> list[list[Any]]:
        asked.append(statement)
        if len(asked) <= times:
            raise told_off(code)
        return []

    return run


LOCK = schema.MIGRATIONS[1][0]


def test_the_lock_that_somebody_else_has_just_made_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "OTHERS_S", 0.0)
    asked: list[str] = []
    schema._make_lock(refusing("EquivalentSchemaRuleAlreadyExists", 9, asked))
    assert asked == [LOCK]
    asked.clear()
    schema._make_lock(refusing("IndexWithNameAlreadyExists", 1, asked))
    assert asked == [LOCK, "DROP INDEX store_name IF EXISTS", LOCK]


def test_an_index_in_the_way_of_a_constraint_goes_and_another_fault_is_told() -> None:
    asked: list[str] = []

    def says(version: int) -> schema.Run:
        return lambda statement, **given: [[version]]

    assert schema._make_next(refusing("IndexWithNameAlreadyExists", 1, asked), says(5)) == 6
    constraint = schema.MIGRATIONS[6][0]
    assert asked[:3] == [constraint, "DROP INDEX refused_code IF EXISTS", constraint]
    with pytest.raises(ClientError):
        schema._make_next(refusing("Forbidden", 1, []), says(5))
    assert schema._make_next(refusing("Forbidden", 1, []), says(schema.VERSION)) == schema.VERSION
