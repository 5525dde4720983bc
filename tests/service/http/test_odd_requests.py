"""Requests that nobody should send and somebody does: each gets an answer that names what is wrong, and
nobody else suffers.
"""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from ingestion.contract import TABLES
from service.assessment.context import AppContext
from service.http.routes import risk
from tests.support.small_service import body

ODD: tuple[Any, ...] = (
    [],
    [1],
    {},
    {"a": 1},
    True,
    -1,
    1e308,
    10**19,
    "",
    " ",
    "\x00",
    "x" * 600,
    "0001-01-01",
    "9999-12-31T23:59:59+14:00",
    "NaN",
    "٣",
    "😀",
)
FACTS = {
    "/risk": ("applications", body("odd")),
    "/events": ("events", {"kind": "login", "at": "2025-01-05", "applicant_id": "p001"}),
    "/outcomes": ("outcomes", {"application_id": "a", "status": "approved", "at": "2025-01-06"}),
    "/feedback": ("labels", {"application_id": "a", "label": "good", "known_at": "2025-01-07"}),
}


@pytest.mark.parametrize("path", FACTS)
def test_no_value_of_any_column_makes_the_service_fail(client: FlaskClient, path: str) -> None:
    table, good = FACTS[path]
    for column in (*(column.name for column in TABLES[table].columns), "stage", "hash_scheme", "contacts"):
        for odd in ODD:
            response = client.post(path, json=good | {column: odd})
            assert response.status_code in (200, 409, 422), (column, odd, response.get_json())
            assert response.status_code != 422 or all(
                e["field"] and e["code"] and e["message"] for e in response.get_json()["errors"]
            )


def test_a_fault_at_one_request_of_a_batch_leaves_the_others_their_answers(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = risk.assess

    def sometimes(context: AppContext, asked: Any) -> Any:
        if asked.subject.application.application_id == "b-2":
            raise ArithmeticError("a fault of ours")
        return real(context, asked)

    monkeypatch.setattr(risk, "assess", sometimes)
    answers = client.post("/risk/batch", json=[body("b-1"), body("b-2"), body("b-3")]).get_json()
    assert [a.get("application_id", a.get("status")) for a in answers] == ["b-1", 500, "b-3"]


def test_a_moment_before_all_time_is_no_moment(client: FlaskClient) -> None:
    assert client.get("/desk/overview?as_of=0001-01-01").status_code == 400


@pytest.mark.parametrize("path", ["/verdicts", "/audit"])
@pytest.mark.parametrize("moment", ["0001-01-05T00:00:00Z", "9999-12-31T23:59:59-14:00"])
@pytest.mark.parametrize("name", ["since", "until"])
def test_a_moment_at_the_ends_of_time_is_refused_by_its_name(
    client: FlaskClient, path: str, moment: str, name: str
) -> None:
    answer = client.get(path, query_string={name: moment})
    assert answer.status_code == 400
    assert f"{name}: must lie in the years 1900 to 9990" in answer.get_json()["detail"]


def test_what_is_no_fact_in_a_list_is_named_beside_what_else_is_wrong(client: FlaskClient) -> None:
    response = client.post("/feedback", json=[5, {"label": "fraud"}])
    assert response.status_code == 422
    assert {(e["field"], e["code"]) for e in response.get_json()["errors"]} == {
        ("[0]", "unreadable_row"), ("[1].application_id", "missing"), ("[1].known_at", "missing"),
    }  # fmt: skip


def test_a_body_that_is_too_large_is_told_the_limit(client: FlaskClient) -> None:
    assert "larger than 65536 bytes" in client.post("/risk", json={"city": "x" * 70_000}).get_json()["detail"]


def test_the_description_asks_of_each_stage_what_the_service_asks_of_it(client: FlaskClient) -> None:
    client.post("/risk", json=body())
    schemas = client.get("/openapi.json").get_json()["components"]["schemas"]
    for one in schemas["RiskRequest"]["anyOf"]:
        stage = schemas[one["$ref"].rpartition("/")[2]]
        least = body(stage=stage["properties"]["stage"]["enum"][0])
        least = {name: least[name] for name in stage["required"]} | {"stage": least["stage"]}
        least |= {"application_id": "live-2"} if least["stage"] == "application" else {}
        assert client.post("/risk", json=least).status_code == 200
        for name in set(stage["required"]) - {"stage"}:
            assert (
                client.post(
                    "/risk", json={key: value for key, value in least.items() if key != name}
                ).status_code
                == 422
            )
