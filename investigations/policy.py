"""The policy: from signals, probability, ring and rules to a decision with reasons. Versioned; it never
approves on incomplete evidence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from math import exp, log2, prod

from graph.features.lending.multi_lending import STATS
from graph.features.paths.evidence_paths import EvidencePaths
from graph.features.signals.catalogue import DIMENSIONS, SIGNALS
from graph.model.errors import SettingError
from graph.model.types import RingKind
from investigations import network, reasons, rules
from investigations.assessments import Conclusion, Decision, Level, Reason
from investigations.network import NONE as NO_LINKS
from investigations.network import NetworkLinks
from investigations.reasons import ReasonChoice
from investigations.reference_ranges import ReferenceRanges, from_simulated_worlds
from investigations.rules import FiredRule, Overrides, RuleInputs, RuleLimits

NAME = "ringfence-policy-2"  # changes with what is decided by other means than the values below


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From which probability on a loan goes to a person, and from which on it is proposed to be declined;
    above `approve` nothing is approved.

    The first two follow from how many loans people can review; `approve` does not: more than they can is a
    queue, and no approval. Raises SettingError where nobody would ever be reviewed: a refusal is always the
    riskier end.
    """

    review: float = 0.10
    decline: float = 0.60
    approve: float = 0.20

    def __post_init__(self) -> None:
        if self.review > self.decline:
            raise SettingError(
                f"the probability from which a person looks ({self.review:g}) is above the one from which "
                f"declining is proposed ({self.decline:g}): set RINGFENCE_REVIEW_PROBABILITY and "
                "RINGFENCE_DECLINE_PROBABILITY so that review comes first"
            )

    @property
    def from_here_a_person(self) -> float:
        """The probability from which on nothing is approved."""
        return min(self.review, self.approve)

    def decide(self, probability: float, *, asked: bool) -> Decision:
        """What is proposed at a probability; `asked`: whether something else asks for a person."""
        if probability >= self.decline:
            return Decision.DECLINE
        return Decision.REVIEW if asked or probability >= self.from_here_a_person else Decision.APPROVE


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreScale:
    """The score's scale: 500 at odds of `odds`; odds count by their `power`, so that 18 % is about 710 and 50
    % about 860.

    Without a model: what is `most_beyond` times as much as usual, or more, weighs `heaviest`, as log-odds
    would; what is beyond the usual where that is 0 weighs half as much; one dimension alone brings the score
    to `alone` of the whole.
    """

    odds: float = 0.05 / 0.95
    power: float = 0.625
    alone: float = 0.8
    most_beyond: float = 4.0
    heaviest: float = 0.4

    def of(self, probability: float) -> int:
        """0-1000, growing with the probability: 500 at 5 %."""
        if probability <= 0:
            return 0
        if probability >= 1:
            return 1000
        relative = float((probability / (1 - probability) / self.odds) ** self.power)
        return round(1000 * relative / (1 + relative))

    def of_risks(self, risks: Iterable[float]) -> int:
        """0-1000, growing with each of several risks in 0-1: 0 only when none speaks."""
        return round(1000 * (1.0 - prod(1.0 - self.alone * risk for risk in risks)))

    def beyond(self, ratio: float) -> float:
        """What a value weighs that is `ratio` times as much as usual: from 0 to `heaviest`."""
        return self.heaviest * min(max(log2(ratio), 0.0) / log2(self.most_beyond), 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The findings of one assessment. `contributions` are log-odds by signal or variable name, `network` what
    the model's sight of the links added, `links` at which of them it looked.

    `paths` goes the ways that show them; it is None from level `no_graph` on; signals and variables are empty
    then.
    """

    level: Level
    rule_inputs: RuleInputs
    paths: EvidencePaths | None = None
    signals: Mapping[str, float | None] = field(default_factory=dict)
    variables: Mapping[str, float | None] = field(default_factory=dict)
    probability: float | None = None
    uncertainty: str = "high"
    contributions: Mapping[str, float] = field(default_factory=dict)
    network: float = 0.0
    links: NetworkLinks = NO_LINKS
    reference: ReferenceRanges = field(default_factory=ReferenceRanges)

    @property
    def values(self) -> Mapping[str, float | None]:
        """Signals and variables by name."""
        return {**self.variables, **self.signals}

    def value(self, name: str) -> float | None:
        """That signal or variable; None where it is not known."""
        return self.signals[name] if name in self.signals else self.variables.get(name)


@dataclass(frozen=True)
class Policy:
    """A policy with everything that can be chosen about it; `version` changes with any of that. `files`: the
    digests of the policy files that are applied over the settings, `of_day` the thresholds before that.
    """

    thresholds: Thresholds = field(default_factory=Thresholds)
    limits: RuleLimits = field(default_factory=RuleLimits)
    reason_choice: ReasonChoice = field(default_factory=ReasonChoice)
    scale: ScoreScale = field(default_factory=ScoreScale)
    overrides: Overrides = ()
    files: tuple[str, ...] = ()
    of_day: Thresholds | None = None

    @cached_property
    def version(self) -> str:
        """Name and a fingerprint of everything that a decision, its score and its reasons depend on beside
        the model.
        """
        chosen = [asdict(part) for part in (self.thresholds, self.limits, self.reason_choice, self.scale)]
        fixed = (
            [(rule.code, rule.severity, rule.forces_review) for rule in rules.RULES.values()],
            rules.RING_LISTED,
            rules.INCOMPLETE,
        )
        words = (
            [(s.name, s.dimension, s.direction, s.unit, s.text_en, s.text_zh) for s in SIGNALS.values()],
            dict(STATS),
        )
        flagged = [kind.value for kind in RingKind if kind.flagged]
        content = repr((NAME, chosen, fixed, words, flagged, DIMENSIONS, from_simulated_worlds()))
        # as earlier releases wrote it: an unchanged policy keeps its version
        content = content.replace("ReferenceRanges(", "Usual(")
        content += repr(self.overrides) if self.overrides else ""
        return f"{NAME}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"

    def conclude(self, findings: Findings) -> Conclusion:
        """The decision, its score and its reasons."""
        fired = self.fired(findings)
        dimensions = self._dimensions(findings, fired)
        return Conclusion(
            decision=self.decide(findings, fired),
            score=self._score(findings, fired, dimensions),
            probability=findings.probability,
            uncertainty=findings.uncertainty if findings.level is Level.FULL else "high",
            policy_version=self.version,
            reasons=self._reasons(findings, fired),
            dimensions=dimensions,
        )

    def asked(self, findings: Findings) -> bool:
        """Whether something else than a probability asks for a person: a rule, or what could not be looked
        at.
        """
        return findings.level is not Level.FULL or any(one.forces_review for one in self.fired(findings))

    def fired(self, findings: Findings) -> tuple[FiredRule, ...]:
        """The rules that hold."""
        return rules.fired(findings.rule_inputs, self.limits, self.overrides)

    def decide(self, findings: Findings, fired: tuple[FiredRule, ...]) -> Decision:
        """approve only with complete evidence, a low probability and no rule that asks for review; only the
        model can propose to decline.
        """
        if findings.level is not Level.FULL or findings.probability is None:
            return Decision.REVIEW
        return self.thresholds.decide(findings.probability, asked=any(one.forces_review for one in fired))

    def _score(
        self, findings: Findings, fired: tuple[FiredRule, ...], dimensions: Mapping[str, float]
    ) -> int | None:
        """The probability on the scale, and at least what the rules that ask for a person come to; without a
        model what was found comes to.

        None where neither a model nor signals nor a rule spoke: nothing was looked at that a score could say.
        """
        if findings.probability is not None:
            asking: dict[str, float] = {}
            for one in fired:
                if one.forces_review:
                    asking[one.code.dimension] = max(asking.get(one.code.dimension, 0.0), one.severity)
            return max(self.scale.of(findings.probability), self.scale.of_risks(asking.values()))
        return (
            self.scale.of_risks(dimensions.values())
            if findings.paths is not None or findings.signals or fired
            else None
        )

    def _weights(self, findings: Findings) -> Mapping[str, float]:
        """How much each signal and variable speaks for a risk: the model's word, or without one how far it
        lies beyond what is usual.
        """
        if findings.level is Level.FULL:
            return findings.contributions
        return {
            name: weight
            for name, value in findings.values.items()
            if value is not None and (weight := self._beyond(name, value, findings.reference)) > 0
        }

    def _beyond(self, name: str, value: float, usual: ReferenceRanges) -> float:
        if not reasons.is_reason(name, value, usual, self.reason_choice):
            return 0.0
        falls = reasons.falls_with_risk(name)
        edge = (usual.low if falls else usual.high).get(name)
        if edge is None:
            return 0.0
        low, high = (value, edge) if falls else (edge, value)
        if high <= low:
            return 0.0
        return self.scale.beyond(high / low) if low > 0 else self.scale.heaviest / 2

    def _dimensions(self, findings: Findings, fired: tuple[FiredRule, ...]) -> dict[str, float]:
        """Each dimension's risk in 0-1: what its signals add, and at least what a rule about it says."""
        added = dict.fromkeys(DIMENSIONS, 0.0)
        for name, weight in self._weights(findings).items():
            if weight > 0 and (dimension := reasons.dimension_of(name)) is not None:
                added[dimension] += weight
        for dimension, weight in network.shares(findings.links, findings.network).items():
            added[dimension] += weight
        risk = {name: 1.0 - exp(-total) for name, total in added.items()}
        for one in fired:
            risk[one.code.dimension] = max(risk[one.code.dimension], one.severity)
        return {name: round(value, 4) for name, value in risk.items()}

    def _reasons(self, findings: Findings, fired: tuple[FiredRule, ...]) -> tuple[Reason, ...]:
        candidates = list(
            reasons.from_figures(
                self._weights(findings), findings.value, findings.reference, self.reason_choice
            )
        )
        if (
            findings.network > 0
            and (summary := network.network_reason(findings.links, findings.network, findings.paths))
            is not None
        ):
            candidates.append(summary)
        strongest = max((c.weight for c in candidates), default=1.0)
        given = (one for one in fired if one.forces_review or findings.level is not Level.FULL)
        candidates += reasons.from_rules(given, strongest, findings.rule_inputs.membership, findings.paths)
        if findings.level is not Level.FULL and not candidates:
            candidates = [reasons.stated(rules.INCOMPLETE, 1.0)]
        return reasons.ranked(candidates, findings.reference, findings.paths, self.reason_choice)
