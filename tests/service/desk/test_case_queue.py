"""The queue of cases and what is put to a case: filters, due times, sharing out, links, files, and a second
pair of eyes.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

import pytest
from flask.testing import FlaskClient

from graph.frame.frame import Frame
from graph.model.errors import FrameUnreadableError
from graph.model.types import RingKind
from investigations.cases import CaseFilter, CaseKind, NewCase
from investigations.users import DeskRole
from service.app import create_app
from service.assessment.context import AppContext
from tests.service.assessment.test_assess import snapshot
from tests.service.desk.test_cases_api import in_the_queue
from tests.support.desk.people import add_user, by_command
from tests.support.small_service import PlainModel, body, key, service
from tests.support.small_worlds import day

PAGE = b"%PDF-1.7 a contract"


def ids(client: FlaskClient, query: str) -> list[str]:
    """What the cases that a query wants are about, in the queue's order."""
    cases = client.get(f"/cases?{query}").get_json()["cases"]
    return [case["ring_id"] or case["applicant_id"] for case in cases]


def file(of: bytes, **more: str) -> dict[str, str]:
    """The body that puts a file to a case."""
    encoded = base64.b64encode(of).decode()
    return {"name": "contract.pdf", "media_type": "application/pdf", "content": encoded} | more


def callers(context: AppContext, *names: str, **changes: Any) -> list[FlaskClient]:
    """A client for each of these investigators."""
    keys = ",".join(f"{name}:{key(name)}:cases:read+cases:work+cases:decide@*" for name in names)
    settings = dataclasses.replace(context.settings, api_keys=keys, **changes)
    application = create_app(dataclasses.replace(context, settings=settings))
    clients = []
    for name in names:
        client = application.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key(name)}"
        clients.append(client)
    return clients


def three(context: AppContext) -> None:
    """A large old ring that is in time no more, a small new one, and an applicant."""
    opened = (
        (10, NewCase(reason="x", ring_id="R-1", exposure=90_000, probability=0.9, kind=CaseKind.RING)),
        (68, NewCase(reason="x", ring_id="R-2", exposure=4_000, probability=0.9, kind=CaseKind.MERCHANT)),
        (69, NewCase(reason="x", applicant_id="p001", lenders=("bank_online",))),
    )
    for number, about in opened:
        context.casebook.open_case(about, at=day(number), by="review")


def test_every_kind_of_ring_is_a_kind_of_case() -> None:
    assert {*CaseKind} == {*RingKind, "applicant"}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", ["R-1", "R-2", "p001"]),
        ("kind=ring", ["R-1"]),
        ("kind=applicant", ["p001"]),
        ("lender=bank_online", ["p001"]),
        ("min_exposure=5000", ["R-1"]),
        ("older_than_days=30", ["R-1"]),
        ("overdue=true", ["R-1"]),
        ("assigned=true", []),
        ("assigned=false&open=true&kind=merchant", ["R-2"]),
        ("open=false", []),
    ],
)
def test_the_queue_is_narrowed_by(
    context: AppContext, client: FlaskClient, query: str, wanted: list[str]
) -> None:
    three(context)
    assert ids(client, query) == wanted


def test_the_queue_counts_each_state_whatever_state_is_asked_for(
    context: AppContext, client: FlaskClient
) -> None:
    three(context)
    first = client.get("/cases?kind=ring").get_json()["cases"][0]
    at = f"/cases/{first['case_id']}"
    client.post(f"{at}/assign", json={"assignee": "wang", "version": client.get(at).get_json()["version"]})
    page = client.get("/cases?state=pending").get_json()
    assert page["counts"] == {"pending": 2, "investigating": 1, "closed": 0}
    assert page["total"] == 2
    assert client.get("/cases?kind=nothing").get_json()["code"] == "bad_query"


def test_a_case_is_due_sooner_where_more_is_at_stake_unless_somebody_says_else(
    context: AppContext, client: FlaskClient
) -> None:
    three(context)
    due = {one["ring_id"]: one for one in client.get("/cases").get_json()["cases"]}
    assert [due[name]["due_at"][:10] for name in ("R-1", "R-2")] == ["2025-01-13", "2025-03-15"]
    assert due["R-1"]["overdue"]
    at = f"/cases/{due['R-1']['case_id']}"
    later = {"due_at": "2026-01-01T00:00:00Z", "version": client.get(at).get_json()["version"]}
    case = client.post(f"{at}/due", json=later).get_json()
    assert (case["overdue"], case["history"][-1]["kind"]) == (False, "due")
    assert ids(client, "overdue=true") == []


def test_new_cases_go_to_who_has_least_to_do_and_one_given_back_stays(context: AppContext) -> None:
    three(context)
    book = context.casebook
    busy, _ = book.open_case(NewCase(reason="x", ring_id="R-9"), at=day(1), by="review")
    book.assign(busy, "wang", 10**9, at=day(1), by="wang")
    with ThreadPoolExecutor(4) as pool:  # as many workers as share out at once
        shared = list(pool.map(lambda _: book.share_out(("wang", "li"), at=day(70), by="x"), range(8)))
    assert sum(shared) == 3
    assert book.assignees() == {"wang": 2, "li": 2}
    book.assign(busy, None, 10**9, at=day(71), by="wang")
    assert book.share_out(("wang", "li"), at=day(72), by="x") == 0
    assert book.queue(CaseFilter(assigned=False))[0] == 1


