"""The desk in a real browser: found, drawn, expanded, read in two languages, by keyboard, and safe from what
ids may hold.
"""

import logging

import pytest

from tests.support.desk.pages import NODES, SELECTED, address, browser, choose, drawn, page
from tests.support.desk.worlds import HOSTILE

__all__ = ["address", "browser", "page"]  # fixtures
pytestmark = pytest.mark.browser


def test_an_investigator_searches_by_keyboard_and_sees_who_shares_the_device(page, address):
    page.goto(address)
    page.keyboard.type("ann")
    page.wait_for_selector("#hits [role=option]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert {"applicant:ann", "applicant:bo", "device:k1.shared1", "wifi:k1.dorm"} <= drawn(
        page, "applicant:bo"
    )
    page.wait_for_selector("#panel h2:has-text('ann')")
    assert "125 holders, dormitory or shop Wi-Fi; not followed" in page.inner_text("#left-list")
    assert "node=applicant%3Aann" in page.url


def test_an_address_opens_the_page_with_its_drawing_and_asks_for_nothing_twice(page, address):
    queries: list[str] = []
    page.on("request", lambda request: queries.append(request.url))
    page.goto(f"{address}?node=applicant:ann")
    drawn(page, "applicant:bo")
    page.wait_for_load_state("networkidle")
    data = [url for url in queries if "/static/" not in url]
    assert len(data) == len(set(data)) <= 9, data


def test_the_drawing_is_reached_and_expanded_by_keyboard_and_a_hub_is_not_followed(page, address):
    page.goto(f"{address}?node=device:k1.shared1")
    drawn(page, "applicant:ann")
    page.focus("#canvas")
    choose(page, "applicant:ann")
    page.keyboard.press("Enter")
    assert "phone:k1.9a44c2" in drawn(page, "wifi:k1.dorm")
    before = page.evaluate(NODES)
    choose(page, "wifi:k1.dorm")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.getElementById('status').textContent.includes('not followed')")
    assert page.evaluate(NODES) == before
    visited = set()
    for key in ("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
        visited |= set(page.evaluate(SELECTED))
    assert len(visited) > 1


def test_a_ring_is_drawn_with_its_table(page, address):
    page.goto(address)
    page.click("#panel a:has-text('R-000042')")
    drawn(page, "applicant:ed")
    page.wait_for_selector("#panel .members")
    assert page.locator("#panel .members tbody tr").count() == 5
    text = page.inner_text("#panel")
    assert "grown · 2 joined, 1 left" in text
    assert "87%" in text
    assert {"31 Dec 2024", "11 Apr 2025"} <= set(page.locator(".timeline .ends span").all_inner_texts())
    page.go_back()
    page.wait_for_selector("#panel .rings")
    assert "87% expected bad" in page.inner_text("#panel .rings")


def test_a_drawing_takes_the_width_that_there_is(page, address):
    page.goto(f"{address}?node=ring:R-000042")
    drawn(page, "applicant:ed")
    page.wait_for_selector("#panel .members")
    width, height = page.evaluate(
        "(box => [box.w, box.h])(document.getElementById('canvas')._cyreg.cy.nodes().boundingBox())"
    )
    assert width > height


def test_an_earlier_moment_shows_the_graph_as_it_was_known_then(page, address):
    page.goto(f"{address}?node=applicant:ann&as_of=2025-01-12T12:00:00Z")
    assert "applicant:cy" not in drawn(page, "applicant:bo")
    assert page.is_visible("#past")
    bad = "document.getElementById('canvas')._cyreg.cy.getElementById('applicant:bo').hasClass('bad')"
    assert not page.evaluate(bad)
    page.click("#now")
    drawn(page, "applicant:cy")
    assert page.evaluate(bad)


def test_every_text_changes_to_chinese_and_stays_so(page, address):
    page.goto(f"{address}?node=applicant:ann")
    drawn(page, "applicant:bo")
    page.click("#language")
    page.wait_for_selector("#panel h3:has-text('申请记录')")
    assert page.get_attribute("html", "lang") == "zh-CN"
    assert "宿舍或门店" in page.inner_text("#left-list")
    page.reload()
    page.wait_for_selector("#panel h3:has-text('申请记录')")


def test_markup_in_an_id_stays_text(page, address):
    page.goto(address)
    for text in (HOSTILE[:10], "<script"):
        page.fill("#q", text)
        page.wait_for_selector("#hits [role=option]")
        page.click("#hits [role=option] >> nth=0")
        page.wait_for_selector("#panel h2")
    page.goto(f"{address}?node=applicant%3A{HOSTILE.replace(' ', '%20').replace('=', '%3D')}")
    page.wait_for_selector("#panel h2:has-text('<img src=x')")
    assert page.evaluate("window.pwned") is None
    assert page.locator("img[src=x]").count() == 0


def test_a_phone_typed_slowly_is_sent_once_and_whole_and_is_in_no_address_and_no_log(page, address, caplog):
    caplog.set_level(logging.DEBUG)
    queries = []
    page.on("request", lambda request: queries.append((request.method, request.url, request.post_data or "")))
    page.goto(address)
    page.wait_for_selector("#panel .rings")
    page.type("#q", "+86 150-7315-7065", delay=60)
    page.wait_for_selector("#hits .none:has-text('Press Enter')")
    page.keyboard.press("Enter")
    page.wait_for_selector("#hits [role=option]:has-text('150****7065')")
    page.wait_for_timeout(500)
    searches = [(method, body) for method, url, body in queries if "/search" in url]
    assert searches == [("POST", '{"q":"+86 150-7315-7065","as_of":""}')]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector("#panel h2:has-text('150****7065')")
    for text in (
        *(url for _, url, _ in queries),
        page.url,
        caplog.text,
        *page.eval_on_selector_all("a", "links => links.map(a => a.href)"),
    ):
        assert "7315" not in text
    assert "phone%3Ak1.9a44c2" in page.url


def test_nothing_found_and_nothing_known_are_said_in_words(page, address):
    page.goto(address)
    page.fill("#q", "zzzz")
    page.wait_for_selector("#hits .none")
    page.goto(f"{address}?node=applicant:nobody")
    page.wait_for_selector("#problem:visible")
    assert "Nothing is known of it" in page.inner_text("#problem")
    assert page.inner_text("#problem h2") == "Nothing of that name"
    assert page.is_hidden("#left"), "of nothing nothing is left out"
    page.goto(f"{address}?node=applicant:nobody&as_of=2025-04-01T00:00:00Z")
    page.click("#problem button:has-text('Show')")
    page.wait_for_selector("#problem:has-text('Check the id')")
    page.click("#problem button:has-text('All rings')")
    page.wait_for_selector("#panel .rings")
    assert page.is_hidden("#problem")
    page.goto(f"{address}?case=C-nobody")
    page.click("#problem button:has-text('Queue of cases')")
    page.wait_for_selector("#queue-counts .chip")
    page.goto(f"{address}?as_of=2024-01-01T00:00:00Z")
    page.wait_for_selector("#panel .note")
    assert "No ring snapshot" in page.inner_text("#panel")
