"""Cases and verdicts: what is to be investigated, its state, and what people concluded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from graph.model.types import Label, LabelValue

DUE = timedelta(days=5)  # from a case's opening until somebody should have concluded it
LINKED, UNLINKED = "linked", "unlinked"  # kinds of steps whose note is the other case's id
URGENT_DUE = timedelta(days=2)
URGENT = 50_000.0  # priority from which a case is due so soon


class CaseKind(StrEnum):
    """What a case is about: one person, or a group by what it is taken for (`RingKind`)."""

    APPLICANT = "applicant"
    RING = "ring"
    AGENT = "agent"
    MERCHANT = "merchant"
    HOUSEHOLD = "household"
    DORMITORY = "dormitory"
    KIOSK = "kiosk"
    UNKNOWN = "unknown"


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

    `probability`: how likely it is fraud, None where nobody has said. `lenders` are the types of lenders
    (`Platform.type`) where these people had applied.
    """

    reason: str
    ring_id: str | None = None
    snapshot: str | None = None
    applicant_id: str | None = None
    assessment_id: str | None = None
    reason_codes: tuple[str, ...] = ()
    exposure: float = 0.0
    probability: float | None = None
    kind: CaseKind = CaseKind.APPLICANT
    lenders: tuple[str, ...] = ()

    def at(self, lenders: tuple[str, ...]) -> NewCase:
        """The same, whose people had applied at these types of lenders."""
        return replace(self, lenders=lenders)

    @property
    def due(self) -> timedelta:
        """How long after its opening the case should be concluded."""
        return URGENT_DUE if self.priority >= URGENT else DUE

    @property
    def priority(self) -> float:
        """What is expected to be lost, in the currency of the loans: the open sum times how likely it is
        fraud; nothing where that is not known.
        """
        return self.exposure * (self.probability or 0.0)


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
class Attachment:
    """A file that somebody put to a case, without its content; `size` in bytes, `sha256` of the content."""

    attachment_id: int
    at: datetime
    by: str
    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases are wanted; None wants all.

    `open`: whether they are not closed. `assigned`: whether somebody has them. Exposures in the currency of
    the loans; `opened_before` and `due_before` strictly.
    """

    state: CaseState | None = None
    open: bool | None = None
    assignee: str | None = None
    assigned: bool | None = None
    ring_id: str | None = None
    applicant_id: str | None = None
    kind: CaseKind | None = None
    lender: str | None = None
    min_exposure: float | None = None
    opened_before: datetime | None = None
    due_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case with its history, oldest first. `version` grows with every step; who changes a case names the
    one they saw.

    `proposed` is a verdict that waits for somebody else to come to the same.
    """

    case_id: str
    about: NewCase
    opened_at: datetime
    due_at: datetime
    state: CaseState
    assignee: str | None = None
    version: int = 0
    events: tuple[CaseEvent, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    proposed: Verdict | None = None
    attachments: tuple[Attachment, ...] = ()

    @property
    def as_of(self) -> datetime:
        """As of when its people are shown: strictly before it lies all that was known at the opening, so the
        application too whose answer opened the case at that very moment.
        """
        return self.opened_at + timedelta(microseconds=1)

    @property
    def linked(self) -> tuple[str, ...]:
        """The ids of the cases that were linked to it and not taken apart again, in their order."""
        result: dict[str, None] = {}
        for one in self.events:
            if one.note and one.kind == LINKED:
                result[one.note] = None
            elif one.note and one.kind == UNLINKED:
                result.pop(one.note, None)
        return tuple(result)
