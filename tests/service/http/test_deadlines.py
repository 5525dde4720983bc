"""A caller's deadline counts from the socket and is told truthfully; a key has so many batches; what nobody
knows is no new series.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from werkzeug.exceptions import RequestTimeout

from service.app import CALLER_GONE
from service.assessment.context import AppContext
from service.http.handover import ENVIRON_KEY, CallerGone, Handover
from service.http.metrics import METHODS
from service.http.problems import Busy
from tests.support.small_service import body, service


@pytest.fixture
def context(tmp_path: Path) -> Iterator[AppContext]:
    opened = service(tmp_path, batches_per_key=1)
    yield opened
    opened.close()


def asked(client: FlaskClient, name: str, *, waited_s: float, timeout_ms: int) -> dict[str, Any]:
    """The answer to a request that waited so long for its turn."""
    handed = {ENVIRON_KEY: Handover(perf_counter() - waited_s)}
    headers = {"X-Timeout-Ms": str(timeout_ms)}
    response = client.post("/risk", json=body(name), headers=headers, environ_overrides=handed)
    assert response.status_code == 200
    assert float(response.headers["Server-Timing"].partition("dur=")[2]) >= waited_s * 1000
    return dict(response.get_json())


def test_the_time_in_the_queue_counts(client: FlaskClient) -> None:
    answer = asked(client, "waited", waited_s=3.0, timeout_ms=200)
    assert answer["degraded"] == {
        "level": "rules_only",
        "missing": ["model", "graph", "history"],
        "reason": "deadline",
    }
    assert answer["decision"] != "approve"
    assert 3000 <= answer["timings_ms"]["total"] < 60_000
    again = client.get(f"/risk/{answer['assessment_id']}/replay").get_json()
    assert again["equal"], again["differences"]


def test_an_answer_that_came_late_says_so_though_nothing_is_missing(
    context: AppContext, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled = context.policy.conclude

    def slowly(findings: Any) -> Any:
        until = perf_counter() + 1.6
        while perf_counter() < until:
            pass
        return settled(findings)

    monkeypatch.setattr(type(context.policy), "conclude", lambda _, findings: slowly(findings))
    answer = asked(client, "late", waited_s=0.0, timeout_ms=1500)
    assert (answer["degraded"]["level"], answer["degraded"]["missing"], answer["degraded"]["reason"]) == (
        "full",
        [],
        "deadline",
    )
    assert answer["timings_ms"]["total"] > 1500
    monkeypatch.undo()
    again = client.get(f"/risk/{answer['assessment_id']}/replay").get_json()
    assert again["equal"], again["differences"]
    assert asked(client, "in-time", waited_s=0.0, timeout_ms=60_000)["degraded"]["reason"] is None


def test_a_key_with_too_many_batches_under_way_is_told_to_wait(client: FlaskClient) -> None:
    app = client.application

    def batch(number: int) -> tuple[int, dict[str, str]]:
        response = app.test_client().post("/risk/batch", json=[body(f"b{number}-{n}") for n in range(12)])
        return response.status_code, dict(response.headers)

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(batch, range(3)))
    statuses = sorted(status for status, _ in answers)
    assert statuses[0] == 200
    assert 429 in statuses
    assert all("Retry-After" in headers for status, headers in answers if status == 429)
    assert batch(9)[0] == 200, "when the others are done there is a slot again"


def test_a_batch_lets_others_pass_before_each_of_its_requests(client: FlaskClient) -> None:
    passes: list[int] = []
    handed = Handover(perf_counter(), None, lambda: passes.append(1))
    answers = client.post(
        "/risk/batch", json=[body(f"s{n}") for n in range(7)], environ_overrides={ENVIRON_KEY: handed}
    ).get_json()
    assert [answer["application_id"] for answer in answers] == [f"s{n}" for n in range(7)]
    assert len(passes) == 7


def test_a_batch_ends_where_its_caller_went(client: FlaskClient, context: AppContext) -> None:
    left = iter([None, None])

    def gone() -> None:
        if next(left, "gone") == "gone":
            raise CallerGone

    response = client.post(
        "/risk/batch",
        json=[body(f"g{n}") for n in range(7)],
        environ_overrides={ENVIRON_KEY: Handover(perf_counter(), None, gone)},
    )
    assert response.status_code == CALLER_GONE
    assert context.casebook.count() == 2


def test_what_the_front_refused_leaves_as_every_problem_does(client: FlaskClient) -> None:
    for error, status, code in ((RequestTimeout("slow"), 408, "body_too_slow"), (Busy("full"), 503, "busy")):
        response = client.post("/risk", environ_overrides={ENVIRON_KEY: Handover(perf_counter(), error)})
        assert (response.status_code, response.get_json()["code"]) == (status, code)
        assert response.mimetype == "application/problem+json"
        assert response.headers["X-Request-Id"]


def test_an_invented_method_or_address_is_no_new_series(client: FlaskClient) -> None:
    for n in range(5):
        client.open("/risk", method=f"BREW{n}")
        client.get(f"/no/such/{n}")
    series = [
        sample
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name.startswith("ringfence_request")
    ]
    assert {sample.labels["method"] for sample in series if "method" in sample.labels} <= METHODS | {"other"}
    assert not [
        sample
        for sample in series
        if "BREW" in json.dumps(sample.labels) or "such" in json.dumps(sample.labels)
    ]


def test_a_list_of_facts_lets_others_pass_too(client: FlaskClient) -> None:
    passes: list[int] = []
    handed = Handover(perf_counter(), None, lambda: passes.append(1))
    facts = [
        {
            "event_id": f"e{n}",
            "event_type": "login",
            "occurred_at": "2025-02-01T10:00:00",
            "applicant_id": "p001",
        }
        for n in range(120)
    ]
    client.post("/events", json=facts, environ_overrides={ENVIRON_KEY: handed})
    assert len(passes) == 2
