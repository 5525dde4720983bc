"""An address takes the parameters that it has and no others: a name that is misspelt would else ask for
something else, and nobody would hear of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from flask import Flask

from service.app import create_app
from service.http.schemas.case_bodies import BODIES
from service.http.schemas.parameters import RiskHeaders, fields
from service.http.schemas.queries import PAGES, QUERIES, READING
from service.http.schemas.what_is_taken import what_is_wrong
from tests.support.small_service import service

GIVEN = {"ring_id": "R-1", "case_id": "C-1", "assessment_id": "A-1", "attachment_id": "1", "view_id": "V-1"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with closing(service(tmp_path_factory.mktemp("queries"))) as context:
        yield create_app(context)


def addresses(app: Flask) -> Iterator[tuple[str, str]]:
    """Every endpoint that is read, with an address of it."""
    with app.test_request_context():
        urls = app.url_map.bind("localhost")
        for rule in app.url_map.iter_rules():
            if rule.methods and "GET" in rule.methods:
                yield rule.endpoint, urls.build(rule.endpoint, {n: GIVEN.get(n, "x") for n in rule.arguments})


def test_no_address_that_is_read_takes_a_parameter_that_it_does_not_have(app: Flask) -> None:
    client, seen = app.test_client(), set()
    for endpoint, address in addresses(app):
        if endpoint.removeprefix("v1_") in PAGES:
            continue
        for method in READING:
            answer = client.open(address, method=method, query_string={"flaged": "true"})
            assert answer.status_code == 400, address
        problem = client.get(f"{address}?flaged=true").get_json()
        assert problem["code"] == "bad_query", address
        assert problem["detail"].startswith("flaged: is no parameter"), address
        seen.add(endpoint)
    assert {"assignees.listed", "v1_assignees.listed", "status.healthz", "desk.me"} <= seen
    assert set(QUERIES) <= seen
    assert set(PAGES) <= {endpoint for endpoint, _ in addresses(app)}, "of a page that is gone"


def test_a_parameter_that_is_misspelt_is_told_the_nearest_one(app: Flask) -> None:
    problem = app.test_client().get("/rings?flaged=true").get_json()
    assert problem["detail"].startswith("flaged: is no parameter (the nearest is flagged)")


@pytest.mark.parametrize("address", ["/rings?limit=1&limit=2", "/desk/overview?as_of=&as_of=2025-01-01"])
def test_a_parameter_that_is_given_twice_is_refused_by_its_name(app: Flask, address: str) -> None:
    problem = app.test_client().get(address).get_json()
    assert problem["code"] == "bad_query"
    assert problem["detail"].endswith(": is given twice")


@pytest.mark.parametrize("path", ["/audit", "/verdicts", "/v1/verdicts"])
@pytest.mark.parametrize("until", ["2025-02-01T00:00:00Z", "2025-03-01T00:00:00Z"])
def test_a_period_that_ends_before_it_begins_is_refused(app: Flask, path: str, until: str) -> None:
    period = {"since": "2025-03-01T00:00:00Z", "until": until}
    answer = app.test_client().get(path, query_string=period)
    assert (answer.status_code, answer.get_json()["detail"]) == (400, "since: must lie before until")


def test_24_o_clock_is_the_next_midnight_wherever_a_moment_is_taken(app: Flask) -> None:
    client, ended = app.test_client(), "2025-02-28T24:00:00+08:00"
    period = client.get("/verdicts", query_string={"since": ended, "until": "2025-03-01T00:00:01+08:00"})
    assert period.get_json()["since"] == "2025-03-01T00:00:00.000000+08:00"
    as_of = client.get("/desk/overview", query_string={"as_of": "2025-02-28T24:00"}).get_json()["as_of"]
    assert as_of == "2025-03-01T00:00:00.000000+08:00"
    case = client.post("/cases", json={"applicant_id": "p001", "reason": "complaint"}).get_json()
    due = {"due_at": "2025-04-30T24:00:00+08:00", "version": case["version"]}
    path = f"/cases/{case['case_id']}/due"
    assert client.post(path, json=due).get_json()["due_at"] == "2025-05-01T00:00:00.000000+08:00"
    refused = client.post(path, json=due | {"due_at": "2025-04-30T24:00:00"}).get_json()["errors"]
    assert refused[0]["field"] == "due_at", "without a zone nobody knows which midnight"


def test_verdicts_since_a_moment_that_has_not_come_are_refused(app: Flask) -> None:
    answer = app.test_client().get("/verdicts", query_string={"since": "2031-01-01T00:00:00Z"})
    assert answer.get_json()["detail"] == "since: must lie before until"


@pytest.mark.parametrize(
    ("address", "detail"),
    [
        ("/readyz?behind=x", "behind: must be a whole number, 0 or more"),
        ("/readyz?behind=-1", "behind: must be a whole number, 0 or more"),
        ("/rings?limit=501", "limit: must be a whole number, 0 to 500"),
        ("/rings?min_score=high", "min_score: must be a number, 0 to 1"),
        ("/rings?flagged=maybe", "flagged: must be true or false"),
        (f"/cases?assignee={'w' * 129}", "assignee: must be a text of 128 characters at most"),
        (
            "/audit?since=now",
            "since: must be a moment with its zone, such as 2026-01-05T10:00:00+08:00",
        ),
    ],
)
def test_a_parameter_that_cannot_be_read_is_told_what_it_takes(app: Flask, address: str, detail: str) -> None:
    problem = app.test_client().get(address).get_json()
    assert (problem["code"], problem["detail"]) == ("bad_query", detail)


def test_every_parameter_says_in_words_what_it_takes() -> None:
    for kind in {*QUERIES.values(), RiskHeaders, *BODIES}:
        for one in fields(kind):
            says = what_is_wrong(object(), one.type, strict=False)
            assert str(says).startswith("must be "), one.name
            assert "`" not in str(says), one.name
