"""Where a ring applied: its panel breaks the applications down by lender and by city."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graph.model.types import Facts, Outcome, OutcomeStatus, RingSnapshot
from graph.store.port import GraphStore
from tests.support.desk import pages as desk_pages
from tests.support.desk.pages import browser, opened, running
from tests.support.desk.worlds import ring_of
from tests.support.small_worlds import PLATFORMS, applies, day, uses

__all__ = ["browser"]  # a fixture
pytestmark = pytest.mark.browser
CITIES = {"ann": "深圳市", "bo": "深圳", "cy": "东莞市", "di": None, "ed": "东莞"}


def in_two_cities(store: GraphStore) -> None:
    """Five people on one device: cities in two spellings, one is left out; a loan in Shenzhen is bad."""
    asked = tuple(
        applies(who, 10 + n, uses("device", "one"), city=city, platform_id=("L1", "L2")[n % 2])
        for n, (who, city) in enumerate(CITIES.items())
    )
    bad = tuple(
        Outcome(application_id="ann@10", status=status, at=day(at))
        for status, at in ((OutcomeStatus.DISBURSED, 12), (OutcomeStatus.DPD90, 70))
    )
    store.add(Facts(applications=asked, outcomes=bad, platforms=PLATFORMS))
    ring = ring_of(*CITIES)
    store.save_rings(RingSnapshot(name="2025-W12", as_of=day(80), rings=(ring,), changes=()))


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(desk_pages, "fill", in_two_cities)
    with running(tmp_path) as at:
        yield at


def test_a_rings_panel_shows_where_its_people_applied_by_lender_and_by_city(
    browser: Any, address: str
) -> None:
    for page in opened(browser, address):
        page.goto(f"{address}?node=ring:R-000042")
        cities = page.locator("section:has(> h3:text-is('By city')) tbody tr")
        cities.first.wait_for()
        assert [row.split() for row in cities.all_inner_texts()] == [
            ["深圳", "2", "1", "1"],
            ["东莞", "2", "0", "0"],
            ["not", "said", "1", "0", "0"],
        ]
        lenders = page.locator("section:has(> h3:text-is('By lender')) tbody tr").all_inner_texts()
        assert [row.split()[-3:] for row in lenders] == [["3", "1", "1"], ["2", "0", "0"]]
