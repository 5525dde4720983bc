"""A large ring at the desk, in a real browser: opened, drawn whole, moved about; of 150 people always, of
1,000 as a slow test.

With DESK_FIGURES=1 the figures of docs/desk.md are printed (`pytest -s`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from graph.model.types import Facts, RingSnapshot
from graph.store.port import GraphStore
from tests.support.desk import pages as desk_pages
from tests.support.desk.pages import NODES, browser, drawn, opened, running
from tests.support.desk.worlds import ring_of
from tests.support.small_worlds import PLATFORMS, applies, day, uses

__all__ = ["browser"]  # a fixture
pytestmark = pytest.mark.browser
PAN = "document.getElementById('canvas')._cyreg.cy.pan()"
WATCH = """() => {
  window.frames_at = [];
  const tick = now => { window.frames_at.push(now); requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
}"""


def cells(people: int, store: GraphStore) -> None:
    """Cells of eight on one device, each chained to the next by a card."""
    applications = tuple(
        applies(
            f"p{n:04d}",
            10 + n / 100,
            uses("device", f"d{n // 8}"),
            *([uses("bank_card", f"c{n // 8}")] if n % 8 == 0 else []),
            *([uses("bank_card", f"c{n // 8 + 1}")] if n % 8 == 7 else []),
        )
        for n in range(people)
    )
    store.add(Facts(applications=applications, platforms=PLATFORMS))
    ring = replace(ring_of(*(f"p{n:04d}" for n in range(people))), ring_id="R-001000")
    store.save_rings(RingSnapshot(name="2025-W12", as_of=day(80), rings=(ring,), changes=()))


def dragged(page: Any) -> tuple[float, float]:
    """Frames a second, and milliseconds of the longest, while somebody drags the drawing about."""
    box = page.locator("#canvas").bounding_box()
    x, y = box["x"] + box["width"] - 30, box["y"] + 30  # beside the drawing
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 5, y + 5)
    before = page.evaluate(PAN)
    page.evaluate(WATCH)
    for n in range(60):
        page.mouse.move(x - 5 * n, y + 3 * n)
    frames = page.evaluate("window.frames_at")
    assert page.evaluate(PAN) != before, "it moved"
    page.mouse.up()
    gaps = [b - a for a, b in pairwise(frames)]
    return 1000 * len(gaps) / sum(gaps), max(gaps)


@pytest.fixture
def address(tmp_path: Path, people: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(desk_pages, "fill", partial(cells, people))
    with running(tmp_path) as at:
        yield at


@pytest.mark.parametrize("people", [150, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_large_ring_is_drawn_whole_and_stays_fluid(browser: Any, address: str, people: int) -> None:
    for page in opened(browser, address):
        page.set_default_timeout(60_000)
        started = time.perf_counter()
        page.goto(f"{address}?node=ring:R-001000")
        drawn(page, "applicant:p0000")
        first = time.perf_counter() - started
        assert f"60 of {people:,} members drawn" in page.inner_text("#left-list")
        page.click("#draw-all")
        started = time.perf_counter()
        page.wait_for_function(f"() => {NODES}.length > {people}")
        whole = time.perf_counter() - started
        nodes = len(page.evaluate(NODES))
        assert page.locator("#draw-all").count() == 0
        rate, longest = dragged(page)
        page.keyboard.press("Control+z")
        page.wait_for_function(f"() => {NODES}.length < 100")
        if os.environ.get("DESK_FIGURES"):
            print(
                f"\nfirst drawing {first:.2f} s; {nodes} nodes after {whole:.2f} s; "
                f"{rate:.0f} frames/s, the longest {longest:.0f} ms"
            )
        assert rate > 5, "on whatever machine"
