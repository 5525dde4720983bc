"""Bodies that are made to break what reads them are refused in plain words, everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.assessment.bodies import DEEPEST
from tests.support.small_service import body, service

DEEP = {
    "lists without end": b"[" * 60_000,
    "deep lists": b'{"a":' + b"[" * 900 + b"]" * 900 + b"}",
    "deep groups": b'{"device":' * 900 + b"1" + b"}" * 900,
    "as deep as the library goes": b'{"product":' + b"[" * 250 + b"]" * 250 + b"}",
}
_ASKED = b'{"application_id":"x","applicant_id":"p001","platform_id":"L1",'
LONG = {
    "5,000 digits": _ASKED + b'"amount":' + b"9" * 5_000 + b"}",
    "4,000 digits": _ASKED + b'"amount":' + b"9" * 4_000 + b"}",
    "5,000 digits after a point": _ASKED + b'"amount":0.' + b"9" * 5_000 + b"}",
    "a great exponent": _ASKED + b'"amount":1e99999}',
    "a greater exponent": _ASKED + b'"amount":1e-9999999999999999999}',
    "an id of 4,000 digits": b'{"application_id":'
    + b"9" * 4_000
    + b',"applicant_id":1e4000,"platform_id":"L1","phone":'
    + b"1" * 4_000
    + b"}",
    "a term of 4,000 digits": _ASKED + b'"term_months":' + b"9" * 4_000 + b"}",
    "a true amount": _ASKED + b'"amount":true,"known_at":' + b"1" * 400 + b"}",
}
PATHS = ("/risk", "/v1/risk", "/risk/batch", "/feedback", "/events", "/outcomes", "/desk/search")


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    context = service(tmp_path)
    yield create_app(context).test_client()
    context.close()


@pytest.mark.parametrize("name", [*DEEP, *LONG])
def test_no_body_ends_in_a_fault_of_ours(client: FlaskClient, name: str) -> None:
    sent = (DEEP | LONG)[name]
    for path in PATHS:
        for reported in (sent, b"[" + sent + b"]"):
            response = client.post(
                path,
                data=reported,
                content_type="application/json",
                headers={"Idempotency-Key": f"k-{len(reported)}"},
            )
            assert response.status_code < 500, (path, response.get_data(as_text=True)[:300])
            assert response.status_code in (400, 422) or name not in DEEP, (path, response.status_code)
            assert b'"status":500' not in response.get_data(), (path, response.get_data(as_text=True)[:300])


def test_a_body_as_deep_as_is_allowed_is_read(client: FlaskClient) -> None:
    deep: object = 1
    for _ in range(DEEPEST - 1):
        deep = {"extra": deep}
    assert client.post("/risk", json={**body("deep"), "extra": deep}).status_code == 200
    assert (
        client.post("/risk", json={**body("deeper"), "extra": {"extra": deep}}).get_json()["code"]
        == "unreadable_body"
    )
