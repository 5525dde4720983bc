"""Replays one recorded assessment, and says whether it is equal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from graph.features.lending.grammar import beyond_standard
from graph.model.errors import StoreUnavailableError
from graph.store.port import GraphView
from investigations.assessments import Degraded, RiskAssessment
from service.assessment import audit_record
from service.assessment.answers import response
from service.assessment.assess import LOOKS
from service.assessment.context import AppContext
from service.assessment.deadline import Stopwatch
from service.assessment.evaluation import AWAY, Effort, evaluate
from service.assessment.findings import earlier_neighbourhood, findings_of
from service.assessment.served_model import as_served


def replay(context: AppContext, assessment_id: str) -> dict[str, Any]:
    """Compute a recorded assessment again, from the store as it was then, and say whether it is equal, also
    in what was measured and in its row's columns.

    Raises NotFoundError, StoreUnavailableError, and StoreChangedError for a row that cannot be what was
    written.
    """
    for _ in range(LOOKS):
        recorded = context.casebook.assessment(assessment_id)
        at, by = recorded.as_of, recorded.recorded_by
        view = None if by is None else context.views.at(at, by)
        result = _replayed(context, recorded, view)
        if view is None or context.views.is_still(view):
            break
    return result


def _replayed(context: AppContext, recorded: RiskAssessment, view: GraphView | None) -> dict[str, Any]:
    answered, subject = audit_record.read(recorded)
    then_served = as_served(context, recorded)
    wanted = beyond_standard(answered["multi_lending"]["variables"])
    effort = Effort(then_served.scorer, at_most=recorded.level, wanted=wanted)
    evaluation = evaluate(view, subject, effort)
    then = answered["degraded"]
    if evaluation.degraded.level is recorded.level:
        evaluation = replace(
            evaluation,
            degraded=Degraded(level=recorded.level, missing=tuple(then["missing"]), reason=then["reason"]),
        )
    elif view is not None and evaluation.degraded.reason == AWAY:
        raise StoreUnavailableError("the store does not answer now: replay again when it does")
    concluded = audit_record.policy_of(recorded, then_served.policies).conclude(evaluation.findings)
    again = findings_of(then_served, recorded.stage, subject, recorded.as_of, (evaluation, concluded))
    if answered["changes_since"] is not None:
        first = context.casebook.assessment(answered["changes_since"]["assessment_id"])
        looked = answered["changes_since"]["person"] is not None
        before = earlier_neighbourhood(context, subject, first, Stopwatch.unhurried()) if looked else None
        again["changes_since"] = context.responses.changes(first, concluded, evaluation, before)
    again = orjson.loads(orjson.dumps(again))
    differs = [
        name for name in answered if name not in response.OF_THE_REQUEST and answered[name] != again.get(name)
    ]
    differences = [
        {"field": name, "recorded": answered[name], "replayed": again.get(name)} for name in differs
    ]
    differences += audit_record.contradictions(recorded) + audit_record.measured_differences(
        recorded, subject, evaluation
    )
    return {
        "assessment_id": recorded.assessment_id,
        "equal": not differences,
        "differences": differences,
        "as_of": answered["as_of"],
        "recorded_by": recorded.recorded_by,
        "level": recorded.level.value,
        "models_then": answered["models"],
        "models_now": response.models(context.model),
        "policy_then": answered["policy_version"],
        "policy_now": context.policies.at(context.clock(), audit_record.scope_of(subject)).version,
        "answer": {
            name: answered[name] if name in response.OF_THE_REQUEST else again.get(name) for name in answered
        },
    }
