"""What the routes of cases answer, as types: OpenAPI tells of them."""

from __future__ import annotations

from typing import Annotated, TypedDict

from msgspec import Meta

from graph.model.types import LabelValue, PlatformType
from investigations.cases import CaseKind, CasePriority, CaseState, ProbabilityOf, VerdictValue
from service.assessment.answers.answer import Count, Moment, Share


class CaseSummary(TypedDict):
    """A case in the queue."""

    case_id: Annotated[str, Meta(description="Its id.", examples=["C-1"])]
    state: Annotated[CaseState, Meta(description="How far it is.")]
    kind: Annotated[CaseKind, Meta(description="What it is about: one applicant, or a kind of ring.")]
    lenders: Annotated[
        list[PlatformType], Meta(description="At which types of lenders these people had applied by then.")
    ]
    due_at: Annotated[Moment | None, Meta(description="By when it should be concluded.")]
    overdue: Annotated[bool, Meta(description="Whether that moment has passed and it is not closed.")]
    assignee: Annotated[str | None, Meta(description="Who investigates it.", examples=["wang"])]
    opened_at: Annotated[Moment | None, Meta(description="Since when.")]
    reason: Annotated[str, Meta(description="Why it was opened.", examples=["ring_review"])]
    reason_codes: Annotated[
        list[str], Meta(description="What spoke for it (docs/rings.md, docs/reason_codes.md).")
    ]
    ring_id: Annotated[
        str | None, Meta(description="The ring that it is about; null for a case about an applicant.")
    ]
    snapshot: Annotated[str | None, Meta(description="The weekly review in which the ring was found.")]
    applicant_id: Annotated[
        str | None, Meta(description="The applicant whom it is about; null for a case about a ring.")
    ]
    assessment_id: Annotated[str | None, Meta(description="The answer that led to it.")]
    exposure: Annotated[
        float,
        Meta(
            description="CNY of these people's loans that was open at the opening; of a case that an answer "
            "or an alert opened, what was applied for."
        ),
    ]
    probability: Annotated[
        Share | None,
        Meta(
            description="How likely it is bad, as `probability_of` says; null where nobody had scored them."
        ),
    ]
    probability_of: Annotated[
        ProbabilityOf,
        Meta(
            description="What that is: the ring's bad share, the share of loans with such an alert that went "
            "bad, or the probability of fraud of an answer or a recorded score."
        ),
    ]
    expected_loss: Annotated[float, Meta(description="Exposure times probability, in CNY.")]
    priority: Annotated[CasePriority, Meta(description="When it is to be looked at, as people said.")]
    version: Annotated[
        Count, Meta(description="Grows with every change: who changes the case names the one they have read.")
    ]


class Assignee(TypedDict):
    """Somebody to whom a case may be given."""

    name: Annotated[str, Meta(description="The name of the user or of the key.", examples=["wang"])]
    open_cases: Annotated[int, Meta(description="How many cases they have that are not closed.")]
    shared_out: Annotated[
        bool, Meta(description="Whether new cases are shared out to them (`RINGFENCE_INVESTIGATORS`).")
    ]


class AssigneeList(TypedDict):
    """To whom a case may be given, by name."""

    assignees: Annotated[list[Assignee], Meta(description="Who may work on cases.")]


class CaseStep(TypedDict):
    """A step in the history of a case."""

    at: Annotated[Moment | None, Meta(description="When.")]
    by: Annotated[str, Meta(description="Who: the name of a key, or of a job.")]
    kind: Annotated[
        str,
        Meta(
            description="What: opened, looked_at, assigned, priority, due, note, attached, linked, unlinked, "
            "proposed, verdict, closed, no_longer_flagged.",
            examples=["assigned"],
        ),
    ]
    state: Annotated[CaseState, Meta(description="The state after it.")]
    note: Annotated[str | None, Meta(description="What was said.")]


class CaseConclusion(TypedDict):
    """A verdict; the latest one on a person holds."""

    at: Annotated[Moment | None, Meta(description="When; the labels are known from then on.")]
    by: Annotated[str, Meta(description="Who.")]
    value: Annotated[VerdictValue, Meta(description="What the case comes to.")]
    note: Annotated[str | None, Meta(description="Why.")]
    people: Annotated[
        dict[str, VerdictValue], Meta(description="What single people come to, by applicant id.")
    ]


