"""What was served, period by period, against what was usual: decisions, scores, signals, linking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from graph.facts.distributions import Distribution
from graph.model.moments import DAY, micros
from investigations.assessments import Decision, RiskAssessment, Stage
from investigations.monitoring.population import Population, population
from investigations.monitoring.stability import DRIFTED, Shift, Stability, columns, shift

SCORE, DECISION, LINKING = "probability", "decision", "linking."  # the last is before a kind of identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What monitoring keeps of one first scan: `values` by name, the decision among them by its severity."""

    at: datetime
    applicant_id: str
    decision: Decision
    probability: float | None
    model_version: str | None
    values: Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True)
class ServedPeriod:
    """What was served from `since` until `until`, how each named value was spread, and how far those moved of
    which it is known what is usual; the `score` in the bins of what is.
    """

    since: datetime
    until: datetime
    assessments: int
    decisions: Mapping[str, float]
    shifts: Mapping[str, Shift] = field(default_factory=dict)
    population: Mapping[str, Population] = field(default_factory=dict)
    score: Distribution | None = None

    def drifted(self, least: Stability = Stability.DRIFTED, index: float = DRIFTED) -> list[str]:
        """The names that drifted (or moved), those that moved most first; `index`: from where on one has
        drifted.
        """
        wanted = {Stability.DRIFTED} | ({Stability.MOVED} if least is Stability.MOVED else set())
        compared = len(self.shifts)
        found = [name for name, one in self.shifts.items() if one.stability(compared, index) in wanted]
        return sorted(found, key=lambda name: (-self.shifts[name].index, name))


def served(assessments: Iterable[RiskAssessment]) -> Iterator[Served]:
    """The first scans of applications among these assessments."""
    for one in assessments:
        if one.stage is Stage.APPLICATION:
            yield Served(
                at=one.as_of,
                applicant_id=one.applicant_id,
                decision=one.decision,
                probability=one.probability,
                model_version=one.model_version,
                values={
                    SCORE: one.probability,
                    DECISION: float(one.decision.severity),
                    **one.audit.get("signals", {}),
                },
            )


def reference_of(rows: Sequence[Served]) -> dict[str, Distribution]:
    """What is usual, by name."""
    days = np.array([micros(one.at) // DAY for one in rows], np.int64)
    values = columns([one.values for one in rows])
    return {name: Distribution.of(column, days) for name, column in values.items()}


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
    values = columns([one.values for one in rows], reference)
    now = {name: usual.filled(values[name]) for name, usual in reference.items()}
    return ServedPeriod(
        since=since,
        until=since + length,
        assessments=len(rows),
        decisions={one.value: counts[one.value] / len(rows) for one in Decision},
        shifts={name: shift(usual, now[name]) for name, usual in reference.items()},
        population={name: population(column) for name, column in values.items()},
        score=now.get(SCORE),
    )
