"""A casebook of every earlier version goes on where it was: SQLite and a real PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from investigations.casebook import Casebook
from investigations.casebook.migrations import MIGRATIONS, VERSION, append_only, prepare
from investigations.casebook.tables.case_tables import CASES
from investigations.casebook.tables.metadata import METADATA
from investigations.cases import CaseFilter
from tests.support.casebooks import NOW, assessment, forge, url_of

RELEASED = Path(__file__).parents[1] / "support" / "casebook_of_0_2_0.sql"


@contextmanager
def connected(casebook_url: str) -> Iterator[sa.Connection]:
    """A transaction of somebody who owns the database."""
    engine = sa.create_engine(casebook_url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def older(casebook_url: str, version: int) -> None:
    """A casebook of that version, with a case of before there was more to a case."""
    with connected(casebook_url) as connection:
        prepare(connection, 1)
        case = {"case_id": "C-1", "opened_at": 0, "state": "pending", "reason": "x", "reason_codes": ""}
        connection.execute(sa.insert(CASES), case)
    with connected(casebook_url) as connection:
        prepare(connection, version)


def made(casebook_url: str) -> dict[str, set[str | None]]:
    """By table: its indexes."""
    with connected(casebook_url) as connection:
        inspector = sa.inspect(connection)
        return {
            name: {
                index["name"]
                for index in inspector.get_indexes(name)
                if not index.get("duplicates_constraint")  # in PostgreSQL what is unique has one
            }
            for name in inspector.get_table_names()
        }


def indexes(casebook_url: str) -> dict[str, set[str | None]]:
    """By table: the indexes that it should have; those by bytes are PostgreSQL's alone."""
    language = sa.make_url(casebook_url).get_backend_name() == "postgresql"
    return {
        table.name: {
            str(one.name) for one in table.indexes if language or not str(one.name).endswith("_bytes")
        }
        for table in METADATA.sorted_tables
    }


@pytest.mark.parametrize("version", sorted(MIGRATIONS)[:-1])
def test_a_casebook_of_any_version_becomes_one_as_if_it_were_new(casebook_url: str, version: int) -> None:
    older(casebook_url, version)
    assert set(made(casebook_url)) == {t.name for n in range(1, version + 1) for t in MIGRATIONS[n].tables}
    with Casebook(casebook_url) as book:
        book.record(assessment(1))
        assert [case.case_id for case in book.queue(CaseFilter())[1]] == ["C-1"]
        assert book.assign("C-1", "wang", 10**9, at=NOW, by="wang").assignee == "wang"
    assert made(casebook_url) == indexes(casebook_url)
    with pytest.raises(sa.exc.DatabaseError, match="append-only"):
        forge(casebook_url, "UPDATE assessments SET score = 1")


def test_processes_that_open_an_old_casebook_at_once_migrate_it_once(casebook_url: str) -> None:
    older(casebook_url, 1)
    with ThreadPoolExecutor(6) as pool:
        books = list(pool.map(lambda _: Casebook(casebook_url), range(6)))
    assert [[case.case_id for case in book.queue(CaseFilter())[1]] for book in books] == [["C-1"]] * 6
    for book in books:
        book.close()


def test_a_casebook_that_release_0_2_0_wrote_is_read_and_worked_on(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "casebook.db")) as connection:
        connection.executescript(RELEASED.read_text(encoding="utf-8"))
    with Casebook(url_of(tmp_path)) as book:
        assert book.assessment("A-1") == assessment(1)
        assert [owed.assessment_id for owed in book.outbox_pending(9)] == ["A-1"]
        assert [labels[0].applicant_id for _, labels in book.owed_labels(9)] == ["p2"]
        first, second = sorted(book.queue(CaseFilter())[1], key=lambda case: -case.about.exposure)
        assert (first.about.ring_id, first.assignee, first.about.exposure) == ("R-1", "wang", 9000)
        assert (second.about.applicant_id, second.assignee) == ("p2", None)
        assert book.assign(second.case_id, "li", 10**9, at=NOW, by="li").assignee == "li"
    assert made(url_of(tmp_path)) == indexes(url_of(tmp_path)), "older tables have the indexes of now"


def test_every_table_was_brought_by_one_version_with_its_guards() -> None:
    brought = Counter(table.name for one in MIGRATIONS.values() for table in one.tables)
    assert brought == Counter(table.name for table in METADATA.sorted_tables)
    assert all(set(one.append_only) <= set(one.tables) for one in MIGRATIONS.values())
    assert append_only(1) == append_only()[:3]
    assert sorted(MIGRATIONS) == list(range(1, VERSION + 1))
