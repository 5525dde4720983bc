"""The values of an assessment: RiskAssessment, its reasons, and the enumerations of decision, stage and
level.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Decision(StrEnum):
    """What the machine proposes; a person or the lender's own engine decides."""

    APPROVE = "approve"
    REVIEW = "review"
    DECLINE = "decline"

    @property
    def severity(self) -> int:
        """approve 0, review 1, decline 2: of two proposals the graver one holds."""
        return list(Decision).index(self)


class Stage(StrEnum):
    """When in a loan's life it is assessed."""

    APPLICATION = "application"
    DISBURSEMENT = "disbursement"
    MONITORING = "monitoring"


class Level(StrEnum):
    """How complete an assessment is, best first."""

    FULL = "full"
    NO_MODEL = "no_model"
    NO_GRAPH = "no_graph"
    RULES_ONLY = "rules_only"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonCode:
    """A stable word for a reason, with its sentence in English and Chinese. `dimension` groups codes (ring,
    device, phone, ...).
    """

    code: str
    dimension: str
    text_en: str
    text_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason of one assessment: `contribution` is its share of the risk in 0-1, `value` what was
    measured.

    `typical_p95` is what 95 % stay under, where more is riskier; `typical_p05` what 95 % stay above, where
    less is.

    `evidence` holds paths of masked keys:
    `{"path": ["application:...", "device:***7f2a", "applicant:***2c"], "shared_since": ...}`.
    """

    rank: int
    code: ReasonCode
    contribution: float
    value: float | None
    typical_p95: float | None
    typical_p05: float | None
    evidence: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Degraded:
    """How complete the assessment is, what it lacks (`model`, `graph`, `store`, ...) and why (`deadline`,
    `store_unavailable`, ...).
    """

    level: Level
    missing: tuple[str, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUsed:
    """Which model scored."""

    name: str
    version: str
    trained_as_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What the policy made of the figures.

    `score` 0-1000, higher is riskier, None where nothing was looked at; `probability` None where no model
    scored.
    """

    decision: Decision
    score: int | None
    probability: float | None
    uncertainty: str
    policy_version: str
    reasons: tuple[Reason, ...]
    dimensions: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskAssessment:
    """One assessment as it is stored: who, as of when, from which revision of the store (`recorded_by`), and
    what was concluded.

    `answer` is the response as it was sent, to the byte. `audit` holds what it was computed from: the
    application with its pseudonyms, signals, variables, the model's parts; plain JSON values, enough to
    compute it again.
    """

    assessment_id: str
    stage: Stage
    applicant_id: str
    application_id: str | None
    as_of: datetime
    recorded_by: int | None
    client: str
    request_id: str
    level: Level
    decision: Decision
    score: int | None
    probability: float | None
    policy_version: str
    model_version: str | None
    ring_id: str | None
    answer: bytes
    audit: Mapping[str, Any] = field(default_factory=dict)
