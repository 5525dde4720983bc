"""The context of one HTTP request: id, caller, arrival, headers and body, read and checked."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from urllib.parse import unquote

from flask import Request, current_app, g, request
from flask.ctx import _AppCtxGlobals
from werkzeug.exceptions import RequestEntityTooLarge, TooManyRequests, UnsupportedMediaType

from graph.model.errors import InputError
from service.assessment import bodies
from service.assessment.call import Call
from service.assessment.context import AppContext
from service.assessment.lender_binding import Binding
from service.http.handover import ENVIRON_KEY, Handover
from service.http.limits.miss_rates import MissRates
from service.http.limits.probing import Probing
from service.http.limits.rate_limits import RateLimit
from service.http.limits.slots import Slots
from service.http.schemas.parameters import EveryHeader, RiskHeaders, read

PURPOSE_HEADER = "X-Purpose"


class HeaderError(InputError):
    """A header cannot be used."""

    problem = "bad_header"


def current_request() -> Request:
    """The request behind Flask's stand-in for it, each look through which costs as much as a step of ours."""
    return cast(Request, cast(Any, request)._get_current_object())


def current_globals() -> _AppCtxGlobals:
    """The same of `g`."""
    return cast(_AppCtxGlobals, cast(Any, g)._get_current_object())


def app_context() -> AppContext:
    """What this process was plugged together from: of one request the same throughout, whichever model is
    taken over meanwhile.
    """
    about = current_globals()
    if "context" not in about:
        about.context = current_app.extensions["ringfence"]
    return cast(AppContext, about.context)


def batches() -> Slots:
    """The batches that each key may have under way."""
    return cast(Slots, current_app.extensions["ringfence.batches"])


def handover() -> Handover:
    """What the front handed over beside the request; without a front (a test's client) it came just now."""
    about = current_globals()
    if "handed" not in about:
        about.handed = request.environ.get(ENVIRON_KEY) or Handover()
    return cast(Handover, about.handed)


def begin() -> None:
    """Note the arrival and the request's id, the caller's or one of ours. Raises HeaderError for an unusable
    id.
    """
    about = current_globals()
    about.arrived = app_context().clock()
    about.request_id = secrets.token_hex(12)
    given = read(EveryHeader, request.headers, HeaderError).request_id
    about.request_id = given or about.request_id


def purpose() -> str | None:
    """For what the caller asks, as the header says (percent-encoded where it is no ASCII), or as their key is
    for. Raises PurposeError where one must be given and was not.
    """
    about = current_globals()
    if "purpose" not in about:
        given, caller = current_request().headers.get(PURPOSE_HEADER, ""), about.caller
        rules = app_context().settings.purposes_in_force
        about.purpose = rules.checked(unquote(given), PURPOSE_HEADER, "" if caller.session else caller.name)
    return cast("str | None", about.purpose)


def call() -> Call:
    """The frame of this request. Raises HeaderError for an unusable header, PurposeError without a purpose
    where one must be given.
    """
    summary, about = read(RiskHeaders, request.headers, HeaderError), current_globals()
    return Call(
        client=about.caller.name,
        request_id=about.request_id,
        at=cast(datetime, about.arrived),
        key=summary.idempotency_key,
        timeout_ms=summary.timeout_ms,
        started=handover().arrived,
        binding=cast(Binding, about.caller.binding),
        purpose=app_context().settings.purposes_in_force.word(purpose()),
    )


def binding() -> Binding:
    """For whom the caller speaks."""
    return cast(Binding, g.caller.binding)


def spend(items: int) -> None:
    """Count a request as the items that it holds; the first was counted at its arrival. Raises
    TooManyRequests.
    """
    wait = limit().wait(g.caller.limited_as, items - 1) if items > 1 else 0.0
    if wait > 0:
        raise TooManyRequests(
            "this key's rate limit is reached: send less at once", retry_after=math.ceil(wait)
        )


def limit() -> RateLimit:
    """How much a caller may ask."""
    return cast(RateLimit, current_app.extensions["ringfence.limit"])


def probing() -> Probing:
    """What callers asked for lately."""
    return cast(Probing, current_app.extensions["ringfence.probing"])


def miss_rates() -> MissRates:
    """How many of those whom callers asked for somebody knew."""
    return cast(MissRates, current_app.extensions["ringfence.strangers"])


def json_body(limit: int) -> Any:
    """The JSON of the body. Raises UnsupportedMediaType, RequestEntityTooLarge or BodyError."""
    sent = current_request()
    if sent.mimetype != "application/json" and not sent.mimetype.endswith("+json"):
        raise UnsupportedMediaType("send application/json")
    if (sent.content_length or 0) > limit:
        raise RequestEntityTooLarge(f"the body is larger than {limit} bytes")
    sent.max_content_length = limit
    data = sent.get_data(cache=False)
    if len(data) > limit:
        raise RequestEntityTooLarge(f"the body is larger than {limit} bytes")
    return bodies.decoded(data)


def json_object() -> Mapping[str, Any]:
    """The JSON object of a single request's body, of texts without control characters."""
    return bodies.without_controls(bodies.as_object(json_body(app_context().settings.max_body_bytes)))
