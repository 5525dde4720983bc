"""From a case to a verdict to the next answer: what an investigator decides is a label at once, and nothing
of it is lost.
"""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from graph.model.types import RingKind
from investigations.casebook.message_files import DeliveryState
from service.app import create_app
from service.assessment.context import AppContext
from service.assessment.owed import deliver_labels
from service.http.schemas.operations import OPERATIONS
from tests.service.assessment.test_assess import snapshot
from tests.service.assessment.test_outbox import away
from tests.support.small_service import body, key

__all__ = ["away"]  # a fixture


def in_the_queue(context: AppContext, client: FlaskClient) -> dict[str, Any]:
    """A case about a ring of p001 and p003, opened by hand."""
    context.store.save_rings(snapshot("p001", "p003", kind=RingKind.RING))
    ring_id = client.get("/rings").get_json()["rings"][0]["ring_id"]
    opened = client.post("/cases", json={"ring_id": ring_id, "reason": "call from the branch"})
    assert opened.status_code == 200, opened.get_json()
    return opened.get_json()


def codes(client: FlaskClient, applicant: str, number: int) -> set[str]:
    """The rules that speak in an answer about somebody."""
    answer = client.post("/risk", json=body(f"live-{number}", applicant_id=applicant)).get_json()
    return {reason["code"] for reason in answer["reasons"]}


def test_what_investigators_decide_is_in_the_next_answer_and_can_be_taken_back(
    context: AppContext, client: FlaskClient
) -> None:
    case = in_the_queue(context, client)
    before = len(context.store.view(context.clock()).tables().labels["known_at"])
    assert client.get("/cases?state=pending").get_json()["cases"][0]["case_id"] == case["case_id"]
    assert "RULE_FRAUD_KNOWN" not in codes(client, "p001", 1)
    at = f"/cases/{case['case_id']}"
    case = client.post(f"{at}/assign", json={"assignee": "wang", "version": case["version"]}).get_json()
    assert (case["state"], case["assignee"]) == ("investigating", "wang")
    reported = {
        "value": "confirmed_fraud",
        "everyone": True,
        "people": {"p003": "false_positive"},
        "version": case["version"],
    }
    case = client.post(f"{at}/verdict", json=reported).get_json()
    assert case["verdicts"][0]["people"] == {"p001": "confirmed_fraud", "p003": "false_positive"}
    assert case["labels_owed"] is False
    assert "RULE_FRAUD_KNOWN" in codes(client, "p001", 2)
    assert "RULE_FRAUD_KNOWN" not in codes(client, "p003", 3)
    columns = context.store.view(context.clock()).tables()  # what the rings and training read
    assert len(columns.labels["known_at"]) == before + 2
    again = {"value": "false_positive", "people": {"p001": "false_positive"}, "version": case["version"]}
    case = client.post(f"{at}/verdict", json=again).get_json()
    assert "RULE_FRAUD_KNOWN" not in codes(client, "p001", 4)
    case = client.post(f"{at}/close", json={"version": case["version"], "note": "a family"}).get_json()
    assert (case["state"], [one["value"] for one in case["verdicts"]]) == (
        "closed",
        ["confirmed_fraud", "false_positive"],
    )


@pytest.mark.parametrize(
    ("given", "stands"),
    [
        (("confirmed_fraud", "inconclusive"), "confirmed_fraud"),
        (("inconclusive", "confirmed_fraud", "inconclusive"), "confirmed_fraud"),
        (("confirmed_fraud", "inconclusive", "false_positive"), "false_positive"),
        (("inconclusive", "inconclusive"), "inconclusive"),
    ],
)
def test_an_inconclusive_verdict_takes_nothing_back_wherever_verdicts_are_read(
    context: AppContext, client: FlaskClient, given: tuple[str, ...], stands: str
) -> None:
    case = client.post("/cases", json={"applicant_id": "p001", "reason": "review"}).get_json()
    client.post("/risk", json=body("live-0", applicant_id="p001", new_citizen=True))
    at = f"/cases/{case['case_id']}"
    for value in given:
        context.clock.now += timedelta(days=1)
        case = client.post(f"{at}/verdict", json={"value": value, "version": case["version"]}).get_json()
    assert ("RULE_FRAUD_KNOWN" in codes(client, "p001", 1)) == (stands == "confirmed_fraud")
    table = client.get("/verdicts").get_json()
    for (row,) in (table["kinds"], [one for one in table["groups"] if one["name"] == "new_citizen"]):
        counted = {value: row[value] for value in ("confirmed_fraud", "false_positive", "inconclusive")}
        assert counted == dict.fromkeys(counted, 0) | {stands: 1}
    today = client.get("/verdicts?days=1").get_json()["kinds"]
    assert bool(today) == (given[-1] == stands), "it counts on the day when it was given"
    assert client.post(f"{at}/close", json={"version": case["version"]}).status_code == 200
    context.casebook.messages.address({"x": lambda message: True}, context.clock())
    (closed,) = context.casebook.messages.deliveries(DeliveryState.WAITING)
    assert closed.message.data["verdict"] == stands


