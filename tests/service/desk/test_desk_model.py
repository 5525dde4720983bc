"""The desk shows the model that answers: alarms, drift day by day, the score beside the usual, months."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graph.facts.distributions import Distribution
from investigations.casebook import Casebook
from investigations.monitoring.alarms import DRIFTS, Alarm, AlarmCode
from investigations.monitoring.record import Kept, KeptKind, MonitorRun
from service.app import create_app
from tests.support.desk.axe import source, violations
from tests.support.desk.pages import asked, browser, missing, opened, running
from tests.support.small_service import service
from tests.support.small_worlds import day

__all__ = ["browser"]  # fixtures
USUAL = Distribution.of(np.linspace(0, 1, 1_000))
OLD = Alarm(AlarmCode.MODEL_AGE, day(95), "the model learned until 2025-01-01: train one anew")
MOVED = Alarm(AlarmCode.SIGNAL_DRIFT, day(98), "index of face_match 0.61", "face_match")
ALL = frozenset({AlarmCode.MODEL_AGE, *DRIFTS})


def a_day(number: int, face: float) -> Kept:
    def moved(index: float) -> dict[str, Any]:
        return {"index": index, "says": "drifted" if index >= 0.25 else "steady"}

    indexes = {"probability": 0.02, "linking.device": 0.04, "face_match": face, "liveness": 0.01}
    spread = {"assessments": 50, "mean": 0.4, "q50": 0.5, "missing": 0.1}
    content = {
        "assessments": 50,
        "decisions": {"approve": 0.9, "review": 0.08, "decline": 0.02},
        "stability": {name: moved(index) for name, index in indexes.items()},
        "population": dict.fromkeys(indexes, spread),
        "score": USUAL.filled(np.linspace(0, 0.5, 50)).as_json(),
    }
    return Kept(kind=KeptKind.DAY, since=day(number), model_version="m7", content=content)


def a_month(month: str, recall: float) -> Kept:
    figures = {
        "ap": 0.41,
        "ece": 0.01,
        "recall_at_capacity": recall,
        "precision_at_capacity": 0.5,
        "auc": 0.9,
    }
    content = {
        "month": month,
        "assessments": 900,
        "frauds": 31,
        "expected": 0.03,
        "recall_high": recall + 0.1,
    }
    content |= {"happened_low": 0.02, "happened_high": 0.05, **figures}
    return Kept(kind=KeptKind.MONTH, since=day(int(month[-1]) * 30), model_version="m7", content=content)


def monitored(casebook: Casebook) -> None:
    about = {"reference": "the training slice of m7, 2024-10-03 to 2025-01-01", "score": USUAL.as_json()}
    about["label_delay"] = {"median_days": 21.0, "p90_days": 60.5, "labels": 31}
    run = Kept(kind=KeptKind.RUN, since=day(99.5), model_version="m7", content=about)
    rows = [*(a_day(n, 0.61 if n >= 98 else 0.05) for n in range(70, 99)), a_month("2025-01", 0.7)]
    rows = [*rows, a_month("2025-02", 0.6), run]
    found = MonitorRun(at=day(99.5), model_version="m7", rows=rows, alarms=(OLD, MOVED), looked_at=ALL)
    casebook.monitoring.keep(found)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("desk")
    with running(folder) as at:
        with Casebook(f"sqlite:///{folder}/book.db") as casebook:
            monitored(casebook)
        yield at


@pytest.fixture(scope="module")
def page(browser: Any, address: str) -> Iterator[Any]:
    yield from opened(browser, address)


def test_the_route_gives_what_was_kept_of_the_days_that_are_asked_for(address: str) -> None:
    found = asked(address, "/desk/model")
    assert len(found["days"]) == 27, "of the 28 days before the run, those that were kept"
    assert [one["name"] for one in found["names"]] == [
        "probability", "linking.device", "face_match", "liveness"
    ]  # fmt: skip
    face = found["names"][2]
    assert (face["index"][0], face["index"][-1], face["says"]) == (0.05, 0.61, "drifted")
    assert found["score"]["assessments"] == 350
    assert sum(found["score"]["now"]) == pytest.approx(1.0)
    assert [one["month"] for one in found["months"]] == ["2025-01", "2025-02"]
    assert [(one["code"], one["ended_at"]) for one in found["alarms"]] == [
        ("signal_drift", None),
        ("model_age", None),
    ]
    assert len(asked(address, "/desk/model?days=90")["days"]) == 29


@pytest.mark.parametrize("days", ["0", "367", "-1", "1.5", "", "9" * 5_000])
def test_days_that_are_no_number_of_days_are_refused(tmp_path: Path, days: str) -> None:
    client = create_app(service(tmp_path)).test_client()
    answer = client.get(f"/desk/model?days={days}")
    assert answer.status_code == 400
    assert "days: a whole number from 1 to 366" in answer.get_json()["detail"]


def test_a_desk_whose_service_was_not_monitored_yet_says_so(tmp_path: Path) -> None:
    with running(tmp_path) as at:
        assert asked(at, "/desk/model") is None


@pytest.mark.browser
def test_alarms_drift_score_and_months_are_shown_in_both_languages(page: Any, address: str) -> None:
    page.goto(f"{address}?queue=&lang=en")
    page.click("#to-model")
    page.wait_for_selector("#model .model-drift tbody tr")
    assert "model=" in page.url
    alarms = page.locator("#model .model-alarms tbody tr").all_inner_texts()
    assert len(alarms) == 2
    assert "A signal is not what it was" in alarms[0]
    assert "face_match" in alarms[0]
    drift = page.locator("#model .model-drift tbody tr").all_inner_texts()
    assert [row.split("\t")[0] for row in drift] == ["Score", "Linked by: Device", "face_match", "liveness"]
    assert "drifted" in drift[2].lower()
    assert page.locator("#model .drift-line circle.over").count() == 1
    assert page.locator("#model .model-chart").count() == 2
    months = page.locator("#model .model-months tbody tr").all_inner_texts()
    assert months[0].startswith("2025-02")
    page.click("#language")
    page.wait_for_selector("#model h2:has-text('在用模型监控')")
    assert "特征分布漂移" in page.inner_text("#model .model-alarms")
    page.click("#language")
    page.select_option("#model-days", "90")
    page.wait_for_function("() => document.querySelectorAll('#model .drift-line circle').length === 4 * 29")
    page.go_back()
    page.go_back()
    page.wait_for_selector("#queue h2")
    assert page.locator("#model").is_hidden()


@pytest.mark.browser
@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("zh", "dark")])
def test_the_page_on_the_model_is_without_a_violation(
    page: Any, address: str, language: str, scheme: str
) -> None:
    try:
        source()
    except RuntimeError as error:
        missing(str(error))
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{address}?model=28&lang={language}")
    page.wait_for_selector("#model .model-months tbody tr")
    assert violations(page) == []
