"""The one table from error to HTTP: every error leaves as application/problem+json (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from graph.errors import ConflictError, DeadlineError, InputError, NotFoundError, RecordError, RingfenceError, StoreError

log = logging.getLogger("ringfence.problems")

# The first line that fits holds: from the special to the general.
STATUS: tuple[tuple[type[Exception], int], ...] = (
    (RecordError, 422),
    (NotFoundError, 404),
    (ConflictError, 409),
    (InputError, 400),
    (DeadlineError, 503),
    (StoreError, 503),
    (RingfenceError, 500),
)
RETRY_SECONDS = 1  # what a 503 asks for: the store or the audit log is usually back within a moment


def problem(error: Exception) -> dict[str, Any]:
    """The problem document of an error; what is not ours says nothing about the inside."""
    if isinstance(error, HTTPException):
        return _document(error.code or 500, error.description or "")
    for kind, status in STATUS:
        if isinstance(error, kind):
            return _document(status, str(error), _fields(error) if isinstance(error, RecordError) else None)
    return _document(500, "the service failed; its log knows more under this request's id")


def fields_problem(errors: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """The 422 document of a list of `{field, code, message}`."""
    return _document(422, f"{errors[0]['field']}: {errors[0]['message']}", list(errors))


def _fields(error: RecordError) -> list[dict[str, str]]:
    problems = getattr(error, "problems", (error,))
    return [{"field": one.field, "code": one.code, "message": one.message} for one in problems]


def _document(status: int, detail: str, errors: list[Any] | None = None) -> dict[str, Any]:
    document: dict[str, Any] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    if errors is not None:
        document["errors"] = errors
    return document


def respond(error: Exception) -> Response:
    """The answer to a request that raised `error`."""
    document = problem(error)
    if document["status"] >= 500:
        log.error("%s %s failed: %s", request.method, request.path, error, exc_info=document["status"] == 500)
    document |= {"instance": request.path, "request_id": g.get("request_id")}
    response = Response(orjson.dumps(document), status=document["status"], mimetype="application/problem+json")
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
