"""The answers of /alerts as types."""

from typing import Annotated, TypedDict

from msgspec import Meta

from investigations.watch.alerts import AlertCode, AlertGrade
from service.assessment.answers.answer import Moment


class AlertEvidence(TypedDict):
    """What shows it."""

    path: Annotated[
        list[str],
        Meta(
            description="From the loan or ring to what shows it; keys masked but for the subject's own.",
            examples=[["application:2026-000123", "applicant:C-8841", "device:***7f2a", "applicant:***2c"]],
        ),
    ]
    shared_since: Annotated[
        Moment | None, Meta(description="Since when the last step is there; null where it has no date.")
    ]


class AlertShown(TypedDict):
    """What got worse around a loan in force, or in a flagged ring."""

    alert_id: Annotated[str, Meta(description="Its id: one for each subject, code and cause.")]
    code: Annotated[AlertCode, Meta(description="Why; stable (docs/alerts.md).")]
    grade: Annotated[
        AlertGrade, Meta(description="`high`: most such loans went bad where it was measured; else `low`.")
    ]
    at: Annotated[Moment | None, Meta(description="As of when it was seen; for a lender's key its day.")]
    recorded_by: Annotated[
        int | None, Meta(description="The revision with the fact; null for a lender's key.")
    ]
    application_id: Annotated[str | None, Meta(description="The loan; null for an alert about a ring.")]
    applicant_id: Annotated[str | None, Meta(description="The borrower; null for an alert about a ring.")]
    platform_id: Annotated[str | None, Meta(description="The loan's lender.")]
    ring_id: Annotated[str | None, Meta(description="The ring that it is about, or that the borrower is in.")]
    text_en: Annotated[str, Meta(description="In English.")]
    text_zh: Annotated[str, Meta(description="In Chinese.")]
    evidence: AlertEvidence


class AlertPage(TypedDict):
    """Alerts in the order in which they were made."""

    alerts: Annotated[list[AlertShown], Meta(description="Those of the page.")]
    next: Annotated[
        str | None,
        Meta(description="What to give as `after` next time; null where there was none yet."),
    ]
    more: Annotated[bool, Meta(description="Whether there are more already.")]
