"""The latest score of a person that somebody recorded, wherever it came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ScoreSource(StrEnum):
    """Where a score comes from: an answer of `/risk`, a batch, or a model in shadow."""

    RISK = "risk"
    BATCH = "batch"
    SHADOW = "shadow"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedScore:
    """A score (0-1000) of an applicant as of a moment, by a model (None: by rules alone) whose version is a
    digest of its weights.

    `scored_at`: from when on it counts as known: when an answer was given, in shadow too, or a batch began.
    """

    applicant_id: str
    application_id: str | None
    as_of: datetime
    scored_at: datetime
    source: ScoreSource
    model_version: str | None
    score: int
    probability: float | None
    decision: str
