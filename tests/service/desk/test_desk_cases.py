"""Cases on the desk, in a real browser: the queue, one case with its drawing, and what an investigator does
with it.
"""

from __future__ import annotations

import re

import pytest

from tests.support.desk.pages import (
    KEY,
    NODES,
    OTHER,
    READER,
    address,
    asked,
    browser,
    closed,
    drawn,
    opened,
    page,
    phone,
)

__all__ = ["address", "browser", "page", "phone"]  # fixtures
pytestmark = pytest.mark.browser
LIT = "document.getElementById('canvas')._cyreg.cy.nodes('.lit').map(n => n.id())"


@pytest.fixture
def ring_case(address):
    """The open case about the ring; closed after the test, so that the next one begins anew."""
    case = asked(address, "/cases", {"ring_id": "R-000042", "reason": "call from the branch"})
    yield case
    closed(address, case["case_id"])


def at_case(page, address, case):
    page.goto(f"{address}?case={case['case_id']}")
    drawn(page, "applicant:ann")
    page.wait_for_selector("#case-people tbody tr")
    page.wait_for_function("() => !document.body.classList.contains('busy')")


def test_the_queue_is_reached_narrowed_and_left_by_keyboard(page, address, ring_case):
    page.goto(address)
    page.wait_for_selector("#panel .rings")
    page.focus("#cases")
    page.keyboard.press("Enter")
    page.wait_for_selector(".cases a.id")
    assert "pending 1" in page.inner_text("#queue-counts").lower()
    assert "R-000042" in page.inner_text(".cases")
    page.select_option("#filter-kind", "merchant")
    page.wait_for_selector(".queue-empty")
    assert "kind=merchant" in page.url
    page.click("#queue-clear")
    page.wait_for_selector(".cases a.id")
    page.focus(".cases a.id")
    page.keyboard.press("Enter")
    page.wait_for_selector("#case")
    assert ring_case["case_id"] in page.url
    assert drawn(page, "applicant:ann")


def test_filters_are_in_the_address_and_words_change_with_the_language(page, address, ring_case):
    page.goto(f"{address}?queue=&who=nobody&min_exposure=50000")
    page.wait_for_selector(".cases a.id")
    assert page.input_value("#filter-min_exposure") == "50000"
    page.fill("#filter-min_exposure", "60000")
    page.press("#filter-min_exposure", "Enter")
    page.wait_for_selector(".queue-empty")
    page.click("#language")
    page.wait_for_selector("#queue h2:has-text('案件队列')")
    assert not re.search("[A-Za-z]{3}", page.inner_text("#queue"))


def test_who_may_not_see_cases_is_told_so_and_the_desk_goes_on(browser, address):
    for other in opened(browser, address):
        other.add_init_script(f"sessionStorage.setItem('ringfence-key', '{READER}')")
        other.goto(f"{address}?queue=")
        other.wait_for_selector(".queue-problem")
        assert "this key does not open cases" in other.inner_text("#queue").lower()
        other.click("#home")
        other.wait_for_selector("#panel .rings")


def test_a_case_stands_beside_its_drawing_with_what_each_did_and_who_looked(page, address, ring_case):
    at_case(page, address, ring_case)
    text = page.inner_text("#panel")
    assert "call from the branch" in text
    assert "58,000" in text
    assert "Lenders\nonline bank" in text
    assert page.locator("#case-people tbody tr").count() == 5
    assert "5 people, 1 known for fraud" in text
    assert {"applicant:bo", "device:k1.shared1"} <= set(page.evaluate(NODES))
    page.click("#panel summary")
    assert "looked at it" in page.inner_text("#panel .history details")
    page.click("#case section button.chip:has-text('tied by device')")
    assert {"device:k1.shared1", "applicant:ann"} <= set(page.evaluate(LIT))


def test_a_verdict_on_a_ring_and_on_each_person_becomes_labels(page, address, ring_case):
    at_case(page, address, ring_case)
    page.click("#assign-me")
    page.wait_for_selector("#case [role=status]")
    assert "investigating" in page.inner_text("#case .chips").lower()
    page.check("#value-confirmed_fraud")
    page.check("#everyone")
    page.select_option("#on-ed", "false_positive")
    chosen = page.locator("#on-ed").bounding_box()
    assert chosen["width"] >= 95, "the longest verdict is read whole"
    assert "4 fraud, 1 good" in page.inner_text("#verdict-makes")
    page.fill("#verdict-why", "one device, five names")
    page.click("#conclude")
    page.wait_for_selector("#labels")
    assert "4 fraud, 1 good" in page.inner_text("#labels")
    page.click("#close-case")
    page.wait_for_selector("#case .chip.state.closed")
    kept = asked(address, f"/cases/{ring_case['case_id']}")
    assert kept["verdicts"][0]["people"]["ed"] == "false_positive"
    assert kept["verdicts"][0]["note"] == "one device, five names"
    page.click("#panel a.id:has-text('ed')")
    page.wait_for_selector("#panel h2:has-text('ed')")
    page.click("#panel .back")
    page.wait_for_selector("#case")


