"""The queue in a real browser: searched, sorted, and many cases handed out at once."""

from __future__ import annotations

import pytest

from tests.support.desk.axe import violations
from tests.support.desk.pages import address, asked, browser, page, phone

__all__ = ["address", "browser", "page", "phone"]  # fixtures
pytestmark = pytest.mark.browser
WHO = ("ann", "bo", "cy")


@pytest.fixture(scope="module", autouse=True)
def three(address):
    """Cases about three people, the youngest first."""
    return {who: asked(address, "/cases", {"applicant_id": who, "reason": "complaint"}) for who in WHO}


@pytest.fixture(autouse=True)
def nobodys(address, three):
    """Nobody has any of them, and none stands before the others."""
    seen = {one["case_id"]: one["version"] for one in queue(address)}
    done = asked(address, "/cases/assign", {"cases": seen, "assignee": None})
    seen = {case_id: one["version"] for case_id, one in done["cases"].items()}
    asked(address, "/cases/priority", {"cases": seen, "priority": "normal"})


def queue(address, query="open=true"):
    return asked(address, f"/cases?{query}")["cases"]


def subjects(page):
    page.wait_for_selector(".cases a.id")
    return [one.strip() for one in page.locator(".cases a.id").all_inner_texts()]


def test_the_queue_is_sorted_by_its_head_and_the_address_shows_the_same(page, address):
    page.goto(f"{address}?queue=")
    assert set(subjects(page)) == set(WHO)
    page.click("#sort-subject")
    page.wait_for_selector("th[aria-sort=ascending] #sort-subject")
    assert subjects(page) == ["ann", "bo", "cy"]
    page.focus("#sort-subject")
    page.keyboard.press("Enter")
    page.wait_for_selector("th[aria-sort=descending] #sort-subject")
    assert subjects(page) == ["cy", "bo", "ann"]
    page.goto(page.url)
    page.wait_for_selector("th[aria-sort=descending] #sort-subject")
    assert subjects(page) == ["cy", "bo", "ann"]
    assert page.locator("th[aria-sort]").count() == 1


def test_the_queue_is_searched_and_no_address_holds_what_may_be_somebodys_number(page, address):
    page.goto(f"{address}?queue=")
    subjects(page)
    page.fill("#filter-q", "bo")
    page.press("#filter-q", "Enter")
    page.wait_for_function("() => document.querySelectorAll('.cases a.id').length === 1")
    assert (subjects(page), "q=bo" in page.url) == (["bo"], True)
    sent = []
    page.on("request", lambda request: sent.append(request.url))
    page.fill("#filter-q", "139 5827 4630")
    page.press("#filter-q", "Enter")
    page.wait_for_selector("#queue-unfound")
    assert page.input_value("#filter-q") == "139 5827 4630"
    page.fill("#filter-q", "")
    page.press("#filter-q", "Enter")
    page.wait_for_function("() => document.querySelectorAll('.cases a.id').length === 3")
    assert not [url for url in [page.url, *sent] if "5827" in url]


def test_chosen_cases_are_given_and_ranked_and_one_changed_meanwhile_is_named(page, address, three):
    page.goto(f"{address}?queue=&sort=subject")
    subjects(page)
    page.check(f"#choose-{three['ann']['case_id']}")
    page.check(f"#choose-{three['bo']['case_id']}")
    assert "2 chosen" in page.inner_text("#hands")
    at = f"/cases/{three['bo']['case_id']}"
    due = {"due_at": "2027-01-05T10:00:00+08:00", "version": asked(address, at)["version"]}
    by = asked(address, f"{at}/due", due)["history"][-1]["by"]
    page.click("#hands-mine")
    page.wait_for_selector("#hands-outcome")
    said = page.inner_text("#hands-outcome")
    assert "Done with 1 case." in said
    assert f"bo: {by} changed it meanwhile" in said
    assert {one["applicant_id"] for one in queue(address, "assigned=true")} == {"ann"}
    page.click("#language")
    assert f"期间已被 {by} 更改" in page.inner_text("#hands-outcome")
    page.click("#language")
    page.check("#choose-page")
    page.select_option("#hands-rank", "high")
    page.click("#hands-set")
    page.wait_for_selector("#hands-outcome:has-text('Done with 3 cases.')")
    assert {one["priority"] for one in queue(address)} == {"high"}
    assert page.locator("#hands").count() == 0, "nothing is chosen any more"


def test_all_of_the_filter_are_chosen_beyond_the_page_and_a_second_click_means_it(page, address):
    for number in range(60):
        asked(address, "/cases", {"applicant_id": f"w{number:03d}", "reason": "many"})
    try:
        page.goto(f"{address}?queue=&sort=reason&order=desc&q=w0")
        assert len(subjects(page)) == 50
        page.check("#choose-page")
        page.click("#hands-all")
        page.wait_for_selector("#hands:has-text('60 chosen')")
        page.select_option("#hands-to", "li")
        page.click("#hands-give")
        assert queue(address, "assignee=li&limit=0") == []
        assert "really all 60" in page.inner_text("#hands-give")
        page.click("#hands-give")
        page.wait_for_selector("#hands-outcome:has-text('Done with 60 cases.')")
        assert asked(address, "/cases?assignee=li&limit=0")["total"] == 60
    finally:
        for one in queue(address, "q=w0&open=true&limit=99"):
            at = f"/cases/{one['case_id']}"
            version = asked(address, f"{at}/verdict", {"value": "inconclusive", "version": one["version"]})
            asked(address, f"{at}/close", {"version": version["version"]})


def test_whoever_chooses_others_to_see_has_nothing_chosen(page, address):
    page.goto(f"{address}?queue=")
    subjects(page)
    page.check("#choose-page")
    page.select_option("#filter-kind", "merchant")
    page.wait_for_selector(".queue-empty")
    assert page.locator("#hands").count() == 0


def test_a_case_is_ranked_where_it_is_read(page, address, three):
    page.goto(f"{address}?case={three['cy']['case_id']}")
    page.select_option("#priority", "low")
    page.click("#set-priority")
    page.wait_for_selector("#case [role=status]:has-text('The priority is set.')")
    assert "set its priority to low" in page.inner_text("#case .history")
    assert [one["applicant_id"] for one in queue(address)][-1] == "cy"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_queue_with_chosen_cases_is_without_a_violation(page, address, language):
    page.goto(f"{address}?queue=&lang={language}&sort=exposure")
    subjects(page)
    page.check("#choose-page")
    page.wait_for_selector("#hands")
    assert violations(page) == []


def test_on_a_phone_the_queue_is_sorted_by_a_field_and_chosen_from(phone, address):
    phone.goto(f"{address}?queue=")
    subjects(phone)
    phone.select_option("#filter-sort", "subject")
    phone.wait_for_function("() => document.querySelector('.cases a.id')?.textContent === 'ann'")
    phone.click("#sort-turn")
    phone.wait_for_function("() => document.querySelector('.cases a.id')?.textContent === 'cy'")
    phone.check(".cases tbody tr:first-child input")
    assert phone.locator("#hands").is_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 375
