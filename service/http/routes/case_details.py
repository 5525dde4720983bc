"""Cases as the routes answer them: a line of the queue, and a whole case."""

from __future__ import annotations

from datetime import datetime
from math import inf
from typing import Any

import orjson
from flask import Response, g

from graph.model.types import LabelValue, PlatformType
from investigations.cases import Attachment, Case, CaseState, Verdict
from service.http.calls import app_context
from service.http.schemas.case_answers import CaseAttachmentShown, CaseConclusion, CaseDetail, CaseSummary


def second_above() -> float:
    """The exposure above which a verdict needs two people."""
    return app_context().settings.second_eyes_above or inf


def summary(case: Case, now: datetime) -> CaseSummary:
    """A case without its history."""
    about, time = case.about, app_context().responses.time
    return {
        "case_id": case.case_id,
        "state": case.state,
        "kind": about.kind,
        "lenders": [PlatformType(lender) for lender in about.lenders],
        "due_at": time(case.due_at),
        "overdue": case.state is not CaseState.CLOSED and case.due_at < now,
        "assignee": case.assignee,
        "opened_at": time(case.opened_at),
        "reason": about.reason,
        "reason_codes": list(about.reason_codes),
        "ring_id": about.ring_id,
        "snapshot": about.snapshot,
        "applicant_id": about.applicant_id,
        "assessment_id": about.assessment_id,
        "exposure": about.exposure,
        "probability": about.probability,
        "probability_of": about.probability_of,
        "expected_loss": about.expected_loss,
        "priority": case.priority,
        "version": case.version,
    }


def detail(case: Case) -> Response:
    """A case with its history, as the answer to this request."""
    time = app_context().responses.time
    shown: CaseDetail = {
        **summary(case, g.arrived),
        "as_of": time(min(case.as_of, g.arrived)),  # a machine's clock may be behind
        "history": [
            {"at": time(one.at), "by": one.by, "kind": one.kind, "state": one.state, "note": one.note}
            for one in case.events
        ],
        "verdicts": [_conclusion(one) for one in case.verdicts],
        "proposed": _conclusion(case.proposed) if case.proposed else None,
        "second_needed": case.about.exposure > second_above(),
        "linked": list(case.linked),
        "attachments": [_attachment(one) for one in case.attachments],
        "labels": _labels(case),
        "labels_owed": bool(case.verdicts) and app_context().casebook.owes_labels(case.case_id),
    }
    return answered(shown)


def answered(value: Any) -> Response:
    """A value as the JSON of an answer."""
    return Response(orjson.dumps(value), mimetype="application/json")


def _labels(case: Case) -> dict[str, LabelValue]:
    """What the graph store is told of each person by now: a later verdict replaces an earlier one."""
    labels = (label for verdict in case.verdicts for label in verdict.labels(case.case_id))
    return {label.applicant_id: label.label for label in labels if label.applicant_id}


def _conclusion(one: Verdict) -> CaseConclusion:
    return {
        "at": app_context().responses.time(one.at),
        "by": one.by,
        "value": one.value,
        "note": one.note,
        "people": dict(one.people),
    }


def _attachment(one: Attachment) -> CaseAttachmentShown:
    return {
        "attachment_id": one.attachment_id,
        "at": app_context().responses.time(one.at),
        "by": one.by,
        "name": one.name,
        "media_type": one.media_type,
        "size": one.size,
        "sha256": one.sha256,
    }
