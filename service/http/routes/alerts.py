"""/alerts: what the watch found, to be polled in the order in which it was found."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response

from investigations.casebook.alert_files import AlertFilter
from investigations.watch.alerts import Alert
from service.assessment.answers.redaction import alert_by_the_day
from service.http.calls import app_context, binding
from service.http.routes import looks
from service.http.schemas.alert_answers import AlertPage
from service.http.schemas.parameters import AlertQuery, QueryError
from service.http.schemas.queries import query

bp = Blueprint("alerts", __name__)


@bp.get("/alerts")
def alerts() -> Response:
    """Alerts after the one that the caller had last; of a bound key those about loans in its own name
    space.
    """
    requested = query(AlertQuery)
    found, more = app_context().casebook.alerts(_wanted(requested), requested.after, requested.limit)
    looks.showed(len(found))
    page: AlertPage = {
        "alerts": [_shown(alert) for alert in found],
        "next": found[-1].alert_id if found else requested.after,
        "more": more,
    }
    return Response(orjson.dumps(page), mimetype="application/json")


def _wanted(requested: AlertQuery) -> AlertFilter:
    """Raises QueryError where two subjects are named."""
    own = binding()
    if requested.application_id is not None and requested.ring_id is not None:
        raise QueryError("application_id, ring_id: an alert is about one of the two")
    subject = None
    if requested.application_id is not None:
        subject = f"application:{own.prefix}{requested.application_id}"
    if requested.ring_id is not None:
        subject = f"ring:{requested.ring_id}"
    return AlertFilter(
        within=own.subjects, platform_id=requested.platform_id, code=requested.code, subject=subject
    )


def _shown(alert: Alert) -> Any:
    shown = alert.shown(app_context().responses.time)
    return shown if binding().lenders is None else alert_by_the_day(shown)
