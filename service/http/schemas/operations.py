"""All operations of the API: route, request, answers and problems."""

from __future__ import annotations

from typing import Any

from service.assessment.answers.answer import Assessment, AuditRow, Replay
from service.http.problems import PAGE
from service.http.schemas.alert_answers import AlertPage
from service.http.schemas.answers import (
    BatchAnswers,
    FactsTaken,
    Health,
    Readiness,
    RingPage,
    RingShown,
    Versions,
)
from service.http.schemas.audit_answers import AuditPage
from service.http.schemas.case_operations import CASE_OPERATIONS
from service.http.schemas.operation import Operation
from service.http.schemas.parameters import (
    AlertQuery,
    AuditQuery,
    ReadinessQuery,
    RingQuery,
    RiskHeaders,
    VerdictQuery,
)
from service.http.schemas.request_schemas import many, ref
from service.http.schemas.verdict_answers import VerdictTable

TAGS = {
    "risk": "Assessments: asked for, read back, computed again.",
    "facts": "Facts that are stored and not scored.",
    "rings": "Groups of the weekly review in force.",
    "alerts": "What got worse around loans in force and flagged rings.",
    "cases": "What people are asked to look at, and what they conclude.",
    "audit": "Who looked at whom.",
    "status": "How the service is, and what it can be asked.",
}


def _facts(path: str, name: str, summary: str, one: str, about: str) -> Operation:
    body = {"anyOf": [ref(one), many(ref(one))]}
    about += " One object, or a list of up to a thousand; all of a list is taken or nothing."
    return Operation(
        method="post",
        path=path,
        name=name,
        tag="facts",
        summary=summary,
        about=about,
        answer=FactsTaken,
        body=body,
        problems=("erased",),
    )


def _status(path: str, name: str, summary: str, answer: Any, **more: Any) -> Operation:
    given = {"open": True} | more
    return Operation(
        method="get",
        path=path,
        name=name,
        tag="status",
        summary=summary,
        answer=answer,
        under_v1=False,
        **given,
    )


_ASSESSMENT = {"assessment_id": "The `assessment_id` of an answer."}
OPERATIONS = (
    Operation(
        method="post",
        path="/risk",
        name="assess",
        tag="risk",
        summary="Assess one applicant",
        about="Stores the application as a fact and assesses it as of its arrival: nothing later, and not "
        "itself, counts.",
        answer=Assessment,
        headers=RiskHeaders,
        body=ref("RiskRequest"),
        problems=("applicant_unknown", "application_unknown", "erased", "idempotency_key_reused"),
    ),
    Operation(
        method="post",
        path="/risk/batch",
        name="assess_batch",
        tag="risk",
        summary="Assess up to a thousand, one answer each, in order",
        about="A bad request gets its problem where its answer would stand, and the rest go on. Requests of "
        "one batch do not see each other.",
        answer=BatchAnswers,
        headers=RiskHeaders,
        body={"anyOf": [many(ref("RiskRequest")), ref("BatchRequest")]},
        problems=("idempotency_key_reused",),
    ),
    Operation(
        method="get",
        path="/risk/{assessment_id}",
        name="read_assessment",
        tag="risk",
        summary="Read an assessment's audit row",
        about="Who asked, from which state of the store, what was measured, what was answered.",
        answer=AuditRow,
        path_parameters=_ASSESSMENT,
        problems=("assessment_unknown", "erased", "record_changed"),
    ),
    Operation(
        method="get",
        path="/risk/{assessment_id}/replay",
        name="replay_assessment",
        tag="risk",
        summary="Compute an assessment again",
        about="From the store as it was then, and whether the result is equal.",
        answer=Replay,
        path_parameters=_ASSESSMENT,
        problems=("assessment_unknown", "erased", "record_changed"),
    ),
    _facts(
        "/feedback",
        "store_labels",
        "Store labels",
        "Label",
        "What somebody concluded; it counts from `known_at` on.",
    ),
    _facts("/events", "store_events", "Store events", "Event", "Logins, transfers, repayments and the like."),
    _facts("/outcomes", "store_outcomes", "Store outcomes", "Outcome", "What became of applications."),
    Operation(
        method="get",
        path="/rings",
        name="list_rings",
        tag="rings",
        summary="List the rings in force, the worst first",
        answer=RingPage,
        query=RingQuery,
    ),
    Operation(
        method="get",
        path="/rings/{ring_id}",
        name="read_ring",
        tag="rings",
        summary="Read one ring with its members",
        answer=RingShown,
        path_parameters={"ring_id": "The `ring_id` of an answer or of the list."},
        problems=("ring_unknown",),
    ),
    Operation(
        method="get",
        path="/alerts",
        name="list_alerts",
        tag="alerts",
        summary="Poll the alerts in the order in which they were made",
        about="Each alert stands in the list exactly once. A lender's key gets those about its own loans.",
        answer=AlertPage,
        query=AlertQuery,
    ),
    Operation(
        method="get",
        path="/audit",
        name="read_audit",
        tag="audit",
        summary="Read who looked at whom, logged in, and changed users",
        about="In the order in which it happened; lines are only ever added. That you read it is kept, too.",
        answer=AuditPage,
        query=AuditQuery,
    ),
    Operation(
        method="get",
        path="/verdicts",
        name="count_verdicts",
        tag="cases",
        summary="Count verdicts, and false positives among them",
        about=(
            "By what a case was taken for, reason code, and group of people, for whoever sets the policy."
        ),
        answer=VerdictTable,
        query=VerdictQuery,
    ),
    *CASE_OPERATIONS,
    _status("/healthz", "health", "Whether the process answers", Health),
    _status(
        "/readyz",
        "readiness",
        "Whether store, model and audit log can be used",
        Readiness,
        unready=503,
        query=ReadinessQuery,
    ),
    _status("/version", "version", "Versions of product, policy and model", Versions),
    _status("/metrics", "metrics", "Prometheus metrics, all workers together", "text/plain", open=False),
    _status("/openapi.json", "description", "This description", "application/json"),
    _status("/docs", "reference", "This description as a page, on which it can be tried", "text/html"),
    _status(
        PAGE,
        "problem_reference",
        "Every problem, under its code: where a problem's `type` leads",
        "text/html",
    ),
)