def test_a_case_is_given_to_somebody_and_to_somebody_else_and_found_by_whose_it_is(page, address, ring_case):
    at_case(page, address, ring_case)
    for name, others in (("li", ["desk", "li"]), ("desk", ["desk"])):
        offered = page.locator("#give-to option").all_inner_texts()
        assert [one.split(" ")[0] for one in offered[1:]] == others, "whoever may, not who has it"
        page.select_option("#give-to", name)
        page.click("#give")
        page.wait_for_selector(f"#case dd:text-is('{name}')")
    history = asked(address, f"/cases/{ring_case['case_id']}")["history"]
    given = [step["note"] for step in history if step["kind"] == "assigned"]
    assert given == ["li", "desk"]
    page.goto(f"{address}?queue=")
    page.select_option("#filter-who", label="desk · 1 open")
    page.wait_for_selector(".cases a.id:has-text('R-000042')")
    page.select_option("#filter-who", "@li")
    page.wait_for_selector(".queue-empty")


def test_what_somebody_did_meanwhile_is_shown_and_nothing_written_is_lost(page, address, ring_case):
    at_case(page, address, ring_case)
    page.fill("#note", "half a thought")
    page.check("#value-false_positive")
    page.check("#everyone")
    page.fill("#verdict-why", "a family")
    at = f"/cases/{ring_case['case_id']}"
    version = asked(address, at, by=OTHER)["version"]
    asked(address, f"{at}/assign", {"assignee": "li", "version": version}, by=OTHER)
    page.click("#conclude")
    page.wait_for_selector("#case-alert")
    assert "assigned it to li" in page.inner_text("#case-alert")
    assert page.input_value("#note") == "half a thought"
    assert page.input_value("#verdict-why") == "a family"
    assert page.is_checked("#value-false_positive")
    assert asked(address, at)["verdicts"] == []
    page.click("#language")
    page.wait_for_selector("#case-alert:has-text('分派给 li')")
    assert page.input_value("#verdict-why") == "a family"
    page.click("#language")
    page.click("#conclude")
    page.wait_for_selector("#case [role=status]")
    assert [one["note"] for one in asked(address, at)["verdicts"]] == ["a family"]


def test_notes_files_links_and_the_due_time_are_kept_with_the_case(page, address, ring_case, tmp_path):
    other = asked(address, "/cases", {"applicant_id": "w001", "reason": "x"})
    at_case(page, address, ring_case)
    page.fill("#note", "called 15073157065, nobody there")
    page.click("#add-note")
    page.wait_for_selector("#case .history:has-text('nobody there')")
    assert "15073157065" not in page.inner_text("#case .history")
    kept = tmp_path / "contract.pdf"
    kept.write_bytes(b"%PDF-1.7 a contract")
    page.set_input_files("#add-file", kept)
    page.wait_for_selector("#case li:has-text('contract.pdf') code")
    with page.expect_download() as download:
        page.click("#case li button:has-text('contract.pdf')")
    assert download.value.path().read_bytes() == kept.read_bytes()
    page.fill("#other-case", other["case_id"])
    page.click("#add-link")
    page.wait_for_selector(f"#case li a:has-text('{other['case_id']}')")
    page.fill("#due", "2026-01-05")
    page.click("#set-due")
    page.wait_for_selector("#case dd:has-text('5 Jan 2026')")
    (tmp_path / "raw.txt").write_text("called 15073157065", encoding="utf-8")
    page.set_input_files("#add-file", tmp_path / "raw.txt")
    page.wait_for_selector("#case-alert:has-text('raw identifiers')")


def test_a_case_is_opened_from_the_panel_and_the_one_that_is_open_is_gone_to(page, address):
    page.goto(f"{address}?node=applicant:cy")
    page.wait_for_selector("#panel .open-case")
    page.click("#panel .open-case")
    page.wait_for_selector("#case h2:has-text('cy')")
    first = page.url
    page.goto(f"{address}?node=applicant:cy")
    page.wait_for_selector("#panel .open-case")
    page.click("#panel .open-case")
    page.wait_for_selector("#case h2:has-text('cy')")
    assert page.url == first
    assert asked(address, "/cases?applicant_id=cy")["total"] == 1
    assert KEY not in page.url


def test_the_way_back_keeps_the_filters_and_the_next_case_is_one_step(page, address, ring_case):
    asked(address, "/cases", {"applicant_id": "di", "reason": "x"})
    page.goto(f"{address}?queue=&who=nobody")
    page.wait_for_selector(".cases a.id")
    page.click(".cases a.id:has-text('R-000042')")
    page.wait_for_selector("#case h2:has-text('R-000042')")
    assert page.inner_text("#status") == "", "what was said of the queue says nothing of the case"
    page.click("#next-case")
    page.wait_for_selector("#case h2:not(:has-text('R-000042'))")
    page.click("#panel .back")
    page.wait_for_selector(".cases a.id")
    assert page.input_value("#filter-who") == "nobody"
    assert "who=nobody" in page.url


