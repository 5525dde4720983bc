"""A control character in an id or a text is refused by the field's name, wherever the casebook is kept:
PostgreSQL takes no NUL, and who is told that the casebook cannot be used sends the same again for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.app import create_app
from service.http.schemas.parameters import fields
from service.http.schemas.queries import PAGES, QUERIES
from tests.support.small_service import body, service

NUL = "a\x00b"


@pytest.fixture
def app(tmp_path: Path, casebook_url: str) -> Iterator[Flask]:
    with closing(service(tmp_path, casebook=casebook_url)) as context:
        yield create_app(context)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def test_no_address_takes_an_id_with_a_control_character(app: Flask) -> None:
    client, urls, seen = app.test_client(), app.url_map.bind("localhost"), 0
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"OPTIONS"} if rule.arguments else ():
            address = urls.build(rule.endpoint, dict.fromkeys(rule.arguments, NUL), method=method)
            answer = client.open(address, method=method, json=None if method in ("GET", "HEAD") else {})
            assert answer.status_code == 400, (method, address, answer.get_data(as_text=True))
            said = f"{min(rule.arguments)}: holds a control character"
            assert method == "HEAD" or said in answer.get_json()["detail"]
            seen += 1
    assert seen > 20


def test_no_parameter_is_read_that_holds_a_control_character(app: Flask) -> None:
    client, urls = app.test_client(), app.url_map.bind("localhost")
    for endpoint in QUERIES.keys() - PAGES:
        address = urls.build(endpoint)
        for name in (one.encode_name for one in fields(QUERIES[endpoint])):
            answer = client.get(address, query_string={name: NUL})
            assert answer.status_code == 400, (address, name)
            assert f"{name}: holds a control character" in answer.get_json()["detail"]


@pytest.mark.parametrize(
    ("path", "given", "field"),
    [
        ("/cases", {"applicant_id": NUL, "reason": "call"}, "applicant_id"),
        ("/cases", {"applicant_id": "p001", "reason": NUL}, "reason"),
        ("/cases/C-1/notes", {"note": NUL}, "note"),
        ("/cases/C-1/assign", {"assignee": NUL, "version": 1}, "assignee"),
        ("/cases/C-1/verdict", {"value": "cleared", "people": {NUL: "cleared"}, "version": 1}, "people"),
        ("/cases/C-1/attachments", {"name": NUL, "media_type": "text/plain", "content": "YQ=="}, "name"),
        ("/desk/search", {"q": NUL}, "q"),
        ("/desk/paths", {"node": f"applicant:{NUL}"}, "node"),
        ("/desk/assess", {"node": f"applicant:{NUL}"}, "node"),
        ("/risk", body(NUL), "application_id"),
        ("/risk", body("c1", applicant_id="a\x9bb"), "applicant_id"),
        ("/risk", body("read-in-another-order", applicant_id="\ufffea"), "applicant_id"),
        ("/events", {"kind": "login", "at": "2025-01-05", "applicant_id": NUL}, "applicant_id"),
        ("/feedback", {"application_id": NUL, "label": "good", "known_at": "2025-01-07"}, "application_id"),
        ("/outcomes", {"application_id": NUL, "status": "approved", "at": "2025-01-06"}, "application_id"),
    ],
)
def test_a_control_character_in_a_body_is_refused_by_its_field(
    client: FlaskClient, path: str, given: dict[str, Any], field: str
) -> None:
    answer = client.post(path, json=given)
    assert answer.status_code == 422, answer.get_data(as_text=True)
    assert (field, "unreadable_text") in {(e["field"], e["code"]) for e in answer.get_json()["errors"]}


def test_a_note_has_lines_and_tabs(client: FlaskClient) -> None:
    case = client.post("/cases", json={"applicant_id": "p001", "reason": "call"}).get_json()
    noted = client.post(f"/cases/{case['case_id']}/notes", json={"note": "one\n\ttwo\r\n三"})
    assert noted.status_code in (200, 201), noted.get_data(as_text=True)
