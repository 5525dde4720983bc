"""Cases that answers open: about an applicant whom the policy sends to people, or declines within a ring."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

import orjson

from graph.model.errors import FrameUnreadableError, StoreError
from graph.model.types import RingKind
from graph.store.evidence import Subject
from investigations.assessments import Decision, RiskAssessment
from investigations.case_subjects import lender_types
from investigations.cases import NewCase
from service.assessment.context import AppContext

log = logging.getLogger("ringfence.cases")

REVIEW, DECLINE_WITH_RING = "review", "decline_with_ring"
BY = "risk"  # who opened such a case, in its history


def open_case(context: AppContext, assessment: RiskAssessment, subject: Subject) -> None:
    """Open the case that an answer calls for, unless one about the applicant is open. An answer does not wait
    for a casebook that cannot take it: that is logged.
    """
    wanted = context.settings.answers_with_cases
    if not wanted or assessment.decision is Decision.APPROVE:
        return
    answer = orjson.loads(assessment.answer)
    reason = _reason(assessment.decision, answer)
    if reason not in wanted:
        return
    amount = subject.application.amount if subject.application else None
    about = NewCase(
        reason=f"risk_{reason}",
        applicant_id=assessment.applicant_id,
        assessment_id=assessment.assessment_id,
        reason_codes=tuple(dict.fromkeys(one["code"] for one in answer["reasons"])),
        exposure=amount or 0.0,
        probability=assessment.probability,
    )
    try:
        if not context.casebook.has_open_case(assessment.applicant_id):
            lenders = _lenders(context, assessment)
            context.casebook.open_case(about.at(lenders), at=assessment.as_of, by=BY)
    except StoreError as error:
        log.warning("the case that answer %s calls for was not opened: %s", assessment.assessment_id, error)


def _lenders(context: AppContext, assessment: RiskAssessment) -> tuple[str, ...]:
    """The types of the lenders at which the applicant had applied, through the frame where it can be read."""
    as_of, who = assessment.as_of, [assessment.applicant_id]
    if assessment.recorded_by is not None:
        with suppress(FrameUnreadableError):
            return lender_types(context.views.at(as_of, assessment.recorded_by), who)
    return lender_types(context.store.view(as_of), who)


def _reason(decision: Decision, answer: dict[str, Any]) -> str:
    if decision is Decision.REVIEW:
        return REVIEW
    ring = answer.get("ring")
    return DECLINE_WITH_RING if ring and RingKind(ring["kind"]).flagged else ""
