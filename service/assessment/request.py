"""From a request's JSON to what is asked: stage, subject and claim, parsed by the same door as any delivery. No Flask in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from graph.model.errors import RecordError, StoreError, UnknownApplicationError
from graph.model.types import Application
from graph.store.evidence import Subject, subject_of
from ingestion import parse
from ingestion.cells import id_of, is_empty, known
from ingestion.contract import APPLICATIONS, Table
from ingestion.door import Door
from ingestion.parse import BadRow
from investigations.assessments import Stage
from investigations.casebook import Claim
from service.assessment import audit_record, bodies
from service.assessment.assess import Asked
from service.assessment.call import Call
from service.assessment.context import Wired
from service.assessment.deadline import Stopwatch
from service.assessment.fields import wanted

_ANY_TIME = datetime.max.replace(tzinfo=UTC)


def asked(wired: Wired, body: Mapping[str, Any], call: Call, fingerprint: str | None = None) -> Asked:
    """What a body asks for. Raises RecordError (a BadRow with all that is wrong) or UnknownApplicationError.

    `fingerprint` stands for the body where the key was given for more than this body (a batch).
    """
    watch = Stopwatch(wired.pace, call.timeout_ms or wired.settings.timeout_ms, started=call.started)
    claim = None
    if call.key is not None:
        lasts = timedelta(hours=wired.settings.idempotency_hours)
        claim = Claim(client=call.client, key=call.key, fingerprint=fingerprint or fingerprint_of(wired, body), at=call.at, lasts=lasts)
    parts, wrong = wanted(body)
    stage, subject, ignored = _subject(wired, body, call, wrong)
    return Asked(
        stage=stage,
        subject=subject,
        at=call.at,
        client=call.client,
        request_id=call.request_id,
        watch=watch,
        claim=claim,
        ignored=ignored,
        wanted=parts,
    )


def fingerprint_of(wired: Wired, body: Any) -> str:
    """Tells one body from another, whatever the order of its keys; keyed, since bodies hold raw identifiers."""
    return wired.keyring.token("request", json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str))


def _subject(wired: Wired, body: Mapping[str, Any], call: Call, wrong: tuple[RecordError, ...]) -> tuple[Stage, Subject, tuple[str, ...]]:
    """Whom the body is about, beside `wrong`, what was found wrong with it before; and the names in it that nobody knows."""
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
    row, table, misread, ignored = bodies.flat(body, table)
    problems += misread
    try:
        row["platform_id"] = call.binding.lender(row.get("platform_id"))
    except RecordError as error:
        problems.append(error)
    subject = None
    try:
        subject = _found(wired, stage, (row, table), call.at)
    except BadRow as error:
        problems += error.problems
    if problems or subject is None:
        raise BadRow(tuple(problems))
    return stage, subject, ignored


def _found(wired: Wired, stage: Stage, given: tuple[bodies.Row, Table], at: datetime) -> Subject:
    """Whom a row is about: an applicant to be watched, an application that was sent before, or the one in the row."""
    row, table = given
    if stage is Stage.MONITORING:
        return Subject(applicant_id=_id(row, table, "applicant_id"))
    if stage is Stage.DISBURSEMENT and not is_empty(row.get("application_id")) and is_empty(row.get("applicant_id")):
        return subject_of(_known(wired, _id(row, table, "application_id"), at))
    return subject_of(_application(wired, row, table, at))


def _stage(body: Mapping[str, Any]) -> Stage:
    given = body.get("stage")
    try:
        return Stage.APPLICATION if given is None else Stage(given)
    except ValueError:
        raise RecordError("stage", "unknown_stage", f"is none of {', '.join(Stage)}") from None


def _known(wired: Wired, application_id: str, at: datetime) -> Application:
    """An application that was sent before: the store has it, and where the store is down the audit row of its last assessment."""
    try:
        application = wired.store.view(at).application(application_id)
    except StoreError:
        earlier = wired.casebook.latest(application_id=application_id)
        application = audit_record.read(earlier)[1].application if earlier else None
        if application is None:
            raise
    if application is None:
        raise UnknownApplicationError(f"no application {application_id!r}: send the whole application, or the id of one that was sent before")
    return application


def _id(row: Mapping[str, object], table: Table, name: str) -> str:
    """An id, as the table reads it."""
    try:
        found = id_of(row.get(name), name)
    except RecordError as error:
        raise BadRow((error,)) from error
    if found is None:
        raise BadRow((RecordError(name, "missing", "is required"),))
    return table.column(name).prefix + found


def _application(wired: Wired, row: bodies.Row, table: Table, at: datetime) -> Application:
    """The application, made at its arrival: the caller's clock is read for sanity and then set aside."""
    if known(row.get("applied_at"), table.column("applied_at")) is None:
        row["applied_at"] = at
    door = Door(wired.naming, _ANY_TIME, wired.zone, wired.lenders.known(row.get("platform_id")))
    return replace(parse.application(row, door, table), applied_at=at)