def test_a_verdict_on_an_applicant_is_about_that_applicant(client: FlaskClient) -> None:
    case = client.post("/cases", json={"applicant_id": "p003", "reason": "review"}).get_json()
    reported = {"value": "confirmed_fraud", "version": case["version"]}
    assert client.post(f"/cases/{case['case_id']}/verdict", json=reported).get_json()["verdicts"][0][
        "people"
    ] == {"p003": "confirmed_fraud"}
    assert "RULE_FRAUD_KNOWN" in codes(client, "p003", 1)


def test_of_two_investigators_at_once_one_decides_and_the_other_is_told(
    context: AppContext, client: FlaskClient
) -> None:
    case = in_the_queue(context, client)
    at = f"/cases/{case['case_id']}"

    application = create_app(context)

    def conclude(number: int) -> int:
        reported = {"value": "confirmed_fraud", "note": f"by {number}", "version": case["version"]}
        return application.test_client().post(f"{at}/verdict", json=reported).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(conclude, range(24)))
    assert sorted(set(statuses)) == [200, 409]
    history = client.get(at).get_json()
    assert (statuses.count(200), len(history["verdicts"])) == (1, 1)
    late = client.post(f"{at}/verdict", json={"value": "inconclusive", "version": case["version"]}).get_json()
    assert late["code"] == "case_changed"
    assert "verdict" in late["detail"]


def test_whoever_sets_the_policy_sees_false_positives_by_kind_code_and_group(
    context: AppContext, client: FlaskClient
) -> None:
    assert client.get("/verdicts").get_json()["groups"] == []
    client.post("/risk", json=body("live-1", applicant_id="p003", birth_year=2004, new_citizen=True))
    case = client.post("/cases", json={"applicant_id": "p003", "reason": "review"}).get_json()
    reported = {"value": "false_positive", "version": case["version"]}
    assert client.post(f"/cases/{case['case_id']}/verdict", json=reported).status_code == 200
    table = client.get("/verdicts").get_json()
    groups = {one["name"]: one for one in table["groups"]}
    assert {"new_citizen", "age_under_25"} <= groups.keys()
    assert groups["new_citizen"]["false_positive"] == groups["new_citizen"]["share_wrong"] == 1
    assert table["kinds"][0]["name"] == "applicant"
    early = client.get("/verdicts?since=2020-01-01T00:00:00Z&until=2020-02-01T00:00:00Z").get_json()
    assert (early["kinds"], early["groups"]) == ([], [])
    assert client.get("/verdicts?since=soon").status_code == 400
    context.clock.now += timedelta(days=2)
    assert client.get("/verdicts?days=1").get_json()["kinds"] == []
    assert client.get("/verdicts?days=3").get_json()["kinds"] == table["kinds"]


def test_the_same_verdict_sent_again_is_one_verdict(context: AppContext, client: FlaskClient) -> None:
    case = in_the_queue(context, client)
    reported = {"value": "confirmed_fraud", "everyone": True, "version": case["version"]}
    first, second = (
        client.post(f"/cases/{case['case_id']}/verdict", json=reported).get_json() for _ in range(2)
    )
    assert second["verdicts"] == first["verdicts"]


