"""The one table from error to HTTP: every error leaves as application/problem+json (RFC 9457), with a stable
code and a page that explains it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson
from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, ServiceUnavailable

from graph.model.errors import RecordError, RingfenceError

log = logging.getLogger("ringfence.problems")

PAGE = "/docs/problems"  # where each problem is explained, under its code as the anchor
RETRY_SECONDS = 1  # what a 503 asks for: the store or the audit log is usually back within a moment


class Problem(NamedTuple):
    """A kind of problem: its HTTP status, its title, and what the caller should do."""

    status: int
    title: str
    remedy: str


# By stable code: `problem` of an error of ours. docs/problems.md and the page PAGE list the same.
PROBLEMS: Mapping[str, Problem] = MappingProxyType(
    {
        "unreadable_body": Problem(
            400, "The body cannot be read", "Send a JSON object in UTF-8 (a batch: a list of them)."
        ),
        "bad_header": Problem(400, "A header cannot be used", "Correct the header that `detail` names."),
        "bad_query": Problem(
            400, "A parameter of the address cannot be read", "Correct the parameter that `detail` names."
        ),
        "unreadable_moment": Problem(
            400,
            "The moment cannot be read",
            "Give `as_of` as ISO-8601 (`2026-01-05T10:00:00+08:00`), or leave it out for now.",
        ),
        "moment_in_the_future": Problem(
            400, "The moment has not come yet", "Give an `as_of` that has passed, or leave it out for now."
        ),
        "raw_value_in_address": Problem(
            400,
            "An address names a raw value",
            "Search for it in a body (`POST /desk/search`), and name it by its token.",
        ),
        "purpose_missing": Problem(
            400,
            "Nobody said for what",
            "Send one of the purposes that `detail` names in `X-Purpose`, or let the key be for one.",
        ),
        "bad_request": Problem(400, "The request cannot be used", "Correct what `detail` names."),
        "no_valid_key": Problem(
            401, "No valid key", "Send `Authorization: Bearer KEY` with a key that this service knows."
        ),
        "session_ended": Problem(401, "The session is over", "Log in again."),
        "csrf_token_missing": Problem(
            403,
            "Another page may have sent this",
            "Send the session's token (`csrf` of `/desk/me`) in `X-CSRF-Token`.",
        ),
        "no_lender": Problem(
            403,
            "Nobody can say for whom the key speaks",
            "Load `platforms` with the lender that `is_own`, or bind the key.",
        ),
        "scope_missing": Problem(
            403, "The key does not open this", "Use a key with the scope that `detail` names."
        ),
        "forbidden": Problem(403, "Not allowed", "Ask who runs the service."),
        "applicant_unknown": Problem(
            404, "Nobody knows this applicant", "Check the id: no application, event or label ever named it."
        ),
        "application_unknown": Problem(
            404, "There is no such application", "Send the whole application, or the id of one sent before."
        ),
        "erased": Problem(
            410,
            "It was about somebody who was erased",
            "Nothing of it can be read any more; do not ask again.",
        ),
        "assessment_unknown": Problem(
            404, "There is no such assessment", "Check the id: it is the `assessment_id` of an answer."
        ),
        "ring_unknown": Problem(
            404, "There is no such ring", "Ask `/rings` for those of the snapshot in force."
        ),
        "case_unknown": Problem(404, "There is no such case", "Ask `/cases` for those that there are."),
        "not_found": Problem(404, "Nothing is known of this", "Check the id, and the moment asked for."),
        "no_such_address": Problem(404, "There is nothing at this address", "See `/docs` for the addresses."),
        "body_too_slow": Problem(
            408, "The body did not come in time", "Send the whole body at once; `detail` names the limit."
        ),
        "method_not_allowed": Problem(
            405, "The address does not take this method", "See `/docs` for what it takes."
        ),
        "known_with_other_content": Problem(
            409,
            "The id is known with other content",
            "A fact never changes: send it as it was, or under an id of its own.",
        ),
        "idempotency_key_reused": Problem(
            409, "The idempotency key was used with another body", "Give every new request a key of its own."
        ),
        "case_changed": Problem(
            409, "Somebody else has changed the case", "Read it again, and decide on what it says now."
        ),
        "conflict": Problem(
            409, "What is asked for contradicts what is there", "Read what is there, and ask again."
        ),
        "too_large": Problem(413, "Too large", "Send less at once; `detail` names the limit."),
        "not_json": Problem(415, "Not application/json", "Send `Content-Type: application/json`."),
        "invalid_fields": Problem(
            422, "Fields are wrong", "Correct every field that `errors` lists, each with its own code."
        ),
        "rate_limited": Problem(429, "Too many requests", "Wait as many seconds as `Retry-After` says."),
        "bad_http": Problem(400, "The request is no HTTP that is understood here", "Correct the request."),
        "internal_error": Problem(
            500, "A fault of ours", "Report the `request_id`: the log knows more under it."
        ),
        "record_changed": Problem(
            500,
            "An audit row was changed after it was written",
            "Tell who runs the service: `detail` names the row.",
        ),
        "busy": Problem(503, "Too much waits already", "Send the same again after `Retry-After` seconds."),
        "store_unavailable": Problem(
            503,
            "The store or the audit log cannot be used",
            "Send the same again after `Retry-After` seconds.",
        ),
    }
)
_OF_HTTP: Mapping[int, str] = MappingProxyType(
    {
        400: "bad_request", 401: "no_valid_key", 403: "forbidden", 404: "no_such_address",
        405: "method_not_allowed", 408: "body_too_slow", 413: "too_large", 415: "not_json",
        429: "rate_limited",
    }
)  # fmt: skip


class Busy(ServiceUnavailable):
    """More waits already than is worth waiting behind."""

    problem = "busy"


def code_of(error: Exception) -> str:
    """The stable code of an error; what is not ours, and is no answer of HTTP's, is a fault of ours."""
    named = getattr(error, "problem", None) if isinstance(error, RingfenceError | HTTPException) else None
    if named in PROBLEMS:
        return str(named)
    if isinstance(error, HTTPException) and (error.code or 500) < 500:
        return _OF_HTTP.get(error.code or 400, "bad_http")
    return "internal_error"


