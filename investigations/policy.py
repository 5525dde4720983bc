"""The policy: from signals, probability, ring and rules to a decision with reasons. Versioned; it never approves what it could not see whole."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from math import exp, prod

from graph.errors import SettingError
from graph.signals import DIMENSIONS
from graph.signals.reading import Reading
from investigations import reasons, rules
from investigations.assessments import Conclusion, Decision, Level, Reason
from investigations.rules import Fired, Known

NAME = "ringfence-policy-1"

# The score's scale: 500 at a probability of 5 %; odds count by their 5/8th power, so that 18 % is about 710 and 50 % about 860.
SCORE_ODDS = 0.05 / 0.95
SCORE_POWER = 0.625


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From which probability on a loan goes to a person, and from which on it is proposed to be declined.

    Raises SettingError where nobody would ever be reviewed: a refusal is always the riskier end.
    """

    review: float = 0.10
    decline: float = 0.60

    def __post_init__(self) -> None:
        if self.review > self.decline:
            raise SettingError(
                f"the probability from which a person looks ({self.review:g}) is above the one from which declining is proposed ({self.decline:g}): "
                "set RINGFENCE_REVIEW_PROBABILITY and RINGFENCE_DECLINE_PROBABILITY so that review comes first"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What one assessment found. `contributions` are log-odds by signal or variable name, `network` what the model's sight of the links added.

    `typical`: the values that 95 % stay under. `reading` is None from level `no_graph` on; signals and variables are empty then.
    """

    level: Level
    known: Known
    reading: Reading | None = None
    signals: Mapping[str, float | None] = field(default_factory=dict)
    variables: Mapping[str, float | None] = field(default_factory=dict)
    probability: float | None = None
    uncertainty: str = "high"
    contributions: Mapping[str, float] = field(default_factory=dict)
    network: float = 0.0
    typical: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Policy:
    """A policy with its thresholds; `version` changes with any of the rules, the scale and the thresholds."""

    thresholds: Thresholds = field(default_factory=Thresholds)

    @cached_property
    def version(self) -> str:
        """Name and a fingerprint of everything that a decision depends on."""
        content = repr((asdict(self.thresholds), SCORE_ODDS, SCORE_POWER, [(r.code, r.severity, r.forces_review) for r in rules.RULES.values()]))
        return f"{NAME}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"

    def conclude(self, found: Findings) -> Conclusion:
        """The decision, its score and its reasons."""
        fired = rules.fired(found.known)
        dimensions = _dimensions(found, fired)
        score = score_of(found.probability) if found.probability is not None else _score_without_model(dimensions)
        return Conclusion(
            decision=self.decide(found, fired),
            score=score,
            probability=found.probability,
            uncertainty=found.uncertainty if found.level is Level.FULL else "high",
            policy_version=self.version,
            reasons=_reasons(found, fired),
            dimensions=dimensions,
        )

    def decide(self, found: Findings, fired: tuple[Fired, ...]) -> Decision:
        """approve only when everything was looked at, the model sees little and no rule asks for a person; decline is the model's word alone."""
        if found.level is not Level.FULL or found.probability is None:
            return Decision.REVIEW
        if found.probability >= self.thresholds.decline:
            return Decision.DECLINE
        if found.probability >= self.thresholds.review or any(one.forces_review for one in fired):
            return Decision.REVIEW
        return Decision.APPROVE


def score_of(probability: float) -> int:
    """0-1000, growing with the probability: 500 at 5 %."""
    if probability <= 0:
        return 0
    if probability >= 1:
        return 1000
    relative = float((probability / (1 - probability) / SCORE_ODDS) ** SCORE_POWER)
    return round(1000 * relative / (1 + relative))


def _weights(found: Findings) -> Mapping[str, float]:
    """How much each signal and variable speaks for a risk: the model's word, or without one how far it lies beyond what is typical."""
    if found.level is Level.FULL:
        return found.contributions
    values = {**found.variables, **found.signals}
    beyond = {}
    for name, value in values.items():
        usual = found.typical.get(name)
        if value is not None and usual is not None and value > usual and reasons.rises_with_risk(name):
            beyond[name] = min(value / usual, 4.0) / 4.0 if usual > 0 else 0.5
    return beyond


def _dimensions(found: Findings, fired: tuple[Fired, ...]) -> dict[str, float]:
    """Each dimension's risk in 0-1: what its signals add, and at least what a rule about it says."""
    added = dict.fromkeys(DIMENSIONS, 0.0)
    for name, weight in _weights(found).items():
        if weight > 0 and (dimension := reasons.dimension_of(name)) is not None:
            added[dimension] += weight
    added[reasons.NETWORK.dimension] += max(found.network, 0.0)
    risk = {name: 1.0 - exp(-total) for name, total in added.items()}
    for one in fired:
        risk[one.code.dimension] = max(risk[one.code.dimension], one.severity)
    return {name: round(value, 4) for name, value in risk.items()}


def _score_without_model(dimensions: Mapping[str, float]) -> int:
    """Any one dimension suffices: 0 only when none speaks."""
    return round(1000 * (1.0 - prod(1.0 - 0.8 * value for value in dimensions.values())))


def _reasons(found: Findings, fired: tuple[Fired, ...]) -> tuple[Reason, ...]:
    candidates = list(reasons.from_figures(_weights(found), {**found.variables, **found.signals}))
    if found.network > 0:
        candidates.append(reasons.said(reasons.NETWORK, found.network))
    strongest = max((c.weight for c in candidates), default=1.0)
    candidates += reasons.from_rules((one for one in fired if one.forces_review or found.level is not Level.FULL), scale=2.0 * strongest)
    if found.level is not Level.FULL and not candidates:
        candidates = [reasons.said(rules.INCOMPLETE, 1.0)]
    return reasons.ranked(candidates, found.typical, found.reading)
