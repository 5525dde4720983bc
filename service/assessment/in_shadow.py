"""What a challenger says of a recorded assessment: of its subject, as of its moment and revision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from graph.model.errors import StoreChangedError, StoreUnavailableError
from investigations.assessments import Level, RiskAssessment
from investigations.casebook import Casebook
from investigations.shadow.answers import ShadowAnswer
from service.assessment import audit_record
from service.assessment.assess import assess_stored
from service.assessment.context import AppContext
from service.assessment.served_model import with_challenger
from service.registered_models import RegisteredModels

MODEL_FAILED, UNREADABLE = "model_failed", "unreadable"


@dataclass(frozen=True, slots=True)
class Challenger:
    """Who answers in shadow, with what, to which assessments: those from `since` on."""

    name: str
    context: AppContext
    since: datetime


def challenger_of(context: AppContext, models: RegisteredModels, version: str, since: datetime) -> Challenger:
    """A model of the registry as a challenger. What was assessed before it learned is none of its business:
    it knows what became of that.

    Raises RegistryError and BundleError.
    """
    scorer = models.scorer(version)
    learned = datetime.fromisoformat(scorer.trained_as_of)
    return Challenger(version, with_challenger(context, scorer, version), max(since, learned))


def answer_in_shadow(challenger: Challenger, assessment_id: str, as_of: datetime) -> ShadowAnswer:
    """The challenger's answer to an assessment, as it would be if its model served; nothing is written.

    Raises StoreUnavailableError where store or casebook cannot be used: it is asked again then.
    """
    context = challenger.context
    try:
        recorded = context.casebook.assessment(assessment_id)
        return _answered(challenger, recorded)
    except StoreChangedError:
        return ShadowAnswer(
            assessment_id=assessment_id,
            challenger=challenger.name,
            as_of=as_of,
            answered_at=context.clock(),
            failure=UNREADABLE,
        )


def _answered(challenger: Challenger, recorded: RiskAssessment) -> ShadowAnswer:
    context = challenger.context
    _, subject = audit_record.read(recorded)
    if recorded.recorded_by is None:
        raise StoreChangedError(f"assessment {recorded.assessment_id} names no revision")
    view = context.views.at(recorded.as_of, recorded.recorded_by)
    policy = context.policies.then(recorded.as_of, audit_record.policy_files(recorded))
    evaluation, concluded = assess_stored(view, subject, context.scorer, policy)
    if evaluation.features is None:
        raise StoreUnavailableError("the store did not answer while a challenger looked")
    return ShadowAnswer(
        assessment_id=recorded.assessment_id,
        challenger=challenger.name,
        as_of=recorded.as_of,
        answered_at=context.clock(),
        model_version=context.model.version if context.model else None,
        policy_version=concluded.policy_version,
        decision=concluded.decision,
        score=concluded.score,
        probability=concluded.probability,
        failure=None if evaluation.degraded.level is Level.FULL else MODEL_FAILED,
    )


def lags(models: RegisteredModels | None, casebook: Casebook) -> Mapping[str, timedelta]:
    """By version of each model in shadow: how much older the latest assessment that it has answered is than
    the latest there is. Raises RegistryError and StoreUnavailableError.
    """
    shadows = models.registry.shadows() if models is not None else ()
    return {one.version: casebook.shadows.lag(one.version, one.since) for one in shadows}
