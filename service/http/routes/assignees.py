"""GET /cases/assignees: to whom a case may be given; nobody else is given one."""

from __future__ import annotations

from flask import Blueprint, Response, current_app

from graph.model.errors import RecordError
from graph.model.near_names import perhaps
from ingestion.identifiers.recognise import scrubbed
from ingestion.parse import BadRow
from service.http.callers.auth import CallerKeyRing
from service.http.calls import app_context
from service.http.routes.case_details import answered
from service.http.schemas.case_answers import Assignee, AssigneeList
from service.settings import named

bp = Blueprint("assignees", __name__)
KEYS = "ringfence.keys"  # where the application keeps its CallerKeyRing

_WORK = "cases:work"


@bp.get("/cases/assignees")
def listed() -> Response:
    """Whoever may work on cases, by name, with how many open cases each has."""
    context = app_context()
    shared = set(named(context.settings.investigators))
    loads = context.casebook.assignees()
    return answered(
        AssigneeList(
            assignees=[
                Assignee(name=name, open_cases=loads.get(name, 0), shared_out=name in shared)
                for name in sorted(_workers(shared))
            ]
        )
    )


def refuse_stranger(assignee: str | None) -> None:
    """Raise BadRow where a case is to be given to somebody who may have none: it would leave the queue, and
    nobody would find it as theirs. An application that knows neither keys nor users, which its own process
    alone can ask, takes any name.
    """
    if assignee is None:
        return
    known = _workers(set(named(app_context().settings.investigators)))
    if known and assignee not in known:
        says = f"{scrubbed(assignee)[:64]} may not work on cases; GET /cases/assignees lists who may"
        near = perhaps(assignee, sorted(known))
        raise BadRow((RecordError("assignee", "unknown_assignee", f"{says}{near}"),))


def _workers(shared: set[str]) -> set[str]:
    """The names of the users whose role, and of the keys whose scopes, allow to work on cases, and of those
    to whom cases are `shared` out, but for users who may have none.
    """
    ring: CallerKeyRing = current_app.extensions[KEYS]
    users = app_context().casebook.users.all()
    keys = {one.name for one in ring.keys().callers if _WORK in one.scopes}
    return {one.name for one in users if one.works} | keys | (shared - {one.name for one in users})
