"""/audit: who looked at whom, logged in, and changed users, in the order in which it happened."""

from __future__ import annotations

from contextlib import suppress

import orjson
from flask import Blueprint, Response

from graph.model.errors import StoreError
from investigations.users import AuditEntry, AuditFilter
from service.http.calls import app_context
from service.http.routes.erased_nodes import without_erased
from service.http.schemas.audit_answers import AuditLine, AuditPage
from service.http.schemas.parameters import AuditQuery
from service.http.schemas.queries import query

bp = Blueprint("audit", __name__)


@bp.get("/audit", endpoint="read")
def trail() -> Response:
    """The lines after a position, narrowed by who, whom, what and when."""
    requested = query(AuditQuery)
    wanted = AuditFilter(
        by=requested.by,
        subject=requested.subject,
        action=requested.action,
        since=requested.since,
        until=requested.until,
    )
    found, more = app_context().casebook.audit.read(wanted, requested.after, requested.limit)
    page: AuditPage = {
        "lines": [_shown(one) for one in found],
        "next": found[-1].position if found else requested.after,
        "more": more,
    }
    if (since := _since_erased(requested.subject)) is not None:
        page["erased"] = since
    return Response(orjson.dumps(page), mimetype="application/json")


def _since_erased(subject: str | None) -> str | None:
    """As what the trail has somebody who was erased; None for anybody else, or where that cannot be said."""
    with suppress(StoreError):
        since = without_erased(subject or "")
        return None if since == (subject or "") else since
    return None


def _shown(one: AuditEntry) -> AuditLine:
    time = app_context().responses.time
    return {
        "position": one.position,
        "at": time(one.at),
        "by": one.by,
        "way": one.way,
        "action": one.action,
        "subject": one.subject,
        "as_of": time(one.as_of) if one.as_of else None,
        "purpose": one.purpose,
        "detail": one.detail,
        "request_id": one.request_id,
    }
