"""The counter over HTTP: the whole contract of /risk, and for every bad input a problem that names what is
wrong.
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient

from graph.model.errors import StoreUnavailableError
from graph.model.types import Facts, IdentifierKind, Platform, PlatformType
from service.app import create_app
from service.assessment.bodies import flat
from service.assessment.context import AppContext
from service.assessment.repeats.replay import replay
from service.http.callers.access import OPEN_TO_ALL, scope_of
from service.http.routes.risk import MOST
from service.http.schemas.openapi import document
from tests.service.assessment.test_assess import snapshot
from tests.support.small_service import PlainModel, body, key, service
from tests.support.small_worlds import applies, day

FIELDS = [
    "request_id", "application_id", "assessment_id", "idempotent_replay", "stage", "as_of", "decision",
    "score", "probability", "uncertainty", "policy_version", "models", "degraded", "reasons", "dimensions",
    "multi_lending", "ring", "subgraph", "changes_since", "timings_ms",
]  # fmt: skip
DOCS = (Path(__file__).parents[3] / "docs" / "risk_api.md").read_text(encoding="utf-8")


def test_an_answer_has_every_field_of_the_contract_in_its_order(
    client: FlaskClient, context: AppContext
) -> None:
    context.store.save_rings(snapshot("p001", "p002"))
    response = client.post("/risk", json=body(), headers={"X-Request-Id": "abc-1"})
    answer = response.get_json()
    assert response.status_code == 200
    assert list(answer) == FIELDS
    assert (answer["request_id"], response.headers["X-Request-Id"]) == ("abc-1", "abc-1")
    assert answer["models"] == [
        {"name": "plain", "version": "1", "trained_as_of": "2025-01-01T00:00:00+00:00"}
    ]
    assert set(answer["timings_ms"]) == {"store", "neighbourhood", "signals", "model", "total"}
    assert set(answer["ring"]) == {
        "ring_id", "snapshot", "kind", "state", "size", "role", "confirmed_bad", "suspected", "bad_rate",
        "distance_to_bad", "distance_to_core", "shared_by_kind", "first_seen", "hubs_ignored",
    }  # fmt: skip
    for reason in answer["reasons"]:
        assert set(reason) == {
            "rank",
            "code",
            "text_en",
            "text_zh",
            "contribution",
            "value",
            "typical_p95",
            "typical_p05",
            "evidence",
        }
        assert reason["evidence"][0]["path"][0] == "application:live-1"


def test_both_addresses_answer_alike(client: FlaskClient) -> None:
    assert (
        client.post("/v1/risk", json=body()).status_code
        == client.post("/risk", json=body("live-2")).status_code
        == 200
    )


def test_the_same_key_and_body_get_the_first_answer_byte_for_byte(client: FlaskClient) -> None:
    first = client.post("/risk", json=body(), headers={"Idempotency-Key": "k-1"})
    same = orjson.dumps(dict(reversed(body().items())))
    second = client.post(
        "/risk", data=same, headers={"Idempotency-Key": "k-1", "Content-Type": "application/json"}
    )
    assert second.data == first.data.replace(b'"idempotent_replay":false', b'"idempotent_replay":true')
    assert first.get_json()["idempotent_replay"] is False
    assert second.get_json()["idempotent_replay"] is True
    assert client.post("/risk", json=body(amount=1), headers={"Idempotency-Key": "k-1"}).status_code == 409


def test_an_assessment_is_read_back_with_its_audit_and_computed_again(client: FlaskClient) -> None:
    answer = client.post("/risk", json=body()).get_json()
    row = client.get(f"/risk/{answer['assessment_id']}").get_json()
    assert row["answer"] == answer
    assert row["audit"]["signals"]
    assert row["recorded_by"] >= 1
    assert b"k1." not in orjson.dumps(row)
    assert {"kind": "phone", "role": "own", "masked": "150****7065"} in row["audit"]["application"][
        "mentions"
    ]
    again = client.get(f"/risk/{answer['assessment_id']}/replay").get_json()
    assert (again["equal"], again["differences"]) == (True, [])


NESTED = {
    "stage": "application",
    "application": {
        "id": "live-1",
        "applied_at": "2025-03-01T10:00:00",
        "platform_id": "L1",
        "loan": {"amount": 8000, "term_months": 12},
    },
    "applicant": {"id": "p001", "phone": "+86 150-7315-7065", "national_id": "11010519491231002x"},
    "device": {"id": "6f1f9a62c0de4b7f", "ip": None},
    "verification": {"face_match": 0.97},
}


def test_a_nested_request_says_the_same_as_a_flat_one() -> None:
    assert {k: v for k, v in flat(NESTED).row.items() if v is not None} == body()


def test_groups_name_employers_cards_and_contacts_as_the_field_does() -> None:
    reported = {
        "employer": {"name": "Foxconn", "phone": "075512345678"},
        "bank_card": {"number": "6222"},
        "contacts": [{"phone": "139"}, "138", "137"],
    }
    assert flat(reported).row == {
        "employer": "Foxconn", "employer_phone": "075512345678", "bank_card": "6222",
        "contacts[0]": "139", "contacts[1]": "138", "contacts[2]": "137",
    }  # fmt: skip


def test_the_answer_says_which_fields_the_contract_does_not_name(
    client: FlaskClient, context: AppContext
) -> None:
    plain = client.post("/risk", json=body("plain")).get_json()
    reported = body(
        "misspelt", devce_id="6f1f9a62c0de4b7f", device={"vendor": "x", "tags": ["a"]}, stage="application"
    )
    answer = client.post("/risk", json=reported, headers={"Idempotency-Key": "one"}).get_json()
    assert "ignored" not in plain
    assert sorted(answer["ignored"]) == ["devce_id", "device.tags", "device.vendor"]
    assert (
        client.post("/risk", json=reported, headers={"Idempotency-Key": "one"}).get_json()["ignored"]
        == answer["ignored"]
    )
    assert replay(context, answer["assessment_id"])["equal"]


def test_raw_and_hashed_identifiers_are_both_taken_and_never_meet_by_chance(
    client: FlaskClient, context: AppContext
) -> None:
    hashed = body("live-2", hash_scheme="sha256", phone="9f" * 32, device_id=None, national_id=None)
    assert client.post("/risk", json=hashed).status_code == 200
    mentions = context.store.view(day(90)).application("live-2").mentions
    assert [m.identifier.kind for m in mentions] == [IdentifierKind.PHONE]
    assert mentions[0].identifier.token.startswith("k1.")
    assert "9f9f9f9f9f" not in mentions[0].identifier.token


BAD_BODIES = [
    ({"application_id": None}, "application_id", "missing"),
    ({"applicant_id": None}, "applicant_id", "missing"),
    ({"platform_id": None}, "platform_id", "missing"),
    ({"platform_id": "L-nobody"}, "platform_id", "unknown_platform"),
    ({"applied_at": "yesterday"}, "applied_at", "unreadable_time"),
    ({"applied_at": 20250301}, "applied_at", "unreadable_time"),
    ({"amount": -1}, "amount", "negative"),
    ({"amount": "a lot"}, "amount", "unreadable_number"),
    ({"amount": True}, "amount", "unreadable_number"),
    ({"term_months": 1.5}, "term_months", "unreadable_number"),
    ({"face_match": 1.01}, "face_match", "out_of_range"),
    ({"liveness": [0.5]}, "liveness", "unreadable_number"),
    ({"phone": ["150"]}, "phone", "unreadable_text"),
    ({"phone": {"brand": "x"}}, "phone", "unreadable_text"),
    ({"product": {}}, "product", "unreadable_text"),
    ({"phone_three_element": "perhaps"}, "phone_three_element", "unreadable_flag"),
    ({"birth_year": 1066}, "birth_year", "out_of_range"),
    ({"product": "x" * 600}, "product", "too_long"),
    ({"city": "a\x00b"}, "city", "unreadable_text"),
    ({"stage": "later"}, "stage", "unknown_stage"),
    ({"stage": 1}, "stage", "unknown_stage"),
    ({"hash_scheme": 7}, "hash_scheme", "unknown_hash_scheme"),
    ({"device": {"id": "another"}}, "device_id", "given_twice"),
    ({"stage": "monitoring", "applicant_id": None}, "applicant_id", "missing"),
    ({"stage": "monitoring", "applicant_id": ["p001"]}, "applicant_id", "unreadable_text"),
]


@pytest.mark.parametrize(("change", "field", "code"), BAD_BODIES, ids=lambda value: str(value)[:40])
def test_a_bad_field_is_named_with_a_code(
    client: FlaskClient, context: AppContext, change: dict[str, Any], field: str, code: str
) -> None:
    before = context.store.counts()
    response = client.post("/risk", json=body(**change))
    reported = response.get_json()
    assert (response.status_code, response.content_type) == (422, "application/problem+json")
    assert [(e["field"], e["code"]) for e in reported["errors"]] == [(field, code)]
    assert all(e["message"] for e in reported["errors"])
    assert {"type", "title", "status", "detail", "instance", "request_id"} <= set(reported)
    assert context.store.counts() == before


def test_all_that_is_wrong_is_said_at_once(client: FlaskClient) -> None:
    errors = client.post("/risk", json=body(amount=-1, applicant_id=None, stage="later")).get_json()["errors"]
    assert {e["field"] for e in errors} == {"amount", "applicant_id", "stage"}


JSON = {"Content-Type": "application/json"}
BAD_REQUESTS = [
    ("no JSON", {"data": b"{", "headers": JSON}, 400),
    ("not UTF-8", {"data": b'{"a":"\xff"}', "headers": JSON}, 400),
    ("a list", {"json": []}, 400),
    ("nothing", {"data": b"", "headers": JSON}, 400),
    ("NaN", {"data": b'{"amount":NaN}', "headers": JSON}, 400),
    ("text", {"data": b"{}", "headers": {"Content-Type": "text/plain"}}, 415),
    ("no type", {"data": b"{}"}, 415),
    ("too large", {"json": {"city": "x" * 70_000}}, 413),
    ("key too long", {"json": body(), "headers": {"Idempotency-Key": "k" * 65}}, 400),
    ("key with blanks", {"json": body(), "headers": {"Idempotency-Key": "a b"}}, 400),
    ("no number", {"json": body(), "headers": {"X-Timeout-Ms": "soon"}}, 400),
    ("no time", {"json": body(), "headers": {"X-Timeout-Ms": "0"}}, 400),
    ("bad request id", {"json": body(), "headers": {"X-Request-Id": "<script>"}}, 400),
    ("unknown application", {"json": {"stage": "disbursement", "application_id": "nobody's"}}, 404),
    (
        "what stands beside a person",
        {"json": {"stage": "monitoring", "applicant_id": "p001", "term_months": []}},
        422,
    ),
    (
        "what stands beside an id",
        {"json": {"stage": "disbursement", "application_id": "x", "term_months": []}},
        422,
    ),
]


@pytest.mark.parametrize(("name", "sent", "status"), BAD_REQUESTS, ids=[name for name, _, _ in BAD_REQUESTS])
def test_a_request_that_cannot_be_read_gets_a_problem(
    client: FlaskClient, name: str, sent: dict[str, Any], status: int
) -> None:
    response = client.post("/risk", **sent)
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    assert response.get_json()["status"] == status
    assert response.get_json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/risk", 405), ("DELETE", "/risk/x", 405),
     ("GET", "/risk/A-none", 404), ("GET", "/risk/A-none/replay", 404),
     ("GET", "/rings/R-none", 404), ("GET", "/rings?kind=circle", 400), ("GET", "/rings?limit=x", 400),
     ("GET", "/rings?flagged=perhaps", 400),
     ("GET", "/rings?min_score=nan", 400), ("GET", "/rings?min_score=1.5", 400)],
)  # fmt: skip
def test_other_wrong_turns_get_problems_too(client: FlaskClient, method: str, path: str, status: int) -> None:
    response = client.open(path, method=method)
    assert (response.status_code, response.content_type) == (status, "application/problem+json")


def test_a_batch_answers_each_in_order_and_the_bad_ones_with_their_problem(client: FlaskClient) -> None:
    items = [body("b-1"), body("b-2", amount=-1), "nonsense", body("b-3", stage="monitoring")]
    answers = client.post("/risk/batch", json=items).get_json()
    assert [a.get("application_id", a.get("status")) for a in answers] == ["b-1", 422, 400, None]
    assert answers[0]["as_of"] == answers[3]["as_of"]
    assert [a.get("instance") for a in answers] == [None, "/risk/batch#1", "/risk/batch#2", None]
    assert (
        client.post("/risk/batch", json={"requests": [body("b-4")]}).get_json()["answers"][0][
            "application_id"
        ]
        == "b-4"
    )
    assert client.post("/risk/batch", json=[]).get_json() == []
    assert client.post("/risk/batch", json=[{}] * (MOST + 1)).status_code == 413
    assert client.post("/risk/batch", json="x").status_code == 400


def test_a_batch_is_idempotent_as_a_whole(client: FlaskClient) -> None:
    key = {"Idempotency-Key": "batch-1"}
    first = client.post("/risk/batch", json=[body("b-1"), body("b-2")], headers=key).get_json()
    second = client.post("/risk/batch", json=[body("b-1"), body("b-2")], headers=key).get_json()
    assert [a | {"idempotent_replay": False} for a in second] == first
    assert client.post("/risk/batch", json=[body("b-1")], headers=key).status_code == 409


def test_nobody_gets_an_answer_without_an_audit_row(
    context: AppContext, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise StoreUnavailableError("the casebook cannot be used now: disk full")

    monkeypatch.setattr(context.casebook, "record", fail)
    response = client.post("/risk", json=body())
    assert (response.status_code, response.content_type) == (503, "application/problem+json")
    assert int(response.headers["Retry-After"]) >= 1
    monkeypatch.setattr(context.casebook, "ping", fail)
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200


def test_a_fault_of_ours_tells_nothing_about_the_inside(
    context: AppContext, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(context.casebook, "record", fail)
    response = client.post("/risk", json=body())
    assert (response.status_code, response.content_type) == (500, "application/problem+json")
    assert b"secret" not in response.data


def test_ready_means_store_model_and_casebook(tmp_path: Path) -> None:
    context = service(tmp_path)
    assert create_app(context).test_client().get("/readyz").get_json()["status"] == "ready"
    without = create_app(dataclasses.replace(context, scorer=None)).test_client().get("/readyz")
    assert (without.status_code, without.get_json()["checks"]["model"]) == (503, "no model is loaded")
    context.close()


def test_keys_open_what_their_scopes_say_and_nothing_else(tmp_path: Path) -> None:
    context = service(
        tmp_path, api_keys=f"engine:{key('engine')}:risk@*,analyst:{key('analyst')}:rings+desk@*"
    )
    client = create_app(context).test_client()

    def status(path: str, key_of: str | None, method: str = "GET", **sent: Any) -> int:
        headers = {"Authorization": f"Bearer {key_of}"} if key_of else {}
        return client.open(path, method=method, headers=headers, **sent).status_code

    assert status("/risk", None, "POST", json=body()) == 401
    assert status("/risk", "wrong-key", "POST", json=body()) == 401
    assert status("/risk", key("analyst"), "POST", json=body()) == 403
    assert status("/risk", key("engine"), "POST", json=body()) == 200
    assert status("/v1/risk", None, "POST", json=body()) == 401
    assert status("/rings", key("analyst")) == 200
    assert status("/metrics", key("engine")) == 403
    assert client.post("/risk", json=body()).headers["WWW-Authenticate"].startswith("Bearer")
    context.close()


def test_the_kinds_of_fewer_than_three_lenders_are_only_for_callers_with_the_scope(
    tmp_path: Path,
) -> None:
    platforms = tuple(
        Platform(platform_id=f"L{n}", type=PlatformType.BANK_ONLINE if n % 2 else PlatformType.MICROLOAN)
        for n in range(1, 5)
    )
    few = [applies("few", 50 + n, platform_id=f"L{n}") for n in (1, 2)]
    many = [applies("many", 50 + n, platform_id=f"L{n}") for n in (2, 3, 4)]
    context = service(
        tmp_path,
        Facts(applications=(*few, *many), platforms=platforms),
        api_keys=f"lender:{key('lender')}:risk@*,bureau:{key('bureau')}:risk+types@*",
    )
    client = create_app(context).test_client()

    def asked(who: str, key_of: str, path: str = "/risk") -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {key_of}"}
        if path != "/risk":
            return client.get(path, headers=headers).get_json()
        reported = body(f"{who}-{key_of[:6]}", applicant_id=who, national_id=None, phone=None, device_id=None)
        return client.post(path, json=reported, headers=headers).get_json()

    bank, every = "ml_3m_person_bank_lenders", "ml_3m_person_all_lenders"
    assert asked("few", key("bureau"))["multi_lending"]["variables"][bank] == 1
    first = asked("few", key("lender"))
    for answer in (
        first,
        asked("few", key("lender"), f"/risk/{first['assessment_id']}")["answer"],
        asked("few", key("lender"), f"/risk/{first['assessment_id']}/replay")["answer"],
    ):
        assert answer["multi_lending"]["variables"][every] == 2
        assert bank not in answer["multi_lending"]["variables"]
        assert bank in answer["multi_lending"]["withheld"]
        assert not any("BANK" in reason["code"] for reason in answer["reasons"])
        assert [reason["rank"] for reason in answer["reasons"]] == list(range(1, len(answer["reasons"]) + 1))
    assert asked("few", key("lender"), f"/risk/{first['assessment_id']}/replay")["equal"]
    known = asked("few", key("bureau"), f"/risk/{first['assessment_id']}")["answer"]["multi_lending"]
    assert (known["variables"][bank], "withheld" in known) == (1, False)
    reported = asked("many", key("lender"))["multi_lending"]["variables"]
    # three other lenders, or none, give nobody away
    assert (reported[bank], reported["ml_24h_person_bank_lenders"]) == (1, 0)
    context.close()


def test_every_address_but_the_open_ones_asks_for_a_key(tmp_path: Path) -> None:
    context = service(tmp_path, api_keys=f"engine:{key('engine')}@*")
    app = create_app(context)
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<assessment_id>", "x").replace("<ring_id>", "x").replace("<path:name>", "x")
        method = "POST" if "POST" in rule.methods else "GET"
        closed = client.open(path, method=method, json={} if method == "POST" else None).status_code == 401
        assert closed == (scope_of(rule.endpoint) != OPEN_TO_ALL), rule.rule
    context.close()


def test_too_many_requests_are_told_when_to_come_again(tmp_path: Path) -> None:
    context = service(tmp_path, rate_limit=0.5, rate_burst=2, workers=1)
    client = create_app(context).test_client()
    statuses = [
        client.post("/risk", json={"stage": "monitoring", "applicant_id": "p001"}).status_code
        for _ in range(3)
    ]
    refused = client.get("/rings")
    assert statuses == [200, 200, 429]
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 2
    assert client.get("/healthz").status_code == 200
    context.close()


def test_facts_are_stored_and_not_scored_and_doubled_by_nobody(
    client: FlaskClient, context: AppContext
) -> None:
    client.post("/risk", json=body())
    label = {
        "application_id": "live-1",
        "label": "fraud",
        "known_at": "2025-03-10T00:00:00Z",
        "source": "desk",
    }
    event = {
        "kind": "login",
        "at": "2025-03-10T00:00:00Z",
        "applicant_id": "p001",
        "device_id": "6f1f9a62c0de4b7f",
    }
    outcome = {"application_id": "live-1", "status": "disbursed", "at": "2025-03-11T00:00:00Z"}
    for path, fact in (("/feedback", label), ("/events", event), ("/outcomes", outcome)):
        assert client.post(path, json=fact).get_json() == {
            "accepted": 1,
            "known": 0,
            "conflicts": [],
            "unmatched": 0,
        }
        assert client.post(path, json=fact).get_json() == {
            "accepted": 0,
            "known": 1,
            "conflicts": [],
            "unmatched": 0,
        }
    assert client.post("/feedback", json=[label, label]).get_json()["known"] == 2
    assert client.post("/feedback", json=label | {"detail": "another one"}).status_code == 409
    assert client.post("/feedback", json=label | {"label": "good"}).get_json()["accepted"] == 1, (
        "both are heard; fraud stands over good"
    )
    assert len(context.store.view(day(90)).labels_of(["p001"])["p001"]) >= 1


def test_equal_events_without_ids_are_several_and_the_request_again_adds_none(
    client: FlaskClient,
) -> None:
    event = {"kind": "withdrawal", "at": "2025-03-10T00:00:00Z", "applicant_id": "p001", "amount": 100}
    assert client.post("/events", json=[event, event, event]).get_json()["accepted"] == 3
    assert client.post("/events", json=[event, event, event]).get_json()["known"] == 3
    assert client.post("/events", json=event).get_json()["known"] == 1
    named = event | {"event_id": "E1"}
    assert (client.post("/events", json=[named, named]).get_json()["accepted"]) == 1, (
        "an id that comes again is the same event"
    )


def test_a_fact_about_nobody_is_kept_and_the_answer_says_so(client: FlaskClient, context: AppContext) -> None:
    label = {"application_id": "nobody-1", "label": "fraud", "known_at": "2025-03-10T00:00:00Z"}
    event = {"kind": "login", "at": "2025-03-10T00:00:00Z", "applicant_id": "nobody"}
    outcome = {"application_id": "nobody-1", "status": "disbursed", "at": "2025-03-11T00:00:00Z"}
    for path, fact in (("/feedback", label), ("/events", event), ("/outcomes", outcome)):
        assert client.post(path, json=fact).get_json() == {
            "accepted": 1,
            "known": 0,
            "conflicts": [],
            "unmatched": 1,
        }
    client.post("/risk", json=body(application_id="nobody-1", applicant_id="nobody"))
    for path, fact in (("/feedback", label), ("/events", event), ("/outcomes", outcome)):
        assert client.post(path, json=fact).get_json() == {
            "accepted": 0,
            "known": 1,
            "conflicts": [],
            "unmatched": 0,
        }
    assert len(context.store.view(day(90)).labels_of(["nobody"])["nobody"]) == 1


BAD_FACTS = [
    ("/feedback", {"label": "fraud", "known_at": "2025-03-10"}, "application_id", "missing"),
    (
        "/feedback",
        {"application_id": "a", "label": "bad", "known_at": "2025-03-10"},
        "label",
        "unknown_label",
    ),
    (
        "/feedback",
        {"application_id": "a", "label": "fraud", "known_at": "2026-03-10"},
        "known_at",
        "in_the_future",
    ),
    ("/events", {"kind": "login", "at": "x", "applicant_id": "p"}, "at", "unreadable_time"),
    ("/events", {"kind": "login", "at": "2025-02-28T24:01", "applicant_id": "p"}, "at", "unreadable_time"),
    ("/events", {"kind": "Trasnfer", "at": "2025-02-28", "applicant_id": "p"}, "kind", "unknown_kind"),
    ("/outcomes", {"application_id": "a", "status": "lost", "at": "2025-03-10"}, "status", "unknown_status"),
]


def test_a_fact_at_24_o_clock_is_one_of_the_next_midnight(client: FlaskClient, context: AppContext) -> None:
    known = {"applicant_id": "p001", "label": "fraud", "known_at": "2025-02-28T24:00"}
    assert client.post("/feedback", json=known).status_code == 200
    [label] = context.store.view(day(90)).labels_of(["p001"])["p001"]
    assert label.known_at == datetime(2025, 2, 28, 16, tzinfo=UTC)


def test_a_misspelt_kind_of_event_is_told_the_nearest_and_a_word_of_its_own_is_taken(
    client: FlaskClient,
) -> None:
    event = {"kind": "withdrawl", "at": "2025-02-28", "applicant_id": "p001"}
    [error] = client.post("/events", json=event).get_json()["errors"]
    assert "withdrawal" in error["message"]
    assert client.post("/events", json=event | {"kind": "down_payment"}).get_json()["accepted"] == 1


@pytest.mark.parametrize(("path", "fact", "field", "code"), BAD_FACTS)
def test_a_bad_fact_keeps_its_whole_list_out(
    client: FlaskClient, context: AppContext, path: str, fact: dict[str, Any], field: str, code: str
) -> None:
    good = {"/feedback": {"application_id": "a", "label": "good", "known_at": "2025-03-10"}}.get(path, fact)
    before = context.store.counts()
    errors = client.post(path, json=fact).get_json()["errors"]
    assert (errors[0]["field"], errors[0]["code"]) == (field, code)
    errors = client.post(path, json=[good, fact]).get_json()["errors"]
    assert errors[-1]["field"] == f"[1].{field}"
    assert context.store.counts() == before


def test_rings_come_worst_first_and_one_with_its_members(client: FlaskClient, context: AppContext) -> None:
    assert client.get("/rings").get_json() == {"snapshot": None, "as_of": None, "total": 0, "rings": []}
    context.store.save_rings(snapshot("p001", "p002", "p003"))
    listed = client.get("/rings?flagged=true&min_score=0.5").get_json()
    assert (listed["snapshot"], listed["total"], listed["rings"][0]["ring_id"]) == ("2025-W09", 1, "R-000001")
    assert client.get("/rings?kind=household").get_json()["total"] == 0
    ring = client.get("/rings/R-000001").get_json()
    assert [m["applicant_id"] for m in ring["members"]] == ["p001", "p002", "p003"]


def test_metrics_count_answers_by_decision_and_level(client: FlaskClient) -> None:
    client.post("/risk", json=body())
    text = client.get("/metrics").get_data(as_text=True)
    assert 'ringfence_assessments_total{decision="' in text
    assert 'ringfence_requests_total{method="POST",route="/risk",status="200"}' in text


def test_every_route_is_described_and_documented(tmp_path: Path) -> None:
    context = service(tmp_path)
    app = create_app(context)
    described = document("x")["paths"]
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<", "{").replace(">", "}")
        if rule.rule == "/" or rule.rule.startswith(("/v1", "/desk", "/login", "/docs/static")):
            continue
        methods = {method.lower() for method in rule.methods - {"HEAD", "OPTIONS"}}
        routed = {
            method.lower()
            for one in app.url_map.iter_rules()
            if one.rule == rule.rule
            for method in one.methods - {"HEAD", "OPTIONS"}
        }
        assert routed == set(described.get(path, ())) - {"servers"}, rule.rule
        assert f"`{'/'.join(sorted(m.upper() for m in methods))} {rule.rule}`" in DOCS, (
            f"docs/risk_api.md says nothing about {rule.rule}"
        )
    context.close()


def test_the_description_and_its_page_need_nothing_from_elsewhere(client: FlaskClient) -> None:
    api = client.get("/openapi.json").get_json()
    assert api["openapi"] == "3.1.0"
    assert list(api["components"]["schemas"]["Assessment"]["properties"]) == [*FIELDS, "ignored"]
    page = client.get("/docs").get_data(as_text=True)
    assert "/openapi.json" in page
    assert "http://" not in page
    assert "https://" not in page


def test_a_model_may_set_the_thresholds_and_a_setting_overrules_it(tmp_path: Path) -> None:
    context = service(tmp_path, scorer=PlainModel(review_probability=0.01), decline_probability=0.5)
    assert (context.policy.thresholds.review, context.policy.thresholds.decline) == (0.01, 0.5)
    context.close()
