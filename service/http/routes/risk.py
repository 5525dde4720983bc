"""/risk: single and batch assessments, reading one back and replaying it."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

import orjson
from flask import Blueprint, Response, g
from werkzeug.exceptions import RequestEntityTooLarge, TooManyRequests

from graph.model.errors import KeyReusedError, RingfenceError, UnknownAssessmentError
from graph.store.evidence import Subject
from ingestion.exact_json import Doubled
from ingestion.parse import BadRow
from investigations.assessments import RiskAssessment
from investigations.casebook import Recorded
from service.assessment import audit_record
from service.assessment.answers.fields import KEYS
from service.assessment.answers.redaction import Redaction
from service.assessment.assess import assess
from service.assessment.bodies import NAMED, BodyError, as_object, printable
from service.assessment.call import Call
from service.assessment.case_opening import open_case
from service.assessment.repeats.replay import replay
from service.assessment.request import assessment_request, fingerprint_of
from service.http import metrics, problems
from service.http.calls import (
    app_context,
    batches,
    binding,
    call,
    handover,
    json_body,
    miss_rates,
    probing,
    spend,
)
from service.http.handover import CallerGone
from service.http.routes import looks
from service.http.schemas.request_schemas import MOST

log = logging.getLogger("ringfence.risk")
bp = Blueprint("risk", __name__)

BATCH_RETRY_S = 5  # what a batch too many is asked to wait
_NOBODY = b'"multi_lending":{"status":"no_record"'  # in an answer about somebody of whom nothing is known
BATCH_KEYS = ("requests", "applications", "items")


@bp.post("/risk")
def risk() -> Response:
    """Assess one applicant."""
    return _json(_answered(as_object(json_body(app_context().settings.max_body_bytes)), call()))


@bp.post("/risk/batch")
def batch() -> Response:
    """Assess up to a thousand, one answer each, in order; a bad one gets its problem and the rest go on."""
    body = json_body(app_context().settings.max_batch_bytes)
    items = _items(body)
    with batches().slot(g.caller.name) as had:
        if not had:
            raise TooManyRequests(
                "this key has as many batches under way as it may", retry_after=BATCH_RETRY_S
            )
        spend(len(items))
        answers = b"[" + b",".join(_each(_with_shared(items, body), call(), body)) + b"]"
    if isinstance(body, list):
        return _json(answers)
    used = next(key for key in BATCH_KEYS if key in body)
    unread = printable([name for name in body if name != used and name not in KEYS][:NAMED])
    return _json(b'{"answers":' + answers + (b',"ignored":' + orjson.dumps(unread) if unread else b"") + b"}")


@bp.get("/risk/<assessment_id>")
def read(assessment_id: str) -> Response:
    """The audit row: who asked, from which state of the store, what was measured, what was answered, and
    whether its columns agree with that.
    """
    row = _own(assessment_id)
    changed = audit_record.contradictions(row)
    shown = {
        "assessment_id": row.assessment_id,
        "stage": row.stage,
        "application_id": row.application_id,
        "applicant_id": row.applicant_id,
        "as_of": app_context().responses.time(row.as_of),
        "recorded_by": row.recorded_by,
        "client": row.client,
        "request_id": row.request_id,
        "decision": row.decision,
        "policy_version": row.policy_version,
        "model_version": row.model_version,
        "intact": not changed,
        "changed": changed,
        "answer": orjson.loads(row.answer),
        "audit": audit_record.shown(row.audit),
    }
    return _json(orjson.dumps(_redaction().row(shown)))


@bp.get("/risk/<assessment_id>/replay")
def replayed(assessment_id: str) -> Response:
    """The same assessment computed again from the store as it was then, and whether it is equal."""
    again = replay(app_context(), _own(assessment_id).assessment_id)
    return _json(orjson.dumps(_redaction().replay(again)))


def _own(assessment_id: str) -> RiskAssessment:
    """An assessment of the caller's. Raises UnknownAssessmentError, for somebody else's too: whose it is, is
    nobody's to know.
    """
    row = app_context().casebook.assessment(assessment_id)
    if not binding().owns(row.applicant_id):
        raise UnknownAssessmentError(f"no assessment {assessment_id}")
    looks.note([f"applicant:{row.applicant_id}"], row.as_of)
    return row


def _answered(body: Any, frame: Call, fingerprint: str | None = None) -> bytes:
    question = assessment_request(app_context(), as_object(body), frame, fingerprint)
    _not_guessing(question.subject)
    recorded = assess(app_context(), question)
    _count(recorded, question.watch.spent_ms)
    if not recorded.replay:
        open_case(app_context(), recorded.assessment, question.subject)
    answer = recorded.assessment.answer
    if recorded.replay:
        answer = answer.replace(b'"idempotent_replay":false', b'"idempotent_replay":true', 1)
    redaction = _redaction()
    if redaction.hides_nothing and question.selection.everything:
        return answer
    return orjson.dumps(question.selection.of(redaction.answer(orjson.loads(answer))))


def _not_guessing(subject: Subject) -> None:
    """Raise TooManyRequests for lenders who name one number after the other behind one mask, with whichever
    of their keys; the operator's own are not watched.
    """
    party = _party()
    if subject.application is None or party is None:
        return
    wait = probing().wait(party, subject.application.mentions)
    if wait > 0:
        raise TooManyRequests(
            "too many numbers that look alike behind their mask were asked for", retry_after=math.ceil(wait)
        )


def _party() -> str | None:
    """The lenders who ask, with whichever of their keys; None for the operator."""
    lenders = binding().lenders
    return None if lenders is None else "+".join(lenders)


def _redaction() -> Redaction:
    """What the caller may see of other lenders."""
    return Redaction(types="types" in g.caller.scopes, bound=binding().lenders is not None)


def _count(recorded: Recorded, spent_ms: dict[str, float]) -> None:
    if recorded.replay:
        metrics.REPLAYED.inc()
        return
    miss_rates().count(_party(), stranger=_NOBODY in recorded.assessment.answer)
    metrics.labelled(
        metrics.ASSESSMENTS, recorded.assessment.decision.value, recorded.assessment.level.value
    ).inc()
    for step, spent in spent_ms.items():
        metrics.labelled(metrics.STEPS, step).observe(spent / 1000.0)


def _items(body: Any) -> Sequence[Any]:
    """The requests of a batch: a list, or an object that holds one. Raises BodyError or
    RequestEntityTooLarge, BadRow for a key given twice.
    """
    if isinstance(body, Doubled):
        raise BadRow(tuple(body.problems()))
    items = next((body[key] for key in BATCH_KEYS if key in body), None) if isinstance(body, dict) else body
    if not isinstance(items, list):
        raise BodyError("a batch is a JSON list of requests, or an object with such a list under `requests`")
    if len(items) > MOST:
        raise RequestEntityTooLarge(f"a batch holds at most {MOST} requests; this one has {len(items)}")
    return items


def _with_shared(items: Sequence[Any], body: Any) -> Sequence[Any]:
    """The requests, each wanting what the batch as a whole wants where it does not say otherwise."""
    shared = {key: body[key] for key in KEYS if key in body} if isinstance(body, dict) else {}
    return (
        [
            shared | item if isinstance(item, dict) and not isinstance(item, Doubled) else item
            for item in items
        ]
        if shared
        else items
    )


def _each(items: Sequence[Any], frame: Call, body: Any) -> Iterator[bytes]:
    """One answer or problem each. All share the batch's arrival, so none sees another; a deadline is the
    whole batch's.
    """
    fingerprint = fingerprint_of(app_context(), body) if frame.key else None
    for position, item in enumerate(items):
        handover().give_way()  # between two slices
        key = f"{frame.key}#{position}" if frame.key else None
        left = None
        if frame.timeout_ms is not None:
            left = max(frame.timeout_ms - (perf_counter() - handover().arrived) * 1000.0, 1.0)
        try:
            yield _answered(item, replace(frame, key=key, timeout_ms=left, started=None), fingerprint)
        except CallerGone:
            raise
        except Exception as error:  # whatever becomes of one, the others get their answers
            if position == 0 and isinstance(error, KeyReusedError):
                raise
            if not isinstance(error, RingfenceError):
                log.exception("a request of a batch failed")
            yield orjson.dumps(problems.problem(error, f"#{position}"))


def _json(body: bytes) -> Response:
    return Response(body, mimetype="application/json")
