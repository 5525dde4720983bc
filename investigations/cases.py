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
URGENT = 50_000.0  # expected loss from which a case is due so soon
WATCH = "watch"  # why a case was opened that an alert opened


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


class CasePriority(StrEnum):
    """What people say of when a case is to be looked at: after all others, in its turn, before all others."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """Its place among them, the highest last."""
        return _RANKS.index(self)

    @classmethod
    def of_rank(cls, rank: int) -> CasePriority:
        """The priority of that place."""
        return _RANKS[rank]


_RANKS = tuple(CasePriority)


class ProbabilityOf(StrEnum):
    """What the probability of a case is: of a ring the bad share, of an alert's case the share of the loans
    with such an alert that went bad, of any other the probability of fraud of an answer or a recorded score.
    """

    BAD_SHARE = "bad_share"
    ALERTED_LOANS = "alerted_loans"
    FRAUD = "fraud"


class CaseColumn(StrEnum):
    """By what a queue can be sorted. `priority` is the order in which people should look at cases: their
    priority, then the expected loss, then the oldest first.
    """

    PRIORITY = "priority"
    EXPECTED_LOSS = "expected_loss"
    EXPOSURE = "exposure"
    PROBABILITY = "probability"
    OPENED_AT = "opened_at"
    DUE_AT = "due_at"
    SUBJECT = "subject"
    KIND = "kind"
    STATE = "state"
    ASSIGNEE = "assignee"
    REASON = "reason"

    @property
    def falls(self) -> bool:
        """Whether the largest stands first where nobody says otherwise."""
        return self in (self.PRIORITY, self.EXPECTED_LOSS, self.EXPOSURE, self.PROBABILITY)


@dataclass(frozen=True, slots=True)
class CaseSort:
    """By which column a queue is sorted, and whether the largest or latest stands first. Cases that are equal
    in it stand the oldest first; one without a value (nobody has it) stands last.
    """

    column: CaseColumn
    falling: bool


IN_TURN = CaseSort(CaseColumn.PRIORITY, falling=True)  # as people should look at them


class VerdictValue(StrEnum):
    """What a person concluded."""

    CONFIRMED_FRAUD = "confirmed_fraud"
    FALSE_POSITIVE = "false_positive"
    INCONCLUSIVE = "inconclusive"

    @property
    def label(self) -> LabelValue | None:
        """What the store is told of a person so concluded; None where nothing is."""
        return _LABEL_OF.get(self)

    def after(self, before: VerdictValue | None) -> VerdictValue:
        """What stands once this was concluded after what stood `before`, of a case and of a person: an
        inconclusive verdict takes nothing back, as it makes no label.
        """
        return self if before is None or self.label is not None else before


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
        return URGENT_DUE if self.expected_loss >= URGENT else DUE

    @property
    def expected_loss(self) -> float:
        """What is expected to be lost, in the currency of the loans: the exposure times the probability;
        nothing where that is not known.
        """
        return self.exposure * (self.probability or 0.0)

    @property
    def probability_of(self) -> ProbabilityOf:
        """What `probability` says."""
        if self.ring_id is not None:
            return ProbabilityOf.BAD_SHARE
        alerted = self.reason == WATCH and bool(self.reason_codes)  # a case opened by hand has no codes
        return ProbabilityOf.ALERTED_LOANS if alerted else ProbabilityOf.FRAUD


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
    """An investigator's conclusion on a case and on people in it. Several may follow each other:
    `VerdictValue.after` says what stands then.
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
class Sought:
    """What somebody searches the queue for: the beginning of the id of a case, ring or applicant, or these
    rings, these applicants (also where a verdict names them) and answers about this application.
    """

    begins: str | None = None
    rings: tuple[str, ...] = ()
    applicants: tuple[str, ...] = ()
    application: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases are wanted; None wants all.

    `open`: whether they are not closed. `assigned`: whether somebody has them. Exposures in the currency of
    the loans; `opened_before` and `due_before` strictly.
    """

    sought: Sought | None = None

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

    def of_counts(self, counts: Mapping[CaseState, int]) -> int:
        """How many are wanted, by how many are in each state of those that the rest of it wants."""
        return sum(counts[one] for one in self.states)

    @property
    def states(self) -> tuple[CaseState, ...]:
        """In which states they may be."""
        named = [self.state] if self.state else list(CaseState)
        return tuple(one for one in named if self.open in (None, one is not CaseState.CLOSED))


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
    priority: CasePriority = CasePriority.NORMAL
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
