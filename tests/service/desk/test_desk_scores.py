"""Scores at the desk: each person's latest recorded one, in the panel and the drawing, and where it is
from.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from investigations.assessments import Decision
from investigations.casebook import Casebook
from investigations.shadow.answers import ShadowAnswer
from scripts.score import main as score
from tests.support.desk.pages import browser, choose, drawn, opened, running
from tests.support.small_worlds import day
from tests.support.stores import store_url

__all__ = ["browser"]  # a fixture
pytestmark = pytest.mark.browser
LABEL = "id => document.getElementById('canvas')._cyreg.cy.getElementById(id).data('label')"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def address(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A desk on day 100, over a store whose first thirteen days a batch scored on day 90."""
    with running(folder) as at:
        monkeypatch.setattr("service.assessment.batches.batch.system_clock", lambda: day(90))
        where = ["--store", store_url(folder / "store.db"), "--casebook", f"sqlite:///{folder}/book.db"]
        period = ["--since", day(1).isoformat(), "--until", day(14).isoformat(), "--processes", "1"]
        assert score([*where, *period, "--out", str(folder / "scores.csv")]) == 0
        yield at


def test_a_person_and_the_drawing_show_the_latest_score_and_say_where_it_is_from(
    browser: Any, address: str, folder: Path
) -> None:
    with Casebook(f"sqlite:///{folder}/book.db") as book:
        kept = book.last_scores.latest(["ann", "ed"], day(100))
    assert set(kept) == {"ann"}, "ed applied after the period"
    for page in opened(browser, address):
        page.goto(f"{address}?node=applicant:ann")
        drawn(page, "applicant:ed")
        page.wait_for_selector("#last-score .verdict")
        text = page.inner_text("#last-score")
        assert str(kept["ann"].score) in text
        assert "Batch" in text
        assert "as of 11 Jan 2025" in text
        assert "batch of 1 Apr 2025" in text
        assert "without a model" in text
        assert page.evaluate(LABEL, "applicant:ann") == f"ann\n{kept['ann'].score}"
        assert page.evaluate(LABEL, "applicant:ed") == "ed"
        choose(page, "applicant:ed")
        page.wait_for_selector("#last-score:has-text('No score was recorded')")
        page.click("#assess-now")
        page.wait_for_selector("#last-score:has-text('/risk')")
        with Casebook(f"sqlite:///{folder}/book.db") as book:
            last = book.latest(applicant_id="ed")
            assert last is not None
            shadow = ShadowAnswer(
                assessment_id=last.assessment_id,
                challenger="5eed",
                as_of=last.as_of,
                answered_at=last.as_of,
                model_version="5eed",
                score=345,
                decision=Decision.APPROVE,
            )
            book.shadows.keep([shadow])
        page.goto(f"{address}?node=applicant:ed")
        page.wait_for_selector("#last-score:has-text('model in shadow'):has-text('345'):has-text('5eed')")
        page.goto(f"{address}?node=applicant:ann&as_of={day(80).isoformat().replace('+', '%2B')}")
        page.wait_for_selector("#last-score:has-text('No score was recorded')")
        page.click("#language")
        page.wait_for_selector("#last-score:has-text('没有记录评分')")


def test_a_long_id_above_its_score_keeps_its_beginning_and_its_end(browser: Any, address: str) -> None:
    def renamed(route: Any) -> None:
        answer = route.fetch()
        found = answer.json()
        for node in found["nodes"]:
            node["label"] = "newcomer-55330523" if node["id"] == "applicant:ann" else node["label"]
        route.fulfill(response=answer, json=found)

    for page in opened(browser, address):
        page.route("**/desk/subgraph?*", renamed)
        page.goto(f"{address}?node=device:k1.shared1")
        drawn(page, "applicant:ann")
        name, score = page.evaluate(LABEL, "applicant:ann").split("\n")
        assert (name, score.isdigit()) == ("newcomer-…30523", True)
