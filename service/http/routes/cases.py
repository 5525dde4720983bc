"""/cases: the queue, one case with its history, and what people do with it; a verdict becomes labels at
once.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from flask import Blueprint, Response, g

from graph.model.errors import RecordError, StoreError, UnknownRingError
from graph.model.types import Facts, Label, LabelValue
from graph.store.erased_codes import NameKind
from ingestion.identifiers.recognise import scrubbed
from ingestion.parse import BadRow
from investigations.case_subjects import about_applicant, about_ring
from investigations.cases import Case, CaseState, NewCase, Verdict, VerdictValue
from service.assessment.owed import deliver_labels
from service.http.calls import app_context, json_object
from service.http.routes.assignees import refuse_stranger
from service.http.routes.case_details import answered, detail, second_above, summary
from service.http.routes.case_search import sort_of, wanted_cases
from service.http.routes.erased_nodes import refuse_erased
from service.http.schemas.case_answers import CaseCounts, CasePage
from service.http.schemas.case_bodies import (
    CaseAssignment,
    CaseClosing,
    CaseNote,
    CaseOpening,
    CaseRanking,
    CaseVerdict,
    read_body,
)
from service.http.schemas.parameters import CaseQuery
from service.http.schemas.queries import query

log = logging.getLogger("ringfence.cases")
bp = Blueprint("cases", __name__)


@bp.get("/cases")
def listed() -> Response:
    """A page of the queue."""
    requested = query(CaseQuery)
    wanted, book = wanted_cases(requested), app_context().casebook
    counts = book.queue_counts(wanted)
    page = book.page(wanted, requested.limit, requested.offset, sort_of(requested))
    return answered(
        CasePage(
            total=wanted.of_counts(counts),
            counts=CaseCounts(
                pending=counts[CaseState.PENDING],
                investigating=counts[CaseState.INVESTIGATING],
                closed=counts[CaseState.CLOSED],
            ),
            cases=[summary(case, g.arrived) for case in page],
        )
    )


@bp.post("/cases")
def opened() -> Response:
    """Open a case, or find the one that is open about the same."""
    body = read_body(CaseOpening, json_object())
    if (body.ring_id is None) == (body.applicant_id is None):
        raise BadRow((RecordError("ring_id", "missing", "name a ring or an applicant, one of the two"),))
    case_id, _ = app_context().casebook.open_case(_about(body), at=g.arrived, by=g.caller.name)
    return detail(app_context().casebook.case(case_id))


@bp.get("/cases/<case_id>")
def shown(case_id: str) -> Response:
    """One case with its history, in which it stands who looked."""
    return detail(app_context().casebook.look_at(case_id, at=g.arrived, by=g.caller.name))


@bp.post("/cases/<case_id>/assign")
def assigned(case_id: str) -> Response:
    """Give a case to somebody, or back to the queue."""
    body = read_body(CaseAssignment, json_object())
    refuse_stranger(body.assignee)
    return detail(
        app_context().casebook.assign(case_id, body.assignee, body.version, at=g.arrived, by=g.caller.name)
    )


@bp.post("/cases/<case_id>/priority")
def ranked(case_id: str) -> Response:
    """Say when a case is to be looked at."""
    body = read_body(CaseRanking, json_object())
    return detail(
        app_context().casebook.rank(case_id, body.priority, body.version, at=g.arrived, by=g.caller.name)
    )


@bp.post("/cases/<case_id>/notes")
def noted(case_id: str) -> Response:
    """Write a note into the history."""
    body = read_body(CaseNote, json_object())
    return detail(
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
    confirms = "cases:confirm" in g.caller.scopes
    case = app_context().casebook.give_verdict(
        case_id, verdict, body.version, second_above=second_above(), confirms=confirms
    )
    try:
        deliver_labels(app_context().store, app_context().casebook)
    except StoreError as error:
        log.warning("the labels of case %s are owed to the store: %s", case_id, error)
    return detail(case)


@bp.post("/cases/<case_id>/close")
def closed(case_id: str) -> Response:
    """Close a case that has a verdict."""
    body = read_body(CaseClosing, json_object())
    note = scrubbed(body.note) if body.note else None
    return detail(
        app_context().casebook.close_case(case_id, body.version, at=g.arrived, by=g.caller.name, note=note)
    )


def _about(body: CaseOpening) -> NewCase:
    """What a case opened by hand is about. Raises UnknownRingError, and BadRow for an applicant whom nobody
    knows.
    """
    view, reason = app_context().store.view(g.arrived), scrubbed(body.reason)
    if body.ring_id:
        ring = view.ring(body.ring_id)
        if ring is None:
            raise UnknownRingError(f"no ring {body.ring_id} in the snapshot in force")
        snapshot = view.rings_in_turn()
        about = about_ring(view, ring, reason, snapshot.name if snapshot else None)
        return replace(about, assessment_id=body.assessment_id)
    applicant = str(body.applicant_id)
    _refuse_unknown("applicant_id", [applicant])
    score = app_context().casebook.last_scores.latest([applicant], g.arrived).get(applicant)
    about = NewCase(
        reason=reason,
        applicant_id=applicant,
        assessment_id=body.assessment_id,
        probability=score.probability if score else None,
    )
    try:
        return about_applicant(view, about)
    except StoreError as error:
        log.warning("what is open of somebody's loans, and where, cannot be said now: %s", error)
        return about


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
    """Raise BadRow for applicants whom no fact names. A store that cannot say now lets all pass but the
    erased: raises StoreUnavailableError where one of them may be.
    """
    labels = tuple(Label(label=LabelValue.GOOD, known_at=g.arrived, applicant_id=one) for one in applicants)
    try:
        unknown = [
            applicants[position] for _, position in app_context().store.unmatched(Facts(labels=labels))
        ]
    except StoreError as error:
        log.warning("whether people of a case are known cannot be said now: %s", error)
        refuse_erased(f"{NameKind.APPLICANT}:{one}" for one in applicants)
        return
    if unknown:
        raise BadRow(tuple(RecordError(field, "unknown_applicant", f"nobody knows {one}") for one in unknown))
