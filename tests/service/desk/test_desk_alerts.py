"""From an alert of the watch to its case: what got worse stands in the panel and the case, and its path is
lit.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graph.model.types import Outcome, OutcomeStatus
from investigations.casebook import Casebook
from investigations.watch.alerts import Alert
from investigations.watch.messages import WatchFindings
from service.jobs.alert_cases import open_cases
from tests.support.desk.axe import source, violations
from tests.support.desk.pages import asked, browser, drawn, missing, opened, running
from tests.support.oracles.watching import Watched
from tests.support.small_worlds import day, facts_of, fraud
from tests.support.stores import open_store

__all__ = ["browser"]  # a fixture
pytestmark = pytest.mark.browser
LIT = "document.getElementById('canvas')._cyreg.cy.nodes('.lit').map(n => n.id())"


def watched(folder: Path) -> Alert:
    """Ann owes a loan, and on day 90 cy, who shares a device with her, is confirmed; the watch keeps it."""
    paid = Outcome(application_id="ann@10", status=OutcomeStatus.DISBURSED, at=day(12))
    with open_store(folder / "store.db") as store, Casebook(f"sqlite:///{folder}/book.db") as book:
        watch = Watched(store)
        watch.add(facts_of(paid), day(60))
        found = watch.add(facts_of(fraud("cy@12", 90)), day(91))
        book.begin_watch(store.identity(), 0)
        open_cases(book, found.alerts, frozenset({"high"}), store.view(day(91)))
        assert book.keep_findings(store.identity(), (0, store.revision()), WatchFindings(found.alerts, ()))
    return next(one for one in found.alerts if one.subject == "application:ann@10")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with running(tmp_path) as at:
        alert = watched(tmp_path)
        assert (alert.code.value, alert.applicant_id) == ("NEIGHBOUR_CONFIRMED", "ann")
        yield at


def test_what_the_watch_found_leads_from_the_case_to_the_tie_that_shows_it(
    browser: Any, address: str
) -> None:
    [case] = asked(address, "/cases?applicant_id=ann")["cases"]
    assert case["reason"] == "watch"
    for page in opened(browser, address):
        page.goto(f"{address}?case={case['case_id']}")
        drawn(page, "applicant:cy")
        alert = page.locator("#alerts li")
        alert.first.wait_for()
        assert "shares a device with the borrower is known for fraud" in alert.first.inner_text()
        assert "ann@10" in alert.first.inner_text()
        alert.first.locator("button").click()
        page.wait_for_selector("#status:has-text('lit in the drawing')")
        assert set(page.evaluate(LIT)) == {"applicant:ann", "device:k1.shared1", "applicant:cy"}
        page.goto(f"{address}?node=applicant:ann")
        page.wait_for_selector("#alerts li")
        page.click("#language")
        page.wait_for_selector("#alerts:has-text('共用设备的人已被确认欺诈')")
        try:
            source()
        except RuntimeError as error:
            missing(str(error))
        assert violations(page) == []
        page.goto(f"{address}?node=applicant:ann&as_of=2025-03-20T00:00:00Z")
        page.wait_for_selector("#last-score")
        page.wait_for_function("() => !document.body.classList.contains('busy')")
        assert page.locator("#alerts li").count() == 0, "nobody knew it by then"
