"""The queue of many cases: searched, sorted, and handed out by one request that answers for each."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from flask.testing import FlaskClient

from graph.model.types import RingKind
from investigations.cases import CaseColumn, CaseKind, NewCase, Verdict, VerdictValue
from service.app import create_app
from service.assessment.context import AppContext
from tests.service.assessment.test_assess import snapshot
from tests.support.small_service import body, key
from tests.support.small_worlds import day


@pytest.fixture(autouse=True)
def three(context: AppContext) -> None:
    """A case about a ring of p001 and p003, a smaller one, and one about p002."""
    context.store.save_rings(snapshot("p001", "p003", kind=RingKind.RING))
    ring = context.store.view(context.clock()).rings()
    assert ring is not None
    for number, about in (
        (
            60,
            NewCase(
                reason="x",
                ring_id=ring.rings[0].ring_id,
                exposure=90_000,
                probability=0.5,
                kind=CaseKind.RING,
            ),
        ),
        (61, NewCase(reason="y", ring_id="R-2", exposure=50_000, probability=0.1, kind=CaseKind.AGENT)),
        (62, NewCase(reason="z", applicant_id="p002", exposure=9_000)),
    ):
        context.casebook.open_case(about, at=day(number), by="review")


def found(client: FlaskClient, query: str) -> list[str]:
    """Why the cases that a query wants were opened, in the order of the answer."""
    answer = client.get(f"/cases?{query}")
    assert answer.status_code == 200, answer.get_json()
    return [case["reason"] for case in answer.get_json()["cases"]]


def versions(client: FlaskClient, query: str = "") -> dict[str, int]:
    return client.get(f"/cases/versions?{query}").get_json()["cases"]


def id_of(client: FlaskClient, reason: str) -> str:
    return next(one["case_id"] for one in client.get("/cases").get_json()["cases"] if one["reason"] == reason)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("q=R-2", ["y"]),
        ("q=R-", ["x", "y"]),
        ("q=p002", ["z"]),
        ("q=p00", ["z"]),
        ("q=p001", ["x"]),  # in that ring
        ("q=applicant:p003", ["x"]),
        ("q=ring:R", []),
        ("q=ring:R-2", ["y"]),
        ("q=merchant", []),
        ("q=%20R-2%20", ["y"]),
        ("q=", ["x", "y", "z"]),
        ("q=R-&kind=agent", ["y"]),
        ("sort=opened_at&order=desc", ["z", "y", "x"]),
        ("sort=opened_at", ["x", "y", "z"]),
        ("sort=exposure", ["x", "y", "z"]),
        ("sort=exposure&order=asc", ["z", "y", "x"]),
        ("sort=probability&order=asc", ["z", "y", "x"]),
        ("sort=reason&order=desc", ["z", "y", "x"]),
        ("sort=kind", ["y", "z", "x"]),
        ("sort=expected_loss&limit=1&offset=1", ["y"]),
    ],
)
def test_the_queue_is_searched_and_sorted_by(client: FlaskClient, query: str, wanted: list[str]) -> None:
    assert found(client, query) == wanted


@pytest.mark.parametrize("column", CaseColumn)
def test_a_queue_sorted_by_any_column_shows_every_case_once_on_its_pages(
    client: FlaskClient, column: CaseColumn
) -> None:
    for order in ("asc", "desc"):
        pages = [found(client, f"sort={column}&order={order}&limit=1&offset={n}") for n in range(4)]
        assert sorted(pages) == [[], ["x"], ["y"], ["z"]], (column, order)


def test_a_case_is_found_by_the_application_whose_answer_opened_it(
    context: AppContext, client: FlaskClient
) -> None:
    answer = client.post("/risk", json=body("live-1", applicant_id="newcomer")).get_json()
    about = NewCase(reason="answered", applicant_id="p009", assessment_id=answer["assessment_id"])
    context.casebook.open_case(about, at=day(63), by="risk")
    assert found(client, "q=application:live-1") == ["answered"]
    assert found(client, "q=live-1") == ["answered"]
    assert found(client, "q=application:live-2") == []


def test_a_case_is_found_by_whom_its_verdict_names_though_the_ring_is_gone(
    context: AppContext, client: FlaskClient
) -> None:
    verdict = Verdict(
        at=day(63), by="wang", value=VerdictValue.INCONCLUSIVE, people={"p007": VerdictValue.INCONCLUSIVE}
    )
    context.casebook.give_verdict(id_of(client, "y"), verdict, 10**9)
    assert found(client, "q=p007") == ["y"]


@pytest.mark.parametrize("text", ["13958274630", "phone:13958274630", "a.b@example.com"])
def test_a_search_of_the_queue_takes_no_raw_value(client: FlaskClient, text: str) -> None:
    for path in ("/cases", "/cases/versions"):
        answer = client.get(path, query_string={"q": text})
        assert (answer.status_code, answer.get_json()["code"]) == (400, "raw_value_in_address")
        assert text not in answer.get_data(as_text=True)


def test_many_cases_are_given_to_somebody_each_with_its_line_in_its_history(client: FlaskClient) -> None:
    wanted = {"cases": versions(client), "assignee": "wang"}
    first, again = (client.post("/cases/assign", json=wanted).get_json() for _ in range(2))
    assert first == again, "the same request sent again is done once"
    assert (first["done"], list(first["cases"])) == (3, list(wanted["cases"]))
    for case_id, outcome in first["cases"].items():
        case = client.get(f"/cases/{case_id}").get_json()
        assert (case["assignee"], case["state"]) == ("wang", "investigating")
        assert [step["note"] for step in case["history"] if step["kind"] == "assigned"] == ["wang"]
        assert outcome["version"] == case["version"]
    back = {"cases": {one: outcome["version"] for one, outcome in first["cases"].items()}, "assignee": None}
    assert client.post("/cases/assign", json=back).get_json()["done"] == 3
    assert found(client, "assigned=false&state=pending") == ["x", "y", "z"]


def test_what_somebody_decided_meanwhile_is_answered_of_that_case_and_stays(
    context: AppContext, client: FlaskClient
) -> None:
    seen, book = versions(client), context.casebook
    decided, closed, free = (id_of(client, reason) for reason in "xyz")
    for case_id in (decided, closed):
        book.give_verdict(case_id, Verdict(at=day(63), by="li", value=VerdictValue.INCONCLUSIVE), 10**9)
    book.close_case(closed, 10**9, at=day(63), by="li")
    book.look_at(free, at=day(63), by="li")
    wanted = seen | {closed: book.case(closed).version, "C-none": 1}
    answer = client.post("/cases/priority", json={"cases": wanted, "priority": "high"}).get_json()
    codes = {case_id: one["code"] for case_id, one in answer["cases"].items()}
    assert codes == {decided: "case_changed", closed: "conflict", free: None, "C-none": "case_unknown"}
    assert "li changed case" in answer["cases"][decided]["detail"]
    history = client.get(f"/cases/{decided}").get_json()["history"]
    done = next(one for one in history if one["kind"] == "verdict")
    changes = {case_id: one["changed"] for case_id, one in answer["cases"].items()}
    assert changes == dict.fromkeys(changes) | {decided: {"by": "li", "kind": "verdict", "at": done["at"]}}
    assert (answer["done"], answer["cases"]["C-none"]["version"]) == (1, 0)
    assert {one["reason"]: one["priority"] for one in client.get("/cases").get_json()["cases"]} == {
        "x": "normal",
        "y": "normal",
        "z": "high",
    }


def test_a_case_of_high_priority_stands_first_and_one_of_low_priority_last(client: FlaskClient) -> None:
    for reason, priority in (("z", "high"), ("x", "low")):
        at = f"/cases/{id_of(client, reason)}"
        seen = client.get(at).get_json()["version"]
        case = client.post(f"{at}/priority", json={"priority": priority, "version": seen}).get_json()
        assert (case["priority"], case["history"][-1]["kind"]) == (priority, "priority")
        assert client.post(f"{at}/priority", json={"priority": "normal", "version": seen}).status_code == 409
    assert found(client, "") == ["z", "y", "x"]


def test_all_cases_of_a_filter_are_named_with_their_versions(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(versions(client, "sort=exposure&order=asc")) == [id_of(client, one) for one in "zyx"]
    assert list(versions(client, "kind=agent")) == [id_of(client, "y")]
    listed = client.get("/cases").get_json()["cases"]
    assert versions(client) == {one["case_id"]: one["version"] for one in listed}
    monkeypatch.setattr("service.http.routes.case_hands.MOST_AT_ONCE", 2)
    answer = client.get("/cases/versions").get_json()
    assert (answer["total"], list(answer["cases"])) == (3, [id_of(client, "x"), id_of(client, "y")])


@pytest.mark.parametrize(
    "wrong",
    [
        {"cases": {}, "assignee": "wang"},
        {"cases": {"C-1": -1}, "assignee": "wang"},
        {"cases": ["C-1"], "assignee": "wang"},
        {"cases": {f"C-{n}": 1 for n in range(5_001)}, "assignee": "wang"},
        {"cases": {"C-1": 1}},
    ],
    ids=["none", "no version", "a list", "too many", "nobody"],
)
def test_a_request_for_many_cases_that_cannot_be_meant_is_refused(
    client: FlaskClient, wrong: dict[str, Any]
) -> None:
    refused = client.post("/cases/assign", json=wrong)
    assert (refused.status_code, refused.get_json()["code"]) == (422, "invalid_fields")


@pytest.mark.parametrize("version", [2**53, 2**63, 2**64 - 1, 10**30])
def test_a_version_that_no_case_can_have_is_refused(client: FlaskClient, version: int) -> None:
    case_id = id_of(client, "x")
    for given in ({"assignee": "wang"}, {"priority": "high"}):
        step = "assign" if "assignee" in given else "priority"
        for path, of in (
            (f"/cases/{step}", {"cases": {case_id: version}}),
            (f"/cases/{case_id}/{step}", {"version": version}),
        ):
            refused = client.post(path, json=given | of)
            assert (refused.status_code, refused.get_json()["code"]) == (422, "invalid_fields"), path
    assert found(client, "assigned=true") == []


def test_whoever_may_only_read_cases_gives_none_of_many_to_anybody(
    context: AppContext, client: FlaskClient
) -> None:
    settings = dataclasses.replace(context.settings, api_keys=f"r:{key('r')}:cases:read@*")
    reader = create_app(dataclasses.replace(context, settings=settings)).test_client()
    reader.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key('r')}"
    wanted = {"cases": versions(reader), "assignee": "r"}
    assert reader.post("/cases/assign", json=wanted).get_json()["code"] == "scope_missing"
    assert found(reader, "assigned=true") == []


def test_a_case_says_what_its_probability_is(context: AppContext, client: FlaskClient) -> None:
    alerted = NewCase(reason="watch", applicant_id="p008", reason_codes=("A",), probability=0.7)
    context.casebook.open_case(alerted, at=day(63), by="watch")
    shown = {one["reason"]: one["probability_of"] for one in client.get("/cases").get_json()["cases"]}
    assert shown == {"x": "bad_share", "y": "bad_share", "z": "fraud", "watch": "alerted_loans"}