def test_new_cases_go_to_no_user_who_may_have_none_or_no_more(context: AppContext) -> None:
    three(context)
    book = context.casebook
    for name, role in (("zhao", DeskRole.READER), ("qian", DeskRole.INVESTIGATOR), ("sun", DeskRole.SENIOR)):
        add_user(book.users, name, role)
    book.users.set_disabled("qian", True, by_command())
    assert book.share_out(("zhao", "qian"), at=day(70), by="x") == 0
    assert book.share_out(("zhao", "qian", "sun"), at=day(70), by="x") == 3
    assert book.assignees() == {"sun": 3}


def test_a_case_may_be_given_to_whoever_may_work_on_it_and_to_nobody_else(context: AppContext) -> None:
    three(context)
    users = context.casebook.users
    for name, role in (
        ("zhao", DeskRole.SENIOR),
        ("qian", DeskRole.INVESTIGATOR),
        ("sun", DeskRole.READER),
        ("zhou", DeskRole.INVESTIGATOR),
    ):
        add_user(users, name, role)
    users.set_disabled("zhou", True, by_command())
    first, second = (case.case_id for case in context.casebook.queue(CaseFilter(), 2)[1])
    client, _ = callers(context, "wang", "li", investigators="wang,wu")
    for case_id in (first, second):
        version = context.casebook.case(case_id).version
        client.post(f"/cases/{case_id}/assign", json={"assignee": "qian", "version": version})
    listed = client.get("/cases/assignees").get_json()["assignees"]
    assert [(one["name"], one["open_cases"], one["shared_out"]) for one in listed] == [
        ("li", 0, False),
        ("qian", 2, False),
        ("wang", 0, True),
        ("wu", 0, True),
        ("zhao", 0, False),
    ]


def test_two_cases_are_linked_in_both_histories_and_taken_apart(
    context: AppContext, client: FlaskClient
) -> None:
    three(context)
    first, second, _ = (one["case_id"] for one in client.get("/cases").get_json()["cases"])
    for _ in range(2):
        assert client.post(f"/cases/{first}/links", json={"other": second}).get_json()["linked"] == [second]
    other = client.get(f"/cases/{second}").get_json()
    assert other["linked"] == [first]
    assert [step["kind"] for step in other["history"]].count("linked") == 1
    apart = client.post(f"/cases/{second}/links", json={"other": first, "linked": False}).get_json()
    assert apart["linked"] == []
    assert client.get(f"/cases/{first}").get_json()["linked"] == []
    assert client.post(f"/cases/{first}/links", json={"other": "C-none"}).status_code == 404
    assert client.post(f"/cases/{first}/links", json={"other": first}).status_code == 400


def test_a_file_is_kept_as_it_is_and_who_read_it_is_in_the_history(
    context: AppContext, client: FlaskClient
) -> None:
    at = f"/cases/{in_the_queue(context, client)['case_id']}"
    for _ in range(2):
        case = client.post(f"{at}/attachments", json=file(PAGE, name="../the contract.pdf")).get_json()
    (kept,) = case["attachments"]
    assert (kept["name"], kept["size"]) == ("the contract.pdf", len(PAGE))
    assert kept["sha256"] == hashlib.sha256(PAGE).hexdigest()
    answer = client.get(f"{at}/attachments/{kept['attachment_id']}")
    assert answer.data == PAGE
    assert answer.headers["Content-Disposition"].startswith("attachment")
    history = client.get(at).get_json()["history"]
    assert [(one["kind"], one["note"]) for one in history][-2] == ("looked_at", "the contract.pdf")
    for other in ("99", "x", "1" * 30):
        assert client.get(f"{at}/attachments/{other}").status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        file(PAGE, content="no base64!"),
        file(b"PK\x03\x04 a zip"),
        file(b"a" * (2 * 2**20 + 1), media_type="text/plain"),
        file(b"called 15073157065", media_type="text/plain"),
        file(b"\xff\xfe", media_type="text/csv"),
        file(PAGE, media_type="text/html"),
    ],
    ids=["base64", "another type", "too large", "raw value", "no text", "type unknown"],
)
def test_a_file_that_is_not_what_it_should_be_is_refused(
    context: AppContext, client: FlaskClient, wrong: dict[str, str]
) -> None:
    at = f"/cases/{in_the_queue(context, client)['case_id']}"
    refused = client.post(f"{at}/attachments", json=wrong)
    assert refused.status_code == 422
    assert client.get(at).get_json()["attachments"] == []


