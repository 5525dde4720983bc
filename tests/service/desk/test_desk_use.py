"""Working at the desk: what was expanded stays, every refusal has its sentence, each language stays in
itself, on a phone and on paper.
"""

import re
from itertools import pairwise

import pytest

from tests.support.desk.pages import (
    NODES,
    PLACES,
    SELECTED,
    address,
    browser,
    choose,
    drawn,
    page,
    phone,
    running,
)

__all__ = ["address", "browser", "page", "phone"]  # fixtures
pytestmark = [pytest.mark.browser, pytest.mark.slow]
KEY, BLIND = "a-desk-key-for-tests-0123456789abcdefgh", "a-key-without-the-scope-0123456789abcd"


def expand(page, node, until):
    page.focus("#canvas")
    choose(page, node)
    page.keyboard.press("Enter")
    return drawn(page, until)


def settled(page):
    page.wait_for_function("() => !document.body.classList.contains('busy')")


def test_moving_the_moment_keeps_what_was_expanded_where_it_was_and_what_was_chosen(page, address):
    page.goto(f"{address}?node=device:k1.shared1")
    drawn(page, "applicant:ann")
    expand(page, "applicant:ann", "phone:k1.9a44c2")
    page.wait_for_timeout(500)  # until the layout stands still
    places = page.evaluate(PLACES)
    page.click("#week-back")
    page.wait_for_selector("#past:visible")
    settled(page)
    assert "phone:k1.9a44c2" in page.evaluate(NODES)
    assert page.evaluate(PLACES) == places
    assert page.evaluate(SELECTED) == ["applicant:ann"]
    page.reload()
    drawn(page, "phone:k1.9a44c2")
    page.fill("#as-of", "2025-01-11 20:00")
    page.press("#as-of", "Enter")
    page.wait_for_function(f"() => !{NODES}.includes('applicant:bo')")
    assert "phone:k1.9a44c2" in drawn(page, "applicant:ann")
    page.click("#now")
    assert "phone:k1.9a44c2" in drawn(page, "applicant:bo")


def test_another_language_asks_nothing_and_moves_nothing(page, address):
    page.goto(f"{address}?node=device:k1.shared1")
    drawn(page, "applicant:ann")
    expand(page, "applicant:ann", "phone:k1.9a44c2")
    page.wait_for_selector("#panel h3:has-text('Applications')")
    page.wait_for_timeout(500)
    places, queries = page.evaluate(PLACES), []
    page.on("request", lambda request: queries.append(request.url))
    page.click("#language")
    page.wait_for_selector("#panel h3:has-text('申请记录')")
    assert page.evaluate(PLACES) == places
    assert page.evaluate(SELECTED) == ["applicant:ann"]
    assert [url for url in queries if "/static/" not in url] == []


@pytest.mark.parametrize(
    ("moment", "language", "sentence", "step"),
    [
        ("2025-02-30", "en", "Write it as 2026-01-05 10:00", "Show now"),
        ("2025-02-30", "zh", "请按 2026-01-05 10:00", "显示现在"),
        ("2999-01-01", "en", "What will be known by then is not known", "Show now"),
        ("2999-01-01", "zh", "届时的情况尚不可知", "显示现在"),
    ],
)
def test_a_moment_that_cannot_be_shown_has_its_sentence_and_the_way_out(
    page, address, moment, language, sentence, step
):
    page.goto(f"{address}?node=applicant:ann&as_of={moment}&lang={language}")
    page.wait_for_selector("#problem:visible")
    assert sentence in page.inner_text("#problem")
    assert page.input_value("#as-of").startswith(moment)
    page.click(f"#problem button:has-text('{step}')")
    drawn(page, "applicant:bo")
    assert page.is_hidden("#problem")


def test_a_week_on_from_the_last_one_is_now(page, address):
    page.goto(f"{address}?node=applicant:ann&lang=en")
    drawn(page, "applicant:bo")
    page.click("#week-back")
    page.wait_for_url("**as_of=*")
    page.click("#week-on")
    page.wait_for_function("!location.search.includes('as_of')")
    drawn(page, "applicant:bo")


def test_a_wrong_key_and_a_key_without_the_scope_have_sentences_in_both_languages(browser, tmp_path):
    with running(tmp_path, api_keys=f"desk:{KEY}:desk@*,other:{BLIND}:risk@*") as address:
        page = browser.new_page()
        page.goto(f"{address}?node=applicant:ann&lang=en")
        for key, english, chinese in (
            ("", "This desk needs a key", "需要访问密钥"),
            ("no-such-key", "The service does not know this key", "密钥无效"),
            ("钥匙", "The service does not know this key", "密钥无效"),
            (BLIND, "This key does not open the desk", "该密钥无权打开工作台"),
        ):
            if key:
                page.fill("#key-field", key)
                page.keyboard.press("Enter")
            page.wait_for_selector(f"#key[open] h2:has-text('{english}')")
            assert re.search("[a-z]{5,}.*[.]$", page.inner_text("#key-text"))
            page.evaluate("document.getElementById('language').click()")
            page.wait_for_selector(f"#key[open] h2:has-text('{chinese}')")
            assert not re.search("[a-z]{5,}", page.inner_text("#key-text"))
            page.evaluate("document.getElementById('language').click()")
        page.fill("#key-field", f" {KEY} ")
        page.keyboard.press("Enter")
        drawn(page, "applicant:bo")
        page.close()