def test_while_the_store_is_away_a_verdict_is_kept_and_its_labels_are_brought_later(away: AppContext) -> None:
    client = create_app(away).test_client()
    case = client.post("/cases", json={"applicant_id": "p001", "reason": "review"}).get_json()
    away.store.refuses = True
    case = client.post(
        f"/cases/{case['case_id']}/verdict", json={"value": "confirmed_fraud", "version": case["version"]}
    ).get_json()
    assert case["labels_owed"] is True
    away.store.refuses = False
    assert deliver_labels(away.store, away.casebook) == 1
    assert client.get(f"/cases/{case['case_id']}").get_json()["labels_owed"] is False
    assert "RULE_FRAUD_KNOWN" in codes(client, "p001", 1)


def test_who_looks_at_a_case_stands_in_its_history(context: AppContext, client: FlaskClient) -> None:
    case = in_the_queue(context, client)
    history = client.get(f"/cases/{case['case_id']}").get_json()["history"]
    assert [(step["kind"], step["by"]) for step in history] == [("opened", "local"), ("looked_at", "local")]


def test_no_note_keeps_a_raw_value(context: AppContext, client: FlaskClient) -> None:
    case = in_the_queue(context, client)
    case = client.post(
        f"/cases/{case['case_id']}/notes", json={"note": "called 15073157065, nobody there"}
    ).get_json()
    assert "15073157065" not in case["history"][-1]["note"]
    assert "nobody there" in case["history"][-1]["note"]


@pytest.mark.parametrize(
    ("step", "told", "fields"),
    [
        ("assign", {}, {"assignee": "missing", "version": "missing"}),
        ("notes", {"note": ""}, {"note": "unreadable"}),
        (
            "verdict",
            {"value": "guilty", "version": "1", "peple": {}},
            {"value": "unreadable", "version": "unreadable", "peple": "unknown_field"},
        ),
        (
            "verdict",
            {"value": "confirmed_fraud", "version": 0, "people": {"nobody": "confirmed_fraud"}},
            {"people": "unknown_applicant"},
        ),
        ("close", {"version": -1}, {"version": "unreadable"}),
    ],
)
def test_every_wrong_field_is_named(
    context: AppContext, client: FlaskClient, step: str, told: dict[str, Any], fields: dict[str, str]
) -> None:
    case = in_the_queue(context, client)
    refused = client.post(f"/cases/{case['case_id']}/{step}", json=told)
    assert refused.status_code == 422
    assert {one["field"]: one["code"] for one in refused.get_json()["errors"]} == fields


def test_what_is_not_there_or_not_ripe_is_said(context: AppContext, client: FlaskClient) -> None:
    case = in_the_queue(context, client)
    assert client.get("/cases/C-none").get_json()["code"] == "case_unknown"
    assert (
        client.post("/cases", json={"ring_id": "R-none", "reason": "x"}).get_json()["code"] == "ring_unknown"
    )
    assert client.post("/cases", json={"reason": "x"}).status_code == 422
    assert (
        client.post(f"/cases/{case['case_id']}/close", json={"version": case["version"]}).get_json()["code"]
        == "conflict"
    )
    assert client.get("/cases?state=lost").get_json()["code"] == "bad_query"


def test_each_step_needs_its_scope(context: AppContext) -> None:
    scopes = ("cases:read", "cases:work", "cases:decide")
    keys = ",".join(f"{name.partition(':')[2]}:{key(name)}:{name}@*" for name in scopes)
    client = create_app(
        dataclasses.replace(context, settings=dataclasses.replace(context.settings, api_keys=keys))
    ).test_client()

    def opened_by(scope: str) -> set[str]:
        headers = {"Authorization": f"Bearer {key(scope)}"}
        request = [one for one in OPERATIONS if one.tag == "cases"]
        answers = {
            one.name: client.open(
                one.path.replace("{case_id}", "C"), method=one.method.upper(), json={}, headers=headers
            )
            for one in request
        }
        return {name for name, answer in answers.items() if answer.status_code != 403}

    opens = {scope: opened_by(scope) for scope in scopes}
    assert opens == {
        "cases:read": {
            "list_cases",
            "list_case_versions",
            "read_case",
            "read_attachment",
            "count_verdicts",
            "list_assignees",
        },
        "cases:work": {
            "open_case",
            "assign_case",
            "assign_cases",
            "rank_case",
            "rank_cases",
            "note_case",
            "set_case_due",
            "link_case",
            "attach_to_case",
        },
        "cases:decide": {"conclude_case", "close_case"},
    }
