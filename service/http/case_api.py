"""/cases: the queue, one case with its history, and what people do with it; a verdict becomes labels at
once.
"""

from __future__ import annotations

import logging
from typing import Any

import orjson
from flask import Blueprint, Response, g, request

from graph.model.errors import RecordError, StoreError, UnknownRingError
from graph.model.types import Facts, Label, LabelValue
from ingestion.parse import BadRow
from ingestion.recognise import scrubbed
from investigations.cases import Case, CaseFilter, NewCase, Verdict, VerdictValue
from service.http.answers import CaseDetail, CasePage, CaseSummary
from service.http.calls import app_context, json_object
from service.http.case_bodies import (
    CaseAssignment,
    CaseClosing,
    CaseNote,
    CaseOpening,
    CaseVerdict,
    read_body,
)
from service.http.parameters import CaseQuery, QueryError, read
from service.jobs.outbox import deliver_labels

log = logging.getLogger("ringfence.cases")
bp = Blueprint("cases", __name__)


@bp.get("/cases")
def listed() -> Response:
    """The queue: by what is at stake, then the oldest first."""
    requested = read(CaseQuery, request.args, QueryError)
    wanted = CaseFilter(
        state=requested.state,
        assignee=requested.assignee,
        ring_id=requested.ring_id,
        applicant_id=requested.applicant_id,
    )
    total, cases = app_context().casebook.queue(wanted, requested.limit, requested.offset)
    return _json(CasePage(total=total, cases=[_summary(case) for case in cases]))


@bp.post("/cases")
def opened() -> Response:
    """Open a case, or find the one that is open about the same."""
    body = read_body(CaseOpening, json_object())
    if (body.ring_id is None) == (body.applicant_id is None):
        raise BadRow((RecordError("ring_id", "missing", "name a ring or an applicant, one of the two"),))
    ring = app_context().store.view(g.arrived).ring(body.ring_id) if body.ring_id else None
    if body.ring_id and ring is None:
        raise UnknownRingError(f"no ring {body.ring_id} in the snapshot in force")
    if body.applicant_id:
        _refuse_unknown("applicant_id", [body.applicant_id])
    about = NewCase(
        reason=scrubbed(body.reason),
        ring_id=body.ring_id,
        applicant_id=body.applicant_id,
        assessment_id=body.assessment_id,
        reason_codes=ring.reason_codes if ring else (),
        exposure=ring.exposure if ring else 0.0,
        probability=ring.score if ring else 0.0,
    )
    case_id, _ = app_context().casebook.open_case(about, at=g.arrived, by=g.caller.name)
    return _detail(app_context().casebook.case(case_id))


@bp.get("/cases/<case_id>")
def shown(case_id: str) -> Response:
    """One case with its history, in which it stands who looked."""
    return _detail(app_context().casebook.look_at(case_id, at=g.arrived, by=g.caller.name))


@bp.post("/cases/<case_id>/assign")
def assigned(case_id: str) -> Response:
    """Give a case to somebody, or back to the queue."""
    body = read_body(CaseAssignment, json_object())
    return _detail(
        app_context().casebook.assign(case_id, body.assignee, body.version, at=g.arrived, by=g.caller.name)
    )


@bp.post("/cases/<case_id>/notes")
def noted(case_id: str) -> Response:
    """Write a note into the history."""
    body = read_body(CaseNote, json_object())
    return _detail(
        app_context().casebook.add_note(case_id, scrubbed(body.note), at=g.arrived, by=g.caller.name)
    )


@bp.post("/cases/<case_id>/verdict")
def concluded(case_id: str) -> Response:
    """Conclude: the verdict is kept, and what it says of people is in the store before the answer leaves, or
    owed to it.
    """
    body = read_body(CaseVerdict, json_object())
    people = _people(app_context().casebook.case(case_id), body)
    note = scrubbed(body.note) if body.note else None
    verdict = Verdict(at=g.arrived, by=g.caller.name, value=body.value, note=note, people=people)
    case = app_context().casebook.give_verdict(case_id, verdict, body.version)
    try:
        deliver_labels(app_context().store, app_context().casebook)
    except StoreError as error:
        log.warning("the labels of case %s are owed to the store: %s", case_id, error)
    return _detail(case)


@bp.post("/cases/<case_id>/close")
def closed(case_id: str) -> Response:
    """Close a case that has a verdict."""
    body = read_body(CaseClosing, json_object())
    note = scrubbed(body.note) if body.note else None
    return _detail(
        app_context().casebook.close_case(case_id, body.version, at=g.arrived, by=g.caller.name, note=note)
    )


def _people(case: Case, body: CaseVerdict) -> dict[str, VerdictValue]:
    """What single people come to by a verdict. Raises BadRow for people whom nobody knows."""
    people = dict(body.people)
    if case.about.applicant_id:
        people.setdefault(case.about.applicant_id, body.value)
    if body.everyone and case.about.ring_id:
        ring = app_context().store.view(g.arrived).ring(case.about.ring_id)
        if ring is None:
            raise UnknownRingError(
                f"ring {case.about.ring_id} is not in the snapshot in force: name its people"
            )
        people = {member.applicant_id: body.value for member in ring.members} | people
    _refuse_unknown("people", list(body.people))
    return people


def _refuse_unknown(field: str, applicants: list[str]) -> None:
    """Raise BadRow for applicants whom no fact names; a store that cannot say now lets them pass."""
    labels = tuple(Label(label=LabelValue.GOOD, known_at=g.arrived, applicant_id=one) for one in applicants)
    try:
        unknown = [
            applicants[position] for _, position in app_context().store.unmatched(Facts(labels=labels))
        ]
    except StoreError as error:
        log.warning("whether people of a case are known cannot be said now: %s", error)
        return
    if unknown:
        raise BadRow(tuple(RecordError(field, "unknown_applicant", f"nobody knows {one}") for one in unknown))


def _summary(case: Case) -> CaseSummary:
    about = case.about
    return {
        "case_id": case.case_id,
        "state": case.state,
        "assignee": case.assignee,
        "opened_at": app_context().responses.time(case.opened_at),
        "reason": about.reason,
        "reason_codes": list(about.reason_codes),
        "ring_id": about.ring_id,
        "snapshot": about.snapshot,
        "applicant_id": about.applicant_id,
        "assessment_id": about.assessment_id,
        "exposure": about.exposure,
        "probability": about.probability,
        "priority": about.priority,
    }


def _detail(case: Case) -> Response:
    time = app_context().responses.time
    detail: CaseDetail = {
        **_summary(case),
        "version": case.version,
        "history": [
            {"at": time(one.at), "by": one.by, "kind": one.kind, "state": one.state, "note": one.note}
            for one in case.events
        ],
        "verdicts": [
            {
                "at": time(one.at),
                "by": one.by,
                "value": one.value,
                "note": one.note,
                "people": dict(one.people),
            }
            for one in case.verdicts
        ],
        "labels_owed": bool(case.verdicts) and app_context().casebook.owes_labels(case.case_id),
    }
    return _json(detail)


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), mimetype="application/json")
