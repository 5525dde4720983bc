"""People log in through a provider by OpenID Connect: a real issuer on this machine, and whatever it, or
somebody between, may try.
"""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey

from graph.model.errors import SettingError
from investigations.users import AuditAction, AuditFilter, DeskRole
from service.app import create_app
from service.assessment.context import AppContext
from service.login.oidc import provider_of
from service.settings import Settings
from tests.support.desk.people import add_user
from tests.support.servers.issuers import CLIENT, SECRET, Issuer, running_issuer
from tests.support.small_service import key, service

ROLES = "fraud-team=investigator,fraud-leads=senior,audit=auditor,staff-all=reader"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running_issuer() as at:
        yield at


def settings_for(issuer: Issuer, **more: Any) -> dict[str, Any]:
    return {
        "oidc_issuer": issuer.address,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SECRET,
        "oidc_roles": ROLES,
        "oidc_unknown": "make",
        "public_url": "http://127.0.0.1:8000",
        "api_keys": f"engine:{key('engine')}:risk@*",
    } | more


@pytest.fixture
def context(tmp_path: Path, issuer: Issuer) -> Iterator[AppContext]:
    opened = service(tmp_path, **settings_for(issuer))
    yield opened
    opened.close()


def browser(context: AppContext) -> FlaskClient:
    return create_app(context).test_client()


def to_the_provider(client: FlaskClient, to: str = "") -> str:
    """Where the provider sends the browser back after somebody has logged in there."""
    answer = client.get("/login/provider", query_string={"to": to})
    assert answer.status_code == 303

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any, **__: Any) -> None:
            return None

    try:
        urllib.request.build_opener(Stay).open(answer.location, timeout=10)
    except urllib.error.HTTPError as back:
        return str(back.headers["Location"])
    raise AssertionError("the provider sends nobody back")


def come_back(client: FlaskClient, back: str) -> Any:
    parts = urlsplit(back)
    return client.get(f"{parts.path}?{parts.query}")


def log_in(context: AppContext, to: str = "") -> tuple[FlaskClient, Any]:
    client = browser(context)
    return client, come_back(client, to_the_provider(client, to))


def test_somebody_new_is_made_with_the_highest_role_of_their_groups(
    context: AppContext, issuer: Issuer
) -> None:
    issuer.claims |= {"roles": ["staff", "fraud-team", "fraud-leads"]}
    client, answer = log_in(context, "queue=&state=pending")
    assert (answer.status_code, answer.location) == (303, "/desk?queue=&state=pending")
    me = client.get("/desk/me").get_json()
    assert (me["name"], me["role"]) == ("wang", "senior")


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (["audit", "fraud-leads"], DeskRole.SENIOR),
        (["audit", "fraud-team"], DeskRole.INVESTIGATOR),
        (["audit", "staff-all"], DeskRole.AUDITOR),
    ],
)
def test_of_an_auditors_and_a_deciding_role_the_deciding_one_holds(
    context: AppContext, issuer: Issuer, groups: list[str], role: DeskRole
) -> None:
    issuer.claims |= {"roles": groups}
    client, _ = log_in(context)
    assert client.get("/desk/me").get_json()["role"] == role
    assert client.get("/audit").status_code == (200 if role is DeskRole.AUDITOR else 403)


def test_a_role_follows_the_claims_at_each_login_and_a_name_does_not(
    context: AppContext, issuer: Issuer
) -> None:
    issuer.claims |= {"roles": "fraud-leads"}
    log_in(context)
    issuer.claims |= {"roles": ["fraud-team"], "preferred_username": "renamed"}
    log_in(context)
    [wang] = context.casebook.users.all()
    assert (wang.name, wang.role) == ("wang", DeskRole.INVESTIGATOR)


@pytest.mark.parametrize(
    ("claims", "more"),
    [
        ({"roles": ["staff"]}, {}),
        ({}, {}),
        ({"roles": ["fraud-team"]}, {"oidc_unknown": "refuse"}),
        ({"roles": ["fraud-team"], "preferred_username": "taken"}, {}),
        ({"roles": ["fraud-team"], "preferred_username": "no name at all"}, {}),
        ({"roles": ["fraud-team"], "preferred_username": "gone"}, {}),
    ],
    ids=["no role", "no claim", "unknown", "another user's name", "no name", "disabled"],
)
def test_whoever_has_no_place_here_is_refused_and_it_stands_in_the_trail(
    tmp_path: Path, issuer: Issuer, claims: dict[str, Any], more: dict[str, str]
) -> None:
    context = service(tmp_path, **settings_for(issuer, **more))
    add_user(context.casebook.users, "taken", DeskRole.ADMIN)
    add_user(context.casebook.users, "gone", DeskRole.READER, password=None, disabled=True)
    issuer.claims |= claims
    client, answer = log_in(context)
    assert (answer.status_code, client.get("/desk/me").status_code) == (403, 401)
    refused, _ = context.casebook.audit.read(AuditFilter(action=AuditAction.LOGIN_REFUSED))
    assert len(refused) == 1
    assert {one.name for one in context.casebook.users.all()} == {"taken", "gone"}
    context.close()


