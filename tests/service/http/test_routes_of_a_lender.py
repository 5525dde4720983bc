"""A lender's own key on every route of the application: nothing of anybody else's comes back, wherever it
asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from investigations.watch.alerts import Alert, AlertCode
from investigations.watch.messages import WatchFindings, message_of
from service.app import create_app
from service.assessment.context import AppContext
from service.http.callers.access import ANY_USER, LENDERS_SCOPES, OPEN_TO_ALL, scope_of
from tests.service.http.test_roles import ask
from tests.support.desk.people import staffed
from tests.support.small_service import body, key
from tests.support.small_worlds import day

OTHERS = re.compile(r'R-000042|(applicant|application):(ann|bo|cy|di|ed)\b|"(ann|bo|cy|di|ed)"')
KEYS = f"all:{key('all')}@*,second:{key('second')}:{'+'.join(sorted(LENDERS_SCOPES))}@L2"


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppContext]:
    """A service with a ring, and an alert about a loan of one of its people."""
    opened = staffed(tmp_path_factory.mktemp("lenders"), KEYS)
    values = {"lenders": 4, "days": 7}
    alert = Alert(
        code=AlertCode.LENDERS_BURST, subject="application:ann-1", cause="ann", at=day(60), recorded_by=1,
        applicant_id="ann", platform_id="L1", path=("application:ann-1", "applicant:ann"), values=values,
    )  # fmt: skip
    opened.casebook.begin_watch(1, 0)
    assert opened.casebook.keep_findings(1, (0, 1), WatchFindings((alert,), (message_of(alert),)))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def app(context: AppContext) -> Flask:
    made = create_app(context)
    assert (
        of(made, "all").post("/risk", json={"stage": "monitoring", "applicant_id": "ann"}).status_code == 200
    )
    return made


def of(app: Flask, name: str) -> FlaskClient:
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key(name)}"
    return client


def asked(app: Flask, context: AppContext, name: str) -> dict[str, Any]:
    """What a key is answered on every route that a key opens, by method and route."""
    rules = [r for r in app.url_map.iter_rules() if scope_of(r.endpoint) not in (OPEN_TO_ALL, ANY_USER)]
    return {f"{sorted(rule.methods or ())} {rule.rule}": ask(of(app, name), context, rule) for rule in rules}


def names_others(answer: Any) -> bool:
    """Whether it says anything of others but the address that was asked for."""
    said = answer.get_data().decode("utf-8", "replace")
    return OTHERS.search(re.sub(r'"instance":"[^"]*"', "", said)) is not None


def test_a_lenders_key_is_told_of_nobody_elses_people_on_any_route(app: Flask, context: AppContext) -> None:
    answers, operators = asked(app, context, "second"), asked(app, context, "all")
    told = {rule for rule, one in answers.items() if names_others(one)}
    assert told == set()
    assert sum(map(names_others, operators.values())) > 20
    statuses = {one.status_code for one in answers.values()}
    assert statuses == {200, 403, 404}
    for rule in app.url_map.iter_rules():
        name = f"{sorted(rule.methods or ())} {rule.rule}"
        if name in answers and scope_of(rule.endpoint) not in LENDERS_SCOPES:
            assert answers[name].get_json()["code"] == "scope_missing", name


def test_what_a_lender_may_open_says_of_others_that_there_is_nothing(app: Flask, context: AppContext) -> None:
    second = of(app, "second")
    assert second.get("/alerts").get_json()["alerts"] == []
    assert len(of(app, "all").get("/alerts").get_json()["alerts"]) == 1
    assert second.get("/alerts?application_id=ann-1").get_json()["alerts"] == []
    theirs = context.casebook.latest(applicant_id="ann")
    assert theirs is not None
    for path in (f"/risk/{theirs.assessment_id}", f"/risk/{theirs.assessment_id}/replay"):
        assert second.get(path).get_json()["code"] == "assessment_unknown"
    batch = [
        {"stage": "monitoring", "applicant_id": "ann"},
        {"stage": "disbursement", "application_id": "ann-1"},
    ]
    codes = [one["code"] for one in second.post("/risk/batch", json=batch).get_json()]
    assert codes == ["applicant_unknown", "application_unknown"]


def test_a_lenders_answer_about_its_own_names_nobody_of_others(app: Flask, context: AppContext) -> None:
    shared = of(app, "all").post("/risk", json=body("shared-1", applicant_id="ann", platform_id="L1"))
    assert shared.status_code == 200
    second = of(app, "second")
    answer = second.post("/risk", json=body("own-1", applicant_id="mine", platform_id="L2"))
    assert answer.status_code == 200
    read = second.get(f"/risk/{answer.get_json()['assessment_id']}")
    again = second.get(f"/risk/{answer.get_json()['assessment_id']}/replay")
    assert "***" in answer.get_data(as_text=True), "the device and the number are shared with ann"
    for one in (answer, read, again):
        assert one.status_code == 200
        assert not names_others(one)
        assert "mine" in one.get_data(as_text=True) or "own-1" in one.get_data(as_text=True)
