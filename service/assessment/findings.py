"""The replayable part of an answer, and what a second scan is compared with."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from graph.features.changes import EarlierNeighbourhood
from graph.features.read_neighbourhood import read_neighbourhood
from graph.model.errors import StoreError
from graph.store.evidence import Subject
from investigations.assessments import Conclusion, Level, ModelUsed, RiskAssessment, Stage
from service.assessment.answers import response
from service.assessment.context import AppContext
from service.assessment.deadline import Stopwatch
from service.assessment.evaluation import Evaluation

_SECOND_ROOM = 1  # beside what is seen now


def findings_of(
    context: AppContext,
    stage: Stage,
    subject: Subject,
    as_of: datetime,
    outcome: tuple[Evaluation, Conclusion],
) -> dict[str, Any]:
    """The replayable part of an answer."""
    evaluation, concluded = outcome
    findings = context.responses.findings(stage, subject, as_of, evaluation, concluded)
    model: ModelUsed | None = context.model if evaluation.degraded.level is Level.FULL else None
    findings["models"] = response.models(model)
    return findings


def waiting_for_store(context: AppContext, watch: Stopwatch) -> AbstractContextManager[None]:
    return context.store.within((watch.left_ms() - watch.reserved_ms()) / 1000)


def earlier_neighbourhood(
    context: AppContext, subject: Subject, first: RiskAssessment, watch: Stopwatch
) -> EarlierNeighbourhood | None:
    """What the first scan could see of the subject; None where there is no time to look, the store is away,
    or the first scan did not reach it.
    """
    if first.recorded_by is None or not watch.allows("neighbourhood"):
        return None
    try:
        view = context.views.at(first.as_of, first.recorded_by)
        with watch.timing("neighbourhood"), waiting_for_store(context, watch):
            return EarlierNeighbourhood(*read_neighbourhood(view, subject, _SECOND_ROOM))
    except StoreError:
        return None
