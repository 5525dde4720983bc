"""Sessions of named users: a random id in a cookie that no script reads, known to the casebook by its digest,
and a token without which nothing is changed.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from datetime import timedelta

from flask import Request
from werkzeug.wrappers import Response

from investigations.casebook.user_files import SessionTerms
from investigations.users import DeskUser
from service.assessment.context import AppContext
from service.http import calls
from service.settings import Settings

_PLAIN, _HOST_ONLY = "ringfence", "__Host-ringfence"
TOKEN_HEADER = "X-CSRF-Token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def new_id() -> str:
    """The id of a new session."""
    return secrets.token_urlsafe(32)


def digest_of_id(session_id: str) -> str:
    """By what the casebook knows a session."""
    return hashlib.sha256(session_id.encode()).hexdigest()


def token_of(session_id: str) -> str:
    """What a request that changes something has to carry beside the cookie: only who can read our answers has
    it.
    """
    return hmac.new(session_id.encode(), b"csrf", "sha256").hexdigest()


def token_is_right(request: Request, session_id: str) -> bool:
    """Whether a request that rides on this session's cookie may change something."""
    form = request.form if request.mimetype == "application/x-www-form-urlencoded" else {}
    return same(request.headers.get(TOKEN_HEADER) or form.get("token", ""), token_of(session_id))


def same(given: str, wanted: str) -> bool:
    """Whether two texts are equal, in a time that does not tell how nearly."""
    return hmac.compare_digest(given.encode(), wanted.encode())


def user_of(request: Request, context: AppContext) -> DeskUser | None:
    """Whose session the request's cookie is; None without one that lasts."""
    session = session_id(request, context.settings)
    if not session:
        return None
    now = calls.current_globals().arrived
    return context.casebook.users.in_session(digest_of_id(session), terms(context.settings), now)


def terms(settings: Settings) -> SessionTerms:
    """How long sessions last."""
    return SessionTerms(
        timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours)
    )


def over_tls(request: Request, settings: Settings) -> bool:
    """Whether the browser is to keep cookies for TLS alone: always, but for a service that is asked by plain
    HTTP on its own machine (`make run`).
    """
    forwarded = request.headers.get("X-Forwarded-Proto", "") == "https" or request.is_secure
    return forwarded or settings.public_url.startswith("https:") or not _on_loopback(request.host)


def cookie_name(request: Request, settings: Settings) -> str:
    """By which name the session's cookie goes; `__Host-` cannot be set by another host or over plain HTTP."""
    return _HOST_ONLY if over_tls(request, settings) else _PLAIN


def session_id(request: Request, settings: Settings) -> str:
    """The id that the request's cookie carries; empty without one."""
    return request.cookies.get(cookie_name(request, settings), "")


def set_cookie(response: Response, request: Request, settings: Settings, value: str) -> None:
    """Let the browser keep the id until it is closed; an empty one is taken away."""
    name, secure = cookie_name(request, settings), over_tls(request, settings)
    if value:
        response.set_cookie(name, value, secure=secure, httponly=True, samesite="Strict", path="/")
    else:
        response.delete_cookie(name, secure=secure, httponly=True, samesite="Strict", path="/")


def _on_loopback(host: str) -> bool:
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
