"""The embedded store keeps the contract of every store, and what only a file can promise."""

from __future__ import annotations

import json
import multiprocessing
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from graph.facts.people_range import PeopleRange
from graph.frame.frame import Frame
from graph.journal.encode import encode_snapshot
from graph.journal.entry import EMPTY, decode, write
from graph.journal.parts import parts_of
from graph.model.errors import ConflictError, SettingError, StoreUnavailableError, StoreVersionError
from graph.model.types import Facts, LabelValue, RingChange, RingSnapshot
from graph.store.replication import copy, inventory
from graph.stores.embedded import overwrite_free_space
from graph.stores.sqlite import SqliteStore
from graph.stores.sqlite.connection import connect
from graph.stores.sqlite.draft import SqliteDraft
from graph.stores.sqlite.table_sources import TableSources
from investigations.casebook import Casebook
from tests.support.contracts.erasure_contract import FOREVER, ErasureContract, erased
from tests.support.contracts.journal_contract import JournalContract, all_told, as_sets, several_rings
from tests.support.contracts.people_range_contract import PeopleRangeContract
from tests.support.contracts.refusal_contract import RefusalContract
from tests.support.contracts.store_contract import Open, StoreContract, a_snapshot, in_parts
from tests.support.frames import in_turn
from tests.support.full_disks import full_disk
from tests.support.small_worlds import applies, day, fraud, random_facts, shuffled, uses


class TestSqliteStore(StoreContract, JournalContract, ErasureContract, RefusalContract, PeopleRangeContract):
    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Open:
        return partial(SqliteStore, tmp_path / "graph.db")

    @pytest.fixture
    def store(self, open_store: Open) -> Iterator[SqliteStore]:
        with open_store() as store:
            yield store

    @pytest.fixture
    def second(self, tmp_path: Path) -> Iterator[SqliteStore]:
        with SqliteStore(tmp_path / "second.db") as store:
            yield store


def _write(path: Path, writer: int) -> None:
    with SqliteStore(path) as store:
        for n in range(25):
            store.add(
                Facts(
                    applications=(
                        applies(
                            f"w{writer}-{n}", 1, uses("device", "shared"), uses("phone", f"{writer}-{n}")
                        ),
                    )
                )
            )


