"""What was served, period by period, against what was usual: decisions, scores and signals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from investigations.assessments import Decision, RiskAssessment, Stage
from investigations.monitoring.distributions import Distribution, Shift, Stability, columns, shift

SCORE = "probability"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What monitoring keeps of one assessment of an application."""

    at: datetime
    application_id: str | None
    applicant_id: str
    decision: Decision
    probability: float | None
    model_version: str | None
    values: Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True)
class ServedPeriod:
    """What was served from `since` until `until`, and how far each named value moved."""

    since: datetime
    until: datetime
    assessments: int
    decisions: Mapping[str, float]
    mean_probability: float | None
    shifts: Mapping[str, Shift] = field(default_factory=dict)
    missing: Mapping[str, float] = field(default_factory=dict)

    def drifted(self, least: Stability = Stability.DRIFTED) -> list[str]:
        """The names that drifted (or moved), those that moved most first."""
        wanted = {Stability.DRIFTED} | ({Stability.MOVED} if least is Stability.MOVED else set())
        found = [name for name, one in self.shifts.items() if one.stability(len(self.shifts)) in wanted]
        return sorted(found, key=lambda name: (-self.shifts[name].index, name))


def served(assessments: Iterable[RiskAssessment]) -> Iterator[Served]:
    """The first scans of applications among these assessments."""
    for one in assessments:
        if one.stage is Stage.APPLICATION:
            yield Served(
                at=one.as_of,
                application_id=one.application_id,
                applicant_id=one.applicant_id,
                decision=one.decision,
                probability=one.probability,
                model_version=one.model_version,
                values={SCORE: one.probability, **one.audit.get("signals", {})},
            )


def reference_of(rows: Sequence[Served]) -> dict[str, Distribution]:
    """What is usual, by name."""
    return {name: Distribution.of(values) for name, values in columns([one.values for one in rows]).items()}


def periods(
    rows: Sequence[Served], reference: Mapping[str, Distribution], since: datetime, length: timedelta
) -> list[ServedPeriod]:
    """The periods of that length from `since` on in which anything was served, each on its own: what comes
    later changes none.
    """
    by_number: dict[int, list[Served]] = {}
    for one in rows:
        by_number.setdefault((one.at - since) // length, []).append(one)
    return [
        _period(since + number * length, length, by_number[number], reference)
        for number in sorted(by_number)
        if number >= 0
    ]


def _period(
    since: datetime, length: timedelta, rows: Sequence[Served], reference: Mapping[str, Distribution]
) -> ServedPeriod:
    counts = Counter(one.decision.value for one in rows)
    values = columns([one.values for one in rows])
    nothing = np.full(len(rows), np.nan)
    now = {name: usual.filled(values.get(name, nothing)) for name, usual in reference.items()}
    probabilities = [one.probability for one in rows if one.probability is not None]
    return ServedPeriod(
        since=since,
        until=since + length,
        assessments=len(rows),
        decisions={one.value: counts[one.value] / len(rows) for one in Decision},
        mean_probability=float(np.mean(probabilities)) if probabilities else None,
        shifts={name: shift(reference[name], one) for name, one in now.items()},
        missing={name: one.missing for name, one in now.items()},
    )
