"""What a caller wants of an answer: the parts named and what tells answers apart, while what is written down
stays whole.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.assessment.answers.fields import ALWAYS, FIELDS
from service.assessment.context import AppContext
from tests.service.assessment.test_risk_api import FIELDS as PROMISED
from tests.support.small_service import body, key, service

IDS = {"request_id", "application_id", "assessment_id", "idempotent_replay", "degraded"}


def test_every_part_of_the_contract_can_be_chosen() -> None:
    assert list(FIELDS) == PROMISED
    assert set(ALWAYS) == IDS | {"ignored"}


def test_only_the_parts_that_are_named_are_sent_and_all_are_written_down(client: FlaskClient) -> None:
    answer = client.post("/risk", json=body(fields=["decision", "score"])).get_json()
    assert set(answer) == IDS | {"decision", "score"}
    row = client.get(f"/risk/{answer['assessment_id']}").get_json()
    assert list(row["answer"]) == PROMISED
    assert client.get(f"/risk/{answer['assessment_id']}/replay").get_json()["equal"]


def test_variables_choose_among_the_multi_lending_ones(client: FlaskClient) -> None:
    names = ["ml_7d_person_all_lenders", "ml_12m_device_all_apps"]
    answer = client.post("/risk", json=body(variables=names)).get_json()
    assert set(answer["multi_lending"]["variables"]) == set(names)
    assert set(answer) == set(PROMISED)
    lean = client.post("/risk", json=body("live-2", fields=["decision"], variables=names[:1])).get_json()
    assert set(lean) == IDS | {"decision", "multi_lending"}
    assert list(lean["multi_lending"]["variables"]) == names[:1]
    assert (
        client.post("/risk", json=body("live-3", variables=[])).get_json()["multi_lending"]["variables"] == {}
    )


def test_the_same_key_with_other_wishes_is_another_body(client: FlaskClient) -> None:
    key = {"Idempotency-Key": "one"}
    first = client.post("/risk", json=body(fields=["decision"]), headers=key).get_json()
    again = client.post("/risk", json=body(fields=["decision"]), headers=key).get_json()
    assert again == first | {"idempotent_replay": True}
    assert (
        client.post("/risk", json=body(fields=["score"]), headers=key).get_json()["code"]
        == "idempotency_key_reused"
    )


@pytest.mark.parametrize(
    ("wish", "field", "code"),
    [
        ({"fields": ["decison"]}, "fields", "unknown_field"),
        ({"fields": "decision"}, "fields", "unreadable_list"),
        ({"fields": [1]}, "fields", "unreadable_list"),
        ({"variables": ["ml_7d"]}, "variables", "unknown_variable"),
        ({"variables": {"a": 1}}, "variables", "unreadable_list"),
    ],
)
def test_a_part_that_does_not_exist_is_named(
    client: FlaskClient, context: AppContext, wish: dict[str, object], field: str, code: str
) -> None:
    before = context.store.counts()
    response = client.post("/risk", json=body(**wish))
    assert response.status_code == 422
    assert [(e["field"], e["code"]) for e in response.get_json()["errors"]] == [(field, code)]
    assert context.store.counts() == before


def test_a_misspelt_name_is_told_the_nearest_one_that_there_is(client: FlaskClient) -> None:
    refused = client.post("/risk", json=body(fields=["decison"])).get_json()["errors"]
    assert refused[0]["message"].endswith("; the nearest to the first is decision")
    sent = {("aplicant_id" if name == "applicant_id" else name): value for name, value in body().items()}
    sent |= {"device": {"idd": "d-1"}, "x" * 300: 1, "zzz": 1}
    errors = client.post("/risk", json=sent).get_json()["errors"]
    told = {one["field"]: one["message"] for one in errors if one["code"] == "unknown_field"}
    assert told["aplicant_id"] == "is no field; the nearest is applicant_id"
    assert "zzz" not in told, "nothing is like it"
    assert ("applicant_id", "missing") in {(one["field"], one["code"]) for one in errors}
    sent["applicant_id"] = "p001"
    answer = client.post("/risk", json=sent)
    assert (answer.status_code, "aplicant_id" in answer.get_json()["ignored"]) == (200, True)


def test_a_batch_says_once_what_it_wants(client: FlaskClient) -> None:
    reported = {"requests": [body("b-1"), body("b-2", fields=["score"])], "fields": ["decision"]}
    answers = client.post("/risk/batch", json=reported).get_json()["answers"]
    assert [set(answer) - IDS for answer in answers] == [{"decision"}, {"score"}]


def test_a_caller_without_the_scope_types_is_told_no_more_by_choosing(tmp_path: Path) -> None:
    context = service(tmp_path, api_keys=f"engine:{key('engine')}:risk@*")
    client = create_app(context).test_client()
    sent = body(fields=["reasons"], variables=["ml_12m_person_bank_lenders", "ml_12m_person_all_lenders"])
    response = client.post(
        "/risk", json=sent, headers={"Authorization": f"Bearer {key('engine')}"}
    ).get_json()["multi_lending"]
    assert set(response["variables"]) | set(response["withheld"]) == {
        "ml_12m_person_bank_lenders",
        "ml_12m_person_all_lenders",
    }
    context.close()
