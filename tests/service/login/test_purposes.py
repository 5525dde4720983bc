"""Where the lender wants it, nobody is shown a person without saying for what; where it does not, nothing is
asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from graph.model.errors import SettingError
from investigations.users import AuditFilter
from investigations.watch.alerts import Alert, AlertCode
from investigations.watch.messages import WatchFindings, message_of
from service.app import create_app
from service.assessment.context import AppContext
from service.http.callers.access import ANY_USER, OPEN_TO_ALL, scope_of
from service.http.routes.looks import LOOKS, STEPS
from service.http.schemas.openapi import document
from service.processes.serving import serve
from service.purposes import said
from service.settings import Settings
from tests.service.http.test_roles import SAMPLES, ask
from tests.support.desk.people import desk_of, staffed
from tests.support.small_service import body, key
from tests.support.small_worlds import day

KEYS = f"all:{key('all')}@*,engine:{key('engine')}:risk+alerts:read@*"
ASSESSES = {"risk.risk", "risk.batch"}
SHOWS_NOBODY = {
    *("verdicts.counted", "assignees.listed", "desk.me", "desk_model.shown", "status.exposition"),
    *("desk_views.saved", "desk_views.removed", "facts.feedback", "facts.events", "facts.outcomes"),
}
ANN = "/desk/node?node=applicant:ann"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppContext]:
    """A service that wants a purpose; its engine's key is for assessments."""
    wanted = {"purpose_required": "on", "key_purposes": "engine=assessment"}
    opened = staffed(tmp_path_factory.mktemp("purposes"), KEYS, **wanted)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def app(strict: AppContext) -> Flask:
    made = create_app(strict)
    with_key(made, "engine").post("/risk", json={"stage": "monitoring", "applicant_id": "ann"})
    return made


def with_key(app: Flask, name: str, purpose: str = "") -> FlaskClient:
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key(name)}"
    if purpose:
        client.environ_base["HTTP_X_PURPOSE"] = purpose
    return client


def last_look(context: AppContext, by: str) -> Any:
    lines, _ = context.casebook.audit.read(AuditFilter(by=by), limit=1000)
    return lines[-1]


def test_every_route_that_shows_somebody_asks_for_a_purpose_and_no_other_does(
    app: Flask, strict: AppContext
) -> None:
    asked, client = set(), with_key(app, "all")
    rules = [r for r in app.url_map.iter_rules() if scope_of(r.endpoint) not in (OPEN_TO_ALL, ANY_USER)]
    for rule in rules:
        answer, name = ask(client, strict, rule), rule.endpoint.removeprefix("v1_")
        if answer.status_code == 400:
            assert answer.get_json()["code"] == "purpose_missing", rule
            assert "X-Purpose" in answer.get_json()["detail"]
            asked.add(name)
        else:
            assert name not in asked, rule
    assert asked == set(LOOKS) | STEPS | ASSESSES
    assert {rule.endpoint.removeprefix("v1_") for rule in rules} - asked == SHOWS_NOBODY


def test_whoever_says_for_what_is_shown_everything_as_before(app: Flask, strict: AppContext) -> None:
    client = with_key(app, "all", "review: case C-7")
    for rule in app.url_map.iter_rules():
        if rule.endpoint in {*LOOKS, *STEPS, *ASSESSES} and rule.endpoint != "case_papers.linked":
            assert ask(client, strict, rule).status_code in (200, 201), rule


