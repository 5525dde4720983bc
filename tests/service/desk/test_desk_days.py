"""A day is written and picked in the language of the desk, whatever the browser speaks."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.desk.axe import violations
from tests.support.desk.pages import address, asked, browser, drawn, opened, page, running
from tests.support.small_worlds import day

__all__ = ["address", "browser", "page"]  # fixtures
pytestmark = pytest.mark.browser

MONTHS = [f"{2023 + at // 12}-{at % 12 + 1:02}" for at in range(24)]
OVERLAPS = """(chart) => {
    const boxes = [...document.querySelectorAll(`${chart} text`)].filter((one) => one.textContent)
        .map((one) => one.getBoundingClientRect());
    const met = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    return boxes.flatMap((a, at) => boxes.slice(at + 1).filter((b) => met(a, b))).length;
}"""


def test_a_calendar_speaks_the_language_of_the_desk_and_not_that_of_the_browser(page: Any, address: str):
    page.goto(f"{address}?node=applicant:ann&as_of=2025-04-01T10:30:00%2B08:00&lang=zh")
    drawn(page, "applicant:bo")
    page.click("#calendar")
    month = page.locator(".calendar")
    assert month.locator("b").inner_text() == "2025年4月"
    assert month.locator("th").all_inner_texts() == ["周一", "周二", "周三", "周四", "周五", "周六", "周日"]
    assert violations(page) == []
    assert month.locator("[aria-pressed=true]").get_attribute("aria-label") == "2025年4月1日星期二"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("PageUp")
    assert month.locator("b").inner_text() == "2025年2月", "31 March is 28 February a month earlier"
    page.keyboard.press("Enter")
    page.wait_for_function("document.getElementById('as-of').value === '2025-02-28 10:30'")
    assert month.count() == 0


def test_a_calendar_offers_no_day_that_has_not_come(page: Any, address: str) -> None:
    page.goto(f"{address}?node=applicant:ann")
    drawn(page, "applicant:bo")
    page.click("#calendar")
    today = page.input_value("#as-of")[:10]
    later = page.locator(".calendar td button:disabled").count()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == str(int(today[8:]))
    assert page.locator(".calendar td button").count() == 42
    assert 0 < later < 42
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "calendar"


def test_24_o_clock_in_the_field_is_the_midnight_at_the_end_of_the_day(page: Any, address: str) -> None:
    page.goto(f"{address}?node=applicant:ann")
    drawn(page, "applicant:bo")
    page.fill("#as-of", "2025-02-28 24:00")
    page.keyboard.press("Enter")
    page.wait_for_function("document.getElementById('as-of').value === '2025-03-01 00:00'")


def test_what_is_no_day_is_marked_and_sets_no_due_time(page: Any, address: str) -> None:
    case = asked(address, "/cases", {"applicant_id": "ann", "reason": "complaint"})
    page.goto(f"{address}?case={case['case_id']}")
    page.wait_for_selector("#assessment")  # what the panel waits for last
    page.fill("#due", "31.12.2025")
    page.click("#set-due")
    assert page.get_attribute("#due", "aria-invalid") == "true"
    page.fill("#due", "2025-12-31")
    page.click("#set-due")
    page.wait_for_selector("#case [role=status]")
    assert asked(address, f"/cases/{case['case_id']}")["due_at"] == "2025-12-31T23:59:00.000000+08:00"


def test_the_names_of_months_do_not_run_into_one_another(page: Any, address: str) -> None:
    judged = {"assessments": 9, "frauds": 1, "ap": 0.5, "ece": 0.1, "recall_at_capacity": 0.5}
    judged |= {"precision_at_capacity": 0.5, "expected": 0.1, "happened_low": 0, "happened_high": 0.2}
    watched = {"model_version": "v", "ran_at": "2025-01-01T00:00:00Z", "reference": "", "label_delay": None}
    watched |= {"alarms": [], "days": [], "names": [], "score": None}
    watched["months"] = [judged | {"month": month} for month in MONTHS]
    page.route("**/desk/model?*", lambda route: route.fulfill(json=watched))
    page.goto(f"{address}?model=365")
    page.wait_for_selector(".model-months tbody")
    assert page.evaluate(OVERLAPS, ".model-chart") == 0
    assert "2024-12" in page.locator(".model-chart text").all_text_contents()


def test_the_shares_and_months_of_a_devices_loans_stand_apart(page: Any, address: str) -> None:
    def full_year(route: Any) -> None:
        answer = route.fetch()
        found = answer.json()
        months = [{"month": one, "applications": 5, "loans": 2, "bad": 2} for one in MONTHS[-12:]]
        found["circle"] |= {"months": months}
        route.fulfill(response=answer, json=found | {"is_rooted": True, "os": "android"})

    page.route("**/desk/node?*", full_year)
    page.goto(f"{address}?node=device:k1.shared1&lang=zh")
    page.wait_for_selector(".months text.lost")
    assert page.evaluate(OVERLAPS, ".months") == 0
    said = page.inner_text("#panel .facts")
    assert "已获取最高权限" in said
    assert "越狱" not in said, "that is what is done to an iPhone"


@pytest.mark.parametrize(("hours", "today"), [(-10, "10 Apr 2025"), (5, "11 Apr 2025")])
def test_the_timeline_ends_today_and_begins_there(
    browser: Any, tmp_path: Path, hours: int, today: str
) -> None:
    now = day(100) + timedelta(hours=hours)  # some hours after the last whole day since the first mark
    with running(tmp_path, clock=lambda: now) as at:
        for page in opened(browser, at):
            page.goto(f"{at}?node=ring:R-000042")
            page.wait_for_selector("#slider")
            assert page.inner_text("#slider-at") == today
            assert page.get_attribute("#slider", "aria-valuetext") == today
            assert page.input_value("#slider") == page.get_attribute("#slider", "max")
