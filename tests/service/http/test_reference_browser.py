"""The API's reference in a real browser: an operation is tried with a key, and nothing comes from
elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from service.http.schemas.request_schemas import EXAMPLE
from tests.support.desk.pages import browser, running
from tests.support.small_service import key

__all__ = ["browser"]  # a fixture
pytestmark = pytest.mark.browser
KEY = key("an engine")


@pytest.fixture(scope="module")
def service_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("reference"), api_keys=f"engine:{KEY}:risk@*") as desk:
        yield desk.removesuffix("/desk")


def test_the_documented_example_runs_on_the_page_and_nothing_comes_from_elsewhere(
    browser: Any, service_at: str
) -> None:
    page = browser.new_page()
    stated: list[str] = []
    queries: list[str] = []
    page.on("console", lambda message: stated.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: queries.append(request.url))
    page.goto(f"{service_at}/docs")
    page.click("button.authorize")
    page.fill(".modal-ux input", KEY)
    page.click(".modal-ux button.authorize")
    page.click(".modal-ux button.btn-done")
    page.click("#operations-risk-assess .opblock-summary-control")
    shown = page.locator("#operations-risk-assess textarea.body-param__text")
    assert json.loads(shown.input_value()) == EXAMPLE
    shown.fill(json.dumps(EXAMPLE | {"platform_id": "L1"}))
    with page.expect_response(lambda response: response.url.endswith("/risk")) as answered:
        page.click("#operations-risk-assess button.execute")
    assert answered.value.status == 200, answered.value.text()
    page.wait_for_selector("#operations-risk-assess .live-responses-table:has-text('assessment_id')")
    assert all(url.startswith((service_at, "data:")) for url in queries)
    assert not stated, stated
    page.close()
