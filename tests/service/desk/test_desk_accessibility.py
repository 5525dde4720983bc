"""Queue, case and drawing hold to WCAG AA, as far as axe-core can tell, in both languages."""

from __future__ import annotations

import pytest

from tests.support.desk.axe import source, violations
from tests.support.desk.pages import address, asked, browser, drawn, missing, page

__all__ = ["address", "browser", "page"]  # fixtures
pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _there() -> None:
    try:
        source()
    except RuntimeError as error:
        missing(str(error))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_drawing_and_its_panel_are_without_a_violation(page, address, language):
    page.goto(f"{address}?node=applicant:ann&lang={language}")
    drawn(page, "applicant:bo")
    page.wait_for_selector("#slider")
    assert violations(page) == []
    page.goto(f"{address}?node=ring:R-000042&lang={language}")
    page.wait_for_selector("#panel .members")
    assert violations(page) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_queue_and_a_case_are_without_a_violation(page, address, language):
    case = asked(address, "/cases", {"ring_id": "R-000042", "reason": "call from the branch"})
    page.goto(f"{address}?queue=&lang={language}")
    page.wait_for_selector(".cases a.id")
    assert violations(page) == []
    page.goto(f"{address}?case={case['case_id']}&lang={language}")
    page.wait_for_selector("#case-people")
    page.wait_for_selector("#slider")
    assert violations(page) == []


def test_the_dark_desk_is_without_a_violation_and_paper_stays_light(page, address):
    case = asked(address, "/cases", {"ring_id": "R-000042", "reason": "call from the branch"})
    page.emulate_media(color_scheme="dark")
    page.goto(address)
    page.wait_for_selector("#panel .rings")
    assert violations(page) == []
    page.goto(f"{address}?node=applicant:ann")
    drawn(page, "applicant:bo")
    page.wait_for_selector("#slider")
    assert violations(page) == []
    page.click("#sift-open")
    page.wait_for_selector("#sift h2")
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.goto(f"{address}?queue=")
    page.wait_for_selector(".cases a.id")
    assert violations(page) == []
    page.goto(f"{address}?case={case['case_id']}")
    page.wait_for_selector("#case-people")
    page.wait_for_selector("#slider")
    assert violations(page) == []
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    page.emulate_media(media="screen", color_scheme="dark")
    page.click("#theme")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    page.reload()
    page.wait_for_selector("#case-people")
    assert page.evaluate("document.documentElement.dataset.theme") == "light", "as the reader chose"


def test_the_first_page_is_without_a_violation(page, address):
    page.goto(address)
    page.wait_for_selector("#panel .rings")
    assert violations(page) == []
