"""A store whose file is damaged says so, whatever is read of it and at whichever row that is noticed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from graph.model.errors import StoreError, StoreUnavailableError
from graph.model.types import Facts
from graph.store.port import GraphView
from graph.stores.embedded_connection import open_file
from graph.stores.sqlite import SqliteStore
from tests.support.contracts.store_contract import a_snapshot
from tests.support.damaged_files import damage
from tests.support.small_worlds import applies, day, known_as, random_facts

PEOPLE = [f"p{n:03d}" for n in range(30)]
LOANS = [f"a{n:03d}" for n in range(60)]
THINGS = [known_as(kind, f"{kind}{n}") for kind in ("phone", "device", "wifi") for n in range(10)]

READS: tuple[Callable[[SqliteStore, GraphView], object], ...] = (
    lambda store, _: store.state(),
    lambda store, _: store.counts(),
    lambda store, _: store.identity(),
    lambda store, _: store.refused(),
    lambda store, _: list(store.tail(0)),
    lambda store, _: store.unknown_ids(LOANS, PEOPLE),
    lambda _, view: list(view.applications(day(0))),
    lambda _, view: view.applications_of(PEOPLE),
    lambda _, view: view.applications_at("M1", None),
    lambda _, view: view.events_of(PEOPLE),
    lambda _, view: view.dealings_of(PEOPLE),
    lambda _, view: view.outcomes_of(LOANS),
    lambda _, view: view.labels_of(PEOPLE),
    lambda _, view: view.ties_of(PEOPLE),
    lambda _, view: view.holders_of(THINGS),
    lambda _, view: view.devices_of(THINGS),
    lambda _, view: view.platforms(),
    lambda _, view: view.merchants_of(["M1", "M2"]),
    lambda _, view: view.search("p0"),
    lambda _, view: view.rings(),
    lambda _, view: view.memberships_of(PEOPLE),
    lambda _, view: view.ring("R-1"),
)


@pytest.mark.parametrize("seed", range(8))
def test_of_a_damaged_store_every_read_is_an_answer_or_says_what_is_wrong(tmp_path: Path, seed: int) -> None:
    path, said = tmp_path / "graph.db", list[str]()
    with SqliteStore(path) as store:
        store.add(random_facts(seed))
        store.save_rings(a_snapshot(1, 6))
        damage(path, seed, 0.25)
        store._connections.close()  # what it holds in memory is as it was
        for read in READS:
            try:
                read(store, store.view(day(90)))
            except StoreError as error:
                said.append(str(error))
    assert said, "nothing was damaged that is read"
    assert all("damaged" in one or "backup" in one or "no entry" in one for one in said), said


def test_damage_that_is_met_at_a_later_row_is_said_however_rows_are_fetched(tmp_path: Path) -> None:
    connection = open_file("store", tmp_path / "graph.db", 0.0)
    connection.execute("CREATE TABLE page (n INTEGER PRIMARY KEY, text)")
    connection.executemany("INSERT INTO page VALUES (?, ?)", [(n, "x" * 500) for n in range(2_000)])
    connection.close()
    data = bytearray((tmp_path / "graph.db").read_bytes())
    data[-40_960:] = bytes(40_960)
    (tmp_path / "graph.db").write_bytes(data)
    connection = open_file("store", tmp_path / "graph.db", 0.0)
    rows = "SELECT n, text FROM page ORDER BY n"
    assert connection.execute(rows).fetchone() == (0, "x" * 500)
    assert len(connection.execute(rows).fetchmany()) == 1

    def one_by_one() -> None:
        cursor = connection.execute(rows)
        while cursor.fetchone() is not None:
            pass

    def by_next() -> None:
        cursor = connection.execute(rows)
        while True:
            next(cursor)

    for fetch in (
        connection.execute(rows).fetchall,
        lambda: connection.execute(rows).fetchmany(5_000),
        lambda: list(connection.execute(rows)),
        lambda: dict(connection.cursor().execute(rows)),
        one_by_one,
        by_next,
    ):
        with pytest.raises(StoreUnavailableError, match="the store cannot be used now: its file is damaged"):
            fetch()
    connection.close()


def test_a_text_that_cannot_be_read_is_named_as_damage_and_not_repeated(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "graph.db") as store:
        store.add(Facts(applications=(applies("ann", 1),)))
        store._connection().execute("UPDATE application SET city = CAST(x'ff414141' AS TEXT)")
        with pytest.raises(StoreUnavailableError, match="bring its backup back") as refused:
            list(store.view(day(2)).applications(day(0)))
    assert "AAA" not in str(refused.value)
