"""The one straight way to an assessment, for /risk, the batch and replays alike: remember, look, conclude, record, answer."""

from __future__ import annotations

import secrets
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from graph.features.changes import Before
from graph.frame.surroundings import surroundings
from graph.model.errors import KnownOtherwiseError, StoreError, StoreUnavailableError, UnknownApplicantError
from graph.model.moments import micros
from graph.model.types import Application, Facts, Identifier, IdentifierKind, Mention, Role
from graph.store.evidence import Subject
from graph.store.port import GraphView
from investigations.assessments import Conclusion, Degraded, Level, ModelUsed, RiskAssessment, Stage
from investigations.casebook import Claim, Recorded
from investigations.policy import Policy
from service.assessment import audit_record, response
from service.assessment.context import Wired
from service.assessment.deadline import Pace, Stopwatch
from service.assessment.evaluation import Seen, look
from service.assessment.fields import EVERYTHING, Wanted
from service.assessment.warm_up import rehearse

if TYPE_CHECKING:
    from gnn.scorer import Scorer

_UNHURRIED_MS = 1e9
_AWAY = "store_unavailable"
_DAY = timedelta(days=1)
_SECOND_ROOM = 1  # beside what is seen now


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request for an assessment: whom, at which stage, when it arrived (the service's clock), and for whom.

    `ignored`: names in the request that the contract does not know, which the answer gives back. `wanted`: the parts that the caller gets; what
    is written down is whole.
    """

    stage: Stage
    subject: Subject
    at: datetime
    client: str
    request_id: str
    watch: Stopwatch
    claim: Claim | None = None
    ignored: tuple[str, ...] = ()
    wanted: Wanted = EVERYTHING


@dataclass(frozen=True, slots=True)
class Remembered:
    """The subject as the store knows it, and the state of the store to look at; `view` is None when it cannot be reached.

    `owed_because`: why the application is not `stored`, where it is not.
    """

    subject: Subject
    view: GraphView | None
    recorded_by: int | None
    stored: bool
    owed_because: str = "store_busy"


def assess(wired: Wired, asked: Asked) -> Recorded:
    """Assess and write the audit row: there is no answer without it.

    Raises UnknownApplicantError for an applicant without an application whom no fact names, KnownOtherwiseError when the application's id is
    known with other content, KeyReusedError when the idempotency key is, and StoreUnavailableError when the audit row cannot be written.
    Whatever else fails is declared in the answer (`degraded`).
    """
    earlier = wired.casebook.claimed(asked.claim) if asked.claim else None
    if earlier is not None:
        return Recorded(earlier, replay=True)
    remembered, seen = _remembered_and_seen(wired, asked)
    subject = remembered.subject
    if subject.application is None and seen.nobody:
        raise UnknownApplicantError(f"nobody knows applicant {subject.applicant_id!r}: no application, event or label ever named it")
    concluded = wired.policy.conclude(seen.findings)
    findings = _findings(wired, asked.stage, subject, asked.at, (seen, concluded))
    first = _first_scan(wired, asked.stage, subject, asked.at)
    if first is not None:
        findings["changes_since"] = wired.answers.changes(first, concluded, seen, _as_it_was(wired, subject, first, asked.watch))
    if asked.watch.late() and findings["degraded"]["reason"] is None:
        findings["degraded"]["reason"] = "deadline"  # complete, and late all the same: the caller may have gone on without it
    assessment_id = f"A-{micros(asked.at):x}-{secrets.token_hex(5)}"
    answer = {"request_id": asked.request_id, "application_id": findings["application_id"], "assessment_id": assessment_id}
    answer |= {"idempotent_replay": False} | findings | {"timings_ms": asked.watch.timings()}
    if asked.ignored:
        answer["ignored"] = list(asked.ignored)
    scored = findings["models"][0]["version"] if findings["models"] else None
    membership = seen.findings.known.membership
    assessment = RiskAssessment(
        assessment_id=assessment_id,
        stage=asked.stage,
        applicant_id=subject.applicant_id,
        application_id=findings["application_id"],
        as_of=asked.at,
        recorded_by=remembered.recorded_by,
        client=asked.client,
        request_id=asked.request_id,
        level=seen.degraded.level,
        decision=concluded.decision,
        score=concluded.score,
        probability=concluded.probability,
        policy_version=concluded.policy_version,
        model_version=scored,
        ring_id=membership.ring.ring_id if membership else None,
        answer=orjson.dumps(answer),
        audit=audit_record.kept(subject, seen, remembered.stored),
    )
    with asked.watch.timing("audit"):
        return wired.casebook.record(assessment, asked.claim, owed=not remembered.stored)


def replay(wired: Wired, assessment_id: str) -> dict[str, Any]:
    """Compute a recorded assessment again, from the store as it was then, and say whether it is equal, also in what was measured
    and in its row's columns.

    Raises NotFoundError, and StoreChangedError for a row that cannot be what was written.
    """
    recorded = wired.casebook.assessment(assessment_id)
    answered, subject = audit_record.read(recorded)
    view = wired.views.at(recorded.as_of, recorded.recorded_by) if recorded.recorded_by is not None else None
    seen = look(view, subject, wired.scorer, Stopwatch(Pace(), _UNHURRIED_MS), recorded.level)
    then = answered["degraded"]
    if seen.degraded.level is recorded.level:
        seen = replace(seen, degraded=Degraded(level=recorded.level, missing=tuple(then["missing"]), reason=then["reason"]))
    concluded = wired.policy.conclude(seen.findings)
    again = _findings(wired, recorded.stage, subject, recorded.as_of, (seen, concluded))
    if answered["changes_since"] is not None:
        first = wired.casebook.assessment(answered["changes_since"]["assessment_id"])
        looked = answered["changes_since"]["person"] is not None
        before = _as_it_was(wired, subject, first, Stopwatch(Pace(), _UNHURRIED_MS)) if looked else None
        again["changes_since"] = wired.answers.changes(first, concluded, seen, before)
    again = orjson.loads(orjson.dumps(again))
    differs = [name for name in answered if name not in response.OF_THE_REQUEST and answered[name] != again.get(name)]
    differences = [{"field": name, "recorded": answered[name], "replayed": again.get(name)} for name in differs]
    differences += audit_record.contradictions(recorded) + audit_record.unlike(recorded, subject, seen)
    return {
        "assessment_id": assessment_id,
        "equal": not differences,
        "differences": differences,
        "as_of": answered["as_of"],
        "recorded_by": recorded.recorded_by,
        "level": recorded.level.value,
        "models_then": answered["models"],
        "models_now": response.models(wired.model),
        "policy_then": answered["policy_version"],
        "policy_now": wired.policy.version,
        "answer": {name: answered[name] if name in response.OF_THE_REQUEST else again.get(name) for name in answered},
    }


def assess_stored(view: GraphView, subject: Subject, scorer: Scorer | None, policy: Policy) -> tuple[Seen, Conclusion]:
    """Assess an application, or a person, that is in the store already through a `view` as of the moment in question; nothing is written down."""
    seen = look(view, subject, scorer, Stopwatch(Pace(), _UNHURRIED_MS))
    return seen, policy.conclude(seen.findings)


def warm_up(wired: Wired) -> None:
    """Assess nobody, so that the first caller does not wait for what is compiled and loaded on first use.

    Raises StoreUnavailableError when the store did not answer, or not in time.
    """
    rehearse(wired.scorer, wired.policy)
    wired.store.rehearse(Facts(applications=(_nobodys(wired.clock()),)))
    seen = look(wired.views.at(wired.clock(), wired.store.mark()), Subject(applicant_id="rehearsal"), wired.scorer, Stopwatch(Pace(), _UNHURRIED_MS))
    if seen.sight is None:
        raise StoreUnavailableError("the store did not answer an assessment's reads")


def _nobodys(at: datetime) -> Application:
    """An application of nobody that names something in every role."""
    phone, employer = (Identifier(kind, "rehearsal") for kind in (IdentifierKind.PHONE, IdentifierKind.EMPLOYER))
    named = (Mention(phone, Role.OWN), Mention(phone, Role.CONTACT), Mention(employer, Role.EMPLOYER))
    return Application(application_id="rehearsal", applied_at=at, applicant_id="rehearsal", platform_id="rehearsal", mentions=named)


def _remembered_and_seen(wired: Wired, asked: Asked) -> tuple[Remembered, Seen]:
    """Remember and look; a store that hangs is waited for until what is left is needed for the audit row."""
    with _waiting(wired, asked.watch):
        with asked.watch.timing("store"):
            remembered = _remember(wired, asked)
        seen = look(remembered.view, remembered.subject, wired.scorer, asked.watch)
    if seen.degraded.reason == _AWAY and (view := wired.views.without_store(asked.at)) is not None:
        # The frame was a fact behind, and the store went away before anybody could read it there.
        remembered = replace(remembered, view=view, recorded_by=view.recorded_by)
        again = look(view, remembered.subject, wired.scorer, asked.watch)
        seen = replace(again, degraded=replace(again.degraded, reason=again.degraded.reason or _AWAY))
    if remembered.view is not None and seen.sight is not None and remembered.stored:
        wired.views.seen(remembered.subject, remembered.view, seen.sight.row)
    return remembered, seen if remembered.stored else replace(seen, degraded=_without_fact(seen.degraded, remembered.owed_because))


def _waiting(wired: Wired, watch: Stopwatch) -> AbstractContextManager[None]:
    return wired.store.within((watch.left_ms() - watch.reserved_ms()) / 1000)


def _remember(wired: Wired, asked: Asked) -> Remembered:
    """The fact first: the application goes into the store, and is assessed from the state that holds it."""
    subject, stored, entry = asked.subject, True, b""
    try:
        if subject.application is None:
            mark = wired.store.mark()
        else:
            # A store that is busy with somebody's load holds up the fact, and leaves time to look: reading waits for nobody.
            added = wired.scribe.add(Facts(applications=(subject.application,)), wait_ms=asked.watch.spare_ms("neighbourhood", "signals", "model"))
            stored = added is not None
            mark, entry = (added.mark, added.entry) if added is not None else (wired.views.latest(), b"")
            if added is not None and added.conflicts:
                subject = _known_already(wired, subject.application, asked.at)
        return Remembered(subject, wired.views.at(asked.at, mark, entry), mark, stored)
    except StoreError:
        view = wired.views.without_store(asked.at)
        mark_then = view.recorded_by if view is not None else None
        return Remembered(subject, view, mark_then, subject.application is None, _AWAY)


def _known_already(wired: Wired, application: Application, at: datetime) -> Subject:
    """The application as it was stored when it first came; only its moment may differ. Raises KnownOtherwiseError."""
    known = wired.store.view(at + _DAY).application(application.application_id)
    if known is None or _content(known) != _content(application):
        raise KnownOtherwiseError(f"application {application.application_id!r} is known with other content")
    return Subject(applicant_id=known.applicant_id, application=known)


def _content(application: Application) -> tuple[Application, frozenset[Any]]:
    return replace(application, applied_at=datetime.min, mentions=()), frozenset(application.mentions)  # noqa: DTZ901


def _without_fact(degraded: Degraded, why: str) -> Degraded:
    """The assessment stands, but the application did not reach the store in time: nobody else's assessment sees it until it is brought there."""
    return replace(degraded, missing=(*degraded.missing, "fact"), reason=degraded.reason or why)


def _findings(wired: Wired, stage: Stage, subject: Subject, as_of: datetime, outcome: tuple[Seen, Conclusion]) -> dict[str, Any]:
    """The replayable part of an answer."""
    seen, concluded = outcome
    findings = wired.answers.findings(stage, subject, as_of, seen, concluded)
    model: ModelUsed | None = wired.model if seen.degraded.level is Level.FULL else None
    findings["models"] = response.models(model)
    return findings


def _first_scan(wired: Wired, stage: Stage, subject: Subject, at: datetime) -> RiskAssessment | None:
    """What a second scan is compared with: the latest assessment of the application at stage `application`."""
    if stage is not Stage.DISBURSEMENT or subject.application is None:
        return None
    return wired.casebook.latest(application_id=subject.application.application_id, stage=Stage.APPLICATION, until=at)


def _as_it_was(wired: Wired, subject: Subject, first: RiskAssessment, watch: Stopwatch) -> Before | None:
    """What the first scan could see of the subject; None where there is no time to look, the store is away, or the first scan did not reach it."""
    if first.recorded_by is None or not watch.allows("neighbourhood"):
        return None
    try:
        view = wired.views.at(first.as_of, first.recorded_by)
        with watch.timing("neighbourhood"), _waiting(wired, watch):
            return Before(*surroundings(view, subject, _SECOND_ROOM))
    except StoreError:
        return None
