"""Parses a request's JSON to an assessment request (stage, subject, idempotency claim) with the parsers of
ingestion. No Flask in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from graph.model.erasure import is_surrogate
from graph.model.errors import ErasedError, RecordError, StoreError, UnknownApplicationError
from graph.model.types import Application
from graph.store.erased_codes import NameKind
from graph.store.evidence import Subject, subject_of
from ingestion import parse
from ingestion.cells import id_of, is_empty, known
from ingestion.contract import APPLICATIONS, Table
from ingestion.parse import BadRow
from ingestion.parse_context import ParseContext
from investigations.assessments import Stage
from investigations.casebook import IdempotencyClaim
from service.assessment import audit_record, bodies
from service.assessment.answers.fields import field_selection
from service.assessment.assess import OF_ERASED, AssessmentRequest
from service.assessment.call import Call
from service.assessment.context import AppContext
from service.assessment.deadline import Stopwatch

_ANY_TIME = datetime.max.replace(tzinfo=UTC)
_IDS = frozenset({"application_id", "applicant_id", "platform_id"})


def assessment_request(
    context: AppContext, body: Mapping[str, Any], call: Call, fingerprint: str | None = None
) -> AssessmentRequest:
    """What a body asks for. Raises RecordError (a BadRow with all that is wrong) or UnknownApplicationError.

    `fingerprint` stands for the body where the key was given for more than this body (a batch).
    """
    watch = Stopwatch(context.latencies, call.timeout_ms or context.settings.timeout_ms, started=call.started)
    claim = None
    if call.key is not None:
        lasts = timedelta(hours=context.settings.idempotency_hours)
        claim = IdempotencyClaim(
            client=call.client,
            key=call.key,
            fingerprint=fingerprint or fingerprint_of(context, body),
            at=call.at,
            lasts=lasts,
        )
    parts, wrong = field_selection(body)
    stage, subject, ignored = _subject(context, body, call, wrong)
    return AssessmentRequest(
        stage=stage,
        subject=subject,
        at=call.at,
        client=call.client,
        purpose=call.purpose,
        request_id=call.request_id,
        watch=watch,
        claim=claim,
        ignored=ignored,
        selection=parts,
    )


def fingerprint_of(context: AppContext, body: Any) -> str:
    """Tells one body from another, whatever the order of its keys; keyed, since bodies hold raw
    identifiers.
    """
    return context.keyring.token(
        "request", json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    )


def _subject(
    context: AppContext, body: Mapping[str, Any], call: Call, wrong: tuple[RecordError, ...]
) -> tuple[Stage, Subject, tuple[str, ...]]:
    """Whom the body is about, beside `wrong`, what was found wrong with it before; and the names in it that
    nobody knows.
    """
    problems = list(wrong)
    stage, table = Stage.APPLICATION, call.binding.table(APPLICATIONS)
    try:
        stage = _stage(body)
    except RecordError as error:
        problems.append(error)
    try:
        table = call.binding.table(bodies.table_for(body, "applications"))
    except RecordError as error:
        problems.append(error)
    flat = bodies.flat(body, table)
    row, table, ignored = flat.row, flat.table, flat.ignored
    problems += flat.problems
    try:
        row["platform_id"] = call.binding.lender(row.get("platform_id"))
    except RecordError as error:
        problems.append(error)
    subject = None
    try:
        subject = _subject_of_row(context, stage, (row, table), call.at)
    except BadRow as error:
        problems += error.problems
    if problems or subject is None:
        raise BadRow((*problems, *bodies.misspelt(flat)))
    _refuse_surrogate(subject)
    return stage, subject, ignored


def _refuse_surrogate(subject: Subject) -> None:
    """Raise ErasedError for a name that an erasure gave: it is nobody's, and nothing is to be learned of who
    had another one.
    """
    loan = subject.application.application_id if subject.application else ""
    if is_surrogate(subject.applicant_id) or is_surrogate(loan):
        raise ErasedError(OF_ERASED)


def _subject_of_row(
    context: AppContext, stage: Stage, given: tuple[bodies.Row, Table], at: datetime
) -> Subject:
    """Whom a row is about: an applicant to be watched, an application that was sent before, or the one in the
    row.
    """
    row, table = given
    if stage is Stage.MONITORING:
        applicant_id = _id(row, table, "applicant_id")
        _refuse_misread(context, row, table, at)
        return Subject(applicant_id=applicant_id)
    if (
        stage is Stage.DISBURSEMENT
        and not is_empty(row.get("application_id"))
        and is_empty(row.get("applicant_id"))
    ):
        application_id = _id(row, table, "application_id")
        _refuse_misread(context, row, table, at)
        return subject_of(_earlier_application(context, application_id, at))
    return subject_of(_application(context, row, table, at))


def _refuse_misread(context: AppContext, row: bodies.Row, table: Table, at: datetime) -> None:
    """Raise BadRow where what stands beside an id that is enough cannot be read: it is not used, but whoever
    sends it is mistaken.
    """
    if all(is_empty(value) for name, value in row.items() if name not in _IDS):
        return
    try:
        _application(context, dict(row), table, at)
    except BadRow as error:
        if misread := [one for one in error.problems if one.code != "missing"]:
            raise BadRow(tuple(misread)) from None


def _stage(body: Mapping[str, Any]) -> Stage:
    given = body.get("stage")
    try:
        return Stage.APPLICATION if given is None else Stage(given)
    except ValueError:
        raise RecordError("stage", "unknown_stage", f"is none of {', '.join(Stage)}") from None


def _earlier_application(context: AppContext, application_id: str, at: datetime) -> Application:
    """An application that was sent before: the store has it, and where the store is down the audit row of its
    last assessment.
    """
    try:
        application = context.store.view(at).application(application_id)
    except StoreError:
        earlier = context.casebook.latest(application_id=application_id)
        application = audit_record.read(earlier)[1].application if earlier else None
        if application is None:
            raise
    if application is None:
        if context.store.refusal.names(NameKind.APPLICATION, application_id):
            raise ErasedError(OF_ERASED)
        raise UnknownApplicationError(
            f"no application {application_id!r}: send the whole application, or the id of one that was sent "
            "before"
        )
    return application


def _id(row: Mapping[str, object], table: Table, name: str) -> str:
    """An id, as the table reads it."""
    try:
        result = id_of(row.get(name), name)
    except RecordError as error:
        raise BadRow((error,)) from error
    if result is None:
        raise BadRow((RecordError(name, "missing", "is required"),))
    return table.column(name).prefix + result


def _application(context: AppContext, row: bodies.Row, table: Table, at: datetime) -> Application:
    """The application, made at its arrival: the caller's clock is read for sanity and then set aside."""
    if known(row.get("applied_at"), table.column("applied_at")) is None:
        row["applied_at"] = at
    parse_context = ParseContext(
        context.pseudonymiser, _ANY_TIME, context.zone, context.lenders.known(row.get("platform_id"))
    )
    return parse.application(row, parse_context, table, at)