def test_the_description_says_of_the_same_routes_that_they_take_a_purpose(app: Flask) -> None:
    reported = document("x")["paths"]
    takes = {
        (path, method)
        for path, methods in reported.items()
        for method, one in methods.items()
        if method != "servers" and any(each["name"] == "X-Purpose" for each in one["parameters"])
    }
    shows = {*LOOKS, *STEPS, *ASSESSES}
    of_app = {
        (rule.rule.replace("<", "{").replace(">", "}"), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.endpoint in shows
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert takes == {(path, method) for path, method in of_app if path in reported}


@pytest.mark.parametrize("given", ["", "  ", ":", "curiosity", "reviewing", "review; case", "%20"])
def test_a_purpose_that_nobody_knows_is_none(app: Flask, given: str) -> None:
    answer = with_key(app, "all").get(ANN, headers={"X-Purpose": given})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "purpose_missing")
    assert "data subject request" in answer.get_json()["detail"]


@pytest.mark.parametrize(
    "given", ["review", "Review", "review:", "review: case%20C-7", "data%20subject%20request: letter"]
)
def test_a_known_purpose_may_have_words_of_ones_own_behind_it(
    app: Flask, strict: AppContext, given: str
) -> None:
    assert with_key(app, "all").get(ANN, headers={"X-Purpose": given}).status_code == 200
    assert last_look(strict, "all").purpose == given.replace("%20", " ")


def test_somebody_at_the_desk_must_say_it_too_and_is_told_what_can_be_said(
    app: Flask, strict: AppContext
) -> None:
    reader = desk_of(app, "reader")
    assert reader.get(ANN).get_json()["code"] == "purpose_missing"
    assert "complaint" in reader.get("/desk/me").get_json()["purposes"]
    assert reader.get(ANN, headers={"X-Purpose": "complaint: letter 7"}).status_code == 200
    assert last_look(strict, "reader").purpose == "complaint: letter 7"


def test_a_look_without_a_purpose_is_refused_before_anything_is_read(
    app: Flask, strict: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strict.store, "view", lambda *_: pytest.fail("somebody was looked up"))
    assert with_key(app, "all").get(ANN).status_code == 400


def test_an_engine_whose_key_is_for_something_need_not_say_it(app: Flask, strict: AppContext) -> None:
    answer = with_key(app, "engine").post("/risk", json=body("P-1", applicant_id="ann")).get_json()
    kept = with_key(app, "all", "audit").get(f"/risk/{answer['assessment_id']}").get_json()
    assert kept["audit"]["purpose"] == "assessment"
    batch = with_key(app, "engine").post("/risk/batch", json=[body("P-2", applicant_id="bo")])
    assert [one["application_id"] for one in batch.get_json()] == ["P-2"]
    other = with_key(app, "all", "payout check").post("/risk", json=body("P-3", applicant_id="ann"))
    row = strict.casebook.assessment(other.get_json()["assessment_id"])
    assert row.audit["purpose"] == "payout check"


def test_a_purpose_in_a_request_goes_before_the_keys_and_a_wrong_one_is_refused(
    app: Flask, strict: AppContext
) -> None:
    engine = with_key(app, "engine", "monitoring: nightly")
    answer = engine.post("/risk", json=body("P-4", applicant_id="ann")).get_json()
    assert strict.casebook.assessment(answer["assessment_id"]).audit["purpose"] == "monitoring"
    wrong = with_key(app, "engine", "curiosity").post("/risk", json=body("P-5", applicant_id="ann"))
    assert (wrong.status_code, wrong.get_json()["code"]) == (400, "purpose_missing")


def test_a_replay_is_equal_whatever_the_purpose(app: Flask) -> None:
    answer = with_key(app, "engine").post("/risk", json=body("P-6", applicant_id="cy")).get_json()
    again = with_key(app, "all", "audit").get(f"/risk/{answer['assessment_id']}/replay").get_json()
    assert again["equal"] is True


def test_a_program_that_polls_alerts_leaves_a_line_where_it_was_shown_some(
    app: Flask, strict: AppContext
) -> None:
    before = len(strict.casebook.audit.read(AuditFilter(by="engine"), limit=1000)[0])
    engine = with_key(app, "engine")
    assert engine.get("/alerts").get_json()["alerts"] == []
    assert len(strict.casebook.audit.read(AuditFilter(by="engine"), limit=1000)[0]) == before
    values = {"ring": "R-1", "others": "R-2"}
    alert = Alert(
        code=AlertCode.RING_MERGED, subject="ring:R-1", cause="W1", at=day(60), recorded_by=1, values=values
    )
    strict.casebook.begin_watch(1, 0)
    assert strict.casebook.keep_findings(1, (0, 1), WatchFindings((alert,), (message_of(alert),)))
    assert len(engine.get("/alerts").get_json()["alerts"]) == 1
    line = last_look(strict, "engine")
    assert (line.detail, line.purpose) == ("alerts", "assessment")


def test_where_no_purpose_is_wanted_nobody_is_asked_and_any_words_are_kept(tmp_path: Path) -> None:
    context = staffed(tmp_path, KEYS)
    client = with_key(create_app(context), "all")
    assert client.get(ANN).status_code == 200
    assert client.get(ANN, headers={"X-Purpose": "a call"}).status_code == 200
    assert last_look(context, "all").purpose == "a call"
    assert client.get("/desk/me").get_json()["purposes"] is None
    answer = client.post("/risk", json=body("P-1"), headers={"X-Purpose": "a call about C-104"})
    assert "purpose" not in context.casebook.assessment(answer.get_json()["assessment_id"]).audit
    context.close()


def test_a_case_is_named_whole_whatever_digits_it_has_and_a_phone_beside_it_is_not() -> None:
    assert said("review: case C-661507687c100-8a5eafaa, call 13800138000") == (
        "review: case C-661507687c100-8a5eafaa, call ****"
    )


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"purposes": "review: cases"}, "colon"),
        ({"purposes": "x" * 201}, "too long"),
        ({"key_purposes": "engine"}, "no key=purpose"),
        ({"key_purposes": "engine=curiosity"}, "no key=purpose"),
        ({"key_purposes": "a=audit,a=review"}, "two purposes"),
        ({"purpose_required": "on", "purposes": " , "}, "name the purposes"),
        ({"purpose_required": "yes"}, "must be on or off"),
    ],
)
def test_purposes_that_cannot_be_meant_stop_the_start(given: dict[str, str], says: str) -> None:
    with pytest.raises(SettingError, match=says):
        Settings(**given)


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ("", "engine; there are operator"),
        (f"engines:{hashlib.sha256(b'engines').hexdigest()}", "there are engines"),
    ],
)
def test_the_purpose_of_a_key_that_does_not_exist_stops_the_start(keys: str, named: str) -> None:
    with pytest.raises(SettingError, match=named):
        serve(Settings(key_purposes="engine=audit", api_keys=keys))


def test_the_samples_of_routes_are_those_that_the_roles_are_tried_with() -> None:
    assert set(SAMPLES) >= STEPS
