"""What a request says is what is stored: no value is guessed, no part of it is left out without a word."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from graph.model.types import Application, IdentifierKind, Role
from service.assessment.context import AppContext
from tests.support.small_service import body
from tests.support.small_worlds import day


def post(client: FlaskClient, path: str, text: str) -> Any:
    return client.post(path, data=text, content_type="application/json")


def stored(context: AppContext, application_id: str) -> Application:
    result = context.store.view(day(90)).application(application_id)
    assert result is not None
    return result


def with_more(given: dict[str, Any], more: str) -> str:
    """The JSON of a body with more keys at its end, as text, so that a key can stand twice and a number have
    any digits.
    """
    return json.dumps(given)[:-1] + f", {more}}}"


# -- contacts


def test_every_contact_of_a_list_is_kept_and_what_has_no_place_is_named(
    client: FlaskClient, context: AppContext
) -> None:
    phones = [f"1507315706{n}" for n in range(5)]
    contacts = [
        {"phone": phones[0], "relation": "friend"},
        phones[1],
        {"phone": phones[2], "relation": "self"},
        {"number": phones[3]},
        {"phone": phones[4]},
    ]
    answer = client.post(
        "/risk", json=body("listed", contacts=contacts, contact_phone_1="13912345677")
    ).get_json()
    stated = [
        (m.identifier.masked[-2:], m.role)
        for m in stored(context, "listed").mentions
        if m.identifier.kind is IdentifierKind.PHONE
    ]
    assert {
        ("60", Role.CONTACT),
        ("61", Role.CONTACT),
        ("62", Role.OWN),
        ("64", Role.CONTACT),
        ("77", Role.CONTACT),
    } <= set(stated)
    assert ("63", Role.CONTACT) not in stated
    assert answer["ignored"] == ["contacts[0].relation", "contacts[3].number"]


def test_a_contact_that_cannot_be_read_is_named_with_its_place(client: FlaskClient) -> None:
    response = client.post("/risk", json=body("odd", contacts=["15073157065", ["15073157066"]]))
    assert [(e["field"], e["code"]) for e in response.get_json()["errors"]] == [
        ("contacts[1]", "unreadable_text")
    ]


def test_an_address_book_is_read_to_its_hundredth_entry_and_the_rest_is_named(
    client: FlaskClient, context: AppContext
) -> None:
    answer = client.post(
        "/risk", json=body("book", contacts=[f"139123{n:05d}" for n in range(130)])
    ).get_json()
    assert len([m for m in stored(context, "book").mentions if m.role is Role.CONTACT]) == 100
    assert answer["ignored"] == ["contacts[100] to [129]"]


@pytest.mark.parametrize("group", ["spouse", "emergency", "guarantor", "merchant"])
def test_what_a_group_says_of_somebody_else_is_not_the_applicants(
    client: FlaskClient, context: AppContext, group: str
) -> None:
    reported = body("other", **{group: {"national_id": "110105194912310021", "city": "Kunming"}})
    reported.pop("national_id", None)
    answer = client.post("/risk", json=reported).get_json()
    assert set(answer["ignored"]) == {f"{group}.national_id", f"{group}.city"}
    assert IdentifierKind.NATIONAL_ID not in {m.identifier.kind for m in stored(context, "other").mentions}


def test_an_emergency_contact_is_a_contact(client: FlaskClient, context: AppContext) -> None:
    client.post("/risk", json=body("call", emergency_contact={"phone": "15073157065"}))
    assert ("7065", Role.CONTACT) in [
        (m.identifier.masked[-4:], m.role) for m in stored(context, "call").mentions
    ]


# -- keys given twice


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ('"amount": 5, "amount": 900000', "amount"),
        ('"amount": 5, "amount": 5', "amount"),
        ('"loan": {"x": {"y": 1, "y": 2}}', "loan.x.y"),
        ('"contacts": [{"phone": "1", "phone": "2"}]', "contacts[0].phone"),
    ],
)
def test_a_key_given_twice_is_refused_at_any_depth(client: FlaskClient, more: str, field: str) -> None:
    given = {name: value for name, value in body("twice").items() if name != "amount"}
    response = post(client, "/risk", with_more(given, more))
    assert response.status_code == 422
    assert [(e["field"], e["code"]) for e in response.get_json()["errors"]] == [(field, "given_twice")]


def test_in_a_batch_a_key_given_twice_costs_its_own_request(client: FlaskClient) -> None:
    twice = with_more(body("b-2"), '"amount": 5')
    for shape in (
        "[%s]",
        '{"requests": [%s]}',
        '{"requests": [%s], "fields": ["decision", "application_id"]}',
    ):
        response = post(
            client, "/risk/batch", shape % ",".join([json.dumps(body("b-1")), twice, json.dumps(body("b-3"))])
        ).get_json()
        answers = response if isinstance(response, list) else response["answers"]
        assert [a.get("application_id", a.get("status")) for a in answers] == ["b-1", 422, "b-3"]
    assert post(client, "/risk/batch", '{"requests": [], "requests": []}').status_code == 422


@pytest.mark.parametrize(
    ("path", "one"),
    [
        ("/feedback", {"application_id": "a", "label": "good", "known_at": "2025-01-07"}),
        ("/outcomes", {"application_id": "a", "status": "approved", "at": "2025-01-06"}),
        ("/events", {"kind": "login", "at": "2025-01-05", "applicant_id": "p001"}),
    ],
)
def test_facts_with_a_key_given_twice_are_refused_and_unread_names_are_said(
    client: FlaskClient, path: str, one: dict[str, Any]
) -> None:
    twice = with_more(one, '"x": 1, "x": 2')
    assert [e["field"] for e in post(client, path, twice).get_json()["errors"]] == ["x"]
    assert [e["field"] for e in post(client, path, f"[{json.dumps(one)}, {twice}]").get_json()["errors"]] == [
        "[1].x"
    ]
    assert client.post(path, json=one | {"note": "x"}).get_json()["ignored"] == ["note"]
    assert client.post(path, json=[one, one | {"note": "x"}]).get_json()["ignored"] == ["[1].note"]
    assert "ignored" not in client.post(path, json=one).get_json()


def test_what_stands_beside_the_requests_of_a_batch_and_is_not_read_is_named(client: FlaskClient) -> None:
    response = client.post(
        "/risk/batch",
        json={"requests": [body("b-1")], "items": [body("b-2")], "hash_scheme": "md5", "fields": ["score"]},
    ).get_json()
    assert (len(response["answers"]), sorted(response["ignored"])) == (1, ["hash_scheme", "items"])
    assert "ignored" not in client.post("/risk/batch", json={"requests": [body("b-3")]}).get_json()


@pytest.mark.parametrize("nothing", [None, "", " ", "NULL", "NaT"])
def test_an_application_that_does_not_say_when_is_made_at_its_arrival(
    client: FlaskClient, nothing: object
) -> None:
    assert client.post("/risk", json=body("when", applied_at=nothing)).status_code == 200


@pytest.mark.parametrize(
    "device",
    [
        {"device_id": "", "device": {"id": "6f1f9a62c0de4b7f"}},
        {"device_id": "6f1f9a62c0de4b7f", "device": {"id": " "}},
    ],
)
def test_a_column_that_one_place_leaves_empty_is_given_once(
    client: FlaskClient, context: AppContext, device: dict[str, object]
) -> None:
    assert client.post("/risk", json=body("once") | device).status_code == 200
    assert "***4b7f" in [m.identifier.masked for m in stored(context, "once").mentions]


# -- numbers, nulls, hashes


def test_applications_whose_ids_are_large_numbers_are_as_many_as_were_sent(client: FlaskClient) -> None:
    rest = {name: value for name, value in body("x").items() if name != "application_id"}
    ids = ["20261127000000000001", "20261127000000000002", "9007199254740993"]
    answers = [
        post(client, "/risk", with_more(rest, f'"application_id": {number}')).get_json() for number in ids
    ]
    assert [answer["application_id"] for answer in answers] == ids
    for lost in ("2.0261127e19", "9007199254740992.0", "20261127000000000000.0"):
        refused = post(client, "/risk", with_more(rest, f'"application_id": {lost}'))
        assert [(e["field"], e["code"]) for e in refused.get_json()["errors"]] == [
            ("application_id", "unreadable_text")
        ], lost


def test_an_idempotency_key_is_bound_to_every_digit_of_the_body(client: FlaskClient) -> None:
    rest = {name: value for name, value in body("x").items() if name != "application_id"}
    first, second = (with_more(rest, f'"application_id": 2026112700000000000{n}') for n in (1, 2))
    send = {"headers": {"Idempotency-Key": "k"}, "content_type": "application/json"}
    assert client.post("/risk", data=first, **send).status_code == 200
    assert client.post("/risk", data=first, **send).get_json()["idempotent_replay"] is True
    assert client.post("/risk", data=second, **send).status_code == 409


@pytest.mark.parametrize("word", ["NULL", "\\N", "nan", "—", "无", "none"])
def test_a_spelling_of_null_is_nobodys_agent_and_no_applicant(
    client: FlaskClient, context: AppContext, word: str
) -> None:
    assert (
        client.post(
            "/risk", json=body("n1", agent_id=word, merchant_id=word, amount=word, wifi=word)
        ).status_code
        == 200
    )
    application = stored(context, "n1")
    assert (application.agent_id, application.merchant_id, application.amount) == (None, None, None)
    for change in ({"applicant_id": word}, {"stage": "monitoring", "applicant_id": word}):
        response = client.post("/risk", json=body("nobody", **change))
        assert [(e["field"], e["code"]) for e in response.get_json()["errors"]] == [
            ("applicant_id", "missing")
        ]


@pytest.mark.parametrize(
    "value", ["150****7065", "151XXXX7065", "1.5073E+10", "QQ:123456789", "88001234", "10086"]
)
def test_a_value_that_is_not_whole_ties_no_two_requests(
    client: FlaskClient, context: AppContext, value: str
) -> None:
    for who in ("one", "other"):
        client.post(
            "/risk", json=body(who, applicant_id=who, phone=value, contacts=[value], device_id="9f1c…4b7f")
        )
    for application in (stored(context, "one"), stored(context, "other")):
        assert not any(
            m.identifier.linking
            for m in application.mentions
            if m.identifier.kind in (IdentifierKind.PHONE, IdentifierKind.DEVICE)
        )


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"hash_scheme": "crc32"}, "hash_scheme", "unknown_hash_scheme"),
        ({"hash_scheme": "sha256", "phone": "15073157065"}, "phone", "not_of_scheme"),
        ({"hash_scheme": "sha256", "contacts": ["15073157065"]}, "contacts[0]", "not_of_scheme"),
        ({"hash_scheme": "pseudonym", "phone": "9f" * 32}, "phone", "not_of_scheme"),
    ],
)
def test_a_hash_is_known_and_a_raw_value_does_not_pass_for_one(
    client: FlaskClient, change: dict[str, Any], field: str, code: str
) -> None:
    plain = body("hashed", national_id=None, device_id=None, phone=None)
    response = client.post("/risk", json=plain | change)
    assert response.status_code == 422
    assert (field, code) in [(e["field"], e["code"]) for e in response.get_json()["errors"]]
