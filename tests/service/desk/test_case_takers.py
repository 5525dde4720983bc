"""To whom cases are given, one or many at once: to people who may work on them and to nobody else, however
many cases a request names and whoever decides on them meanwhile; in SQLite and PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from investigations.cases import CaseFilter, NewCase, Verdict, VerdictValue
from investigations.users import DeskRole
from service.app import create_app
from service.assessment.context import AppContext
from tests.support.desk.people import add_user, by_command
from tests.support.small_service import key, service
from tests.support.small_worlds import day

KEYS = (
    f"wang:{key('wang')}:cases:read+cases:work+cases:decide@*",
    f"li:{key('li')}:cases:read+cases:work@*",
    f"reader:{key('reader')}:cases:read@*",
    f"lender:{key('lender')}:risk@L1",
)


@pytest.fixture
def context(tmp_path: Path, casebook_url: str) -> Iterator[AppContext]:
    """A service with two keys that may work on cases, two that may not, and users of each kind."""
    settings = {"api_keys": ",".join(KEYS), "investigators": "wu", "casebook": casebook_url}
    with closing(service(tmp_path, **settings)) as opened:
        for name, role in (
            ("qian", DeskRole.INVESTIGATOR),
            ("sun", DeskRole.READER),
            ("zhou", DeskRole.SENIOR),
        ):
            add_user(opened.casebook.users, name, role)
        opened.casebook.users.set_disabled("zhou", True, by_command())
        yield opened


@pytest.fixture
def app(context: AppContext) -> Flask:
    return create_app(context)


def called(app: Flask, who: str = "wang") -> FlaskClient:
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key(who)}"
    return client


def opened(context: AppContext, number: int) -> dict[str, int]:
    """So many cases, with their versions."""
    for n in range(number):
        context.casebook.open_case(NewCase(reason="x", ring_id=f"R-{n}"), at=day(60), by="review")
    return context.casebook.queue_versions(CaseFilter(), number + 1)


def owner(context: AppContext, case_id: str) -> str | None:
    return context.casebook.case(case_id).assignee


@pytest.mark.parametrize("many", [False, True], ids=["one case", "many cases"])
def test_a_case_is_given_to_whoever_may_work_on_it_and_to_nobody_else(
    context: AppContext, app: Flask, many: bool
) -> None:
    ((case_id, version),) = opened(context, 1).items()

    def given(assignee: str | None) -> Any:
        version = context.casebook.case(case_id).version
        body: dict[str, Any] = {"cases": {case_id: version}} if many else {"version": version}
        path = "/cases/assign" if many else f"/cases/{case_id}/assign"
        return called(app).post(path, json=body | {"assignee": assignee})

    for nobody in ("sun", "zhou", "reader", "lender", "nobody", "Wang", "wang ", "%", "王", "'; DROP"):
        refused = given(nobody)
        assert refused.status_code == 422, nobody
        (error,) = refused.get_json()["errors"]
        assert (error["field"], error["code"]) == ("assignee", "unknown_assignee")
    assert "the nearest is wang" in given("wangg").get_json()["errors"][0]["message"]
    assert "13958274630" not in given("13958274630").get_data(as_text=True)
    assert context.casebook.case(case_id).version == version, "nothing was done"
    listed = called(app).get("/cases/assignees").get_json()["assignees"]
    assert [one["name"] for one in listed] == ["li", "qian", "wang", "wu"]
    for name in [one["name"] for one in listed]:
        assert given(name).status_code == 200
        assert owner(context, case_id) == name
    assert given(None).status_code == 200
    assert owner(context, case_id) is None


def test_a_thousand_cases_are_answered_one_by_one_whatever_became_of_them(
    context: AppContext, app: Flask
) -> None:
    seen = opened(context, 1_000)
    book, (closed, decided, *rest) = context.casebook, seen
    for case_id in (closed, decided):
        book.give_verdict(case_id, Verdict(at=day(61), by="li", value=VerdictValue.INCONCLUSIVE), 10**9)
    book.close_case(closed, book.case(closed).version, at=day(61), by="li")
    odd = dict.fromkeys(("C-none", "%", "_", "C-1' OR '1'='1", "\\", "案件", "C-1\u202e"), 1)
    wanted = seen | {closed: book.case(closed).version} | odd
    answer = called(app).post("/cases/assign", json={"cases": wanted, "assignee": "li"}).get_json()
    codes = {case_id: one["code"] for case_id, one in answer["cases"].items()}
    assert answer["done"] == len(rest)
    assert codes == (
        dict.fromkeys(rest)
        | dict.fromkeys(odd, "case_unknown")
        | {closed: "conflict", decided: "case_changed"}
    )
    assert context.casebook.assignees() == {"li": len(rest)}


def test_a_request_that_names_a_case_twice_is_refused(context: AppContext, app: Flask) -> None:
    ((case_id, version),) = opened(context, 1).items()
    twice = f'{{"cases": {{"{case_id}": {version}, "{case_id}": {version + 1}}}, "assignee": "li"}}'
    refused = called(app).post("/cases/assign", data=twice, content_type="application/json")
    assert refused.status_code in (400, 422), refused.get_data(as_text=True)
    assert owner(context, case_id) is None


@pytest.mark.parametrize("who", ["reader", "lender"])
def test_a_key_that_may_not_work_on_cases_gives_and_ranks_none(
    context: AppContext, app: Flask, who: str
) -> None:
    seen = opened(context, 3)
    for step, more in (("assign", {"assignee": "li"}), ("priority", {"priority": "high"})):
        refused = called(app, who).post(f"/cases/{step}", json={"cases": seen} | more)
        assert (refused.status_code, refused.get_json()["code"]) == (403, "scope_missing")
    assert context.casebook.queue_versions(CaseFilter(), 9) == seen


def test_a_case_that_one_decides_while_another_hands_it_out_has_one_step(
    context: AppContext, app: Flask
) -> None:
    seen = opened(context, 12)

    def decides(case_id: str) -> int:
        body = {"value": "inconclusive", "version": seen[case_id]}
        return called(app).post(f"/cases/{case_id}/verdict", json=body).status_code

    def gives(step: str) -> dict[str, Any]:
        more = {"assignee": "li"} if step == "assign" else {"priority": "high"}
        answer = called(app, "li").post(f"/cases/{step}", json={"cases": seen} | more)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        found: dict[str, Any] = answer.get_json()["cases"]
        return found

    with ThreadPoolExecutor(4) as pool:
        verdicts = [pool.submit(decides, case_id) for case_id in reversed(seen)]
        handed = list(pool.map(gives, ("assign", "priority")))
        decided = dict(zip(reversed(seen), (one.result() for one in verdicts), strict=True))
    for case_id in seen:
        steps = [one.kind for one in context.casebook.case(case_id).events]
        done = [decided[case_id] == 200, *(one[case_id]["done"] for one in handed)]
        assert (sum(done), len(steps)) == (1, 2), (steps, done)
        assert steps[-1] == ("verdict", "assigned", "priority")[done.index(True)]
        assert all(one[case_id]["code"] in (None, "case_changed") for one in handed)
