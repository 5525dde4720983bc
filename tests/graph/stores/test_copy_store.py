"""Replication: every fact with its revision, proved by counts and a checksum, whichever way it goes and
however often it is stopped.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from graph.model.errors import ConflictError
from graph.model.types import Facts
from graph.store.port import GraphStore, JournalEntry
from graph.store.replication import copy, inventory
from graph.stores.sqlite import SqliteStore
from scripts.copy_store import main
from tests.support.contracts.erasure_contract import KEYS, erased
from tests.support.contracts.store_contract import a_snapshot, assert_same_tables, in_parts
from tests.support.small_worlds import applies, day, random_facts, shuffled, uses


def fill(store: GraphStore) -> None:
    """Several deliveries, two ring snapshots, and a fact told late."""
    for part in in_parts(shuffled(random_facts(5), 1), 6):
        store.add(part)
    store.save_rings(a_snapshot(20, 2))
    store.add(Facts(applications=(applies("late", 2, uses("phone", "phone1")),)))
    store.save_rings(a_snapshot(30, 3))


def figures(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return result


@pytest.mark.neo4j
def test_there_and_back_again_is_the_same_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.support.servers.neo4j_worlds import empty_graph

    here, there, back = f"sqlite:///{tmp_path}/here.db", empty_graph(), f"sqlite:///{tmp_path}/back.db"
    with SqliteStore(tmp_path / "here.db") as store:
        fill(store)
    assert main([here, there]) == 0
    first = figures(capsys)
    assert main([there, back]) == 0
    second = figures(capsys)
    assert (
        first["equal"],
        first["marks"],
        first["counts"]["applications"],
        first["counts"]["snapshots"],
    ) == (True, 9, 61, 2)
    assert {**first, "seconds": 0, "copy_seconds": 0} == {**second, "seconds": 0, "copy_seconds": 0}
    with SqliteStore(tmp_path / "here.db") as one, SqliteStore(tmp_path / "back.db") as other:
        assert one.counts() == other.counts()
        for mark in range(1, 10):
            assert_same_tables(one.view(day(70), mark).tables(), other.view(day(70), mark).tables())
            assert one.view(day(70), mark).rings() == other.view(day(70), mark).rings()


def test_a_copy_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "a.db") as source, SqliteStore(tmp_path / "b.db") as target:
        fill(source)
        for entries in list(source.journal())[:4]:
            target.add(entries.facts)
        assert copy(source, target) == 9
        assert inventory(source, 9).as_json() == inventory(target, 9).as_json()


def test_a_target_with_facts_of_its_own_is_refused(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "a.db") as source, SqliteStore(tmp_path / "b.db") as target:
        fill(source)
        first = next(iter(source.journal())).facts
        target.add(
            Facts(
                applications=tuple(
                    applies("x", 1, application_id=a.application_id) for a in first.applications
                )
            )
        )
        target.add(Facts(applications=(applies("own", 1),)))
        assert copy(source, target) == 9
        assert inventory(source, 9).as_json() != inventory(target, 9).as_json()
    with SqliteStore(tmp_path / "a.db") as source, SqliteStore(tmp_path / "c.db") as target:
        second = list(source.journal())[1].facts
        target.add(second)
        with pytest.raises(ConflictError, match="copy into an empty store"):
            copy(source, target)


def test_a_command_whose_copy_is_not_equal_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with SqliteStore(tmp_path / "a.db") as source, SqliteStore(tmp_path / "b.db") as target:
        source.add(Facts(applications=(applies("ann", 1),)))
        target.add(Facts(applications=(applies("bob", 1),)))
    assert main([f"sqlite:///{tmp_path}/a.db", f"sqlite:///{tmp_path}/b.db"]) == 1
    assert "not equal" in capsys.readouterr().err


def test_a_fact_that_is_lost_though_the_journal_has_it_is_no_equal_copy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [f"sqlite:///{tmp_path}/a.db", f"sqlite:///{tmp_path}/b.db"]
    with SqliteStore(tmp_path / "a.db") as source:
        fill(source)
    assert main(command) == 0
    with SqliteStore(tmp_path / "b.db") as target:
        target._connection().execute(
            "DELETE FROM outcome WHERE application_id IN (SELECT application_id FROM outcome LIMIT 1)"
        )
    assert main(command) == 1
    assert "not equal" in capsys.readouterr().err


def test_one_bit_one_mark_or_one_fact_more_is_another_checksum(tmp_path: Path) -> None:
    def told(amount: float, mark: int = 1, times: int = 1) -> dict[str, Any]:
        facts = tuple(applies("ann", n, amount=amount) for n in range(times))
        with SqliteStore(tmp_path / f"{amount}-{mark}-{times}.db") as store:
            for n in range(1, mark):
                store.add(Facts(applications=(applies("filler", n),)))
            store.add(Facts(applications=facts))
            result = inventory(store, mark)
        return result.as_json()

    assert told(0.1 + 0.2) != told(0.3)
    assert told(0.3, mark=2)["checksum"] != told(0.3)["checksum"]
    assert told(0.3, times=2)["checksum"] != told(0.3)["checksum"]


def test_the_order_within_a_mark_changes_no_checksum() -> None:
    from graph.store.replication import Inventory

    facts = random_facts(3)
    one, other = Inventory(), Inventory()
    one.take(JournalEntry(1, facts))
    other.take(JournalEntry(1, shuffled(facts, 4)))
    assert one.as_json() == other.as_json()


def test_a_copy_of_a_store_keeps_out_whom_that_one_has_erased(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "one.db") as one, SqliteStore(tmp_path / "two.db") as two:
        fill(one)
        erased(one, "p003")
        assert copy(one, two) == one.revision()
        assert two.refused() == one.refused()
        assert inventory(one, one.revision()).as_json() == inventory(two, one.revision()).as_json()
        two.refusal.open_with(KEYS)
        assert two.add(Facts(applications=(applies("p003", 9),))).refused
        one.add(Facts(applications=(applies("later", 60),)))
        assert copy(one, two) == one.revision()


def test_stores_that_have_erased_different_people_are_no_copies_of_each_other(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "one.db") as one, SqliteStore(tmp_path / "two.db") as two:
        fill(one)
        copy(one, two)
        erased(one, "p003")
        with pytest.raises(ConflictError, match="erased different people"):
            copy(one, two)
        with pytest.raises(ConflictError, match="erased different people"):
            copy(two, one)
