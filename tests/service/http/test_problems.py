"""Problems: each kind has a code of its own that a program can act on, and a page that says what to do."""

from __future__ import annotations

import ast
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from graph.model import errors
from service.app import create_app
from service.http import logs
from service.http.problems import PROBLEMS
from tests.support.small_service import body, key, service

ROOT = Path(__file__).parents[3]
DOCS = (ROOT / "docs" / "problems.md").read_text(encoding="utf-8")
ROOMS = ("graph", "gnn", "ingestion", "investigations", "service", "ringfence", "scripts")
KEY = {"Idempotency-Key": "one"}


def code(response: Any) -> tuple[int, str]:
    reported = response.get_json()
    assert reported["type"].endswith(f"/docs/problems#{reported['code']}")
    assert reported["status"] == response.status_code
    return reported["status"], reported["code"]


def test_a_key_used_again_and_an_id_known_otherwise_are_told_apart(client: FlaskClient) -> None:
    assert client.post("/risk", json=body(), headers=KEY).status_code == 200
    assert code(client.post("/risk", json=body("other"), headers=KEY)) == (409, "idempotency_key_reused")
    assert code(client.post("/risk", json=body(amount=1), headers={"Idempotency-Key": "two"})) == (
        409,
        "known_with_other_content",
    )


def test_a_batch_under_a_used_key_is_refused_whole_and_one_known_otherwise_alone(
    client: FlaskClient,
) -> None:
    items = [body("b-1"), body("b-2")]
    assert client.post("/risk/batch", json=items, headers=KEY).status_code == 200
    assert code(client.post("/risk/batch", json=items[:1], headers=KEY)) == (409, "idempotency_key_reused")
    answers = client.post("/risk/batch", json=[body("b-1", amount=1), body("b-3")]).get_json()
    assert [one.get("code") for one in answers] == ["known_with_other_content", None]


def test_a_fact_whose_id_is_known_otherwise_is_the_same_problem(client: FlaskClient) -> None:
    event = {"event_id": "E-1", "at": "2025-02-01T10:00:00+08:00", "kind": "login", "applicant_id": "p001"}
    assert client.post("/events", json=event).status_code == 200
    assert code(client.post("/events", json=event | {"kind": "withdrawal"})) == (
        409,
        "known_with_other_content",
    )


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"json": {"stage": "monitoring", "applicant_id": "never-seen"}}, (404, "applicant_unknown")),
        ({"json": {"stage": "disbursement", "application_id": "never-seen"}}, (404, "application_unknown")),
        ({"json": []}, (400, "unreadable_body")),
        ({"json": body(), "headers": {"X-Timeout-Ms": "soon"}}, (400, "bad_header")),
        ({"json": body(amount=-1)}, (422, "invalid_fields")),
        ({"data": b"{}"}, (415, "not_json")),
    ],
)
def test_what_is_wrong_with_a_request_has_its_code(
    client: FlaskClient, sent: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert code(client.post("/risk", **sent)) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/risk/A-none", (404, "assessment_unknown")), ("/rings/R-none", (404, "ring_unknown")),
     ("/rings?limit=x", (400, "bad_query")),
     ("/nowhere", (404, "no_such_address"))],
)  # fmt: skip
def test_what_is_not_there_has_its_code(client: FlaskClient, path: str, expected: tuple[int, str]) -> None:
    assert code(client.get(path)) == expected


def test_a_wrong_address_or_method_says_what_there_is(client: FlaskClient) -> None:
    assert client.get("/").headers["Location"] == "/desk", "a browser is led to the desk"
    assert client.get("/v1/risk").get_json()["detail"] == "this address takes POST, not GET"
    assert client.put("/cases").get_json()["detail"] == "this address takes GET and POST, not PUT"
    assert "`/docs` lists" in client.get("/nowhere").get_json()["detail"]


def test_a_wrong_key_and_one_that_does_not_open_this_are_told_apart(tmp_path: Path) -> None:
    context = service(tmp_path, api_keys=f"desk:{key('desk')}:desk@*", public_url="https://risk.example/")
    client = create_app(context).test_client()
    assert code(client.get("/rings", headers={"Authorization": "Bearer wrong"})) == (401, "no_valid_key")
    refused = client.get("/rings", headers={"Authorization": f"Bearer {key('desk')}"})
    assert code(refused) == (403, "scope_missing")
    assert refused.get_json()["type"] == "https://risk.example/docs/problems#scope_missing"
    context.close()


def test_every_problem_is_on_its_page_and_in_the_docs(client: FlaskClient) -> None:
    page = client.get("/docs/problems").get_data(as_text=True)
    for name, kind in PROBLEMS.items():
        assert f'<section id="{name}">' in page
        assert f'| <a id="{name}"></a>`{name}` | {kind.status} | {kind.title} | {kind.remedy} |' in DOCS
    assert DOCS.count('<a id="') == len(PROBLEMS)


def test_every_error_of_the_family_has_a_problem_that_is_known() -> None:
    family = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.RingfenceError)
    ]
    assert len(family) > 10
    assert {kind.problem for kind in family} <= set(PROBLEMS)


# what our code calls an error that it has caught
ERRORS = {"error", "failed", "problem", "exc", "err", "e", "wrong", "trouble"}
TEXTS = {"args", "message", "msg", "detail", "stderr", "strerror", "description"}


def is_text_of_an_error(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("str", "repr"):
        return bool(node.args) and isinstance(node.args[0], ast.Name) and node.args[0].id in ERRORS
    return (
        isinstance(node, ast.Attribute)
        and node.attr in TEXTS
        and isinstance(node.value, ast.Name)
        and node.value.id in ERRORS
    )


def deciding(tree: ast.AST) -> Iterator[ast.AST]:
    """Comparisons, conditions and tests of texts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            yield node
        elif isinstance(node, ast.If | ast.While | ast.IfExp):
            yield node.test
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("startswith", "endswith", "find", "index")
        ):
            yield node.func.value


def test_nothing_is_decided_by_the_text_of_an_error() -> None:
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            for place in deciding(ast.parse(file.read_text(encoding="utf-8"))):
                result = [ast.unparse(node) for node in ast.walk(place) if is_text_of_an_error(node)]
                assert not result, f"{file.relative_to(ROOT)}: {result}"


def test_an_applicant_of_whom_a_single_fact_is_known_is_assessed(client: FlaskClient) -> None:
    watched = {"stage": "monitoring", "applicant_id": "only-a-label"}
    assert code(client.post("/risk", json=watched)) == (404, "applicant_unknown")
    label = {
        "applicant_id": "only-a-label",
        "label": "good",
        "known_at": "2025-02-01T10:00:00+08:00",
        "source": "analyst",
    }
    assert client.post("/feedback", json=label).status_code == 200
    assert client.post("/risk", json=watched).status_code == 200


def test_the_log_knows_a_fault_of_ours_under_the_id_that_the_caller_was_told(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("service.http.routes.risk.assess", lambda *_: 1 / 0)
    for sent in (client.post("/risk", json=body()), client.post("/risk/batch", json=[body()])):
        reported = sent.get_json() if isinstance(sent.get_json(), dict) else sent.get_json()[0]
        assert reported["code"] == "internal_error"
        (record,) = (one for one in caplog.records if one.request_id == reported["request_id"])
        line = logging.Formatter(logs.FORM).format(record)
        assert f"request={reported['request_id']}" in line
        assert "ZeroDivisionError" in line
