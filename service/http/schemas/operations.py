"""All operations of the API: route, request, answers and problems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec import Struct

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
from service.http.schemas.case_answers import AssigneeList, CaseDetail, CasePage
from service.http.schemas.parameters import (
    AlertQuery,
    AuditQuery,
    CaseQuery,
    ReadinessQuery,
    RingQuery,
    RiskHeaders,
    VerdictQuery,
)
from service.http.schemas.request_schemas import Schema, many, ref
from service.http.schemas.verdict_answers import VerdictTable

EVERYWHERE = ("bad_header", "internal_error", "busy")
KEYED = (
    "no_valid_key",
    "session_ended",
    "scope_missing",
    "csrf_token_missing",
    "no_lender",
    "rate_limited",
    "store_unavailable",
)
BODY = (
    "unreadable_body",
    "body_too_slow",
    "too_large",
    "not_json",
    "invalid_fields",
    "known_with_other_content",
)
TAGS = {
    "risk": "Assessments: asked for, read back, computed again.",
    "facts": "Facts that are stored and not scored.",
    "rings": "Groups of the weekly review in force.",
    "alerts": "What got worse around loans in force and flagged rings.",
    "cases": "What people are asked to look at, and what they conclude.",
    "audit": "Who looked at whom.",
    "status": "How the service is, and what it can be asked.",
}
SHOWING = frozenset({"risk", "rings", "alerts", "cases", "audit"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation. `answer` is a type of an answer, or the content type of what is no JSON; `problems` are
    codes beside EVERYWHERE's. `unready`: a status with which `answer` comes too.

    `open`: no key is needed. `under_v1`: it answers under `/v1` as well.
    """

    method: str
    path: str
    name: str
    tag: str
    summary: str
    answer: Any
    about: str = ""
    path_parameters: dict[str, str] | None = None
    headers: type[Struct] | None = None
    query: type[Struct] | None = None
    body: Schema | None = None
    problems: tuple[str, ...] = ()
    unready: int | None = None
    open: bool = False
    under_v1: bool = True

    @property
    def shows_people(self) -> bool:
        """Whether it is asked for a purpose."""
        return self.tag in SHOWING and self.name not in ("count_verdicts", "list_assignees")

    @property
    def codes(self) -> tuple[str, ...]:
        """Every problem that it may answer with."""
        return (
            *EVERYWHERE,
            *(("bad_query",) if self.method == "get" or "{" in self.path else ()),
            *(() if self.open else KEYED),
            *(BODY if self.body is not None else ()),
            *(("purpose_missing",) if self.shows_people else ()),
            *self.problems,
        )


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


_CASE = {"case_id": "The `case_id` of the list, or the `open_case` of a ring."}
_VERDICT = (
    "What it says of people becomes labels in the store before the answer leaves, known from this moment on. "
    "A wrong verdict is taken back by a later one."
)


def _case(step: str, name: str, summary: str, body: str, about: str, *problems: str) -> Operation:
    return Operation(
        method="post",
        path=f"/cases/{{case_id}}/{step}",
        name=name,
        tag="cases",
        summary=summary,
        about=about,
        answer=CaseDetail,
        body=ref(body),
        path_parameters=_CASE,
        problems=("case_unknown", "case_changed", "conflict", *problems),
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
    Operation(
        method="get",
        path="/cases",
        name="list_cases",
        tag="cases",
        summary="List cases, those with most at stake first",
        answer=CasePage,
        query=CaseQuery,
    ),
    Operation(
        method="post",
        path="/cases",
        name="open_case",
        tag="cases",
        summary="Open a case about a ring or an applicant",
        about="Where one is open about the same it is that one which is answered.",
        answer=CaseDetail,
        body=ref("CaseOpening"),
        problems=("ring_unknown",),
    ),
    Operation(
        method="get",
        path="/cases/assignees",
        name="list_assignees",
        tag="cases",
        summary="List to whom a case may be given",
        about="The users and keys that may work on cases, with how many open cases each has.",
        answer=AssigneeList,
    ),
    Operation(
        method="get",
        path="/cases/{case_id}",
        name="read_case",
        tag="cases",
        summary="Read a case with its history",
        about="That you looked is kept in its history.",
        answer=CaseDetail,
        path_parameters=_CASE,
        problems=("case_unknown",),
    ),
    _case(
        "assign",
        "assign_case",
        "Give a case to somebody, or back to the queue",
        "CaseAssignment",
        "Whoever has it investigates it.",
    ),
    _case(
        "notes", "note_case", "Add a note to a case", "CaseNote", "Notes never collide: no version is needed."
    ),
    _case("verdict", "conclude_case", "Conclude a case", "CaseVerdict", _VERDICT, "ring_unknown"),
    _case(
        "close",
        "close_case",
        "Close a case that has a verdict",
        "CaseClosing",
        "New evidence opens a new case.",
    ),
    _case("due", "set_case_due", "Say by when a case should be concluded", "CaseDue", ""),
    _case("links", "link_case", "Link a case to another", "CaseLink", "It stands in both histories."),
    _case(
        "attachments",
        "attach_to_case",
        "Put a file to a case",
        "CaseAttachment",
        "It is kept as it is, with its checksum. A text that holds raw identifiers is refused.",
    ),
    Operation(
        method="get",
        path="/cases/{case_id}/attachments/{attachment_id}",
        name="read_attachment",
        tag="cases",
        summary="Read a file that was put to a case",
        about="That you read it is kept in the history of the case.",
        answer="application/octet-stream",
        path_parameters=_CASE | {"attachment_id": "Its number in the case."},
        problems=("case_unknown",),
    ),
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