def test_a_verdict_that_is_missing_or_names_nobody_is_said_where_it_is_given(page, address, ring_case):
    at_case(page, address, ring_case)
    page.click("#conclude")
    page.wait_for_selector("#verdict-form #verdict-missing:has-text('Choose what the case comes to first')")
    page.check("#value-confirmed_fraud")
    assert page.locator("#verdict-missing").count() == 0
    assert "names nobody" in page.inner_text("#verdict-makes")
    page.check("#everyone")
    assert "5 fraud, 0 good" in page.inner_text("#verdict-makes")
    page.uncheck("#everyone")
    page.check("#value-inconclusive")
    assert "names nobody" not in page.inner_text("#verdict-makes"), "it makes no label anyway"


def test_a_verdict_about_nobody_is_given_by_a_second_click(page, address, ring_case):
    at, sure = f"/cases/{ring_case['case_id']}", "#conclude:has-text('without labels')"
    at_case(page, address, ring_case)
    page.check("#value-confirmed_fraud")
    page.click("#conclude")
    page.wait_for_selector(sure)
    assert asked(address, at)["verdicts"] == []
    page.check("#everyone")
    assert page.inner_text("#conclude") == "Conclude", "the five members are named"
    page.uncheck("#everyone")
    page.click("#conclude")
    page.click(sure)
    page.wait_for_selector("#case [role=status]")
    assert [one["people"] for one in asked(address, at)["verdicts"]] == [{}]


def test_a_case_that_was_closed_offers_a_new_one_about_the_same(page, address, ring_case):
    closed(address, ring_case["case_id"])
    at_case(page, address, ring_case)
    page.click("#case .open-case")
    page.wait_for_selector("#verdict-form")
    assert ring_case["case_id"] not in page.url
    (again,) = asked(address, "/cases?open=true&ring_id=R-000042")["cases"]
    closed(address, again["case_id"])


def test_nobody_is_said_to_be_a_fraud_with_0_percent_whom_no_model_has_scored(page, address):
    case = asked(address, "/cases", {"applicant_id": "ed", "reason": "complaint"})
    page.goto(f"{address}?case={case['case_id']}")
    page.wait_for_selector("#case .figures")
    assert "0%" not in page.inner_text("#case .figures")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_on_a_phone_every_column_of_the_queue_is_seen_without_scrolling_aside(
    phone, address, ring_case, language
):
    phone.goto(f"{address}?queue=&lang={language}")
    phone.wait_for_selector(".cases a.id")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 375
    boxes = [cell.bounding_box() for cell in phone.locator(".cases tbody tr:first-child td").all()]
    assert len(boxes) == 12, "eleven columns, and the field by which a case is chosen"
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 375 for box in boxes)
    assert phone.evaluate("(f => f.scrollWidth <= f.clientWidth)(document.getElementById('as-of'))")


def test_a_case_about_somebody_without_a_score_says_so_in_the_queue_and_in_its_panel(page, address):
    case = asked(address, "/cases", {"applicant_id": "cy", "reason": "complaint"})
    page.goto(f"{address}?queue=")
    row = page.locator(".cases tbody tr", has_text="cy")
    assert "not scored" in row.inner_text()
    assert row.locator("td[data-column='expected loss' i]").inner_text() == "–", (
        "a 0 would say that nothing is lost"
    )
    page.goto(f"{address}?case={case['case_id']}&lang=zh")
    page.wait_for_selector("#case .figures")
    assert "未评分" in page.inner_text("#case .figures")


def test_a_case_about_somebody_who_was_not_known_yet_is_shown_without_a_drawing(page, address):
    case = asked(address, "/cases", {"applicant_id": "cy", "reason": "complaint"})
    unknown = {"status": 404, "code": "not_found", "title": "", "detail": "", "request_id": "r"}
    page.route("**/desk/subgraph?*", lambda route: route.fulfill(status=404, json=unknown))
    page.goto(f"{address}?case={case['case_id']}")
    page.wait_for_selector("#verdict-form")
    assert "Nothing is known of it before this moment" in page.inner_text("#problem")
    assert "cy" in page.inner_text("#case h2")


def test_on_a_phone_a_case_comes_before_its_drawing_and_a_ring_behind_it(phone, address, ring_case):
    phone.goto(f"{address}?case={ring_case['case_id']}")
    phone.wait_for_selector("#verdict-form")
    tops = "['panel', 'canvas'].map(id => document.getElementById(id).getBoundingClientRect().top)"
    panel, canvas = phone.evaluate(tops)
    assert panel < canvas
    phone.goto(f"{address}?node=ring:R-000042")
    phone.wait_for_selector("#panel .members")
    panel, canvas = phone.evaluate(tops)
    assert canvas < panel
