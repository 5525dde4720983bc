"""What both embedded databases share: a connection for each thread, given back together."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from graph.stores.embedded import Connections
from graph.stores.embedded_connection import open_file


@pytest.fixture
def connections(tmp_path: Path) -> Iterator[Connections]:
    created = Connections(lambda: open_file("store", tmp_path / "data.db", 0.0))
    created.mine().execute("PRAGMA journal_mode = WAL")
    created.mine().execute("CREATE TABLE facts(n)")
    yield created
    created.close()


def count(connections: Connections) -> int:
    return int(connections.mine().execute("SELECT count(*) FROM facts").fetchone()[0])


def test_every_thread_has_one_connection_of_its_own(connections: Connections) -> None:
    with ThreadPoolExecutor(1) as other:
        theirs = other.submit(connections.mine).result()
        assert other.submit(connections.lean).result() is theirs
    assert theirs is not connections.mine()
    assert connections.lean() is connections.mine()


def broken(connections: Connections) -> None:
    mine = connections.lean()
    mine.execute("BEGIN IMMEDIATE")
    with connections.kept(mine):
        mine.execute("INSERT INTO facts VALUES (2)")
        raise ZeroDivisionError


def test_a_transaction_is_kept_as_a_whole_or_not_at_all(connections: Connections) -> None:
    mine = connections.lean()
    mine.execute("BEGIN IMMEDIATE")
    with connections.kept(mine):
        mine.execute("INSERT INTO facts VALUES (1)")
    with pytest.raises(ZeroDivisionError):
        broken(connections)
    assert count(connections) == 1
    with ThreadPoolExecutor(1) as other:
        assert other.submit(count, connections).result() == 1


def test_whoever_closes_them_closes_those_of_other_threads_too(
    connections: Connections,
) -> None:
    with ThreadPoolExecutor(1) as other:
        theirs = other.submit(connections.mine).result()
        connections.close()
        with pytest.raises(sqlite3.ProgrammingError):
            other.submit(theirs.execute, "SELECT 1").result()
    assert count(connections) == 0, "who asks again gets a new one"
