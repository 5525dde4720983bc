"""Exploring at the desk, in a real browser: how two people are tied, the timeline, pictures and tables."""

from __future__ import annotations

import csv
import io
import re

import pytest

from tests.support.desk.pages import NODES, PLACES, address, browser, choose, drawn, page
from tests.support.desk.worlds import HOSTILE

__all__ = ["address", "browser", "page"]  # fixtures
pytestmark = pytest.mark.browser
LIT = "document.getElementById('canvas')._cyreg.cy.nodes('.lit').map(n => n.id())"


def test_how_two_people_are_tied_is_drawn_and_told_with_the_days_of_each_tie(page, address):
    page.goto(f"{address}?node=applicant:ann")
    drawn(page, "applicant:bo")
    page.fill("#tied-to", "di")
    page.press("#tied-to", "Enter")
    page.wait_for_selector("#ties .ties li")
    assert set(page.evaluate(LIT)) == {"applicant:ann", "device:k1.shared1", "applicant:di"}
    text = page.inner_text("#ties")
    assert "Way 1, 2 ties" in text
    assert "11 Jan 2025" in text
    assert "14 Jan 2025" in text
    page.click("#language")
    page.wait_for_selector("#ties:has-text('路径 1，2 段关联')")


def test_a_person_is_assessed_now_and_the_answer_stands_in_the_panel_and_the_record(page, address):
    page.goto(f"{address}?node=applicant:ed")
    page.wait_for_selector("#assess-now")
    assert "Never assessed" in page.inner_text("#assessment")
    page.click("#assess-now")
    page.wait_for_selector("#assessment .verdict")
    reasons = page.locator("#assessment .reasons > li > button.reason")
    assert 0 < reasons.count() == page.locator("#assessment .reasons > li").count(), "each can be clicked"
    figures = page.locator("#assessment .reasons > li > small").all_inner_texts()
    assert not [one for one in figures if re.fullmatch(r"[\d.,]*", one)], "a number says what it is"
    for n in range(reasons.count()):
        reasons.nth(n).click()
        page.wait_for_selector("#status:has-text('lit in the drawing'), #status:has-text('own record')")
        assert "applicant:ed" in page.evaluate(LIT)
    page.reload()
    page.wait_for_selector("#assessment .verdict")
    page.click("#week-back")
    page.wait_for_selector("#past:visible")
    page.wait_for_selector("#assessment .quiet:has-text('Never assessed')")
    assert page.locator("#assess-now").count() == 0, "now alone"


def test_the_way_to_a_known_fraud_is_found_and_no_way_is_said(page, address):
    page.goto(f"{address}?node=applicant:ann")
    drawn(page, "applicant:bo")
    page.click("#find-fraud")
    page.wait_for_selector("#ties .ties li")
    assert "applicant:bo" in page.evaluate(LIT)
    page.fill("#tied-to", "w001")
    page.click("#find-ties")
    page.wait_for_selector("#ties .note:has-text('No way was found')")
    page.fill("#tied-to", "nobody")
    page.click("#find-ties")
    page.wait_for_selector("#panel [role=alert]:has-text('Nothing is known')")


def test_what_is_typed_as_the_other_person_is_in_no_address(page, address):
    queries = []
    page.on("request", lambda request: queries.append(request.url))
    page.goto(f"{address}?node=applicant:ann")
    drawn(page, "applicant:bo")
    page.fill("#tied-to", "15073157065")
    page.click("#find-ties")
    page.wait_for_selector("#panel [role=alert]")
    assert not [url for url in (*queries, page.url) if "15073157065" in url]


def test_the_slider_is_the_axis_of_the_timeline_and_moves_the_moment(page, address):
    page.goto(f"{address}?node=device:k1.shared1")
    drawn(page, "applicant:ann")
    assert page.is_hidden("#timeline")
    page.goto(f"{address}?node=ring:R-000042")
    drawn(page, "applicant:ed")
    page.wait_for_selector("#slider")
    text = page.inner_text("#timeline")
    assert "Joined (5)" in text
    assert "Conclusions (1)" in text
    assert "Ring changes (1)" in text
    page.wait_for_selector("#panel h3:has-text('By lender')")
    places = page.evaluate(PLACES)
    page.focus("#slider")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("#past:visible")
    assert page.evaluate(PLACES) == places
    page.goto(f"{address}?node=applicant:bo&as_of=2025-02-01T00:00:00Z")
    drawn(page, "device:k1.shared1")
    page.wait_for_selector("#slider")
    assert "Conclusions (0)" in page.inner_text("#timeline"), "nothing later is shown"


def test_the_picture_and_the_people_of_a_case_can_be_saved(page, address):
    page.goto(f"{address}?node=ring:R-000042")
    drawn(page, "applicant:ed")
    page.click("#panel .open-case")
    page.wait_for_selector("#save-csv")
    with page.expect_download() as table:
        page.click("#save-csv")
    rows = list(csv.DictReader(io.StringIO(table.value.path().read_text(encoding="utf-8-sig"))))
    assert {row["applicant_id"] for row in rows} == {"ann", "bo", "cy", "di", "ed"}
    assert next(row for row in rows if row["applicant_id"] == "bo")["labels"].startswith("fraud 2025")
    with page.expect_download() as picture:
        page.click("#save-png")
    assert picture.value.path().read_bytes().startswith(b"\x89PNG")
    with page.expect_download() as whole:
        page.click("#save-pdf")
    assert whole.value.path().read_bytes().startswith(b"%PDF-")


def test_markup_in_an_id_stays_text_in_ties_and_table(page, address):
    page.goto(f"{address}?node=applicant:ann")
    drawn(page, "applicant:bo")
    choose(page, "applicant:ann")
    page.fill("#tied-to", HOSTILE)
    page.click("#find-ties")
    page.wait_for_selector("#ties .ties li")
    assert f"applicant:{HOSTILE}" in page.evaluate(NODES)
    assert page.evaluate("window.pwned") is None
