"""Who was erased does not come back: not at /risk, not with facts, not from what was owed to the store."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from graph.model.erasure import is_surrogate
from graph.model.errors import ErasedError, SettingError, StoreUnavailableError
from graph.model.types import Facts, Label, LabelValue
from investigations.cases import NewCase
from investigations.users import AuditAction, AuditFilter
from service.app import create_app
from service.assessment.context import AppContext
from service.assessment.owed import deliver_labels, deliver_pending
from service.assessment.repeats.replay import replay
from service.wiring import wire
from tests.service.desk.test_saved_views import MADE
from tests.support.casebooks import everything
from tests.support.contracts.erasure_contract import erased
from tests.support.small_service import PlainModel, body, risk, service
from tests.support.small_worlds import applies, day, does
from tests.support.stores import open_url, sqlite_only

UNTIL = day(69)  # of the erasure: requests come on day 70
WHO = "p003"
SECOND_SCAN = {"application_id": "live-1", "stage": "disbursement"}


@pytest.fixture
def context(tmp_path: Path) -> Iterator[AppContext]:
    """A service that was asked about somebody who is erased then."""
    opened = service(tmp_path)
    assert risk(opened, body("live-1", applicant_id=WHO))["degraded"]["level"] == "full"
    erased(opened.store, WHO, until=UNTIL)
    yield opened
    opened.close()


@pytest.fixture
def client(context: AppContext) -> FlaskClient:
    return create_app(context).test_client()


def test_an_erased_application_is_answered_with_a_problem_and_not_learned_anew(
    context: AppContext, client: FlaskClient
) -> None:
    revision, told = context.store.revision(), len(context.casebook.outbox_pending(9))
    again = body("live-1", applicant_id=WHO)
    for request in (again, again | {"applicant_id": "p001"}, SECOND_SCAN):
        response = client.post("/risk", json=request)
        assert (response.status_code, response.get_json()["code"]) == (410, "erased")
    assert context.store.revision() == revision
    assert len(context.casebook.outbox_pending(9)) == told


def surrogates(context: AppContext) -> tuple[str, str]:
    """Of the person and of their application."""
    loans = context.store.view(day(80)).applications(day(0))
    loan = next(one for one in loans if is_surrogate(one.application_id))
    return loan.applicant_id, loan.application_id


def test_the_name_that_an_erasure_gave_is_assessed_for_nobody(
    context: AppContext, client: FlaskClient
) -> None:
    person, loan = surrogates(context)
    before = context.store.revision(), everything(context.casebook)
    for request in (
        body("new", applicant_id=person),
        body(loan, applicant_id="p001"),
        {"application_id": loan, "stage": "disbursement"},
        {"applicant_id": person, "stage": "monitoring"},
    ):
        response = client.post("/risk", json=request)
        assert (response.status_code, response.get_json()["code"]) == (410, "erased")
    assert (context.store.revision(), everything(context.casebook)) == before


def test_no_fact_comes_in_under_the_name_that_an_erasure_gave_but_a_verdict(context: AppContext) -> None:
    person, loan = surrogates(context)
    application = applies(person, 75, application_id="new")
    label = Label(label=LabelValue.GOOD, known_at=day(75), source="desk", applicant_id=person)
    added = context.store.add(Facts(applications=(application,), events=(does(person, "login", 75),)))
    assert {(one.table, one.field) for one in added.refused} == {
        ("applications", "applicant_id"),
        ("events", "applicant_id"),
    }
    assert context.store.add(Facts(applications=(applies("p001", 75, application_id=loan),))).refused
    assert context.store.add(Facts(labels=(label,))).refused == ()


def test_an_erased_customer_who_comes_back_is_assessed_as_somebody_new(context: AppContext) -> None:
    answer = risk(context, body("fresh", applicant_id=WHO))
    assert answer["degraded"]["level"] == "full"
    assert replay(context, answer["assessment_id"])["equal"]


def test_an_erased_application_is_refused_though_the_store_is_away(
    context: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    context.views.now()
    cannot_say(context, monkeypatch, "add", "try_add", "state", "revision")
    with pytest.raises(ErasedError):
        risk(context, body("live-1", applicant_id=WHO))
    assert context.casebook.outbox_pending(9) == ()


def test_facts_about_the_erased_are_left_out_by_their_positions(client: FlaskClient) -> None:
    old = {"applicant_id": WHO, "label": "fraud", "known_at": "2025-02-01T10:00:00", "source": "desk"}
    alone = client.post("/feedback", json=old)
    assert (alone.status_code, alone.get_json()["code"]) == (410, "erased")
    both = client.post("/feedback", json=[old | {"applicant_id": "p001"}, old]).get_json()
    assert (both["accepted"], both["erased"], both["unmatched"]) == (1, [1], 0)


def test_what_was_owed_about_somebody_erased_is_dropped_and_said_without_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    context = service(tmp_path)
    try:
        for who in (WHO, "p001"):
            monkeypatch.setattr(context.writer, "add", lambda *_, **__: None)
            risk(context, body(f"owed-{who}", applicant_id=who))
        assert len(context.casebook.outbox_pending(9)) == 2
        erased(context.store, WHO)
        with caplog.at_level(logging.WARNING):
            assert deliver_pending(context.store, context.casebook) == 2
            assert deliver_labels(context.store, context.casebook) == 0
        assert context.casebook.outbox_pending(9) == ()
        view = context.store.view(day(80))
        assert view.application(f"owed-{WHO}") is None
        assert view.application("owed-p001") is not None
        assert "not taken because somebody erased is named: 1 application" in caplog.text
        assert WHO not in caplog.text
    finally:
        context.close()


@sqlite_only
def test_a_service_with_another_key_does_not_start_over_a_store_that_has_erased(
    context: AppContext,
) -> None:
    other = dataclasses.replace(context.settings, hash_key="k1:" + "another secret " * 4)
    with pytest.raises(SettingError, match="by the key k1"):
        wire(other, scorer=PlainModel())


@sqlite_only
def test_a_service_without_the_key_of_an_erasure_answers_on_and_owes_the_facts(context: AppContext) -> None:
    with open_url(context.settings.store) as operator:
        operator.refusal.open_with(
            (("k2", b"a newer secret of at least thirty-two bytes"), *context.keyring.keys)
        )
        erased(operator, "p004", until=UNTIL)
    answer = risk(context, body("unsure"))
    assert answer["degraded"]["reason"] == "store_unavailable"
    assert answer["degraded"]["missing"] == ["fact"]
    assert [one.application_id for one in context.casebook.outbox_pending(9)] == ["unsure"]
    with pytest.raises(StoreUnavailableError, match="by the key k2"):
        deliver_pending(context.store, context.casebook)


@pytest.mark.parametrize("node", [f"applicant:{WHO}", "application:live-1"])
def test_whoever_asks_for_an_erased_id_writes_it_down_nowhere(
    context: AppContext, client: FlaskClient, caplog: pytest.LogCaptureFixture, node: str
) -> None:
    about = {"node": node}
    made = {"as_of": day(60).isoformat(), "name": "mine", "made": MADE}
    for route in ("subgraph", "expand", "node", "history", "alerts", "assessment", "views"):
        client.get(f"/desk/{route}", query_string=about)
    for route, given in (("paths", about), ("assess", about), ("search", {"q": node.partition(":")[2]})):
        client.post(f"/desk/{route}", json=given)
    assert client.post("/desk/views", json=about | made).status_code == 410
    lines, _ = context.casebook.audit.read(AuditFilter())
    assert lines
    written = f"{lines} {caplog.text}"
    assert node.partition(":")[2] not in written
    assert f"{node.partition(':')[0]}:erased:k1:" in written
    page = client.get("/audit", query_string={"subject": node}).get_json()
    assert page["lines"] == []
    found = client.get("/audit", query_string={"subject": page["erased"]}).get_json()
    assert found["lines"]
    assert "erased" not in found


def cannot_say(context: AppContext, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    def away(*_: object) -> None:
        raise StoreUnavailableError("away")

    for name in names:
        monkeypatch.setattr(type(context.store), name, away)


@pytest.mark.parametrize("informed", [True, False])
def test_no_case_names_the_erased_while_the_store_cannot_say_whom_it_knows(
    context: AppContext, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, informed: bool
) -> None:
    ring_case, _ = context.casebook.open_case(NewCase(reason="a ring", ring_id="R-1"), at=day(70), by="wang")
    context.views.now()
    context.store.refusal.informed = informed  # not, in a process that began while the store was away
    before = everything(context.casebook).count(WHO)
    cannot_say(context, monkeypatch, "unmatched", "state", "unknown_ids")
    verdict = {"value": "false_positive", "version": 1, "people": {WHO: "false_positive"}}
    for route, given in (
        ("/cases", {"applicant_id": WHO, "reason": "by hand"}),
        (f"/cases/{ring_case}/verdict", verdict),
    ):
        response = client.post(route, json=given)
        assert (response.status_code, response.get_json()["code"]) == (503, "store_unavailable")
    assert everything(context.casebook).count(WHO) == before
    others = client.post("/cases", json={"applicant_id": "p001", "reason": "by hand"})
    assert others.status_code == (200 if informed else 503)


def test_a_look_at_an_erased_id_that_is_somebody_new_keeps_the_name(
    context: AppContext, client: FlaskClient
) -> None:
    risk(context, body("fresh", applicant_id=WHO))
    assert client.get("/desk/node", query_string={"node": f"applicant:{WHO}"}).status_code == 200
    (line,), _ = context.casebook.audit.read(AuditFilter(action=AuditAction.LOOKED))
    assert line.subject == f"applicant:{WHO}"