def problem(error: Exception, part: str = "") -> dict[str, Any]:
    """The problem document of the request that raised `error`, or of that `part` of it (`#3` in a batch)."""
    return _what(error) | {"instance": f"{request.path}{part}", "request_id": g.get("request_id")}


def _what(error: Exception) -> dict[str, Any]:
    """What happened; an error that is not ours says nothing about the inside."""
    if isinstance(error, HTTPException):
        return _document(code_of(error), _of_http(error))
    if not isinstance(error, RingfenceError):
        return _document("internal_error", "the service failed; its log knows more under this request's id")
    return _document(code_of(error), str(error), _fields(error) if isinstance(error, RecordError) else None)


def _of_http(error: HTTPException) -> str:
    """What an answer of HTTP's says; in our words where the library has none of this request."""
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        taken = sorted({*error.valid_methods} - {"HEAD", "OPTIONS"})
        return f"this address takes {' and '.join(taken)}, not {request.method}"
    if isinstance(error, NotFound) and error is request.routing_exception:
        return "there is no such address: `/docs` lists those that there are"
    return error.description or ""


def _fields(error: RecordError) -> list[dict[str, str]]:
    problems = getattr(error, "problems", (error,))
    return [{"field": one.field, "code": one.code, "message": one.message} for one in problems]


def _document(code: str, detail: str, errors: list[Any] | None = None) -> dict[str, Any]:
    kind = PROBLEMS[code]
    base = current_app.extensions["ringfence"].settings.public_url.rstrip("/") if current_app else ""
    document: dict[str, Any] = {
        "type": f"{base}{PAGE}#{code}",
        "title": kind.title,
        "status": kind.status,
        "code": code,
        "detail": detail,
    }
    if errors is not None:
        document["errors"] = errors
    return document


def respond(error: Exception) -> Response:
    """The answer to a request that raised `error`."""
    document = problem(error)
    if document["status"] >= 500:
        log.error("%s %s failed: %s", request.method, request.path, error, exc_info=document["status"] == 500)
    response = Response(
        orjson.dumps(document), status=document["status"], mimetype="application/problem+json"
    )
    if isinstance(error, HTTPException):
        for name, value in error.get_headers():
            if name.lower() not in ("content-type", "content-length"):
                response.headers[name] = value
    if document["status"] == 503:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def install(app: Flask) -> None:
    """Let every error of the application leave as a problem."""
    app.register_error_handler(Exception, respond)
