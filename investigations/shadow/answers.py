"""The values of shadow answers: what a challenger says of a recorded assessment, and the two side by side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from investigations.assessments import Decision

OUT_OF_SCOPE = "out_of_scope"
LOOKS_BACK = timedelta(days=30)  # how old an assessment may be when a process that starts finds it unanswered


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowAnswer:
    """What a challenger says of the assessment with that id, which was as of `as_of`.

    `challenger`: the name under which it runs, of a model its version. `failure`: why there is no answer,
    where there is none: `model_failed` (also where the model that served is lost), `unreadable` where the
    assessment itself cannot be read, OUT_OF_SCOPE where a policy is of other lenders. `answered_at`: when it
    was computed.
    """

    assessment_id: str
    challenger: str
    as_of: datetime
    answered_at: datetime
    model_version: str | None = None
    policy_version: str | None = None
    decision: Decision | None = None
    score: int | None = None
    probability: float | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Proposed:
    """What one of the two proposes, and its probability."""

    decision: Decision
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPair:
    """An answer that was served, about an application, and the challenger's beside it."""

    assessment_id: str
    at: datetime
    applicant_id: str
    served: Proposed
    shadow: Proposed


@dataclass(frozen=True, slots=True)
class AnsweredPeriod:
    """How many assessments of a period a challenger should have answered, looked at and failed at."""

    assessments: int
    answered: int
    failed: int
