"""People log in by name: a session in a cookie that no script reads, a token for what changes something, and
not a word about who exists.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from investigations.users import AuditAction, AuditFilter, DeskRole
from service.app import create_app
from service.assessment.context import AppContext
from service.http.callers import sessions
from service.login import passwords
from service.login.passwords import PasswordError, refuse_unfit
from tests.support.desk.people import FULL_COST, PASSWORD, add_user, by_command, desk_of, form, log_in
from tests.support.small_service import key, service

KEY = key("engine")
CASE = {"applicant_id": "p001", "reason": "call"}


@pytest.fixture
def context(tmp_path: Path) -> Iterator[AppContext]:
    opened = service(tmp_path, api_keys=f"engine:{KEY}:risk@*")
    for name, role in (("wang", DeskRole.INVESTIGATOR), ("root", DeskRole.ADMIN)):
        add_user(opened.casebook.users, name, role)
    yield opened
    opened.close()


@pytest.fixture
def app(context: AppContext) -> Flask:
    return create_app(context)


def cookie(answer: Any, name: str = "ringfence=") -> str:
    return next((one for one in answer.headers.getlist("Set-Cookie") if one.startswith(name)), "")


def test_who_logs_in_is_at_the_desk_under_their_name_with_their_role(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/desk/overview").status_code == 401
    answer = log_in(client, "Wang", to="node=applicant:p001&case=C-1")
    assert (answer.status_code, answer.location) == (303, "/desk?node=applicant%3Ap001&case=C-1")
    me = client.get("/desk/me").get_json()
    assert (me["name"], me["role"]) == ("wang", "investigator")
    assert client.get("/desk/overview").status_code == 200
    assert client.get("/login").location == "/desk", "who has logged in is sent on"


def test_the_history_of_a_case_says_the_users_name_and_not_what_a_page_sends(app: Flask) -> None:
    wang = desk_of(app, "wang")
    forged = wang.post("/cases", json=CASE | {"by": "li"})
    assert forged.status_code == 422
    opened = wang.post("/cases", json=CASE, headers={"X-User": "li"}).get_json()
    noted = wang.post(f"/cases/{opened['case_id']}/notes", json={"note": "called"}).get_json()
    assert {step["by"] for step in noted["history"]} == {"wang"}


@pytest.mark.parametrize(
    ("host", "headers", "name"),
    [
        ("risk.example", {}, "__Host-ringfence="),
        ("127.0.0.1:8000", {"X-Forwarded-Proto": "https"}, "__Host-ringfence="),
        ("127.0.0.1:8000", {}, "ringfence="),
        ("localhost", {}, "ringfence="),
        ("[::1]:8000", {}, "ringfence="),
        ("127.0.0.1.example", {}, "__Host-ringfence="),
    ],
)
def test_the_cookie_is_for_tls_alone_but_on_the_services_own_machine(
    app: Flask, host: str, headers: dict[str, str], name: str
) -> None:
    client = app.test_client(use_cookies=False)
    shown = client.get("/login", headers={"Host": host} | headers)
    kept = cookie(shown, name[:-1]).partition(";")[0]
    token = shown.get_data(as_text=True).partition('name="token" value="')[2].partition('"')[0]
    answer = client.post(
        "/login",
        data={"token": token, "name": "wang", "password": PASSWORD},
        headers={"Host": host, "Cookie": kept} | headers,
    )
    session = cookie(answer, name)
    assert answer.status_code == 303
    assert all(part in session for part in ("HttpOnly", "SameSite=Strict", "Path=/"))
    assert ("Secure" in session) == name.startswith("__Host-")
    assert "Domain" not in session


def test_the_casebook_has_neither_a_password_nor_a_session_that_could_be_used(
    app: Flask, context: AppContext, tmp_path: Path
) -> None:
    client = app.test_client()
    session = cookie(log_in(client, "wang")).partition("=")[2].partition(";")[0]
    assert len(session) >= 40
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("casebook.db*"))
    assert session.encode() not in kept
    assert PASSWORD.encode() not in kept
    wang = context.casebook.users.named("wang")
    assert wang is not None
    assert (wang.password or "").startswith("$argon2id$")
    assert wang.last_login is not None
    assert "argon2" not in repr(wang)


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("wang", "wrong"),
        ("nobody", PASSWORD),
        ("gone", PASSWORD),
        ("", ""),
        ("through", ""),
        ("x" * 300, "y" * 9_999),
    ],
)
def test_whoever_does_not_get_in_is_told_the_same(
    app: Flask, context: AppContext, name: str, password: str
) -> None:
    add_user(context.casebook.users, "gone", DeskRole.READER, disabled=True)
    add_user(context.casebook.users, "through", DeskRole.READER, password=None)
    client = app.test_client()
    answer = log_in(client, name, password)
    assert (answer.status_code, cookie(answer)) == (401, "")
    assert "Name and password do not fit, or the user is disabled." in answer.get_data(as_text=True)
    assert client.get("/desk/me").status_code == 401


def test_a_name_that_nobody_has_costs_as_much_as_a_wrong_password(
    context: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    right = passwords.is_right
    monkeypatch.setattr(
        passwords, "is_right", lambda known, given: bool(checked.append(known)) or right(known, given)
    )
    users = context.casebook.users
    spent = []
    for name in ("wang", "nobody", "wang", "nobody"):
        began = process_time()
        assert passwords.verified(users, name, "wrong") is None
        spent.append(process_time() - began)
    assert len(checked) == 4, "a hash is checked every time"
    assert len({one.rpartition("$")[0].rpartition("$")[0] for one in checked}) == 1, (
        "with the same parameters"
    )
    assert 0.25 < spent[2] / spent[3] < 4


def test_what_was_typed_as_a_name_is_kept_only_where_it_is_one(app: Flask, context: AppContext) -> None:
    client = app.test_client()
    log_in(client, "wang", "wrong")
    log_in(client, PASSWORD, "")
    refused, _ = context.casebook.audit.read(AuditFilter(action=AuditAction.LOGIN_REFUSED))
    assert [one.by for one in refused] == ["wang", "nobody known"]


def test_attempts_are_slowed_down_by_address_and_by_name(app: Flask) -> None:
    def attempts(name: str, address: str) -> int:
        client = app.test_client()
        client.environ_base["REMOTE_ADDR"] = address
        return int(log_in(client, name, "wrong").status_code)

    assert 429 in [attempts(f"n{n}", "10.0.0.1") for n in range(14)]
    assert 429 in [attempts("wang", f"10.0.1.{n}") for n in range(14)]
    assert attempts("root", "10.0.2.1") == 401, "others are not held up"


def test_a_session_changes_something_only_with_its_token(app: Flask) -> None:
    client, other = app.test_client(), desk_of(app, "root")
    log_in(client, "wang")
    answer = client.post("/cases", json=CASE)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "csrf_token_missing")
    for token in ("", "x", other.environ_base["HTTP_X_CSRF_TOKEN"]):
        assert client.post("/cases", json=CASE, headers={"X-CSRF-Token": token}).status_code == 403
    token = client.get("/desk/me").get_json()["csrf"]
    assert client.post("/cases", json=CASE, headers={"X-CSRF-Token": token}).status_code == 200


def test_a_login_form_that_is_not_ours_logs_nobody_in(app: Flask) -> None:
    client = app.test_client()
    sent = {"name": "wang", "password": PASSWORD}
    assert client.post("/login", data=sent).status_code == 403
    assert client.post("/login", data=sent | {"token": form(app.test_client())}).status_code == 403
    assert client.post("/login", json=sent).status_code == 403
    assert client.get("/desk/me").status_code == 401


def test_nobody_is_sent_elsewhere_after_the_login(app: Flask) -> None:
    for to in ("//evil.example", "https://evil.example", "a=\r\nX: y", "@evil.example", "&?#"):
        assert log_in(app.test_client(), "wang", to=to).location.partition("?")[0] == "/desk"


def test_logging_out_ends_the_session_whoever_kept_its_cookie(app: Flask) -> None:
    wang = desk_of(app, "wang")
    kept = wang.get_cookie("ringfence").value
    answer = wang.post("/login/out")
    assert (answer.status_code, "Max-Age=0" in cookie(answer)) == (200, True)
    wang.set_cookie("ringfence", kept)
    after = wang.get("/desk/me")
    assert (after.status_code, after.get_json()["code"]) == (401, "session_ended")


def test_a_session_ends_when_it_is_not_used_and_when_it_is_old(tmp_path: Path) -> None:
    context = service(tmp_path, session_idle_minutes=30, session_hours=2)
    add_user(context.casebook.users, "wang", DeskRole.READER)
    app, clock = create_app(context), context.clock
    client = desk_of(app, "wang")

    def after(minutes: float) -> int:
        clock.now += timedelta(minutes=minutes)  # type: ignore[attr-defined]
        return int(client.get("/desk/me").status_code)

    assert [after(29), after(29), after(29), after(29)] == [200] * 4, "used again and again it lasts"
    assert after(5) == 401, "but not beyond its hours"
    client = desk_of(app, "wang")
    assert [after(29), after(31)] == [200, 401]
    context.close()


def test_disabled_or_with_a_new_password_one_is_out_and_a_new_role_holds_at_once(
    app: Flask, context: AppContext
) -> None:
    users, first, second = context.casebook.users, desk_of(app, "wang"), desk_of(app, "wang")
    users.give_role("wang", DeskRole.READER, by_command())
    assert first.get("/desk/me").get_json()["role"] == "reader"
    assert first.post("/cases", json=CASE).get_json()["code"] == "scope_missing"
    users.set_password("wang", passwords.hashed("another harbour in the rain"), by_command())
    assert [one.get("/desk/me").status_code for one in (first, second)] == [401, 401]
    third = app.test_client()
    assert log_in(third, "wang").status_code == 401
    assert log_in(third, "wang", "another harbour in the rain").status_code == 303
    users.set_disabled("wang", True, by_command())
    assert third.get("/desk/me").status_code == 401
    users.set_disabled("wang", False, by_command())
    assert third.get("/desk/me").status_code == 401, "what ended does not begin again"


def test_a_login_that_crosses_with_a_change_of_password_is_none(context: AppContext) -> None:
    users = context.casebook.users
    wang = users.named("wang")
    assert wang is not None
    users.set_password("wang", passwords.hashed("another harbour in the rain"), by_command())
    terms = sessions.terms(context.settings)
    assert not users.begin_session("d", wang, terms, by_command())
    assert users.in_session("d", terms, by_command().at) is None


def test_one_changes_the_password_and_stays_in_this_browser_alone(app: Flask) -> None:
    here, there = desk_of(app, "wang"), desk_of(app, "wang")
    new = "a lamp on the harbour wall"

    def change(**sent: str) -> Any:
        return here.post(
            "/login/password",
            data={"token": form(here, "/login/password"), "old": PASSWORD, "new": new, "again": new} | sent,
        )

    assert change(old="wrong").status_code == 403
    assert change(again="other").status_code == 422
    assert change(new="short", again="short").status_code == 422
    assert change(token="x").status_code == 200, "the page's own header stands for the form's token"
    assert here.get("/desk/me").status_code == 200
    assert there.get("/desk/me").status_code == 401
    assert log_in(app.test_client(), "wang", new).status_code == 303
    assert app.test_client().get("/login/password").location == "/login"


@pytest.mark.parametrize("unfit", ["short", "aaaaaaaaaaaaaaaa", "wang12345678", "x" * 257])
def test_a_password_that_is_easily_guessed_is_refused(unfit: str) -> None:
    with pytest.raises(PasswordError):
        refuse_unfit(unfit, "wang", 12)


def test_hashing_has_the_cost_that_rfc_9106_asks_for() -> None:
    hasher = FULL_COST()
    assert (hasher.type.name, hasher.time_cost, hasher.memory_cost, hasher.parallelism) == (
        "ID",
        3,
        65_536,
        4,
    )


@given(st.text(min_size=1, max_size=40))
def test_a_password_fits_its_hash_in_whatever_form_it_is_typed(text: str) -> None:
    assert passwords._normal(unicodedata.normalize("NFD", text)) == passwords._normal(
        unicodedata.normalize("NFC", text)
    )
