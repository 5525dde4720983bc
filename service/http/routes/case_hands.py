"""Many cases at once: their versions, given to somebody, and when they are to be looked at."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, g

from graph.model.errors import CaseChangedError
from investigations.casebook.cases.case_steps import StepOutcome
from service.assessment import bodies
from service.http.calls import app_context, json_body
from service.http.routes.assignees import refuse_stranger
from service.http.routes.case_details import answered
from service.http.routes.case_search import sort_of, wanted_cases
from service.http.schemas.case_answers import CaseChange, CaseDone, CasesDone, CaseVersions
from service.http.schemas.case_bodies import (
    MOST_AT_ONCE,
    CasesAssignment,
    CasesRanking,
    Kind,
    read_body,
)
from service.http.schemas.parameters import CaseChoice
from service.http.schemas.queries import query

bp = Blueprint("case_hands", __name__)


@bp.get("/cases/versions")
def versions() -> Response:
    """The versions of all cases that are wanted, as many as one request may name."""
    requested = query(CaseChoice)
    wanted, book = wanted_cases(requested), app_context().casebook
    named = book.queue_versions(wanted, MOST_AT_ONCE, sort_of(requested))
    total = wanted.of_counts(book.queue_counts(wanted)) if len(named) == MOST_AT_ONCE else len(named)
    return answered(CaseVersions(total=total, cases=named))


@bp.post("/cases/assign")
def assigned() -> Response:
    """Give many cases to somebody, or back to the queue."""
    body = _body(CasesAssignment)
    refuse_stranger(body.assignee)
    book = app_context().casebook
    return _outcomes(book.assign_all(body.cases, body.assignee, at=g.arrived, by=g.caller.name))


@bp.post("/cases/priority")
def ranked() -> Response:
    """Say of many cases when they are to be looked at."""
    body = _body(CasesRanking)
    book = app_context().casebook
    return _outcomes(book.rank_all(body.cases, body.priority, at=g.arrived, by=g.caller.name))


def _body(kind: type[Kind]) -> Kind:
    """The body, which names many cases and may so be as large as a batch."""
    given = json_body(app_context().settings.max_batch_bytes)
    return read_body(kind, bodies.without_controls(bodies.as_object(given)))


def _outcomes(found: Mapping[str, StepOutcome]) -> Response:
    cases = {case_id: _outcome(one) for case_id, one in found.items()}
    return answered(CasesDone(done=sum(one["done"] for one in cases.values()), cases=cases))


def _outcome(one: StepOutcome) -> CaseDone:
    return {
        "done": one.error is None,
        "version": one.version,
        "code": one.error.problem if one.error else None,
        "changed": _change(one.error) if isinstance(one.error, CaseChangedError) else None,
        "detail": str(one.error) if one.error else None,
    }


def _change(error: CaseChangedError) -> CaseChange:
    return {"by": error.by, "kind": error.step, "at": app_context().responses.time(error.at)}
