"""A provider of logins by OpenID Connect: the authorization code flow with PKCE, by Authlib; and whom of our
users its claims mean.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from graph.model.errors import ConflictError, RingfenceError, SettingError
from investigations.casebook.user_files import Change, UserFiles
from investigations.users import DeskRole, DeskUser, user_name
from service.settings import Settings, named

log = logging.getLogger("ringfence.login")

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
SECONDS = 10.0  # how long the provider may take for an answer
KEPT_S = 3_600.0  # how long what it says of itself is kept
LEEWAY_S = 60  # by which its clock may be before or after ours
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
MAKE = "make"  # of `oidc_unknown`


class ProviderError(RingfenceError):
    """The provider of logins did not let somebody in, or cannot be reached. `word` is the page's sentence."""

    problem = "no_valid_key"

    def __init__(self, word: str, message: str) -> None:
        super().__init__(message)
        self.word = word


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """One way to the provider and back. All of it follows from a secret that the browser's cookie keeps."""

    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def part(self, name: str) -> str:
        """The attempt's `state`, `nonce` or `verifier`: none of them tells another."""
        return hmac.new(self.secret.encode(), name.encode(), hashlib.sha256).hexdigest()


@dataclass
class LoginProvider:
    """The provider of the settings."""

    settings: Settings
    roles: Mapping[str, DeskRole]
    _metadata: Mapping[str, Any] = field(default_factory=dict)
    _keys: Any = None
    _read_at: float = -KEPT_S
    _lock: Lock = field(default_factory=Lock)

    def address(self, attempt: LoginAttempt) -> str:
        """Where the browser is to go. Raises ProviderError."""
        with self._client() as client:
            url, _ = client.create_authorization_url(
                str(self._about()["authorization_endpoint"]),
                state=attempt.part("state"),
                nonce=attempt.part("nonce"),
                code_verifier=attempt.part("verifier"),
            )
        return str(url)

    def claims(self, attempt: LoginAttempt, came_with: Mapping[str, str]) -> Mapping[str, Any]:
        """What the provider says of who came back with these parameters, its signature, audience, moment and
        nonce checked. Raises ProviderError.
        """
        if not hmac.compare_digest(came_with.get("state", "").encode(), attempt.part("state").encode()):
            raise ProviderError("stale", "the login did not begin in this browser")
        if came_with.get("iss", self.settings.oidc_issuer) != self.settings.oidc_issuer:
            raise ProviderError("provider_refused", "another issuer answered")
        if not came_with.get("code"):
            raise ProviderError("provider_refused", "the provider gave no code")
        return self._checked(self._token(attempt, came_with["code"]), attempt.part("nonce"))

    def role_of(self, claims: Mapping[str, Any]) -> DeskRole | None:
        """The highest role that the claims come to, by the settings."""
        given = claims.get(self.settings.oidc_role_claim, ())
        groups = (
            {given} if isinstance(given, str) else set(map(str, given if isinstance(given, list) else ()))
        )
        found = {role for group, role in self.roles.items() if group in groups}
        return next((role for role in reversed(DeskRole) if role in found), None)

    def _token(self, attempt: LoginAttempt, code: str) -> Mapping[str, Any]:
        from authlib.common.errors import AuthlibBaseError
        from requests import RequestException

        try:
            with self._client() as client:
                return dict(
                    client.fetch_token(
                        str(self._about()["token_endpoint"]),
                        code=code,
                        code_verifier=attempt.part("verifier"),
                        timeout=SECONDS,
                        allow_redirects=False,
                    )
                )
        except AuthlibBaseError as error:
            raise ProviderError(
                "provider_refused", f"the provider refused the code ({error.error})"
            ) from None
        except (RequestException, ValueError) as error:
            raise ProviderError("provider_away", f"the provider's token cannot be had: {error}") from None

    def _checked(self, token: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        from authlib.oidc.core import CodeIDToken
        from joserfc.errors import JoseError

        expected = {
            "iss": {"essential": True, "value": self.settings.oidc_issuer},
            "aud": {"essential": True, "value": self.settings.oidc_client_id},
        }
        params = {
            "nonce": nonce,
            "client_id": self.settings.oidc_client_id,
            "access_token": token.get("access_token"),
        }
        try:
            decoded = self._decoded(str(token.get("id_token", "")))
            claims = CodeIDToken(decoded.claims, decoded.header, expected, params)
            claims.validate(leeway=LEEWAY_S)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise ProviderError("provider_refused", f"the provider's token is not right: {error!r}") from None
        return dict(claims)

    def _decoded(self, id_token: str) -> Any:
        """The token by the provider's keys; read anew, once, where none of those at hand made it."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        self._about()
        try:
            return jwt.decode(id_token, self._keys, algorithms=list(ALGORITHMS))
        except (JoseError, ValueError):
            self._read_at = -KEPT_S
            self._about()
            return jwt.decode(id_token, self._keys, algorithms=list(ALGORITHMS))

    def _about(self) -> Mapping[str, Any]:
        """What the provider says of itself, and its keys. Raises ProviderError."""
        with self._lock:
            if monotonic() - self._read_at >= KEPT_S:
                from joserfc.jwk import KeySet

                issuer = self.settings.oidc_issuer
                about = self._read(issuer.rstrip("/") + "/.well-known/openid-configuration")
                if about.get("issuer") != issuer:
                    raise ProviderError(
                        "provider_away", "the provider names another issuer than the settings"
                    )
                for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                    _refuse_plain(str(about.get(name, "")), name)
                self._keys = KeySet.import_key_set(self._read(str(about["jwks_uri"])))  # type: ignore[arg-type]
                self._metadata, self._read_at = about, monotonic()
            return self._metadata

    def _read(self, url: str) -> Mapping[str, Any]:
        import requests

        try:
            answer = requests.get(url, timeout=SECONDS, allow_redirects=False)
            answer.raise_for_status()
            result: Mapping[str, Any] = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise ProviderError("provider_away", f"the provider cannot be read: {error}") from None
        return result

    def _client(self) -> Any:
        from authlib.integrations.requests_client import OAuth2Session

        secret = self.settings.oidc_client_secret
        return OAuth2Session(
            self.settings.oidc_client_id,
            secret or None,
            scope="openid profile",
            redirect_uri=f"{self.settings.public_url.rstrip('/')}/login/callback",
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if secret else "none",
        )


def provider_of(settings: Settings) -> LoginProvider | None:
    """The provider of the settings, if they name one. Raises SettingError for what cannot be meant."""
    if not settings.oidc_issuer:
        return None
    try:
        import authlib.integrations.requests_client  # noqa: F401
    except ImportError:
        raise SettingError(
            "RINGFENCE_OIDC_ISSUER needs the extra `oidc` (pip install ringfence[oidc])"
        ) from None
    if not settings.oidc_client_id or not settings.public_url:
        raise SettingError(
            "RINGFENCE_OIDC_ISSUER needs RINGFENCE_OIDC_CLIENT_ID, and RINGFENCE_PUBLIC_URL for the way back"
        )
    try:
        _refuse_plain(settings.oidc_issuer, "issuer")
    except ProviderError as error:
        raise SettingError(f"RINGFENCE_OIDC_ISSUER: {error}") from None
    roles = _roles(settings.oidc_roles)
    if settings.oidc_unknown == MAKE and not roles:
        raise SettingError(
            "RINGFENCE_OIDC_UNKNOWN=make needs RINGFENCE_OIDC_ROLES: what may whoever comes do?"
        )
    return LoginProvider(settings, roles)


def user_of(users: UserFiles, provider: LoginProvider, claims: Mapping[str, Any], change: Change) -> DeskUser:
    """Whom the claims mean, their role brought up to what the claims say. Raises ProviderError for somebody
    who is not known, disabled, or has no role.
    """
    subject = f"{claims['iss']} {claims['sub']}"
    role = provider.role_of(claims)
    if provider.roles and role is None:
        raise ProviderError("provider_refused", "the claims come to no role")
    user = users.of_subject(subject) or _first_time(users, provider, claims, role, change)
    if user.disabled:
        raise ProviderError("provider_refused", f"the user {user.name} is disabled")
    if user.subject is None:
        users.bind_subject(user.name, subject, change)
    if role is not None and role != user.role:
        users.give_role(user.name, role, change)
    return users.of_subject(subject) or user


def _first_time(
    users: UserFiles,
    provider: LoginProvider,
    claims: Mapping[str, Any],
    role: DeskRole | None,
    change: Change,
) -> DeskUser:
    try:
        name = user_name(str(claims.get(provider.settings.oidc_name_claim, "")))
    except SettingError as error:
        raise ProviderError("provider_refused", f"the claims name nobody: {error}") from None
    there = users.named(name)
    if there is not None:
        if there.password is not None or there.subject is not None:
            raise ProviderError("provider_refused", f"the name {name} is another user's")
        return there
    if provider.settings.oidc_unknown != MAKE or role is None:
        raise ProviderError("provider_refused", f"there is no user {name}")
    try:
        users.add(DeskUser(name=name, role=role, created_at=change.at), change)
    except ConflictError:
        raise ProviderError("provider_refused", f"the name {name} was taken just now") from None
    return DeskUser(name=name, role=role, created_at=change.at)


def _roles(text: str) -> dict[str, DeskRole]:
    result: dict[str, DeskRole] = {}
    for entry in named(text):
        group, _, role = entry.rpartition("=")
        if not group or role not in tuple(DeskRole):
            raise SettingError(
                f"RINGFENCE_OIDC_ROLES: {entry!r} is no group=role; roles are {', '.join(DeskRole)}"
            )
        result[group] = DeskRole(role)
    return result


def _refuse_plain(url: str, what: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ProviderError("provider_away", f"the provider's {what} is not https")
