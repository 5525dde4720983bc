"""Which model an answer is of: a context that belongs to one version wholly, today's or an earlier one's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from graph.model.errors import BundleError, RegistryError, StoreUnavailableError
from ingestion.parse_context import time_zone
from investigations.assessments import RiskAssessment
from investigations.policy import Policy
from investigations.review_capacity import Following, Scores
from service.assessment.context import AppContext
from service.assessment.policies.in_force import PolicyInForce
from service.opening import follows, policy_for
from service.settings import Settings

if TYPE_CHECKING:
    from gnn.scoring.scorer import Scorer

# in an audit record: the version of the model that was loaded, whether or not it had a say
LOADED = "model_loaded"


class LostModelError(StoreUnavailableError):
    """The registry can be read, and the bundle of a model in it cannot: waiting does not help."""


def with_model(context: AppContext, scorer: Scorer) -> AppContext:
    """The same context with another model: its scores, and the policy and thresholds that belong to it."""
    return _with(context, scorer, lambda window: context.casebook.scores.of(window, scorer.version))


def with_challenger(context: AppContext, scorer: Scorer, challenger: str) -> AppContext:
    """The same of a model that answers in shadow under that name: its thresholds follow what it said there,
    as they would follow its answers if it served.
    """
    return _with(context, scorer, lambda window: context.casebook.scores.in_shadow(window, challenger))


def _with(context: AppContext, scorer: Scorer, scores: Scores) -> AppContext:
    policy = policy_for(context.settings, scorer)
    follow = following(context.settings, policy, scorer, scores)
    policies = PolicyInForce(policy, follow, context.policies.files)
    return replace(context, scorer=scorer, policy=policy, policies=policies)


def following(settings: Settings, policy: Policy, scorer: Scorer | None, scores: Scores) -> Following | None:
    """Thresholds by the scores that a model gave; None where the settings say which they are."""
    if scorer is None or not follows(settings):
        return None
    return Following(policy.thresholds, scorer.capacity, time_zone(settings.timezone), scores)


def kept(context: AppContext, policy: Policy) -> dict[str, Any]:
    """What an audit record keeps of the model that was loaded and of the policy of the day."""
    return {LOADED: context.model.version if context.model else None} | context.policies.kept(policy)


def as_served(context: AppContext, recorded: RiskAssessment) -> AppContext:
    """The context as an assessment was made with: the version that was loaded then, from the registry. Where
    that has no such model, or there is no registry, today's.

    Raises StoreUnavailableError where the registry cannot be read, LostModelError where its bundle cannot.
    """
    version = recorded.audit.get(LOADED, recorded.model_version)
    if version is None or context.models is None or (context.model and context.model.version == version):
        return context
    try:
        return (
            with_model(context, context.models.scorer(version)) if context.models.holds(version) else context
        )
    except (BundleError, RegistryError) as error:
        gone = LostModelError if isinstance(error, BundleError) else StoreUnavailableError
        raise gone(f"the model {version} that answered cannot be had: {error}") from error
