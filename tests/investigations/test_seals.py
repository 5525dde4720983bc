"""Whoever changes a row of the audit, takes one away or slips one in is found, in SQLite and in PostgreSQL,
also by somebody who owns the database.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
import sqlalchemy as sa

from graph.model.erasure import Renaming, surrogate
from graph.signatures import Keys
from investigations.casebook import Casebook
from investigations.casebook.erasure.erasing import ErasedPeople
from investigations.casebook.guards import statements
from investigations.casebook.migrations import append_only
from investigations.casebook.seals import AT_ONCE, NOTHING, Anchor, Fault
from investigations.cases import NewCase
from investigations.erased_names import ErasedNames
from scripts.cli.main import main
from tests.investigations.test_casebook_migrations import RELEASED
from tests.support.casebooks import NOW, assessment, forge, url_of

ROWS = 60
KEYS: Keys = (("k1", b"a secret of at least thirty-two bytes"),)


@pytest.fixture
def book(casebook_url: str) -> Iterator[Casebook]:
    """A casebook with assessments and a case with a history, all of it sealed."""
    with Casebook(casebook_url) as opened:
        filled(opened)
        yield opened


def filled(book: Casebook, first: int = 0, rows: int = ROWS) -> None:
    for number in range(first, first + rows):
        book.record(assessment(number, answer=b'{"answer":%d}' % number))
    case_id, _ = book.open_case(NewCase(reason="x", applicant_id=f"p{first}"), at=NOW, by="engine")
    book.add_note(case_id, "seen", at=NOW, by="wang")
    while book.seals.seal(NOW):
        pass


def owned(casebook_url: str, *changes: str) -> None:
    """What the owner of the database does: past the triggers, which stand again afterwards."""
    tables = [table for table in append_only() if any(table.name in change for change in changes)]
    if casebook_url.startswith("postgresql"):
        names = [table.name for table in tables]
        off = [f"ALTER TABLE {name} DISABLE TRIGGER ALL" for name in names]
        on = [
            f"ALTER TABLE {name} ENABLE ALWAYS TRIGGER {name}_{verb}_refused"
            for name in names
            for verb in ("update", "delete", "truncate")
        ]
        forge(casebook_url, *off, *changes, *on)
        return
    guards = {name: made for table in tables for name, made in statements(table).items()}
    forge(casebook_url, *(f"DROP TRIGGER {name}" for name in guards), *changes, *guards.values())


def test_what_nobody_touched_is_intact_and_counted(book: Casebook) -> None:
    found = book.seals.verify()
    assert found.faults == ()
    assert (found.rows, found.pending) == (ROWS + 2, 0)
    assert found.head == book.seals.head()
    book.record(assessment(ROWS))
    assert (book.seals.verify().faults, book.seals.verify().pending) == ((), 1)
    assert book.seals.seal(NOW) == 1
    assert book.seals.seal(NOW) == 0


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("UPDATE assessments SET score = 1 WHERE assessment_id = 'A-7'", "row_changed assessments A-7"),
        ("UPDATE case_events SET note = 'unseen' WHERE position = 2", "row_changed case_events 2"),
        ("DELETE FROM assessments WHERE assessment_id = 'A-9'", "row_missing assessments A-9"),
        ("DELETE FROM seals WHERE position = 1", "seal_missing seals 1"),
        ("DELETE FROM seals WHERE position = 2", "seal_missing seals 2"),
        ("UPDATE seals SET at = 1 WHERE position = 1", "seal_changed seals 1"),
    ],
)
def test_a_row_that_the_owner_of_the_database_changes_is_named(
    book: Casebook, casebook_url: str, change: str, fault: str
) -> None:
    filled(book, ROWS)
    owned(casebook_url, change)
    assert fault in {" ".join(one) for one in book.seals.verify().faults}


def test_a_row_changed_together_with_its_digest_breaks_the_chain(book: Casebook, casebook_url: str) -> None:
    owned(
        casebook_url,
        "UPDATE assessments SET score = 1 WHERE assessment_id = 'A-7'",
        f"UPDATE sealed_rows SET digest = '{'1' * 64}' WHERE row_key = 'A-7'",
    )
    assert "seal_changed" in {one.what for one in book.seals.verify().faults}


def test_a_row_slipped_in_for_a_time_that_is_sealed_has_no_seal(book: Casebook) -> None:
    book.record(assessment(900, as_of=NOW + timedelta(hours=3)))
    book.seals.seal(NOW)
    book.record(assessment(901, as_of=NOW - timedelta(days=3)))
    book.seals.seal(NOW)
    assert book.seals.verify().faults == (Fault("row_without_seal", "assessments", "A-901"),)


def test_an_anchor_kept_elsewhere_tells_a_chain_that_was_made_anew(book: Casebook, casebook_url: str) -> None:
    anchor = book.seals.head()
    assert book.seals.verify([anchor]).faults == ()
    owned(casebook_url, "DELETE FROM sealed_rows", "DELETE FROM seals", "UPDATE assessments SET score = 1")
    while book.seals.seal(NOW):
        pass
    assert book.seals.verify().faults == ()
    assert book.seals.verify([anchor]).faults == (Fault("anchor_differs", "seals", str(anchor.position)),)


def test_workers_that_write_and_seal_at_once_make_one_chain(casebook_url: str) -> None:
    with Casebook(casebook_url) as first, Casebook(casebook_url) as second, ThreadPoolExecutor(4) as pool:

        def work(number: int) -> None:
            book = (first, second)[number % 2]
            book.record(assessment(number))
            if number % 3 == 0:
                book.seals.seal(NOW)

        list(pool.map(work, range(ROWS)))
        while first.seals.seal(NOW):
            pass
        found = second.seals.verify()
    assert (found.faults, found.rows, found.pending) == ((), ROWS, 0)


def test_a_casebook_of_release_0_2_0_is_sealed_as_it_is(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "casebook.db")) as connection:
        connection.executescript(RELEASED.read_text(encoding="utf-8"))
    with Casebook(url_of(tmp_path)) as book:
        assert (book.seals.head(), book.seals.verify().faults) == (Anchor(0, NOTHING), ())
        assert 0 < book.seals.seal(NOW) < AT_ONCE
        assert book.seals.verify().pending == 0


def test_the_command_seals_verifies_and_fails_where_something_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = url_of(tmp_path)
    with Casebook(where) as book:
        book.record(assessment(1))
    assert main(["audit", "seal", "--casebook", where, "--json"]) == 0
    assert main(["audit", "verify", "--casebook", where, "--json"]) == 0
    assert main(["audit", "verify", "--casebook", where, "--json", "--anchor", f"1:{'0' * 64}"]) == 1
    owned(where, "UPDATE assessments SET score = 1")
    capsys.readouterr()
    assert main(["audit", "verify", "--casebook", where, "--json"]) == 1
    assert '"row_changed"' in capsys.readouterr().out


# changes to anything


EACH_IS_SLOW = pytest.mark.parametrize("drawn", [60, pytest.param(None, marks=pytest.mark.slow, id="each")])
A_FEW = 6  # rows: of each kind of row, in each seal, at a tenth of the time
WAYS = 4  # other values for each value


@EACH_IS_SLOW
def test_a_change_to_any_value_of_the_audit_is_found(tmp_path: Path, drawn: int | None) -> None:
    with Casebook(url_of(tmp_path)) as book:
        filled(book, rows=A_FEW)
        filled(book, A_FEW, rows=A_FEW)
        assert_every_change_is_found(book, tmp_path, drawn)


@EACH_IS_SLOW
def test_a_change_to_any_value_beside_an_erasure_is_found(tmp_path: Path, drawn: int | None) -> None:
    with Casebook(url_of(tmp_path)) as book:
        filled(book, rows=A_FEW)
        filled(book, A_FEW, rows=A_FEW)
        people = Renaming(people={"p0": surrogate("Q", "")}, applications={"a7": surrogate("R", "")})
        until = NOW + timedelta(days=9)
        names = ErasedNames(people)
        gone = ErasedPeople(names=names, certificate="ER-1", until=until, keys=KEYS)
        assert book.erasing.erase(gone, NOW)
        while book.seals.seal(NOW):
            pass
        assert book.seals.verify(keys=KEYS).erased > 0
        assert_every_change_is_found(book, tmp_path, drawn)


def assert_every_change_is_found(book: Casebook, folder: Path, drawn: int | None) -> None:
    """Take a row of the audit away or change one of its values, verify, and put it back: so many drawn ones
    of all places, or each.
    """
    rng = random.Random(20261128)
    with closing(sqlite3.connect(folder / "casebook.db", isolation_level=None)) as database:
        for table in append_only():
            for name in statements(table):
                database.execute(f"DROP TRIGGER {name}")
            before = f"CREATE TEMP TABLE before_{table.name} AS SELECT rowid FROM {table.name}"
            database.execute(before)
        by_table = [of_table for table in append_only() if (of_table := places(database, table))]
        each = [place for of_table in by_table for place in of_table]
        for place in each if drawn is None else [rng.choice(rng.choice(by_table)) for _ in range(drawn)]:
            for _ in range(1 if drawn or place.column is None else WAYS):
                row = changed(database, place, rng)
                assert book.seals.verify(keys=KEYS).faults, (place, row)
                undone(database, place, row)
        assert book.seals.verify(keys=KEYS).faults == ()


class Place(NamedTuple):
    """A value of a row of the audit, or the whole row."""

    table: sa.Table
    rowid: int
    column: int | None


def places(database: sqlite3.Connection, table: sa.Table) -> list[Place]:
    rowids = [rowid for (rowid,) in database.execute(f"SELECT rowid FROM {table.name}")]
    columns = (None, *range(len(table.columns)))
    return [Place(table, rowid, column) for rowid in rowids for column in columns]


def changed(database: sqlite3.Connection, place: Place, rng: random.Random) -> tuple[object, ...]:
    """Change that value, or take the row away; the row as it was."""
    table, rowid, at = place
    row: tuple[object, ...] = database.execute(
        f"SELECT * FROM {table.name} WHERE rowid = ?", (rowid,)
    ).fetchone()
    if at is None:
        database.execute(f"DELETE FROM {table.name} WHERE rowid = ?", (rowid,))
        return row
    column = table.columns[at]
    value = other(row[at], column, rng)
    try:
        database.execute(f'UPDATE {table.name} SET "{column.name}" = ? WHERE rowid = ?', (value, rowid))
    except sqlite3.IntegrityError:  # another row has that key
        return changed(database, place, rng)
    return row


def other(value: object, column: sa.Column[object], rng: random.Random) -> object:
    """Another value of that column."""
    if value is None:
        return 7 if not isinstance(column.type, sa.Text | sa.String) else "x"
    if isinstance(value, bytes):
        place = rng.randrange(len(value))
        return value[:place] + bytes([value[place] ^ (1 << rng.randrange(8))]) + value[place + 1 :]
    if isinstance(value, int):
        return value + rng.choice((-1, 1, 1_000_000))
    if isinstance(value, float):
        return value + rng.choice((1e-12, 0.5))
    text = str(value)
    place = rng.randrange(len(text) + 1)
    return text[:place] + rng.choice("abc019 ") + text[place:]


def undone(database: sqlite3.Connection, place: Place, row: tuple[object, ...]) -> None:
    """Put the row back as it was, whatever key it has now."""
    table, rowid, _ = place
    first = table.columns[0]
    named = isinstance(first.type, sa.String)  # else the first column is the rowid
    database.execute("BEGIN")
    database.execute(f"DELETE FROM {table.name} WHERE rowid NOT IN (SELECT rowid FROM before_{table.name})")
    database.execute(f"DELETE FROM {table.name} WHERE rowid = ?", (rowid,))
    listed = ", ".join(f'"{column.name}"' for column in table.columns)
    marks = ", ".join("?" * len(row))
    if named:
        database.execute(f"INSERT INTO {table.name} (rowid, {listed}) VALUES (?, {marks})", (rowid, *row))
    else:
        database.execute(f"INSERT INTO {table.name} ({listed}) VALUES ({marks})", row)
    database.execute("COMMIT")
