"""Whoever looks at a person, a ring or a case at the desk stands in the trail, before the answer leaves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from graph.model.errors import StoreUnavailableError
from service.app import create_app
from service.assessment.context import AppContext
from service.http.callers.access import scope_of
from service.http.routes.looks import LOOKS
from tests.support.desk.people import desk_of as logged_in
from tests.support.desk.people import staffed
from tests.support.desk.worlds import PHONE
from tests.support.small_service import body, key, risk

KEY = {"Authorization": f"Bearer {key('desk')}"}
# the last one counts, and shows nobody
NOT_LOOKS = {
    *("desk.me", "desk_views.saved", "desk_views.removed"),
    *("verdicts.counted", "assignees.listed", "desk_model.shown"),
}
DOES_AND_SHOWS = {"desk_assess.assessed", "risk.read", "risk.replayed"}  # by a scope that does more than read
READING = {"desk", "rings", "cases:read", "audit:read", "alerts:read"}


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppContext]:
    opened = staffed(tmp_path_factory.mktemp("audit"), f"desk:{key('desk')}:desk+rings+risk@*")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def app(context: AppContext) -> Flask:
    return create_app(context)


@cache
def desk_of(app: Flask, name: str) -> FlaskClient:
    """The one browser of each person: who logs in all the time is slowed down."""
    return logged_in(app, name)


def trail(app: Flask, **wanted: Any) -> list[dict[str, Any]]:
    """The lines about looks, as an auditor reads them."""
    answer = desk_of(app, "auditor").get("/audit", query_string={"limit": 500} | wanted)
    assert answer.status_code == 200
    lines: list[dict[str, Any]] = answer.get_json()["lines"]
    return lines


@pytest.mark.parametrize(
    ("path", "subject", "part"),
    [
        ("/desk/node?node=applicant:ann", "applicant:ann", "panel"),
        ("/desk/subgraph?node=applicant:bo", "applicant:bo", "drawing"),
        ("/desk/expand?node=device:k1.shared1", "device:k1.shared1", "expansion"),
        ("/desk/history?node=ring:R-000042", "ring:R-000042", "history"),
        ("/desk/assessment?node=applicant:cy", "applicant:cy", "assessment"),
        ("/desk/overview", None, "overview"),
        ("/rings/R-000042", "ring:R-000042", "ring"),
        ("/v1/rings", None, "rings"),
        ("/cases", None, "queue"),
        ("/alerts", None, "alerts"),
    ],
)
def test_a_look_is_kept_with_who_what_and_when(app: Flask, path: str, subject: str, part: str) -> None:
    reader = desk_of(app, "reader")
    assert reader.get(path, headers={"X-Purpose": "case%20C-1%20of%20%E7%8E%8B"}).status_code == 200
    last = trail(app, by="reader")[-1]
    assert (last["subject"], last["detail"], last["action"], last["way"]) == (
        subject,
        part,
        "looked",
        "session",
    )
    assert last["purpose"] == "case C-1 of 王"
    assert last["at"]
    assert last["request_id"]


def test_a_purpose_given_with_a_look_is_kept_without_raw_values_in_it(app: Flask) -> None:
    reader = desk_of(app, "reader")
    given = quote("电话 15073157065，证件 11010519491231002X，案件 C-7")
    reader.get("/desk/node?node=applicant:ann", headers={"X-Purpose": given})
    kept = trail(app, by="reader")[-1]["purpose"]
    assert "案件 C-7" in kept
    assert "150****7065" in kept
    assert not re.search(r"15073157065|19491231", kept)


def test_a_case_its_ties_and_its_file_are_looks_as_well(app: Flask) -> None:
    senior = desk_of(app, "senior")
    case = senior.post("/cases", json={"ring_id": "R-000042", "reason": "call"}).get_json()["case_id"]
    senior.get(f"/cases/{case}")
    senior.post("/desk/paths", json={"node": "applicant:ann", "to": "applicant:bo"})
    senior.post("/desk/case-file", json={"case_id": case})
    kept = {(one["subject"], one["detail"]) for one in trail(app, by="senior")}
    assert kept >= {
        (f"case:{case}", "case"),
        (f"case:{case}", "case file"),
        ("applicant:ann", "ties"),
        ("applicant:bo", "ties"),
    }


def test_a_search_is_kept_by_what_it_found_and_never_by_what_was_typed(app: Flask) -> None:
    reader = desk_of(app, "reader")
    hits = reader.post("/desk/search", json={"q": PHONE.masked}).get_json()
    assert [hit["node"] for hit in hits] == [PHONE.node]
    reader.post("/desk/search", json={"q": "15073157065"})
    nothing, found = reversed(trail(app, by="reader", action="searched")[-2:])
    assert (found["subject"], nothing["action"]) == (PHONE.node, "searched")
    assert "15073157065" not in str(trail(app))


def test_a_look_as_of_a_moment_says_which(app: Flask) -> None:
    desk_of(app, "reader").get("/desk/node?node=applicant:ann&as_of=2025-02-01T10:00:00%2B08:00")
    assert trail(app, by="reader")[-1]["as_of"] == "2025-02-01T10:00:00.000000+08:00"


def test_a_keys_look_at_the_desk_is_kept_under_its_name(app: Flask) -> None:
    app.test_client().get("/desk/node?node=applicant:ann", headers=KEY)
    assert [(one["by"], one["way"]) for one in trail(app, subject="applicant:ann")][-1] == ("desk", "key")


def test_reading_an_assessment_back_or_replaying_it_is_a_look_at_its_person(
    app: Flask, context: AppContext
) -> None:
    answer = risk(context, body(applicant_id="ann"))
    path, purpose = f"/risk/{answer['assessment_id']}", {"X-Purpose": "complaint 7"}
    reader = app.test_client()
    assert reader.get(path, headers=KEY | purpose).status_code == 200
    assert reader.get(f"/v1{path}/replay", headers=KEY | purpose).status_code == 200
    assert reader.get("/risk/A-nothing", headers=KEY).status_code == 404
    lines = trail(app, subject="applicant:ann")[-2:]
    assert [one["detail"] for one in lines] == ["recorded assessment", "replay"]
    assert {(one["by"], one["purpose"], one["as_of"]) for one in lines} == {
        ("desk", "complaint 7", answer["as_of"])
    }


def test_what_is_refused_is_no_look_and_no_raw_value_gets_into_the_trail(app: Flask) -> None:
    reader = desk_of(app, "reader")
    before = len(trail(app, by="reader"))
    assert reader.get("/desk/node?node=phone:15073157065").status_code == 400
    assert reader.get("/desk/node?node=applicant:nobody").status_code == 404
    reader.get("/desk/overview", headers={"X-Purpose": "call 15073157065\r\n"[:16]})
    assert len(trail(app, by="reader")) == before + 1
    assert "15073157065" not in str(trail(app))


def test_whoever_cannot_be_written_down_sees_nothing(
    app: Flask, context: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = desk_of(app, "reader")

    def away(*_: object) -> None:
        raise StoreUnavailableError("the casebook cannot be used now")

    monkeypatch.setattr(context.casebook.audit, "add", away)
    answer = reader.get("/desk/node?node=applicant:ann")
    assert answer.status_code == 503
    assert "applications" not in answer.get_data(as_text=True)


def test_the_trail_is_read_in_pages_and_reading_it_is_kept_too(app: Flask) -> None:
    auditor = desk_of(app, "auditor")
    first = auditor.get("/audit?limit=1").get_json()
    second = auditor.get(f"/audit?limit=1&after={first['next']}").get_json()
    assert (first["more"], len(second["lines"])) == (True, 1)
    assert second["lines"][0]["position"] > first["lines"][0]["position"]
    assert trail(app, by="auditor")[-1]["detail"] == "audit"
    assert desk_of(app, "admin").get("/audit?user=x").status_code == 400
    assert desk_of(app, "senior").get("/audit").status_code == 403


def test_every_route_that_shows_somebody_keeps_its_looks(app: Flask) -> None:
    shows = {
        rule.endpoint.removeprefix("v1_")
        for rule in app.url_map.iter_rules()
        if scope_of(rule.endpoint) in READING
    }
    assert (shows - NOT_LOOKS) | DOES_AND_SHOWS == set(LOOKS)
