"""Cases and verdicts: what is to be investigated, its state, and what people concluded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from graph.model.types import Label, LabelValue


class CaseState(StrEnum):
    """How far a case is. A closed one stays closed: new evidence opens a new case."""

    PENDING = "pending"
    INVESTIGATING = "investigating"
    CLOSED = "closed"


class VerdictValue(StrEnum):
    """What a person concluded."""

    CONFIRMED_FRAUD = "confirmed_fraud"
    FALSE_POSITIVE = "false_positive"
    INCONCLUSIVE = "inconclusive"

    @property
    def label(self) -> LabelValue | None:
        """What the store is told of a person so concluded; None where nothing is."""
        return _LABEL_OF.get(self)


_LABEL_OF = {VerdictValue.CONFIRMED_FRAUD: LabelValue.FRAUD, VerdictValue.FALSE_POSITIVE: LabelValue.GOOD}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """What a case is opened about: a ring (of which snapshot) or an applicant, with the reason codes that
    speak for it.
    """

    reason: str
    ring_id: str | None = None
    snapshot: str | None = None
    applicant_id: str | None = None
    assessment_id: str | None = None
    reason_codes: tuple[str, ...] = ()
    exposure: float = 0.0
    probability: float = 0.0

    @property
    def priority(self) -> float:
        """What is expected to be lost, in the currency of the loans: the open sum times how likely it is
        fraud.
        """
        return self.exposure * self.probability


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvent:
    """A step in a case's life, kept for ever. `state` is the state after it; `position` grows over all
    cases.
    """

    position: int = 0
    at: datetime
    by: str
    kind: str
    state: CaseState
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """An investigator's conclusion on a case and on people in it. Several may follow each other; the last one
    on a person holds.
    """

    at: datetime
    by: str
    value: VerdictValue
    note: str | None = None
    people: Mapping[str, VerdictValue] = field(default_factory=dict)

    def labels(self, case_id: str) -> tuple[Label, ...]:
        """The labels that the store gets: one for each person who was found a fraud or none, known from the
        verdict's moment on.
        """
        source = f"case {case_id}"
        return tuple(
            Label(label=value.label, known_at=self.at, applicant_id=applicant, source=source)
            for applicant, value in sorted(self.people.items())
            if value.label is not None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases are wanted; None wants all."""

    state: CaseState | None = None
    assignee: str | None = None
    ring_id: str | None = None
    applicant_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case with its history, oldest first. `version` grows with every step; who changes a case names the
    one they saw.
    """

    case_id: str
    about: NewCase
    opened_at: datetime
    state: CaseState
    assignee: str | None = None
    version: int = 0
    events: tuple[CaseEvent, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
