"""Cases and verdicts: what a person is asked to look at, how far they are, and what they concluded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CaseState(StrEnum):
    """How far a case is."""

    PENDING = "pending"
    INVESTIGATING = "investigating"
    CLOSED = "closed"

    def may_become(self, other: CaseState) -> bool:
        """A case goes forward; a closed one stays closed (new evidence opens a new case)."""
        states = list(CaseState)
        return states.index(other) > states.index(self)


class VerdictValue(StrEnum):
    """What a person concluded."""

    CONFIRMED_FRAUD = "confirmed_fraud"
    FALSE_POSITIVE = "false_positive"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """What a case is opened about: a ring (of which snapshot) or an applicant, with the reason codes that speak for it."""

    reason: str
    ring_id: str | None = None
    snapshot: str | None = None
    applicant_id: str | None = None
    assessment_id: str | None = None
    reason_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvent:
    """A step in a case's life, kept for ever. `state` is the state after it."""

    at: datetime
    by: str
    kind: str
    state: CaseState
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A person's conclusion on a case. Several may follow each other; the last one holds."""

    at: datetime
    by: str
    value: VerdictValue
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case with its history, oldest first."""

    case_id: str
    about: NewCase
    opened_at: datetime
    state: CaseState
    events: tuple[CaseEvent, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
