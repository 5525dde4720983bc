"""The choice of a purpose in a real browser: asked for once, shown, sent with every look, gone with the
session.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from investigations.casebook import Casebook
from investigations.users import AuditFilter, DeskRole
from tests.support.desk.axe import violations
from tests.support.desk.pages import browser
from tests.support.desk.pages_of_people import desk_of_people, log_in, new_page

__all__ = ["browser"]  # a fixture
pytestmark = pytest.mark.browser
RING = "?node=ring:R-000042"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Casebook]]:
    """A desk that wants a purpose, and its casebook."""
    people = {"wang": DeskRole.INVESTIGATOR}
    with desk_of_people(tmp_path_factory.mktemp("purposes"), people, purpose_required="on") as served:
        yield served


@pytest.fixture
def page(browser: Any, desk: tuple[str, Casebook]) -> Iterator[Any]:
    """A page in which wang has logged in and not said for what."""
    for opened in new_page(browser):
        log_in(opened, f"{desk[0]}{RING}", "wang")
        yield opened


def purposes(book: Casebook) -> set[str | None]:
    return {line.purpose for line in book.audit.read(AuditFilter(by="wang", action=None), limit=1000)[0]}


def test_the_desk_asks_once_shows_the_purpose_and_sends_it_with_every_look(
    page: Any, desk: tuple[str, Casebook]
) -> None:
    address, book = desk
    page.wait_for_selector("#problem:visible")
    assert page.inner_text("#problem h2") == "Say for what you look"
    assert page.locator("#panel .members").count() == 0
    page.get_by_role("button", name="Choose", exact=True).click()
    assert page.evaluate("document.activeElement.id") == "purpose"
    assert violations(page) == []
    page.select_option("#purpose", "complaint")
    page.wait_for_selector("#panel .members")
    assert page.locator("#problem").is_hidden()
    page.goto(f"{address}?node=applicant:ann")
    page.wait_for_selector("#panel h2")
    assert page.input_value("#purpose") == "complaint"
    assert {line for line in purposes(book) if line} == {"complaint"}


def test_an_open_case_is_named_behind_the_purpose(page: Any, desk: tuple[str, Casebook]) -> None:
    _, book = desk
    page.wait_for_selector("#problem:visible")
    page.select_option("#purpose", "review")
    page.wait_for_selector("#panel .members")
    page.get_by_role("button", name="Open a case").click()
    page.wait_for_selector("#case-people")
    case = book.open_case_of_ring("R-000042")
    assert case is not None
    page.reload()
    page.wait_for_selector("#case-people")
    assert f"review: case {case.case_id}" in purposes(book)


def test_who_logs_in_next_says_it_anew_and_in_their_language(page: Any, desk: tuple[str, Casebook]) -> None:
    page.wait_for_selector("#problem:visible")
    page.select_option("#purpose", "audit")
    page.wait_for_selector("#panel .members")
    page.click("#account-name")
    page.click("#log-out")
    page.wait_for_selector("#password")
    log_in(page, f"{desk[0]}{RING}&lang=zh", "wang")
    page.wait_for_selector("#problem:visible")
    assert page.input_value("#purpose") == ""
    assert "投诉处理" in page.inner_text("#purpose")
