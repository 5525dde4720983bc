"""What a challenger, a model or a policy, says of a recorded assessment: of its subject, moment, revision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from graph.model.errors import StoreChangedError, StoreUnavailableError
from investigations.assessments import Conclusion, Level, RiskAssessment
from investigations.casebook import Casebook
from investigations.casebook.policy_uses import PolicyUse
from investigations.policies.file import PolicyFile
from investigations.shadow.answers import OUT_OF_SCOPE, ShadowAnswer
from service.assessment import audit_record
from service.assessment.assess import assess_stored
from service.assessment.context import AppContext
from service.assessment.repeats.policy_dry_run import concluded_by
from service.assessment.served_model import LostModelError, as_served, with_challenger
from service.registered_models import RegisteredModels

MODEL_FAILED, UNREADABLE = "model_failed", "unreadable"
_DIGITS = 16  # of a policy's digest, in its name


@dataclass(frozen=True, slots=True)
class Tried:
    """What is in shadow: a model of the registry by its version, or a policy file by `use`; since when."""

    name: str
    since: datetime
    use: PolicyUse | None = None


@dataclass(frozen=True, slots=True)
class Challenger:
    """Who answers in shadow, with what, to which assessments: those from `since` on. `file`: the policy; None
    where it is a model.
    """

    name: str
    context: AppContext
    since: datetime
    file: PolicyFile | None = None


def tried(models: RegisteredModels | None, casebook: Casebook) -> tuple[Tried, ...]:
    """All that is in shadow, the models before the policies. Raises RegistryError and
    StoreUnavailableError.
    """
    shadows = models.registry.shadows() if models is not None else ()
    policies = (Tried(policy_name(one), one.at, one) for one in casebook.policies_in_shadow.in_force())
    return (*(Tried(one.version, one.since) for one in shadows), *policies)


def policy_name(use: PolicyUse) -> str:
    """How a policy in shadow is called."""
    return f"policy:{(use.digest or '')[:_DIGITS]}"


def challenger_of(
    context: AppContext, models: RegisteredModels | None, one: Tried, since: datetime
) -> Challenger:
    """A challenger from `since` on. What was assessed before a model learned is none of its business: it
    knows what became of that.

    Raises RegistryError and BundleError, and StoreChangedError for a policy file that was changed.
    """
    if one.use is not None:
        (file,) = context.policies.files.recorded([one.use.digest or ""])
        return Challenger(one.name, context, since, file)
    assert models is not None  # who else said that it is in shadow
    scorer = models.scorer(one.name)
    learned = datetime.fromisoformat(scorer.trained_as_of)
    return Challenger(one.name, with_challenger(context, scorer, one.name), max(since, learned))


def answer_in_shadow(challenger: Challenger, assessment_id: str, as_of: datetime) -> ShadowAnswer:
    """The challenger's answer to an assessment, as it would be if it served; nothing is written.

    Raises StoreUnavailableError where store or casebook cannot be used: it is asked again then; ErasedError
    where it was about somebody who was erased.
    """
    try:
        recorded = challenger.context.casebook.assessment(assessment_id)
        if recorded.recorded_by is None:
            raise StoreChangedError(f"assessment {assessment_id} names no revision")
        if challenger.file is None:
            return _by_model(challenger, recorded, recorded.recorded_by)
        return _by_policy(challenger, recorded, challenger.file)
    except StoreChangedError:
        return _failed(challenger, assessment_id, as_of, UNREADABLE)
    except LostModelError:
        return _failed(challenger, assessment_id, as_of, MODEL_FAILED)


def _by_model(challenger: Challenger, recorded: RiskAssessment, revision: int) -> ShadowAnswer:
    context = challenger.context
    _, subject = audit_record.read(recorded)
    view = context.views.at(recorded.as_of, revision)
    policy = context.policies.then(recorded.as_of, audit_record.policy_files(recorded))
    evaluation, concluded = assess_stored(view, subject, context.scorer, policy)
    if evaluation.features is None:
        raise StoreUnavailableError("the store did not answer while a challenger looked")
    if evaluation.degraded.level is not Level.FULL:
        return _failed(challenger, recorded.assessment_id, recorded.as_of, MODEL_FAILED)
    version = context.model.version if context.model else None
    return _said(challenger, recorded, concluded, version)


def _by_policy(challenger: Challenger, recorded: RiskAssessment, file: PolicyFile) -> ShadowAnswer:
    """By the model that answered, and this file in the place of the one of its scope."""
    then_served = as_served(challenger.context, recorded)
    concluded = concluded_by(challenger.context.views.at, then_served.policies, file, recorded)
    if concluded is None:
        return _failed(challenger, recorded.assessment_id, recorded.as_of, OUT_OF_SCOPE)
    return _said(challenger, recorded, concluded, recorded.model_version)


def _said(
    challenger: Challenger, recorded: RiskAssessment, concluded: Conclusion, version: str | None
) -> ShadowAnswer:
    return ShadowAnswer(
        assessment_id=recorded.assessment_id,
        challenger=challenger.name,
        as_of=recorded.as_of,
        answered_at=challenger.context.clock(),
        model_version=version,
        policy_version=concluded.policy_version,
        decision=concluded.decision,
        score=concluded.score,
        probability=concluded.probability,
    )


def _failed(challenger: Challenger, assessment_id: str, as_of: datetime, why: str) -> ShadowAnswer:
    return ShadowAnswer(
        assessment_id=assessment_id,
        challenger=challenger.name,
        as_of=as_of,
        answered_at=challenger.context.clock(),
        failure=why,
    )


def lags(models: RegisteredModels | None, casebook: Casebook) -> Mapping[str, timedelta]:
    """By name of each challenger: how much older the latest assessment that it has answered is than the
    latest there is. Raises RegistryError and StoreUnavailableError.
    """
    return {one.name: casebook.shadows.lag(one.name, one.since) for one in tried(models, casebook)}
