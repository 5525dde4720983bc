"""Many cases in the casebook, in SQLite and PostgreSQL: one order in both, and each handed out once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from investigations.casebook import Casebook
from investigations.casebook.tables.case_tables import CASE_RANKS
from investigations.cases import (
    CaseColumn,
    CaseFilter,
    CasePriority,
    CaseSort,
    NewCase,
    Sought,
    Verdict,
    VerdictValue,
)
from tests.support.casebooks import NOW

ODD = ("R_1", "R-1", "r-1", "R1", "R 1", "é", "Z", "a")
"""Ids that a language sorts otherwise than bytes."""


@pytest.fixture
def book(casebook_url: str) -> Iterator[Casebook]:
    with Casebook(casebook_url) as opened:
        yield opened


def opened(book: Casebook, rings: tuple[str, ...] = ODD) -> dict[str, str]:
    """By ring: a case about it."""
    return {ring: book.open_case(NewCase(reason="x", ring_id=ring), at=NOW, by="x")[0] for ring in rings}


def order(book: Casebook, column: CaseColumn, *, falling: bool) -> list[str]:
    return [str(case.about.ring_id) for case in book.page(CaseFilter(), 99, 0, CaseSort(column, falling))]


def test_the_order_of_ids_and_names_is_that_of_their_bytes_in_every_database(book: Casebook) -> None:
    cases = opened(book)
    assert order(book, CaseColumn.SUBJECT, falling=False) == sorted(ODD)
    assert order(book, CaseColumn.SUBJECT, falling=True) == sorted(ODD, reverse=True)
    for ring in ODD[:-1]:  # each is its own investigator's; nobody has the last
        book.assign(cases[ring], ring, 10**9, at=NOW, by="x")
    for falling in (False, True):
        named = [*sorted(ODD[:-1], reverse=falling), ODD[-1]]
        assert order(book, CaseColumn.ASSIGNEE, falling=falling) == named, "what nobody has stands last"


def test_a_search_finds_the_beginning_of_an_id_letter_by_letter(book: Casebook) -> None:
    marks = ("R%1", "R_12", "R\\1", "R'1", "R''", 'R"', "\\", "R;--", "R*", "R?", "[R]")
    words = (
        "e\u0301",
        "\u00e9\u00e9",
        "案件",
        "案",
        "\U0001f600",
        "R\U0010ffff",
        "ß",
        "SS",
        "İ",
        "i",
        "R\u202e1",
    )
    everybody = tuple(dict.fromkeys((*ODD, *marks, *words)))
    opened(book, everybody)
    for text in {one[:length] for one in everybody for length in (1, 2, 3)} | {"R%2", "__", "%%", "x", "r_"}:
        cases = book.page(CaseFilter(sought=Sought(begins=text)), 99)
        assert {case.about.ring_id for case in cases} == {one for one in everybody if one.startswith(text)}, (
            text
        )
    assert book.queue(CaseFilter(sought=Sought())) == (0, ()), "who looks for nobody finds nobody"


def test_a_case_that_is_found_by_several_ways_stands_in_the_queue_once(book: Casebook) -> None:
    cases = opened(book, ("R-1", "R-2", "R-3"))
    about = book.open_case(NewCase(reason="x", applicant_id="p1"), at=NOW, by="x")[0]
    for ring in ("R-1", "R-2"):
        named = Verdict(
            at=NOW, by="x", value=VerdictValue.INCONCLUSIVE, people={"p1": VerdictValue.INCONCLUSIVE}
        )
        book.give_verdict(cases[ring], named, 10**9)
    wanted = CaseFilter(sought=Sought(begins="p1", rings=("R-1", "R-2"), applicants=("p1",)))
    number, page = book.queue(wanted)
    assert (number, {case.case_id for case in page}) == (3, {cases["R-1"], cases["R-2"], about})
    assert len(page) == 3
    assert set(book.queue_versions(wanted, 99)) == {case.case_id for case in page}


def test_a_search_in_postgresql_reads_the_cases_along_indexes_alone(postgres: str) -> None:
    told: list[tuple[str, Any]] = []
    with Casebook(postgres) as book:
        opened(book)
        sought = Sought(begins="R", rings=("R-1",), applicants=("p1",), application="a1")
        reader = book._engines.reader
        sa.event.listen(reader, "before_cursor_execute", lambda *given: told.append((given[2], given[3])))
        book.queue(CaseFilter(sought=sought, open=True))
    searches = [one for one in told if "UNION ALL" in one[0]]
    assert len(searches) == 2, "the page and the counts"
    engine = sa.create_engine(postgres)
    for statement, values in searches:
        with engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # there are few cases here
            plan = str(connection.exec_driver_sql(f"EXPLAIN {statement}", values).all())
        assert "Seq Scan on cases" not in plan
        for column in ("case_id", "ring_id", "applicant_id"):
            assert f"cases_by_{column}_bytes" in plan
    engine.dispose()


def test_two_who_take_the_same_cases_at_once_get_each_of_them_once(book: Casebook) -> None:
    opened(book, tuple(f"R-{n}" for n in range(60)))
    seen = book.queue_versions(CaseFilter(), 99)
    backwards = dict(reversed(seen.items()))
    with ThreadPoolExecutor(4) as pool:
        results = list(
            pool.map(
                lambda given: book.assign_all(given[1], given[0], at=NOW, by=given[0]),
                [("wang", seen), ("li", backwards)] * 2,
            )
        )
    for case_id in seen:
        taken = [one[case_id].error is None for one in results]
        assert taken in ([True, False] * 2, [False, True] * 2)
        assert [step.kind for step in book.case(case_id).events].count("assigned") == 1


def test_more_cases_than_one_query_may_name_are_ranked_in_one_transaction(book: Casebook) -> None:
    opened(book, tuple(f"R-{n}" for n in range(501)))
    seen = book.queue_versions(CaseFilter(), 999)
    last = max(seen)
    book.add_note(last, "called", at=NOW, by="li")
    outcomes = book.rank_all(seen, CasePriority.HIGH, at=NOW, by="wang")
    assert [case_id for case_id, one in outcomes.items() if one.error] == [last]
    assert [case.case_id for case in book.page(CaseFilter(), 501)][-1] == last
    assert {case.priority for case in book.page(CaseFilter(), 500)} == {CasePriority.HIGH}


def test_a_case_that_an_older_release_opened_is_in_the_queue_at_the_next_opening(
    casebook_url: str,
) -> None:
    with Casebook(casebook_url) as book:
        opened(book, ("R-1",))
    engine = sa.create_engine(casebook_url)
    with engine.begin() as connection:
        connection.execute(sa.delete(CASE_RANKS))
    engine.dispose()
    with Casebook(casebook_url) as book:
        assert [case.priority for case in book.page(CaseFilter(), 9)] == [CasePriority.NORMAL]
