"""Work on the drawing, in a real browser: filter, hide, pin, group, undo, and what stays over a reload."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.desk.axe import violations
from tests.support.desk.pages import NODES, OTHER, PLACES, address, browser, choose, drawn, opened, page

__all__ = ["address", "browser", "page"]  # fixtures
pytestmark = pytest.mark.browser
SEEN = "document.getElementById('canvas')._cyreg.cy.nodes(':visible').map(n => n.id())"
GROUPS = (
    "document.getElementById('canvas')._cyreg.cy.nodes('.group')"
    ".map(n => [n.data('label'), n.children().map(c => c.id())])"
)


def seen(page: Any) -> set[str]:
    return set(page.evaluate(SEEN))


def sees(page: Any, wanted: set[str]) -> None:
    """Just these come to be seen: how what comes back looks is computed with a later frame of the browser."""
    same = f"wanted => JSON.stringify({SEEN}.sort()) === JSON.stringify(wanted)"
    page.wait_for_function(same, arg=sorted(wanted))


def status(page: Any, text: str) -> None:
    page.wait_for_selector(f"#status:has-text('{text}')")


def pressed(page: Any, node: str, key: str) -> None:
    page.focus("#canvas")
    choose(page, node)
    page.keyboard.press(key)


def test_ties_are_filtered_by_kind_and_by_time_and_what_is_left_out_is_said(page, address):
    page.goto(f"{address}?node=ring:R-000042")
    whole = drawn(page, "applicant:ed")
    page.click("#sift-open")
    page.wait_for_selector("#sift h2")
    assert violations(page) == []
    page.uncheck("#kind-device")
    sees(page, whole - {"device:k1.shared1"})
    assert "left-out" in page.inner_html("#left-list")
    page.check("#kind-device")
    sees(page, whole)
    page.fill("#sift-to", "2025-01-12")
    page.wait_for_function(f"n => {SEEN}.length < n", arg=len(whole))
    assert "applicant:ann" in seen(page), "who was there by then"
    assert "applicant:ed" not in seen(page), "who came later"
    page.click("#show-all")
    sees(page, whole)
    page.click("#language")
    page.click("#sift-open")
    page.wait_for_selector("#sift h2:has-text('显示内容')")
    assert violations(page) == []


def test_hiding_pinning_expanding_and_arranging_are_undone_and_redone_by_keys(page, address):
    page.goto(f"{address}?node=device:k1.shared1")
    whole = drawn(page, "applicant:ann")
    pressed(page, "applicant:cy", "h")
    status(page, "cy is hidden")
    sees(page, whole - {"applicant:cy"})
    pressed(page, "applicant:ann", "Enter")
    drawn(page, "phone:k1.9a44c2")
    pressed(page, "applicant:ann", "p")
    status(page, "ann is pinned")
    page.wait_for_timeout(400)
    places = page.evaluate(PLACES)
    page.keyboard.press("a")
    page.wait_for_timeout(400)
    after = page.evaluate(PLACES)
    assert after["applicant:ann"] == places["applicant:ann"], "the pinned stays"
    assert after != places
    page.keyboard.press("Control+z")
    page.wait_for_function(
        f"x => Math.abs({PLACES}['applicant:bo'][0] - x) < 0.2", arg=places["applicant:bo"][0]
    )
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    page.wait_for_function(f"() => !{NODES}.includes('phone:k1.9a44c2')")
    assert "open=" not in page.url
    page.keyboard.press("Control+z")
    page.wait_for_function(f"() => {SEEN}.includes('applicant:cy')")
    assert page.is_disabled("#undo")
    for _ in range(2):
        page.keyboard.press("Control+y")
    page.wait_for_function(f"() => {NODES}.includes('phone:k1.9a44c2')")
    page.wait_for_function(f"() => !{SEEN}.includes('applicant:cy')")
    assert "open=" in page.url


def test_people_are_grouped_by_ring_and_by_community(page, address):
    page.goto(f"{address}?node=applicant:ann")
    drawn(page, "applicant:bo")
    page.keyboard.press("Tab")
    page.focus("#canvas")
    page.keyboard.press("s")
    page.check("#group-ring")
    page.wait_for_function(f"() => {GROUPS}.length > 0")
    [(label, members)] = page.evaluate(GROUPS)
    assert label == "R-000042"
    assert {"applicant:ann", "applicant:ed"} <= set(members)
    assert "device:k1.shared1" not in members, "somebody outside the ring holds it too"
    page.check("#group-community")
    page.wait_for_function(f"() => {GROUPS}.some(g => g[0].startsWith('community'))")
    page.check("#group-none")
    page.wait_for_function(f"() => {GROUPS}.length === 0")


def test_what_was_made_of_a_drawing_stays_over_time_moves_language_and_reload(page, address):
    page.goto(f"{address}?node=device:k1.shared1")
    drawn(page, "applicant:ann")
    pressed(page, "applicant:cy", "h")
    pressed(page, "applicant:ann", "Enter")
    drawn(page, "phone:k1.9a44c2")
    pressed(page, "applicant:ann", "p")
    page.wait_for_timeout(500)
    places, made = page.evaluate(PLACES), seen(page)
    page.fill("#as-of", "2025-01-11 20:00")  # before bo came
    page.press("#as-of", "Enter")
    page.wait_for_function(f"() => !{NODES}.includes('applicant:bo')")
    page.click("#language")
    page.click("#now")
    page.wait_for_function(f"() => {NODES}.includes('applicant:bo')")
    page.wait_for_function("() => !document.body.classList.contains('busy')")
    sees(page, made)
    for _ in range(2):
        after = page.evaluate(PLACES)
        assert after.keys() == places.keys()
        moved = [
            one
            for one, at in after.items()
            if abs(at[0] - places[one][0]) + abs(at[1] - places[one][1]) > 0.2
        ]
        assert moved == [], "also of those who were not there for a while"
        page.reload()
        drawn(page, "phone:k1.9a44c2")
        page.wait_for_function(f"() => !{SEEN}.includes('applicant:cy')")
        sees(page, made)


def test_a_saved_view_opened_by_its_address_is_what_its_maker_saw(page, browser, address):
    page.goto(f"{address}?node=device:k1.shared1")
    drawn(page, "applicant:ann")
    pressed(page, "applicant:cy", "h")
    pressed(page, "applicant:ann", "Enter")
    drawn(page, "phone:k1.9a44c2")
    page.wait_for_timeout(500)
    places = page.evaluate(PLACES)
    page.click("#views-open")
    page.fill("#view-name", "who had the phone")
    page.press("#view-name", "Enter")
    page.wait_for_selector("#views li a:has-text('who had the phone')")
    assert violations(page) == []
    at = page.get_attribute("#views li a", "href")
    made = seen(page)
    for other in opened(browser, address):
        other.add_init_script(f"sessionStorage.setItem('ringfence-key', '{OTHER}')")
        other.goto(address.removesuffix("/desk") + at)
        drawn(other, "phone:k1.9a44c2")
        other.wait_for_function(f"() => !{SEEN}.includes('applicant:cy')")
        sees(other, made)
        after = other.evaluate(PLACES)
        assert all(abs(after[one][0] - places[one][0]) < 0.2 for one in places)
        assert other.is_visible("#past"), "as of the moment of the view"
        other.click("#views-open")
        other.wait_for_selector("#views li small:has-text('desk')")
        assert other.locator("#views button:has-text('Take away')").count() == 0
    page.click("#views button:has-text('Take away')")
    page.wait_for_selector("#views .quiet:has-text('No view is saved')")
