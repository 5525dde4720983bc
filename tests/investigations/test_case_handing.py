"""Many cases in the casebook, in SQLite and PostgreSQL: one order in both, and each handed out once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from investigations.casebook import Casebook
from investigations.casebook.tables.case_tables import CASE_RANKS
from investigations.cases import CaseColumn, CaseFilter, CasePriority, CaseSort, NewCase, Sought
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
    opened(book, (*ODD, "R%1", "R_12"))
    for text, wanted in (("R_1", {"R_1", "R_12"}), ("R%", {"R%1"}), ("r", {"r-1"}), ("é", {"é"})):
        cases = book.page(CaseFilter(sought=Sought(begins=text)), 99)
        assert {case.about.ring_id for case in cases} == wanted, text
    assert book.queue(CaseFilter(sought=Sought())) == (0, ()), "who looks for nobody finds nobody"


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
