"""A store on three members of a cluster: facts go to the leader, views to the others, and nothing is lost or
doubled when the leader changes or a member goes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph.model.types import Facts
from graph.stores.neo4j import Neo4jStore
from graph.stores.sqlite import SqliteStore
from tests.support.contracts.store_contract import assert_same_tables, in_parts
from tests.support.servers.bolt_cluster import BoltCluster
from tests.support.servers.neo4j_worlds import empty_graph, killable_server
from tests.support.small_worlds import applies, day, random_facts, uses

pytestmark = pytest.mark.neo4j


@pytest.fixture
def cluster() -> Iterator[BoltCluster]:
    with BoltCluster(killable_server().bolt_port) as cluster:
        yield cluster


def seen(cluster: BoltCluster, what: str) -> list[int]:
    return [member.seen[what] for member in cluster.members]


def one(name: str) -> Facts:
    return Facts(applications=(applies(name, 50, uses("phone", "x")),))


def test_facts_go_to_the_leader_and_views_to_the_others(cluster: BoltCluster, tmp_path: Path) -> None:
    with Neo4jStore(cluster.url(empty_graph())) as store, SqliteStore(tmp_path / "graph.db") as oracle:
        for facts in (*in_parts(random_facts(4), 3), one("ann")):
            assert store.add(facts).revision == oracle.add(facts).revision
        before = seen(cluster, "reads")
        assert_same_tables(store.view(day(99)).tables(), oracle.view(day(99)).tables())
        assert [revision for revision, _ in store.tail(0)] == [1, 2, 3, 4]
    reads = [now - then for now, then in zip(seen(cluster, "reads"), before, strict=True)]
    assert reads[0] == 0
    assert min(reads[1:]) > 0
    assert seen(cluster, "writes")[1:] == [0, 0]
    assert seen(cluster, "refused") == [0, 0, 0]


@pytest.mark.parametrize("live", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_when_another_member_leads_the_next_fact_goes_to_it_once(cluster: BoltCluster, live: bool) -> None:
    with Neo4jStore(cluster.url(empty_graph()), live=live) as store:
        if live:  # whose calls are short: the server plans before
            store.warm_up(one("warm"))
        store.add(one("ann"))
        for leader, name in ((1, "bob"), (2, "cid"), (0, "dan")):
            cluster.lead(leader)
            written = cluster.members[leader].seen["writes"]
            assert store.add(one(name)).accepted == 1
            assert cluster.members[leader].seen["writes"] > written
        assert store.add_all([one("dan"), one("eve")])[-1].known == 1
        assert store.counts()["applications"] == 5
        assert sum(seen(cluster, "refused")) >= 3
        assert {a.applicant_id for a in store.view(day(99)).applications(day(0))} == {
            "ann", "bob", "cid", "dan", "eve",
        }  # fmt: skip


def test_a_member_that_is_gone_is_missed_by_nobody(cluster: BoltCluster) -> None:
    with Neo4jStore(cluster.url(empty_graph())) as store:
        store.add(one("ann"))
        for gone in (1, 2):
            cluster.stop(gone)
            for name in ("bob", "cid"):
                store.add(one(f"{name}{gone}"))
                assert store.view(day(99)).application(f"{name}{gone}@50") is not None
            cluster.start(gone)
        assert store.counts()["applications"] == 5


def test_a_leader_that_goes_is_followed_by_the_next(cluster: BoltCluster) -> None:
    """The member that the URL names is the one that goes: the others are known from it."""
    with Neo4jStore(cluster.url(empty_graph())) as store:
        store.add(one("ann"))
        cluster.stop(0)
        cluster.lead(1)
        for name in ("bob", "cid"):
            assert store.add(one(name)).accepted == 1
        assert [revision for revision, _ in store.tail(0)] == [1, 2, 3]


def test_a_batch_waits_until_a_cluster_without_a_leader_has_one(cluster: BoltCluster) -> None:
    with Neo4jStore(cluster.url(empty_graph())) as store:
        store.add(one("ann"))
        cluster.stop(0)
        elected = threading.Timer(2.0, cluster.lead, (2,))
        elected.start()
        assert store.add(one("bob")).accepted == 1
        elected.join()
        assert store.counts()["applications"] == 2
