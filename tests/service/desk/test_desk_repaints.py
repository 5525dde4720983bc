"""Answers that come late are painted into a panel in a real browser, and take nothing from under a hand."""

from __future__ import annotations

import pytest

from tests.support.desk.pages import address, asked, browser, closed, drawn, page

__all__ = ["address", "browser", "page"]  # fixtures
pytestmark = pytest.mark.browser


@pytest.fixture
def case(address):
    opened = asked(address, "/cases", {"applicant_id": "ann", "reason": "late answers"})
    yield opened
    closed(address, opened["case_id"])


@pytest.fixture
def late(page, address, case):
    """The case is shown, and what the watch found is still on its way: a call lets it come."""
    held = []
    page.route("**/desk/alerts?*", lambda route: held.append(route))
    page.goto(f"{address}?case={case['case_id']}")
    drawn(page, "applicant:ann")
    page.wait_for_selector("#note-form")
    page.wait_for_function("() => document.body.classList.contains('busy')")
    for _ in range(100):
        if held:
            break
        page.wait_for_timeout(50)

    def comes() -> None:
        page.evaluate("() => (window.before = document.querySelector('#note'))")
        for route in held:
            route.continue_()
        page.wait_for_function("() => !document.body.classList.contains('busy')")

    return comes


def is_painted(page):
    """Whether the panel was painted since the late answers were let come."""
    return page.evaluate("() => document.querySelector('#note') !== window.before")


def test_a_click_during_which_a_late_answer_comes_is_heard(page, late):
    page.locator("#assign-me").scroll_into_view_if_needed()
    box = page.locator("#assign-me").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    late()
    assert not is_painted(page), "a button that is pressed stays where it is"
    page.mouse.up()
    page.wait_for_selector("#case [role=status]:has-text('yours')")
    assert is_painted(page)


def test_a_late_answer_is_painted_once_the_pointer_is_let_go(page, late):
    page.locator("#case h2").hover()
    page.mouse.down()
    late()
    assert not is_painted(page)
    page.mouse.up()
    page.wait_for_function("() => document.querySelector('#note') !== window.before")


def test_who_writes_while_a_late_answer_comes_goes_on_where_they_were(page, late):
    page.fill("#note", "one device names")
    page.press("#note", "Home")
    for _ in range(len("one ")):
        page.press("#note", "ArrowRight")
    page.fill("#due", "2027-0")
    page.focus("#note")
    page.evaluate("() => document.querySelector('#note').setSelectionRange(4, 4)")
    late()
    assert is_painted(page)
    page.keyboard.type("old ")
    assert page.input_value("#note") == "one old device names"
    assert page.input_value("#due") == "2027-0", "a day of which half is written"


def test_a_word_that_is_being_composed_is_not_broken_off(page, late):
    page.focus("#note")
    page.dispatch_event("#note", "compositionstart", {"bubbles": True})
    late()
    assert not is_painted(page)
    page.dispatch_event("#note", "compositionend", {"bubbles": True})
    page.wait_for_function("() => document.querySelector('#note') !== window.before")


def test_a_calendar_that_is_open_stays_open(page, late):
    page.locator("#due ~ .to-calendar").click()
    page.wait_for_selector("#case .calendar")
    late()
    assert page.locator("#case .calendar").is_visible()
    page.keyboard.press("Escape")
    page.wait_for_function("() => document.querySelector('#note') !== window.before")
