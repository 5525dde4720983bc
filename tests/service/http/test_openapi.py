"""The description of the API is whole and true: what is described is there, what is there is described, and
answers are as described.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from graph.features.signals.catalogue import DIMENSIONS
from ingestion.column_guide import GUIDE
from ingestion.contract import TABLES
from service.app import create_app
from service.http.callers.access import ACCESS, OPEN_TO_ALL
from service.http.problems import PROBLEMS
from service.http.schemas.openapi import document
from service.http.schemas.operations import OPERATIONS
from service.http.schemas.request_schemas import EXAMPLE
from tests.support.small_service import body, service

ROOT = Path(__file__).parents[3]
API = json.loads(json.dumps(document("1.0")))
SCHEMAS: Mapping[str, Any] = API["components"]["schemas"]
EVENT = {"event_id": "E-1", "at": "2025-02-01T10:00:00+08:00", "kind": "login", "applicant_id": "p001"}
NO_OPERATIONS = ("status.start", "status.docs_built")  # what a browser is led to or loads


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    context = service(tmp_path_factory.mktemp("described"))
    yield create_app(context)
    context.close()


@pytest.fixture(scope="module")
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def nothing_else(schema: Any) -> Any:
    """The schema without room for what it does not name."""
    if isinstance(schema, dict):
        closed = {name: nothing_else(value) for name, value in schema.items()}
        return closed | (
            {"additionalProperties": False}
            if "properties" in schema and "additionalProperties" not in schema
            else {}
        )
    return [nothing_else(one) for one in schema] if isinstance(schema, list) else schema


def hold(reported: Any, name: str) -> None:
    """Whether an answer is as the component of that name says, with nothing beside."""
    whole = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": nothing_else(SCHEMAS)}}
    jsonschema.Draft202012Validator(whole).validate(reported)


def test_the_description_is_valid() -> None:
    validate(API)


def test_operations_have_names_tags_and_a_problem_with_its_code_for_each_status() -> None:
    names = [one.name for one in OPERATIONS]
    assert len(set(names)) == len(names)
    assert {one.tag for one in OPERATIONS} == {tag["name"] for tag in API["tags"]}
    for one in OPERATIONS:
        reported = API["paths"][one.path][one.method]
        codes = {
            code
            for answer in reported["responses"].values()
            for kind in answer["content"].values()
            for code in kind.get("examples", ())
        }
        assert codes == set(one.codes) <= set(PROBLEMS)
        assert all(str(PROBLEMS[code].status) in reported["responses"] for code in one.codes)


def test_every_field_is_described() -> None:
    silent = {
        f"{name}.{field}"
        for name, schema in SCHEMAS.items()
        for field, shape in schema.get("properties", {}).items()
        if not (
            shape.get("description")
            or SCHEMAS.get(shape.get("$ref", "").rpartition("/")[2], {}).get("description")
        )
    }
    assert not silent
    assert not {name for name, schema in SCHEMAS.items() if not schema.get("description")}


def test_every_column_of_the_contract_has_its_sentence() -> None:
    assert set(GUIDE) == {column.name for table in TABLES.values() for column in table.columns}


def test_what_needs_no_key_is_described_so(app: Flask) -> None:
    paths = {rule.endpoint: rule.rule for rule in app.url_map.iter_rules()}
    opened = {
        paths[endpoint]
        for endpoint, scope in ACCESS.items()
        if scope == OPEN_TO_ALL and endpoint.startswith("status.") and endpoint not in NO_OPERATIONS
    }
    assert {
        path for path, item in API["paths"].items() if item.get("get", {}).get("security") == []
    } == opened
    versioned = {
        rule.removeprefix("/v1").replace("<", "{").replace(">", "}")
        for rule in paths.values()
        if rule.startswith("/v1")
    }
    assert {one.path for one in OPERATIONS if one.under_v1} == versioned


def test_the_dimensions_are_those_of_the_signals() -> None:
    assert tuple(SCHEMAS["AssessmentDimensions"]["properties"]) == DIMENSIONS


def test_the_documented_example_is_the_one_of_the_description() -> None:
    hits = re.search(
        r"-d '(\{.*?\})'", (ROOT / "docs" / "risk_api.md").read_text(encoding="utf-8"), re.DOTALL
    )
    assert hits is not None
    assert json.loads(hits[1]) == EXAMPLE == SCHEMAS["ApplicationRequest"]["examples"][0]
    jsonschema.Draft202012Validator(
        {"$ref": "#/components/schemas/RiskRequest", "components": API["components"]}
    ).validate(EXAMPLE)


def test_an_assessment_is_as_described_at_every_stage_and_in_parts(client: FlaskClient) -> None:
    response = client.post("/risk", json=body(device={"vendor": "x"})).get_json()
    hold(response, "Assessment")
    for later in (
        {"stage": "disbursement", "application_id": "live-1"},
        {"stage": "monitoring", "applicant_id": "p001"},
    ):
        hold(client.post("/risk", json=later).get_json(), "Assessment")
    hold(
        client.post(
            "/risk", json=body("live-2", fields=["score"], variables=["ml_7d_person_all_lenders"])
        ).get_json(),
        "AssessmentParts",
    )
    hold(client.get(f"/risk/{response['assessment_id']}").get_json(), "AuditRow")
    hold(client.get(f"/risk/{response['assessment_id']}/replay").get_json(), "Replay")


def test_a_batch_is_as_described_with_a_bad_request_in_it(client: FlaskClient) -> None:
    sent = [body("live-3"), body("live-4", amount=-1), body("live-5", fields=[])]
    answers = client.post("/risk/batch", json={"requests": sent, "notes": "x"}).get_json()
    hold(answers, "BatchAnswers")
    assert [sorted(one)[:1] for one in answers["answers"]] == [
        ["application_id"],
        ["code"],
        ["application_id"],
    ]


@pytest.mark.parametrize(
    ("path", "name"),
    [("/rings", "RingPage"), ("/healthz", "Health"), ("/readyz", "Readiness"), ("/version", "Versions")],
)
def test_what_is_read_is_as_described(client: FlaskClient, path: str, name: str) -> None:
    hold(client.get(path).get_json(), name)


def test_a_service_that_is_not_ready_says_so_as_described(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        app.extensions, "ringfence", dataclasses.replace(app.extensions["ringfence"], scorer=None)
    )
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["status"]) == (503, "not ready")
    hold(answer.get_json(), "Readiness")
    described = API["paths"]["/readyz"]["get"]["responses"]["503"]["content"]
    assert described[answer.mimetype]["schema"] == {"$ref": "#/components/schemas/Readiness"}


def test_facts_are_taken_as_described(client: FlaskClient) -> None:
    hold(client.post("/events", json=EVENT | {"note": "x"}).get_json(), "FactsTaken")
    label = {"application_id": "live-1", "label": "fraud", "known_at": "2025-03-01T10:00:00+08:00"}
    hold(client.post("/feedback", json=[label]).get_json(), "FactsTaken")
    for bad, code in ((EVENT | {"kind": "logout"}, "known_with_other_content"), ({}, "invalid_fields")):
        problem = client.post("/events", json=bad).get_json()
        hold(problem, "ProblemDocument")
        assert problem["code"] == code


def test_all_wrong_parameters_are_named_at_once(client: FlaskClient) -> None:
    response = client.get("/rings?kind=circle&limit=many&min_score=2&flaged=true").get_json()
    assert response["code"] == "bad_query"
    assert all(f"{name}: " in response["detail"] for name in ("kind", "limit", "min_score", "flaged"))
    assert "kind: must be one of agent, dormitory" in response["detail"]
    response = client.get("/rings?kind=15073157065&15073157066=1&limit=15073157065").get_json()
    assert "1507315" not in response["detail"]
    response = client.post(
        "/risk", json=body(), headers={"X-Timeout-Ms": "soon", "Idempotency-Key": "a b"}
    ).get_json()
    assert response["code"] == "bad_header"
    assert all(f"{name}: " in response["detail"] for name in ("X-Timeout-Ms", "Idempotency-Key"))
