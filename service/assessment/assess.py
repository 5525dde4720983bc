"""The assessment pipeline of /risk, batches and replays: store the application, evaluate, conclude, record,
answer.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from graph.frame.catch_up import NOTHING, AtHand
from graph.model.errors import (
    ErasedError,
    KnownOtherwiseError,
    StoreError,
    StoreUnavailableError,
    UnknownApplicantError,
)
from graph.model.moments import micros
from graph.model.types import Application, Facts, Identifier, IdentifierKind, Mention, Role
from graph.store.evidence import Subject
from graph.store.port import GraphView
from investigations.assessments import Conclusion, Degraded, RiskAssessment, Stage
from investigations.casebook import IdempotencyClaim, Recorded
from investigations.policy import Policy
from service.assessment import audit_record
from service.assessment.answers.fields import EVERYTHING, FieldSelection
from service.assessment.context import AppContext
from service.assessment.deadline import Stopwatch
from service.assessment.evaluation import AWAY, Effort, Evaluation, evaluate
from service.assessment.findings import earlier_neighbourhood, findings_of, waiting_for_store
from service.assessment.served_model import kept
from service.assessment.warm_up import exercise_where_there_is_room

if TYPE_CHECKING:
    from gnn.scoring.scorer import Scorer


_DAY = timedelta(days=1)
OF_ERASED = "the application names somebody who was erased, or is one that was: it is not taken again"
LOOKS = 3  # somebody is erased between two reads of one answer: it is read again, so often at most

log = logging.getLogger("ringfence.risk")


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentRequest:
    """One request for an assessment: whom, at which stage, when it arrived (the service's clock), for whom
    and for which of the purposes in force.

    `ignored`: names in the request that the contract does not know, which the answer gives back. `selection`:
    the parts that the caller gets; what is written down is whole.
    """

    stage: Stage
    subject: Subject
    at: datetime
    client: str
    request_id: str
    watch: Stopwatch
    claim: IdempotencyClaim | None = None
    purpose: str | None = None
    ignored: tuple[str, ...] = ()
    selection: FieldSelection = EVERYTHING


@dataclass(frozen=True, slots=True)
class StoredSubject:
    """The subject as stored, and the view to evaluate it by; `view` is None when the store is unavailable.

    `why_not_stored`: why the application is not `stored`, where it is not.
    """

    subject: Subject
    view: GraphView | None
    revision: int | None
    stored: bool
    why_not_stored: str = "store_busy"


def assess(context: AppContext, request: AssessmentRequest) -> Recorded:
    """Assess and write the audit row: there is no answer without it.

    Raises UnknownApplicantError for an applicant without an application whom no fact names,
    KnownOtherwiseError when the application's id is known with other content, ErasedError when it was erased,
    KeyReusedError when the idempotency key is known with another body, and StoreUnavailableError when the
    audit row cannot be written. Whatever else fails is declared in the answer (`degraded`).
    """
    earlier = context.casebook.claimed(request.claim) if request.claim else None
    if earlier is not None:
        return Recorded(earlier, replay=True)
    _keep_out(context, request.subject)
    for _ in range(LOOKS):
        remembered, assessment = _assessed(context, request)
        if remembered.view is None or context.views.is_still(remembered.view):
            break
        log.info("somebody was erased during an assessment: it is made again")
    with request.watch.timing("audit"):
        return context.casebook.record(assessment, request.claim, to_outbox=not remembered.stored)


def _keep_out(context: AppContext, subject: Subject) -> None:
    """Raise ErasedError for an application that the store will not take, before anybody looks."""
    if (application := subject.application) is None:
        return
    try:
        refused = context.store.refusal.refused(Facts(applications=(application,)))
    except StoreError:
        return  # what the store cannot say now it says when the application is brought to it
    if refused:
        raise ErasedError(OF_ERASED)


def _assessed(context: AppContext, request: AssessmentRequest) -> tuple[StoredSubject, RiskAssessment]:
    """The assessment, of which nothing is written down yet but the application."""
    remembered, evaluation = _store_and_evaluate(context, request)
    subject = remembered.subject
    if subject.application is None and evaluation.nobody:
        raise UnknownApplicantError(
            f"nobody knows applicant {subject.applicant_id!r}: no application, event or label ever named it"
        )
    policy = context.policies.at(request.at, audit_record.scope_of(subject))
    concluded = policy.conclude(evaluation.findings)
    findings = findings_of(context, request.stage, subject, request.at, (evaluation, concluded))
    first = _first_scan(context, request.stage, subject, request.at)
    if first is not None:
        findings["changes_since"] = context.responses.changes(
            first, concluded, evaluation, earlier_neighbourhood(context, subject, first, request.watch)
        )
    if request.watch.late() and findings["degraded"]["reason"] is None:
        # complete, and late all the same: the caller may have gone on without it
        findings["degraded"]["reason"] = "deadline"
    assessment_id = f"A-{micros(request.at):x}-{secrets.token_hex(5)}"
    answer = {
        "request_id": request.request_id,
        "application_id": findings["application_id"],
        "assessment_id": assessment_id,
    }
    answer |= {"idempotent_replay": False} | findings | {"timings_ms": request.watch.timings()}
    if request.ignored:
        answer["ignored"] = list(request.ignored)
    scored = findings["models"][0]["version"] if findings["models"] else None
    return remembered, RiskAssessment(
        assessment_id=assessment_id,
        stage=request.stage,
        applicant_id=subject.applicant_id,
        application_id=findings["application_id"],
        as_of=request.at,
        recorded_by=remembered.revision,
        client=request.client,
        request_id=request.request_id,
        level=evaluation.degraded.level,
        decision=concluded.decision,
        score=concluded.score,
        probability=concluded.probability,
        policy_version=concluded.policy_version,
        model_version=scored,
        ring_id=evaluation.ring_id,
        answer=orjson.dumps(answer),
        audit=audit_record.audit_record(subject, evaluation, remembered.stored, request.purpose)
        | kept(context, policy),
    )


def assess_stored(
    view: GraphView,
    subject: Subject,
    scorer: Scorer | None,
    policy: Policy,
    wanted: tuple[str, ...] = (),
) -> tuple[Evaluation, Conclusion]:
    """Assess an application, or a person, that is in the store already through a `view` as of the moment in
    question; nothing is written down. `wanted` names variables beyond those of every answer.
    """
    evaluation = evaluate(view, subject, Effort(scorer, wanted=wanted))
    return evaluation, policy.conclude(evaluation.findings)


def warm_up(context: AppContext) -> None:
    """Assess nobody, so that the first caller does not wait for what is compiled and loaded on first use.

    Raises StoreUnavailableError when the store did not answer, or not in time.
    """
    exercise_where_there_is_room(context.scorer, context.policy)
    context.store.warm_up(Facts(applications=(_nobodys(context.clock()),)))
    evaluation = evaluate(
        context.views.at(context.clock(), context.views.now()),
        Subject(applicant_id="warm-up"),
        Effort(context.scorer),
    )
    if evaluation.features is None:
        raise StoreUnavailableError("the store did not answer an assessment's reads")


def _nobodys(at: datetime) -> Application:
    """An application of nobody that names something in every role."""
    phone, employer = (
        Identifier(kind, "warm-up") for kind in (IdentifierKind.PHONE, IdentifierKind.EMPLOYER)
    )
    named = (Mention(phone, Role.OWN), Mention(phone, Role.CONTACT), Mention(employer, Role.EMPLOYER))
    return Application(
        application_id="warm-up", applied_at=at, applicant_id="warm-up", platform_id="warm-up", mentions=named
    )


def _store_and_evaluate(context: AppContext, request: AssessmentRequest) -> tuple[StoredSubject, Evaluation]:
    """Store the application and evaluate; a hanging store is waited for until the rest of the time is needed
    for the audit record.
    """
    effort = Effort(context.scorer, request.watch, wanted=request.selection.beyond_standard)
    with waiting_for_store(context, request.watch):
        with request.watch.timing("store"):
            remembered = _store_subject(context, request)
        evaluation = evaluate(remembered.view, remembered.subject, effort)
    if evaluation.degraded.reason == AWAY and (view := context.views.without_store(request.at)) is not None:
        # The frame was a fact behind, and the store went away before anybody could read it there.
        remembered = replace(remembered, view=view, revision=view.revision)
        again = evaluate(view, remembered.subject, effort)
        evaluation = replace(again, degraded=replace(again.degraded, reason=again.degraded.reason or AWAY))
    if remembered.view is not None and evaluation.features is not None and remembered.stored:
        context.views.check_sometimes(remembered.subject, remembered.view, evaluation.features.row)
    return remembered, evaluation if remembered.stored else replace(
        evaluation, degraded=_without_fact(evaluation.degraded, remembered.why_not_stored)
    )


def _store_subject(context: AppContext, request: AssessmentRequest) -> StoredSubject:
    """The fact first: the application goes into the store, and is assessed from the state that holds it."""
    subject, stored, at_hand = request.subject, True, NOTHING
    try:
        if subject.application is None:
            revision = context.views.now()
        else:
            # A store that is busy with somebody's load holds up the fact, and leaves time to look: reading
            # waits for nobody.
            added = context.writer.add(
                Facts(applications=(subject.application,)),
                wait_ms=request.watch.spare_ms("neighbourhood", "signals", "model"),
            )
            stored = added is not None
            if added is None:
                revision = context.views.latest()
            elif added.refused:
                raise ErasedError(OF_ERASED)
            else:
                revision, at_hand = added.revision, AtHand(added.edition, added.entry)
            if added is not None and added.conflicts:
                subject = _stored_already(context, subject.application, request.at)
        return StoredSubject(subject, context.views.at(request.at, revision, at_hand), revision, stored)
    except StoreError:
        view = context.views.without_store(request.at)
        mark_then = view.revision if view is not None else None
        return StoredSubject(subject, view, mark_then, subject.application is None, AWAY)


def _stored_already(context: AppContext, application: Application, at: datetime) -> Subject:
    """The application as it was stored when it first came; only its moment may differ. Raises
    KnownOtherwiseError.
    """
    stored = context.store.view(at + _DAY).application(application.application_id)
    if stored is None or _content(stored) != _content(application):
        raise KnownOtherwiseError(f"application {application.application_id!r} is known with other content")
    return Subject(applicant_id=stored.applicant_id, application=stored)


def _content(application: Application) -> tuple[Application, frozenset[Any]]:
    return replace(application, applied_at=datetime.min, mentions=()), frozenset(application.mentions)  # noqa: DTZ901


def _without_fact(degraded: Degraded, why: str) -> Degraded:
    """The assessment stands, but the application did not reach the store in time: nobody else's assessment
    sees it until it is brought there.
    """
    return replace(degraded, missing=(*degraded.missing, "fact"), reason=degraded.reason or why)


def _first_scan(context: AppContext, stage: Stage, subject: Subject, at: datetime) -> RiskAssessment | None:
    """What a second scan is compared with: the latest assessment of the application at stage
    `application`.
    """
    if stage is not Stage.DISBURSEMENT or subject.application is None:
        return None
    return context.casebook.latest(
        application_id=subject.application.application_id, stage=Stage.APPLICATION, until=at
    )
