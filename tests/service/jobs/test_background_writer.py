"""A fact is written by who brings it while nobody else writes; behind a load it waits beside the answer, and
no commit pays for a checkpoint.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep

import pytest

from graph.model.types import Added, Facts
from graph.stores.embedded import COMMITS
from graph.stores.sqlite import SqliteStore
from investigations.casebook import Casebook
from service.threads.background_writer import BackgroundWriter
from tests.investigations.test_casebook import assessment
from tests.support.small_worlds import applies, uses


class Watched(SqliteStore):
    """Counts the writes that wait for their turn: a caller tries, and leaves what it cannot have at once."""

    def __init__(self, path: Path) -> None:
        self.waited_for = 0
        super().__init__(path)

    def add(self, facts: Facts) -> Added:
        self.waited_for += 1
        return super().add(facts)


def one(n: int) -> Facts:
    return Facts(applications=(applies(f"p{n}", n % 60, uses("phone", f"{n}")),))


def test_a_fact_wakes_no_other_thread_while_nobody_else_writes(tmp_path: Path) -> None:
    with Watched(tmp_path / "graph.db") as store:
        writer = BackgroundWriter(store)
        added = writer.add(one(1), wait_ms=1000)
        again = writer.add(one(1), wait_ms=1000)
        assert added is not None
        assert again is not None
        assert (added.accepted, added.revision, again.known, again.revision) == (1, 1, 1, 1)
        assert store.waited_for == 0
        writer.close()


def test_a_fact_behind_a_load_does_not_hold_the_answer_up_and_is_not_lost(tmp_path: Path) -> None:
    with (
        Watched(tmp_path / "graph.db") as store,
        closing(sqlite3.connect(tmp_path / "graph.db", isolation_level=None)) as load,
    ):
        writer = BackgroundWriter(store)
        load.execute("BEGIN IMMEDIATE")
        assert writer.add(one(1), wait_ms=30) is None
        assert writer.add(one(2), wait_ms=30) is None, "behind the first, in the order in which they came"
        load.execute("COMMIT")
        writer.close()
        assert store.counts()["applications"] == 2
        assert store.waited_for == 2


def test_a_turn_to_write_comes_within_thousandths_of_a_second_when_it_is_free(tmp_path: Path) -> None:
    with (
        SqliteStore(tmp_path / "graph.db") as store,
        closing(sqlite3.connect(tmp_path / "graph.db", isolation_level=None)) as other,
    ):
        assert store.try_add(one(1), 1.0) is not None
        other.execute("BEGIN IMMEDIATE")
        assert store.try_add(one(2), 0.01) is None
        other.execute("ROLLBACK")
        added = store.try_add(one(2), 1.0)
        assert added is not None
        assert added.revision == 2


@pytest.mark.parametrize("what", ["store", "casebook"])
def test_what_is_committed_comes_into_the_file_beside_the_commits(tmp_path: Path, what: str) -> None:
    file = tmp_path / "data.db"
    if what == "store":
        with SqliteStore(file) as store:
            before = file.read_bytes()
            assert all(store.try_add(one(n), 1.0) for n in range(COMMITS + 6))
            assert came_into(file, before)
        return
    with Casebook(f"sqlite:///{file}") as book:
        before = file.read_bytes()
        for n in range(COMMITS + 6):
            book.record(assessment(n))
        assert came_into(file, before)


def came_into(file: Path, before: bytes) -> bool:
    """Whether more has come into the file than stood there at first."""
    until = monotonic() + 30
    while monotonic() < until:
        if file.read_bytes() != before:
            return True
        sleep(0.01)
    return False
