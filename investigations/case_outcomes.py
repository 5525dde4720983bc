"""What cases came to, as plain values: for the report of the risk meeting and for whoever sets the policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from investigations.cases import CaseState, VerdictValue


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStanding:
    """How a ring's latest case stands, with the verdict that does."""

    case_id: str
    state: CaseState
    assignee: str | None
    verdict: VerdictValue | None


@dataclass(frozen=True, slots=True)
class Tally:
    """How often each verdict stands (`VerdictValue.after`)."""

    confirmed_fraud: int = 0
    false_positive: int = 0
    inconclusive: int = 0

    def with_one(self, value: VerdictValue) -> Tally:
        """One more of that verdict."""
        return replace(self, **{value.value: getattr(self, value.value) + 1})

    @property
    def concluded(self) -> int:
        """How many say that the flag was right or wrong."""
        return self.confirmed_fraud + self.false_positive

    @property
    def share_wrong(self) -> float | None:
        """The share of false positives of those that say so; None where none does."""
        return self.false_positive / self.concluded if self.concluded else None


@dataclass(frozen=True, slots=True)
class JudgedPerson:
    """The verdict that stands about a person, and when it was given."""

    applicant_id: str
    value: VerdictValue
    at: datetime


@dataclass(frozen=True, slots=True)
class VerdictCounts:
    """Verdicts by the kind that a case was taken for (a kind of ring, or applicant), and by reason code; a
    case counts once for each of its codes.
    """

    kinds: Mapping[str, Tally]
    codes: Mapping[str, Tally]