class CaseAttachmentShown(TypedDict):
    """A file that somebody put to a case."""

    attachment_id: Annotated[
        Count, Meta(description="Its number: `/cases/<id>/attachments/<attachment_id>`.")
    ]
    at: Annotated[Moment | None, Meta(description="When.")]
    by: Annotated[str, Meta(description="Who.")]
    name: Annotated[str, Meta(description="Its name.", examples=["contract.pdf"])]
    media_type: Annotated[str, Meta(description="What it is.", examples=["application/pdf"])]
    size: Annotated[Count, Meta(description="Bytes.")]
    sha256: Annotated[str, Meta(description="Of its content.")]


class CaseDetail(CaseSummary):
    """A case with its history, oldest first."""

    as_of: Annotated[
        Moment | None,
        Meta(
            description="As of when the desk shows its people: just after all that was known when it opened."
        ),
    ]
    history: Annotated[list[CaseStep], Meta(description="Every step, and who looked.")]
    verdicts: Annotated[list[CaseConclusion], Meta(description="Every conclusion.")]
    proposed: Annotated[
        CaseConclusion | None,
        Meta(description="A verdict that counts once somebody else has come to the same."),
    ]
    second_needed: Annotated[
        bool, Meta(description="Whether a verdict on it counts only after a second person's.")
    ]
    linked: Annotated[list[str], Meta(description="Ids of the cases that it is linked to.")]
    attachments: Annotated[list[CaseAttachmentShown], Meta(description="Files that were put to it.")]
    labels: Annotated[
        dict[str, LabelValue],
        Meta(description="What its verdicts tell the graph store, by applicant id; the latest holds."),
    ]
    labels_owed: Annotated[
        bool, Meta(description="Whether labels of its verdicts have not reached the graph store yet.")
    ]


class CaseCounts(TypedDict):
    """Cases by their state."""

    pending: Annotated[Count, Meta(description="Nobody investigates them.")]
    investigating: Annotated[Count, Meta(description="Somebody does.")]
    closed: Annotated[Count, Meta(description="They are concluded and closed.")]


class CasePage(TypedDict):
    """A page of the queue."""

    total: Annotated[Count, Meta(description="Cases that were asked for, on all pages.")]
    counts: Annotated[CaseCounts, Meta(description="How many are in each state, by the other filters alone.")]
    cases: Annotated[list[CaseSummary], Meta(description="Those of the page.")]


class CaseVersions(TypedDict):
    """What is to be named of cases with which a step is done at once."""

    total: Annotated[Count, Meta(description="Cases that were asked for.")]
    cases: Annotated[
        dict[str, Count],
        Meta(description="By id: the version of each, of the first 5,000 in their order."),
    ]


class CaseChange(TypedDict):
    """What somebody did last with a case that another one had read before."""

    by: Annotated[str, Meta(description="Who: the name of a key, or of a job.")]
    kind: Annotated[str, Meta(description="What, as in the history.", examples=["assigned"])]
    at: Annotated[Moment | None, Meta(description="When.")]


class CaseDone(TypedDict):
    """What became of a step with one of many cases."""

    done: Annotated[bool, Meta(description="Whether it was done; else nothing was.")]
    version: Annotated[Count, Meta(description="The case's version now; 0 where there is no such case.")]
    code: Annotated[
        str | None,
        Meta(
            description="Why not: `case_changed`, `conflict` (it is closed) or `case_unknown`.",
            examples=["case_changed"],
        ),
    ]
    changed: Annotated[
        CaseChange | None, Meta(description="Of `case_changed`: who did what meanwhile; else null.")
    ]
    detail: Annotated[str | None, Meta(description="The same in words.")]


class CasesDone(TypedDict):
    """What became of a step with many cases."""

    done: Annotated[Count, Meta(description="With how many it was done.")]
    cases: Annotated[dict[str, CaseDone], Meta(description="By id, in the order of the request.")]