def test_a_raw_value_in_an_address_becomes_a_search_and_is_asked_of_no_route(page, address):
    queries = []
    page.on("request", lambda request: queries.append((request.method, request.url)))
    page.goto(f"{address}?node=phone:15073157065")
    page.wait_for_selector("#hits [role=option]:has-text('150****7065')")
    assert "1507315" not in page.url
    assert [url for _, url in queries[1:] if "1507315" in url] == []
    assert ("POST", f"{address}/search") in queries


def test_a_hub_says_why_nobody_is_followed_and_who_holds_it(page, address):
    page.goto(f"{address}?node=wifi:k1.dorm")
    page.wait_for_selector("#panel .note")
    text = page.inner_text("#panel")
    assert "More than 30 people hold it" in text
    assert re.search(r"125\s+people", text)
    assert re.search(r"1\s+known frauds", text)
    page.click("#panel .near a:has-text('R-000042')")
    drawn(page, "applicant:ed")


@pytest.mark.parametrize(
    "node",
    [
        "applicant:ann",
        "application:ann@10",
        "wifi:k1.dorm",
        "device:k1.shared1",
        "ring:R-000042",
        "",
        "applicant:nobody",
    ],
)
def test_no_english_stands_in_the_chinese_page_and_no_chinese_in_the_english_one(page, address, node):
    page.goto(f"{address}?lang=zh{f'&node={node}' if node else ''}")
    page.wait_for_selector("#panel h2, #panel .rings, #problem:visible")
    settled(page)
    ids = (
        r"Ringfence|English|Asia/Shanghai "
        r"\(UTC\+08:00\)|R-000042|2025-W12|ann@10|\*{3}\w+|\bw\d{3}\b|\b(?:ann|bo|cy|di|ed)\b|Esc|Ctrl|<.*"
    )
    seen = page.evaluate("document.body.innerText") + page.get_attribute("#q", "placeholder")
    assert re.findall("[A-Za-z]{2,}", re.sub(ids, "", seen)) == []
    page.goto(f"{address}?lang=en{f'&node={node}' if node else ''}")
    page.wait_for_selector("#panel h2, #panel .rings, #problem:visible")
    settled(page)
    assert re.findall("[\u3000-\u9fff]", page.evaluate("document.body.innerText").replace("中文", "")) == []


@pytest.mark.parametrize("node", ["", "applicant:ann", "ring:R-000042", "wifi:k1.dorm"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_on_a_phone_nothing_runs_off_the_side_and_nothing_lies_over_another(phone, address, node, language):
    phone.goto(f"{address}?lang={language}{f'&node={node}' if node else ''}")
    phone.wait_for_selector("#panel h2, #panel .rings")
    settled(phone)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 375
    parts = [phone.locator(part).bounding_box() for part in ("header.bar", ".sheet", ".foot", "#panel")]
    assert all(above["y"] + above["height"] <= below["y"] + 1 for above, below in pairwise(parts))
    assert all(part["width"] == 375 for part in parts)
    assert parts[1]["height"] >= 180


def test_times_are_of_the_services_zone_whatever_the_browsers_and_the_zone_is_named(phone, address):
    phone.goto(f"{address}?node=applicant:ann&as_of=2025-01-31T20:30:00Z&lang=en")
    drawn(phone, "applicant:bo")
    assert phone.inner_text("#zone") == "Asia/Shanghai (UTC+08:00)"
    assert phone.input_value("#as-of") == "2025-02-01 04:30"
    phone.click("#week-on")
    phone.wait_for_url("**as_of=2025-02-07T20*")
    phone.fill("#as-of", "2025-03-01")
    phone.press("#as-of", "Enter")
    phone.wait_for_url("**as_of=2025-02-28T16*")


def test_on_paper_are_the_picture_its_key_the_panel_the_moment_and_nothing_to_press(page, address):
    page.goto(f"{address}?node=ring:R-000042&lang=en")
    drawn(page, "applicant:ed")
    page.wait_for_selector("#panel .members")
    page.emulate_media(media="print")
    page.wait_for_timeout(300)
    assert [
        button
        for button in page.locator("button:not(.chip, .reason, .path), #search").all()
        if button.is_visible()
    ] == []
    assert all(
        page.locator(part).is_visible()
        for part in ("#canvas canvas >> nth=0", "#legend-list", "#panel .members", "#zone", "#as-of")
    )
    assert page.evaluate("getComputedStyle(document.body).overflow") == "visible"
    width = page.locator("#panel").bounding_box()["width"]
    assert width > 1200  # the panel has the whole sheet, below the picture
    assert len(page.pdf(format="A4", print_background=True)) > 20_000
    page.emulate_media(media="screen")
    assert page.is_visible("#search")
