"""What became of the flags of the last weeks, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from investigations.case_outcomes import CaseStanding, VerdictCounts
from investigations.monitoring.record import KeptAlarm

NONE = VerdictCounts({}, {})


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendWeek:
    """The flagged rings of one snapshot; `exposure` in CNY is what their people owed then."""

    snapshot: str
    as_of: datetime
    flagged: int
    people: int
    exposure: float
    newly_flagged: int
    no_longer_flagged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What came of the flags of these weeks, by the rings' own first flag in a snapshot and the people whom
    they had then.

    `rings` were flagged; `ahead` of them before the first default or fraud known of their people, `late`
    after it, of the rest none is known. Of the people of the rings that were not late: what they applied for
    after the flag and were refused (`refused`, `refused_amount` CNY), and what was paid out to them still
    (`paid`, `paid_amount`), of which `paid_defaulted` loans are in default.
    """

    rings: int = 0
    ahead: int = 0
    late: int = 0
    refused: int = 0
    refused_amount: float = 0.0
    paid: int = 0
    paid_amount: float = 0.0
    paid_defaulted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRecord:
    """The record of the flags. `cases`: the latest case of each ring that is or was flagged; `verdicts`:
    those of these weeks; `alarms`: those of monitoring that last, None without a casebook; `monitored`: when
    it looked last, None: never.
    """

    trend: tuple[TrendWeek, ...] = ()
    saved: Saved = Saved()
    cases: Mapping[str, CaseStanding] | None = None
    verdicts: VerdictCounts = NONE
    alarms: tuple[KeptAlarm, ...] | None = None
    monitored: datetime | None = None