def test_above_an_exposure_a_verdict_counts_once_a_second_person_came_to_the_same(
    context: AppContext, client: FlaskClient
) -> None:
    case = in_the_queue(context, client)
    wang, li = callers(context, "wang", "li", second_eyes_above=case["exposure"] - 1)
    at, people = f"/cases/{case['case_id']}", {"p001": "confirmed_fraud"}
    before = len(context.store.view(context.clock()).tables().labels["known_at"])

    def conclude(who: FlaskClient, **more: Any) -> dict[str, Any]:
        version = who.get(at).get_json()["version"]
        given = {"value": "confirmed_fraud", "people": people, "version": version} | more
        return who.post(f"{at}/verdict", json=given).get_json()

    proposed = conclude(wang)
    assert (proposed["proposed"]["by"], proposed["verdicts"], proposed["labels"]) == ("wang", [], {})
    assert conclude(wang)["verdicts"] == [], "the same person twice is one person"
    assert conclude(li, value="inconclusive", people={})["verdicts"] == [], "somebody who disagrees proposes"
    refused = li.post(f"{at}/close", json={"version": li.get(at).get_json()["version"]})
    assert refused.get_json()["code"] == "conflict"
    assert conclude(wang)["proposed"]["by"] == "wang"
    assert len(context.store.view(context.clock()).tables().labels["known_at"]) == before
    concluded = conclude(li)
    assert (concluded["proposed"], concluded["labels"]) == (None, {"p001": "fraud"})
    assert len(context.store.view(context.clock()).tables().labels["known_at"]) == before + 1


def test_an_answer_that_wants_a_review_opens_one_case(tmp_path: Path) -> None:
    unsure = PlainModel(weights={"strong_people": 0.0}, base=-2.0)
    with closing(service(tmp_path, scorer=unsure)) as context:
        client = create_app(context).test_client()
        answers = [client.post("/risk", json=body(f"live-{n}")).get_json() for n in range(2)]
        assert {one["decision"] for one in answers} == {"review"}
        page = client.get("/cases?applicant_id=p001").get_json()
        assert page["total"] == 1
        case = page["cases"][0]
        assert (case["reason"], case["assessment_id"]) == ("risk_review", answers[0]["assessment_id"])
        assert (case["exposure"], case["probability"]) == (8000, answers[0]["probability"])
        assert set(case["reason_codes"]) == {one["code"] for one in answers[0]["reasons"]}
        quiet = dataclasses.replace(context, settings=dataclasses.replace(context.settings, risk_cases=""))
        create_app(quiet).test_client().post("/risk", json=body("live-3", applicant_id="p002"))
        assert client.get("/cases?applicant_id=p002").get_json()["total"] == 0


def test_a_case_opened_by_hand_has_the_latest_recorded_score_and_what_is_open(context: AppContext) -> None:
    settings = dataclasses.replace(context.settings, risk_cases="")
    client = create_app(dataclasses.replace(context, settings=settings)).test_client()
    answer = client.post("/risk", json=body("live-1", applicant_id="newcomer", amount=8000)).get_json()
    paid = {"application_id": "live-1", "status": "disbursed", "amount": 7000, "at": answer["as_of"]}
    assert client.post("/outcomes", json=paid).status_code == 200
    scored, unscored = (
        client.post("/cases", json={"applicant_id": who, "reason": "complaint"}).get_json()
        for who in ("newcomer", "p003")
    )
    assert (scored["probability"], scored["exposure"]) == (answer["probability"], 7000)
    assert (unscored["probability"], unscored["expected_loss"]) == (None, 0)
    queue = {one["applicant_id"]: one["probability"] for one in client.get("/cases").get_json()["cases"]}
    assert list(queue.items()) == [("newcomer", answer["probability"]), ("p003", None)]


def test_an_answers_case_names_the_lenders_whether_or_not_the_frame_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsure = PlainModel(weights={"strong_people": 0.0}, base=-2.0)
    lenders = []
    for name in ("readable", "unreadable"):
        with closing(service(tmp_path / name, scorer=unsure)) as context:
            client = create_app(context).test_client()
            if name == "unreadable":
                monkeypatch.setattr(Frame, "reading", _unreadable)
            client.post("/risk", json=body("live-1"))
            lenders.append(client.get("/cases?applicant_id=p001").get_json()["cases"][0]["lenders"])
    assert lenders[0]
    assert lenders[0] == lenders[1]


def _unreadable(frame: Frame, *_: object) -> NoReturn:
    raise FrameUnreadableError("the frame does not hold that mark now")


def test_somebody_who_is_declined_has_a_case_where_they_are_in_a_flagged_ring(
    context: AppContext, client: FlaskClient
) -> None:
    context.store.save_rings(snapshot("p001", "p003", kind=RingKind.RING))
    for number, person in enumerate(("p001", "p002")):
        answer = client.post("/risk", json=body(f"live-{number}", applicant_id=person)).get_json()
        assert answer["decision"] == "decline"
    assert ids(client, "") == ["p001"]
    assert client.get("/cases").get_json()["cases"][0]["reason"] == "risk_decline_with_ring"
