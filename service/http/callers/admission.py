"""Admission: who calls, by key or by session, and whether they may use the route that they ask for."""

from __future__ import annotations

import math
from dataclasses import replace

from flask import Request, g
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, TooManyRequests, Unauthorized

from service.assessment.lender_binding import OPERATOR, Binding
from service.http import calls, metrics
from service.http.callers import sessions
from service.http.callers.access import ANY_USER, OPEN_TO_ALL, ROLES, scope_of
from service.http.callers.auth import LOCAL, Caller, Keys
from service.http.limits.rate_limits import RateLimit

IN_PROCESS = "ringfence.in_process"
"""In the environ of a request that came over no socket; no header can put it there."""


class NoLender(Forbidden):
    """Nobody can say for whom the key speaks."""

    problem = "no_lender"


class ScopeMissing(Forbidden):
    """The key, or the user's role, does not open this."""

    problem = "scope_missing"


class TokenMissing(Forbidden):
    """A request that changes something came with a session's cookie alone: another page may have sent it."""

    problem = "csrf_token_missing"


class SessionEnded(Unauthorized):
    """The session is over."""

    problem = "session_ended"


def admit(request: Request, keys: Keys, wrong: RateLimit) -> None:
    """Note who calls, or refuse: 401 without a valid key or session, 403 for what it does not open or what
    another page may have sent, 429 for too much.
    """
    if request.endpoint is None:
        return
    scope = scope_of(request.endpoint)
    if scope == OPEN_TO_ALL:
        return
    caller = _caller(request, keys, wrong)
    if scope == ANY_USER:
        if not caller.session:
            raise ScopeMissing("this is for somebody who has logged in by name")
    elif scope not in caller.scopes:
        raise ScopeMissing(f"this {'role' if caller.session else 'key'} does not open {scope}")
    slow_down(calls.limit().wait(caller.limited_as), "this caller's rate limit is reached")
    g.caller = caller if caller.binding is not None else replace(caller, binding=_own_lenders())


def slow_down(wait: float, why: str) -> None:
    """Raise TooManyRequests where there are seconds to wait."""
    if wait > 0:
        raise TooManyRequests(why, retry_after=math.ceil(wait))


def _caller(request: Request, keys: Keys, wrong: RateLimit) -> Caller:
    authorization = request.headers.get("Authorization", "")
    if not authorization and (by_name := _user(request)) is not None:
        return by_name
    caller = keys.caller(authorization) if keys or IN_PROCESS not in request.environ else LOCAL
    if caller is not None:
        return caller
    if authorization:
        metrics.REFUSED_KEYS.inc()
        slow_down(wrong.wait(request.remote_addr or ""), "too many wrong keys came from this address")
    raise Unauthorized(
        "send Authorization: Bearer and a valid key",
        www_authenticate=WWWAuthenticate("bearer", {"realm": "ringfence"}),
    )


def _user(request: Request) -> Caller | None:
    """Whose session the request's cookie is; None without a cookie. Raises SessionEnded, and TokenMissing for
    what would change something without the session's token.
    """
    context = calls.app_context()
    session = sessions.session_id(request, context.settings)
    if not session:
        return None
    user = sessions.user_of(request, context)
    if user is None:
        raise SessionEnded("the session is over: log in again")
    if request.method not in sessions.SAFE and not sessions.token_is_right(request, session):
        raise TokenMissing(f"send the session's token in {sessions.TOKEN_HEADER}: GET /desk/me has it")
    digest = sessions.digest_of_id(session)
    return Caller(user.name, ROLES[user.role], OPERATOR, digest, user.role.value)


def _own_lenders() -> Binding:
    """Whom a key speaks for that names nobody: the lender that runs the service. Raises NoLender where the
    store knows none.
    """
    own = calls.app_context().lenders.own()
    if not own:
        raise NoLender(
            "this key speaks for the lender that runs the service, and the store knows no lender with is_own"
        )
    return Binding(own)
