"""An investigator's tour in a real browser, as docs/tutorials/investigate_a_ring.md tells it: from the queue
to a verdict, and to what the next answer and the next ring run make of it.

With TOUR_PICTURES naming a folder (docs/images/tour) the pictures of the tutorial are made there.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from investigations.casebook import Casebook
from investigations.review.weekly import ReviewPlan, review
from tests.support.desk.pages import CASES, KEY, asked, browser, drawn, opened, running
from tests.support.small_service import Clock, body
from tests.support.small_worlds import day
from tests.support.stores import open_store

__all__ = ["browser"]  # a fixture
pytestmark = pytest.mark.browser
LIT = "document.getElementById('canvas')._cyreg.cy.nodes('.lit').length"
SIZE = {"width": 1200, "height": 780}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def desk(folder: Path) -> Iterator[str]:
    """A desk whose clock goes on, with a key that may ask `/risk` too."""
    with running(folder, clock=Clock(now=day(100)), api_keys=f"desk:{KEY}:{CASES}+risk@*") as at:
        yield at


def picture(page: Any, number: int, name: str) -> None:
    """A small picture for the tutorial, where one is wanted."""
    if folder := os.environ.get("TOUR_PICTURES"):
        page.wait_for_timeout(500)  # until nothing moves
        shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        Path(folder).mkdir(parents=True, exist_ok=True)
        shot.quantize(64).save(Path(folder) / f"{number}_{name}.png", optimize=True)


def about(address: str, person: str, number: int) -> set[str]:
    """The reasons of an answer about somebody."""
    request = body(f"tour-{number}", applicant_id=person, applied_at=None, phone=None, national_id=None)
    return {reason["code"] for reason in asked(address, "/risk", request)["reasons"]}


def test_from_the_queue_to_a_verdict_that_the_next_answer_and_ring_run_know(
    browser: Any, desk: str, folder: Path
) -> None:
    case = asked(desk, "/cases", {"ring_id": "R-000042", "reason": "call from the branch"})
    assert "RULE_FRAUD_KNOWN" not in about(desk, "ed", 1)
    for page in opened(browser, desk, viewport=SIZE):
        page.goto(desk)
        page.click("#cases")
        page.wait_for_selector(".cases a.id")
        picture(page, 1, "queue")
        page.click(".cases a.id:has-text('R-000042')")
        drawn(page, "applicant:ed")
        page.wait_for_selector("#case-people tbody tr")
        page.click("#assign-me")
        page.wait_for_selector("#case [role=status]")
        picture(page, 2, "case")
        page.click("#case section button.chip:has-text('tied by device')")
        assert page.evaluate(LIT) > 1
        picture(page, 3, "why")
        page.click("#case-people a.id:has-text('ed')")
        page.wait_for_selector("#find-fraud")
        page.click("#find-fraud")
        page.wait_for_selector("#ties .ties li")
        assert page.evaluate(LIT) == 3
        picture(page, 4, "path")
        page.click("#panel .back")
        page.wait_for_selector("#verdict-form")
        page.check("#value-confirmed_fraud")
        page.check("#everyone")
        page.select_option("#on-di", "false_positive")
        page.fill("#verdict-why", "one device, five names; di sold it in January")
        picture(page, 5, "verdict")
        page.click("#conclude")
        page.wait_for_selector("#labels")
        assert "4 fraud, 1 good" in page.inner_text("#labels")
        picture(page, 6, "labels")
        page.click("#close-case")
        page.wait_for_selector("#case .chip.state.closed")
    assert "RULE_FRAUD_KNOWN" in about(desk, "ed", 2)
    assert "RULE_FRAUD_KNOWN" not in about(desk, "di", 3)
    assert asked(desk, f"/cases/{case['case_id']}")["state"] == "closed"
    with open_store(folder / "store.db") as store, Casebook(f"sqlite:///{folder}/book.db") as book:
        plan = ReviewPlan(as_of=day(107), out=folder / "out", now=day(107), back_steps=0)
        assert review(store, book, plan).known_frauds == {"ann", "bo", "cy", "ed"}
