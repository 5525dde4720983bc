"""How often flags were right, at the desk: a table for whoever sets the policy, in a real browser."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.desk.axe import source, violations
from tests.support.desk.pages import address, asked, browser, missing, page

__all__ = ["address", "browser", "page"]  # fixtures
pytestmark = pytest.mark.browser


def conclude(address: str, about: dict[str, str], value: str) -> None:
    case = asked(address, "/cases", about | {"reason": "call from the branch"})
    verdict = {"value": value, "version": case["version"], "everyone": "ring_id" in about}
    case = asked(address, f"/cases/{case['case_id']}/verdict", verdict)
    asked(address, f"/cases/{case['case_id']}/close", {"version": case["version"]})


def test_false_positives_are_shown_by_kind_reason_and_group_of_people(page: Any, address: str) -> None:
    page.goto(f"{address}?queue=")
    page.click("#to-verdicts")
    page.wait_for_selector("#verdicts .note:has-text('No case was concluded')")
    asked(address, "/desk/assess", {"node": "applicant:w001"})
    conclude(address, {"applicant_id": "w001"}, "false_positive")
    conclude(address, {"applicant_id": "w002"}, "confirmed_fraud")
    conclude(address, {"ring_id": "R-000042"}, "false_positive")
    page.select_option("#verdict-days", "30")
    page.wait_for_selector("#verdicts tbody tr")
    assert "verdicts=30" in page.url
    rows = page.locator("#verdicts section").nth(0).locator("tbody tr").all_inner_texts()
    assert [row.split() for row in rows] == [
        ["applicant", "1", "1", "0", "50%"],
        ["fraud", "ring", "0", "1", "0", "100%"],
    ]
    by_code = page.locator("#verdicts section").nth(1).locator("tbody tr").all_inner_texts()
    assert [row.split()[-5:] for row in by_code] == [["RING_SHARED_DEVICE", "0", "1", "0", "100%"]]
    by_group = page.inner_text("#verdicts section:nth-of-type(3)")
    assert "dormitory" in by_group
    page.click("#language")
    page.wait_for_selector("#verdicts h2:has-text('标记准确情况')")
    page.click("#language")
    page.click("#verdict-days-to-queue")
    page.wait_for_selector("#queue h2")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_table_of_verdicts_is_without_a_violation(page: Any, address: str, language: str) -> None:
    try:
        source()
    except RuntimeError as error:
        missing(str(error))
    conclude(address, {"applicant_id": "w003"}, "false_positive")
    page.goto(f"{address}?verdicts=90&lang={language}")
    page.wait_for_selector("#verdicts tbody tr")
    assert violations(page) == []
