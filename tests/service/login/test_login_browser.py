"""The login in a real browser: by keyboard, in both languages, to what was asked for and out again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from investigations.casebook import Casebook
from investigations.users import DeskRole
from tests.support.desk.axe import violations
from tests.support.desk.pages import browser
from tests.support.desk.pages_of_people import desk_of_people, log_in, new_page
from tests.support.desk.people import by_command

__all__ = ["browser"]  # a fixture
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Casebook]]:
    """A desk with people's names, and its casebook."""
    people = {"wang": DeskRole.INVESTIGATOR, "ma": DeskRole.READER}
    with desk_of_people(tmp_path_factory.mktemp("by-name"), people) as served:
        yield served


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page that has nothing of ours yet."""
    yield from new_page(browser)


def test_somebody_logs_in_by_keyboard_works_on_a_case_and_logs_out(
    page: Any, desk: tuple[str, Casebook]
) -> None:
    address, book = desk
    log_in(page, f"{address}?node=ring:R-000042", "wang")
    assert "node=ring%3AR-000042" in page.url, "the address that was asked for"
    assert page.inner_text("#account-name") == "wang"
    page.wait_for_selector("#panel .members")
    page.get_by_role("button", name="Open a case").click()
    page.wait_for_selector("#case-people")
    case = book.open_case_of_ring("R-000042")
    assert case is not None
    assert {step.by for step in book.case(case.case_id).events} == {"wang"}
    page.click("#account-name")
    assert "investigator" in page.inner_text("#account-role")
    assert violations(page) == []
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#password")
    page.goto(address)
    page.wait_for_selector("#password")


@pytest.mark.parametrize(("scheme", "language"), [("light", "en"), ("dark", "zh")])
def test_the_pages_of_the_login_are_without_a_violation(
    page: Any, desk: tuple[str, Casebook], scheme: str, language: str
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{desk[0].removesuffix('/desk')}/login?lang={language}")
    assert page.get_attribute("html", "lang") == {"en": "en", "zh": "zh-CN"}[language]
    assert violations(page) == []
    page.fill("#name", "wang")
    page.fill("#password", "wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector("#problem[role=alert]")
    assert page.get_attribute("html", "lang") == {"en": "en", "zh": "zh-CN"}[language]
    assert violations(page) == []


def test_a_session_that_ended_is_said_and_the_page_stays(page: Any, desk: tuple[str, Casebook]) -> None:
    address, book = desk
    log_in(page, address, "ma")
    book.users.set_disabled("ma", True, by_command())
    book.users.set_disabled("ma", False, by_command())
    page.click("#home")
    page.wait_for_selector("#log-in-again")
    page.click("#cases")
    page.wait_for_selector("#password")
    assert "to=queue" in page.url, "nothing was written there: straight to the login, and back after it"


def test_a_key_still_opens_the_desk_beside_names(page: Any, desk: tuple[str, Casebook]) -> None:
    page.goto(desk[0])
    page.wait_for_selector("#with-key")
    page.click("#with-key")
    page.wait_for_selector("#key-field:visible")
    assert page.url.endswith("/desk?key=")
