"""The case file: one page, the same bytes of the same case, in two languages, and its digest in the
history.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from base64 import a85decode
from contextlib import closing

import pytest

from graph.signatures import SignatureState
from ingestion.identifiers.pseudonymise import Keyring
from service.app import create_app
from service.desk.case_signatures import checked
from tests.support.desk.pages import small_desk
from tests.support.small_service import Clock, PlainModel, body, key, service
from tests.support.small_worlds import day
from tests.support.stores import HASH_KEY

CASES = "cases:read+cases:work+cases:decide"


@pytest.fixture
def client(tmp_path):
    keys = f"wang:{key('wang')}:{CASES}@*,desk:{key('desk')}:desk@*"
    context = small_desk(tmp_path, Clock(now=day(100)), api_keys=keys)
    opened = create_app(context).test_client()
    opened.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key('wang')}"
    yield opened
    context.close()


def case_of(client, **about):
    return client.post("/cases", json={"reason": "call from the branch"} | about).get_json()


def text_of(content: bytes) -> str:
    """What a page says: its strings are in UCS-2 where they hold Chinese; each is read both ways."""
    streams = re.findall(rb"stream\r?\n(.*?)endstream", content, re.DOTALL)
    page = b"".join(zlib.decompress(a85decode(b"<~" + one.strip(), adobe=True)) for one in streams)
    shown = re.findall(rb"\(((?:\\.|[^\\)])*)\) Tj", page, re.DOTALL)
    return "\n".join(
        _plain(one).decode(encoding, "replace") for one in shown for encoding in ("cp1252", "utf-16-be")
    )


def _plain(escaped: bytes) -> bytes:
    def one(found: re.Match[bytes]) -> bytes:
        code = found[1]
        if code.isdigit():
            return bytes([int(code, 8)])
        return {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}.get(code, code)

    return re.sub(rb"\\([0-7]{3}|.)", one, escaped, flags=re.DOTALL)


def test_the_application_whose_answer_opened_a_case_is_in_its_file_and_its_drawing(tmp_path):
    unsure = PlainModel(weights={"strong_people": 0.0}, base=-2.0)
    with closing(service(tmp_path, scorer=unsure)) as context:
        client = create_app(context).test_client()
        client.post("/risk", json=body("live-1", applicant_id="newcomer"))
        case = client.get("/cases?applicant_id=newcomer").get_json()["cases"][0]
        as_of = client.get(f"/cases/{case['case_id']}").get_json()["as_of"]
        asked = {"node": "applicant:newcomer", "as_of": as_of}
        drawn = client.get("/desk/subgraph", query_string=asked).get_json()
        assert "applicant:newcomer" in {node["id"] for node in drawn["nodes"]}
        before = client.get("/desk/subgraph", query_string=asked | {"as_of": case["opened_at"]})
        assert before.status_code == 404, "strictly before the application nobody knew them"
        page = text_of(client.post("/desk/case-file", json={"case_id": case["case_id"]}).data)
        assert "newcomer · did 1 / 0 / 0" in page


def test_a_case_file_is_one_page_that_says_what_was_decided_and_by_whom(client):
    case = case_of(client, ring_id="R-000042")
    at = f"/cases/{case['case_id']}"
    reported = {"value": "confirmed_fraud", "people": {"ann": "confirmed_fraud"}, "version": case["version"]}
    client.post(f"{at}/verdict", json=reported)
    answer = client.post("/desk/case-file", json={"case_id": case["case_id"]})
    assert answer.status_code == 200, answer.get_json()
    assert answer.mimetype == "application/pdf"
    assert answer.data.count(b"/Type /Page\n") == 1
    text = text_of(answer.data)
    for said in ("R-000042", "ann", "confirmed fraud", "wang", "tied by device", "2025-W12", "58,000"):
        assert said in text, said
    chinese = text_of(
        client.post("/desk/case-file", json={"case_id": case["case_id"], "language": "zh"}).data
    )
    assert "确认欺诈" in chinese
    assert "设备关联" in chinese


def test_the_digest_of_each_file_is_in_the_history_of_its_case(client):
    case = case_of(client, ring_id="R-000042")
    answer = client.post("/desk/case-file", json={"case_id": case["case_id"]})
    digest = hashlib.sha256(answer.data).hexdigest()
    assert answer.headers["X-Content-SHA256"] == digest
    history = client.get(f"/cases/{case['case_id']}").get_json()["history"]
    assert ("wang", f"PDF, sha256 {digest}") in {(one["by"], one["note"]) for one in history}


def test_a_case_file_is_signed_and_any_change_to_it_is_found(client):
    content = client.post(
        "/desk/case-file", json={"case_id": case_of(client, ring_id="R-000042")["case_id"]}
    ).data
    ours = Keyring.parse(HASH_KEY)
    assert checked(content, ours).state is SignatureState.VALID
    signature = content.rindex(b"%Ringfence-Signature")
    for at in range(0, signature, len(content) // 40):
        changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        assert checked(changed, ours).state is SignatureState.TAMPERED, at
    assert checked(content + b"%", ours).state is SignatureState.UNSIGNED
    assert (
        checked(content, Keyring.parse("another secret of some length 123")).state is SignatureState.TAMPERED
    )
    rotated = Keyring.parse(f"k2:a new secret of some length 12345,k1:{HASH_KEY}")
    assert checked(content, rotated).state is SignatureState.VALID
    assert checked(content, Keyring.parse("k2:a new secret of some length 12345")).state == "unknown_key"


def test_the_content_has_one_digest_until_something_is_done(client):
    case = case_of(client, ring_id="R-000042")

    def content() -> str:
        text = text_of(client.post("/desk/case-file", json={"case_id": case["case_id"]}).data)
        return re.findall(r"SHA-256 of the content ([0-9a-f]{64})", text)[-1]

    before = content()
    assert content() == before
    client.post(f"/cases/{case['case_id']}/notes", json={"note": "looked at the shop"})
    assert content() != before


def test_a_case_about_one_person_and_an_id_with_markup_have_a_file_too(client):
    case = case_of(client, applicant_id='<img src=x onerror="window.pwned=1">')
    answer = client.post("/desk/case-file", json={"case_id": case["case_id"]})
    assert "<img src=x" in text_of(answer.data)


def test_a_case_file_needs_the_scope_of_cases_and_a_case(client):
    refused = client.post("/desk/case-file", json={}, headers={"Authorization": f"Bearer {key('desk')}"})
    assert refused.get_json()["code"] == "scope_missing"
    assert client.post("/desk/case-file", json={"case_id": "C-none"}).get_json()["code"] == "case_unknown"
    assert client.post("/desk/case-file", json={"case_id": "C", "language": "fr"}).status_code == 400