def test_a_user_who_was_added_beforehand_keeps_the_role_that_they_were_given(
    tmp_path: Path, issuer: Issuer
) -> None:
    context = service(tmp_path, **settings_for(issuer, oidc_roles="", oidc_unknown="refuse"))
    add_user(context.casebook.users, "wang", DeskRole.AUDITOR, password=None)
    _, answer = log_in(context)
    assert answer.status_code == 303
    issuer.claims |= {"sub": "somebody else of that name"}
    _, other = log_in(context)
    assert other.status_code == 403
    context.close()


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "another client"},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"exp": int(time.time()) - 600},
        {"iat": int(time.time()) + 6000, "nbf": int(time.time()) + 6000},
        {"nonce": "of another login"},
    ],
    ids=["issuer", "audience", "party", "expired", "not yet", "nonce"],
)
def test_a_token_that_is_not_for_this_login_is_refused(
    context: AppContext, issuer: Issuer, claims: dict[str, Any]
) -> None:
    issuer.claims |= {"roles": ["fraud-team"]} | claims
    client, answer = log_in(context)
    assert (answer.status_code, client.get("/desk/me").status_code) == (403, 401)


def test_a_token_by_another_key_is_refused_and_by_the_providers_is_taken(
    context: AppContext, issuer: Issuer
) -> None:
    issuer.claims |= {"roles": ["fraud-team"]}
    issuer.signs = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
    assert log_in(context)[1].status_code == 403
    issuer.signs = None
    assert log_in(context)[1].status_code == 303


def test_the_providers_new_key_is_taken_without_a_restart(context: AppContext, issuer: Issuer) -> None:
    issuer.claims |= {"roles": ["fraud-team"]}
    app = create_app(context)
    for _ in range(2):
        client = app.test_client()
        assert come_back(client, to_the_provider(client)).status_code == 303
        issuer.key = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
    assert issuer.asked.count("/.well-known/openid-configuration") == 2


def test_the_way_back_is_for_the_browser_that_went_and_for_once(context: AppContext, issuer: Issuer) -> None:
    issuer.claims |= {"roles": ["fraud-team"]}
    app = create_app(context)
    client, stranger = app.test_client(), app.test_client()
    back = to_the_provider(client)
    to_the_provider(stranger)
    assert come_back(stranger, back).status_code == 403, "a state that is another browser's"
    assert come_back(app.test_client(), back).status_code == 400, "a browser that never went"
    assert come_back(client, back).status_code == 303
    assert come_back(client, back).status_code == 400, "a second time"


def test_neither_a_stolen_code_nor_its_answer_tells_the_verifier(context: AppContext, issuer: Issuer) -> None:
    client = browser(context)
    query = parse_qs(urlsplit(client.get("/login/provider").location).query)
    secret = client.get_cookie("ringfence-provider").value
    assert all(secret.partition(".")[0] not in str(value) for value in query.values())
    assert len({query["state"][0], query["nonce"][0], query["code_challenge"][0]}) == 3


def test_a_provider_that_is_away_is_said_and_passwords_go_on(context: AppContext, issuer: Issuer) -> None:
    issuer.down = True
    answer = browser(context).get("/login/provider")
    assert answer.status_code == 502
    assert "cannot be reached now" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"oidc_client_id": ""}, "OIDC_CLIENT_ID"),
        ({"public_url": ""}, "PUBLIC_URL"),
        ({"oidc_issuer": "http://login.example"}, "not https"),
        ({"oidc_roles": "fraud-team=boss"}, "group=role"),
        ({"oidc_roles": "", "oidc_unknown": "make"}, "OIDC_ROLES"),
    ],
)
def test_a_provider_that_cannot_be_meant_stops_the_start(more: dict[str, str], why: str) -> None:
    given = {
        "oidc_issuer": "https://login.example",
        "oidc_client_id": CLIENT,
        "public_url": "https://risk.example",
        "oidc_roles": ROLES,
    }
    with pytest.raises(SettingError, match=why):
        provider_of(Settings(**(given | more)))