def test_several_processes_write_at_once_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    path = tmp_path / "graph.db"
    writers = [multiprocessing.get_context("fork").Process(target=_write, args=(path, n)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0, 0, 0]
    with SqliteStore(path) as store:
        assert store.counts()["applications"] == 100
        assert store.revision() == 100
        assert store.counts()["identifiers"] == 101


def test_a_store_whose_file_is_gone_takes_nothing_and_answers_nothing(tmp_path: Path) -> None:
    file, beside = tmp_path / "graph.db", tmp_path / "elsewhere.db"
    given = Facts(applications=(applies("ann", 1),))
    with SqliteStore(file) as store:
        store.add(given)
        file.rename(beside)
        for asked in (
            lambda: store.add(random_facts(1)),
            lambda: store.try_add(random_facts(1), 0.1),
            lambda: store.save_rings(a_snapshot(1, 1)),
            store.revision,
            lambda: store.view(day(9)),
            store.overwrite_free_space,
        ):
            with pytest.raises(StoreUnavailableError, match=r"file .*graph.db is gone, or another"):
                asked()
        assert not file.exists()
        beside.rename(file)
        store.add(given)
        assert store.revision() == 1
        file.rename(beside)
        SqliteStore(file).close()  # another one in its place
        with pytest.raises(StoreUnavailableError, match="another one than was opened"):
            store.add(random_facts(1))


def test_a_file_that_is_no_store_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("dear reader, this is no database at all " * 100)
    with pytest.raises(StoreUnavailableError, match="not a database"):
        SqliteStore(path)


def test_a_store_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "graph.db"
    SqliteStore(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreVersionError, match="99"):
        SqliteStore(path)


def schema_of(path: Path) -> list[tuple[str, str]]:
    """What a store's file is made of, by name, and the version that it says it has."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
        version = str(connection.execute("PRAGMA user_version").fetchone()[0])
        return [*((name, " ".join(sql.split())) for name, sql in rows), ("version", version)]


def schema_of_a_new_one(folder: Path) -> list[tuple[str, str]]:
    SqliteStore(folder / "new.db").close()
    return schema_of(folder / "new.db")


def with_changes_beside(path: Path, changes: tuple[RingChange, ...] = ()) -> None:
    """Every snapshot as versions before 6 wrote it: what became of its rings is in one text beside it."""
    rows = [[getattr(one, f.name) for f in fields(RingChange)] for one in changes]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(
            """DROP INDEX snapshot_in_force; ALTER TABLE snapshot RENAME TO new;
            CREATE TABLE snapshot(key INTEGER PRIMARY KEY, name TEXT NOT NULL, as_of INTEGER NOT NULL,
                mark INTEGER NOT NULL, changes TEXT NOT NULL);
            CREATE INDEX snapshot_in_force ON snapshot(as_of, mark);
            INSERT INTO snapshot SELECT *, '[]' FROM new; DROP TABLE new; PRAGMA user_version = 5"""
        )
        connection.execute("UPDATE snapshot SET changes = ?", (json.dumps(rows),))


WITHOUT_JOURNAL = (
    "DROP TRIGGER entry_first; DROP TABLE journal; DROP TABLE journal_part; DROP TABLE draft; "
    "DELETE FROM meta WHERE name = 'identity'; PRAGMA user_version = 2"
)


def test_a_store_of_before_the_journal_gets_the_entries_of_all_that_it_was_told(tmp_path: Path) -> None:
    path = tmp_path / "graph.db"
    with SqliteStore(path) as store:
        for part in in_parts(shuffled(random_facts(5), 1), 6):
            store.add(part)
        store.save_rings(a_snapshot(20, 2))
        store.add(Facts(applications=(applies("late", 2, uses("phone", "phone1")),)))
        before = [(entries.revision, as_sets(entries.facts), entries.snapshot) for entries in all_told(store)]
    with_changes_beside(path, a_snapshot(20, 2).changes)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(WITHOUT_JOURNAL)
    with SqliteStore(path) as store:
        assert [
            (entries.revision, as_sets(entries.facts), entries.snapshot) for entries in all_told(store)
        ] == before
        assert store.add(Facts(applications=(applies("new", 3),))).revision == store.revision() == 9
        assert store.identity() != 0
    assert schema_of(path) == schema_of_a_new_one(tmp_path)


def with_rings_in_one_piece(path: Path, snapshot: RingSnapshot) -> None:
    """The file as the version before parts wrote it, with that snapshot as its revision 7."""
    with SqliteStore(path) as store:
        for part in in_parts(shuffled(random_facts(5), 1), 6):
            store.add(part)
        store.save_rings(snapshot)
    with_changes_beside(path, snapshot.changes)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE journal SET body = ? WHERE mark = 7", (encode_snapshot(snapshot),))
        connection.executescript("DROP TABLE journal_part; DROP TABLE draft; PRAGMA user_version = 4")


def test_a_snapshot_in_one_piece_is_read_copied_and_erased_from_as_before(
    tmp_path: Path,
) -> None:
    snapshot = replace(
        a_snapshot(20, 4), changes=(replace(a_snapshot(20, 4).changes[0], why=("cleared=p1,p005",)),)
    )
    with_rings_in_one_piece(tmp_path / "graph.db", snapshot)
    with SqliteStore(tmp_path / "graph.db") as store, SqliteStore(tmp_path / "copy.db") as other:
        assert [len(list(store.tail(n, n + 1))) for n in range(7)] == [1] * 7
        assert all_told(store)[-1].snapshot == snapshot
        frame = Frame.open(tmp_path / "frame", store)
        assert frame.catch_up()
        assert frame.view(day(30)).rings() == in_turn(frame.view(day(30))) == snapshot
        assert copy(store, other) == 7
        assert len(list(other.tail(6))) > 1
        assert inventory(store, 7).as_json() == inventory(other, 7).as_json()
        new = erased(store, "p1").people["p1"]
        told = all_told(store)[-1].snapshot
        assert told is not None
        assert told.changes[0].why == (f"cleared={new},p005",)
        assert {m.applicant_id for m in next(iter(told.rings)).members} == {"p0", new, "p2", "p3"}
    assert schema_of(tmp_path / "graph.db") == schema_of_a_new_one(tmp_path)


def test_a_snapshot_with_changes_beside_it_is_read_copied_and_erased_from(
    tmp_path: Path,
) -> None:
    [first, *others] = several_rings(20, 5).changes
    snapshot = replace(several_rings(20, 5), changes=(replace(first, why=("cleared=many1,a",)), *others))
    path = tmp_path / "graph.db"
    with SqliteStore(path) as store:
        store.add(Facts(applications=tuple(applies(f"many{n}", n + 1) for n in range(5))))
        store.part_bytes = 1
        store.save_rings(snapshot)
        [(_, begun), *_] = store.tail(1)
    head = {
        name: value for name, value in json.loads(decode(begun).head.tobytes()).items() if name != "changes"
    }
    entry = write(EMPTY._replace(head=np.frombuffer(json.dumps(head).encode(), "u1")))
    with_changes_beside(path, snapshot.changes)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE journal SET body = ? WHERE mark = 2", (entry,))
    with SqliteStore(path) as store, SqliteStore(tmp_path / "copy.db") as other:
        assert copy(store, other) == 2
        for one in (store, other):
            view = one.view(day(30))
            assert view.rings() == in_turn(view) == all_told(one)[-1].snapshot == snapshot
            assert view.change_of("R-4") == others[-1]
        new = erased(store, "many1").people["many1"]
        change = store.view(day(30)).change_of("R-0")
        assert change is not None
        assert change.why == (f"cleared={new},a",)
        assert b"many1" not in b"".join(decode(body).rings.tobytes() for _, body in store.tail(1))
    assert schema_of(path) == schema_of_a_new_one(tmp_path)


def test_what_a_killed_save_has_left_is_thrown_away_a_day_later(tmp_path: Path) -> None:
    def left() -> list[int]:
        tables = ("draft", "journal_part", "ring", "ring_member")
        return [store._connection().execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in tables]

    path = tmp_path / "graph.db"
    with SqliteStore(path) as store:
        store.save_rings(a_snapshot(7, 2))
        begun = SqliteDraft.begin(store._transaction, 0)
        [part] = parts_of(a_snapshot(14, 3))
        begun.add(1, part)
        assert left() == [1, 2, 2, 5]
        store.save_rings(a_snapshot(21, 1))
        assert left() == [1, 3, 3, 6], "it may still be going on"
        store._connection().execute("UPDATE draft SET touched = touched - 90000")
        store.save_rings(a_snapshot(28, 1))
        assert left() == [0, 3, 3, 4]
        with pytest.raises(ConflictError, match="save it again"):
            begun.add(2, part)
        assert [store.view(day(n)).rings() for n in (8, 15, 22, 29)] == [
            a_snapshot(7, 2),
            a_snapshot(7, 2),
            a_snapshot(21, 1),
            a_snapshot(28, 1),
        ]


def test_what_a_killed_save_has_left_goes_with_the_first_erasure(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "graph.db") as store:
        store.add(Facts(applications=tuple(applies(f"p{n}", n + 1) for n in range(3))))
        store.save_rings(a_snapshot(7, 2))
        [part] = parts_of(a_snapshot(14, 3))
        SqliteDraft.begin(store._transaction, 0).add(1, part)
        people = erased(store, "p2").people
        for table, left in (("draft", 0), ("journal_part", 1), ("ring", 1), ("ring_member", 2)):
            assert store._connection().execute(f"SELECT count(*) FROM {table}").fetchone()[0] == left
        assert list(people) == ["p2"]


def test_a_snapshot_that_lacks_a_part_is_said_and_not_passed_over(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "graph.db") as store:
        store.part_bytes = 1
        store.save_rings(a_snapshot(7, 2))
        store._connection().execute("DELETE FROM journal_part WHERE number = 2")
        with pytest.raises(StoreVersionError, match="mark 1 lacks its part 2 of 2"):
            list(store.tail(0))


def test_a_process_of_before_the_journal_cannot_write_to_a_store_that_has_one(tmp_path: Path) -> None:
    path = tmp_path / "graph.db"
    with SqliteStore(path) as store:
        store.add(Facts(applications=(applies("ann", 1),)))
        with (
            closing(sqlite3.connect(path)) as old,
            pytest.raises(sqlite3.IntegrityError, match="later release"),
        ):
            old.execute("UPDATE meta SET value = 2 WHERE name = 'mark'")
        assert store.revision() == 1


@pytest.mark.parametrize(("lost", "read"), [(3, [1, 2]), (5, [1, 2, 3, 4])])
def test_a_mark_without_an_entry_is_said_and_not_passed_over(
    tmp_path: Path, lost: int, read: list[int]
) -> None:
    with SqliteStore(tmp_path / "graph.db") as store:
        for n in range(5):
            store.add(Facts(applications=(applies("ann", n),)))
        store._connection().execute("DELETE FROM journal WHERE mark = ?", (lost,))
        entries = store.tail(0)
        assert [next(entries)[0] for _ in read] == read
        with pytest.raises(StoreVersionError, match=f"mark {lost} has no entry"):
            next(entries)


def test_a_store_of_version_1_is_brought_up_to_this_one(tmp_path: Path) -> None:
    path = tmp_path / "graph.db"
    with SqliteStore(path) as store:
        store.add(Facts(applications=(applies("ann", 1),), labels=(fraud("ann@1", 2),)))
    with_changes_beside(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(WITHOUT_JOURNAL)
        connection.executescript(
            """DROP INDEX label_of; ALTER TABLE label RENAME TO new;
            CREATE TABLE label(application_id TEXT NOT NULL, applicant_id TEXT NOT NULL,
            known_at INTEGER NOT NULL, source TEXT NOT NULL, label TEXT NOT NULL, detail TEXT,
                mark INTEGER NOT NULL,
            PRIMARY KEY(application_id, applicant_id, known_at, source)) WITHOUT ROWID; INSERT INTO label
                SELECT * FROM new; DROP TABLE new;
            CREATE INDEX label_of ON label(applicant_id) WHERE applicant_id <> ''; PRAGMA user_version = 1"""
        )
    with SqliteStore(path) as store:
        assert [label.label for label in store.view(day(3)).labels_of(["ann"])["ann"]] == [LabelValue.FRAUD]
        reported = replace(fraud("ann@1", 2), label=LabelValue.GOOD)
        assert (store.add(Facts(labels=(fraud("ann@1", 2), reported))).accepted, store.revision()) == (1, 2)
        assert store.view(day(3)).tables().labels["fraud"].tolist() == [True, False]
    assert schema_of(path) == schema_of_a_new_one(tmp_path)


def test_columns_are_read_of_a_store_beside_which_its_connection_has_a_temporary_one(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "graph.db") as store:
        store.add(Facts(applications=(applies("ann", 1),)))
        store._connection().execute("CREATE TEMP TABLE beside(x)")
        assert store.view(day(2)).tables().applicant_ids.tolist() == ["ann"]


def test_a_casebook_is_no_store(tmp_path: Path) -> None:
    Casebook(f"sqlite:///{tmp_path / 'casebook.db'}").close()
    with pytest.raises(SettingError, match="other tables than a store's"):
        SqliteStore(tmp_path / "casebook.db")


def test_a_full_disk_or_locked_file_is_said_in_the_familys_words(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "graph.db") as store:
        store.add(Facts(applications=(applies("ann", 1),)))
        view = store.view(day(2))
        store._connection().execute("DROP TABLE outcome")
        with pytest.raises(StoreUnavailableError):
            view.outcomes_of(["ann@1"])


EXPLAINED = {
    "application": "SELECT 1 FROM application WHERE applicant = 1 AND at < 9 ORDER BY at DESC",
    "event": "SELECT 1 FROM event WHERE counterparty = 1 AND at < 9 ORDER BY at DESC",
    "tie": "SELECT 1 FROM tie WHERE identifier = 1 AND since < 9 ORDER BY since DESC",
    "mention": "SELECT max(at) FROM mention WHERE applicant = 1 AND identifier = 1 AND role = 0 AND at < 9",
}


@pytest.mark.parametrize("table", sorted(EXPLAINED))
def test_no_hot_query_scans_a_table(tmp_path: Path, table: str) -> None:
    with SqliteStore(tmp_path / "graph.db") as store:
        plan = store._connection().execute(f"EXPLAIN QUERY PLAN {EXPLAINED[table]}").fetchall()
    assert all("SCAN" not in row[3] and "TEMP B-TREE" not in row[3] for row in plan), plan


RANGE = TableSources({"as_of": 9, "mark": 9}, PeopleRange("a", "b"))
OF_A_RANGE = {
    source.__name__: f"SELECT {column} FROM {source()}"
    for source, column in (
        (RANGE.ties, "min(at)"), (RANGE.identifiers, "kind"), (RANGE.applications, "mark"),
        (RANGE.events, "mark"), (RANGE.outcomes, "status"), (RANGE.labels, "label"),
        (RANGE.people, "applicant_id"), (RANGE.merchants, "category"), (RANGE.platforms, "is_own"),
        (RANGE.devices, "os"),
    )
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(OF_A_RANGE))
def test_a_range_of_people_is_read_by_indexes_from_its_people_on(tmp_path: Path, name: str) -> None:
    with SqliteStore(tmp_path / "graph.db") as store:
        plan = [row[3] for row in store._connection().execute(f"EXPLAIN QUERY PLAN {OF_A_RANGE[name]}")]
    assert [step for step in plan if step.startswith("SCAN") and "subquery" not in step] == [], plan
    first = next(step for step in plan if step.startswith("SEARCH"))
    assert first.endswith("(applicant_id>? AND applicant_id<?)"), plan


def test_no_byte_of_an_erased_name_is_left_in_a_file_of_the_store(tmp_path: Path) -> None:
    def told(n: int) -> Facts:
        who = f"Wang-Fang-{n:03d}"
        own = (uses("phone", f"private-{n:03d}"), uses("device", f"shared-{n // 9}"))
        words = (("employer", f"factory of {who}"),)
        return Facts(applications=(applies(who, n, *own, attributes=words),))

    with SqliteStore(tmp_path / "graph.db") as store, SqliteStore(tmp_path / "graph.db") as reader:
        for n in range(300):
            store.add(told(n))
        assert reader.view(FOREVER).application("Wang-Fang-007@7")
        gone = [f"Wang-Fang-{n:03d}" for n in range(0, 300, 7)]
        renaming = erased(store, *gone)
        assert len(renaming.identifiers) == len(gone)
        assert store.overwrite_free_space()
        held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert [name for name in renaming.texts if name.encode() in held and not name.startswith("k1.")] == []
    assert not [n for n in range(0, 300, 7) if b"private-%03d" % n in held]
    assert b"Wang-Fang-001" in held
    assert b"shared-0" in held


def test_a_disk_without_room_for_a_new_file_of_the_store_is_said(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "graph.db") as store:
        store.add(Facts(applications=tuple(applies(f"p{n}", n) for n in range(300))))
        with full_disk(), pytest.raises(StoreUnavailableError, match="store cannot be used now"):
            store.overwrite_free_space()
        assert store.overwrite_free_space()


def test_a_new_file_of_a_store_is_made_on_the_disk_and_not_in_memory(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "graph.db") as store:
        store.add(Facts(applications=(applies("p1", 1),)))
    with closing(connect(tmp_path / "graph.db")) as connection:
        assert overwrite_free_space(connection)
        assert connection.execute("PRAGMA temp_store").fetchone() == (1,), "1 is a file"
