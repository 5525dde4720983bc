"""What monitoring found as plain values: for the command, the casebook and the desk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from investigations.monitoring.alarms import Alarm
from investigations.monitoring.periods import ServedPeriod
from service.governance.monitoring.performance import Judged
from service.governance.monitoring.periods import Monitored

DIGITS = 6


def figures(found: Monitored) -> dict[str, Any]:
    """All of it."""
    return {
        "reference": found.reference_from,
        "periods": [period(one) for one in found.periods],
        "no_periods": found.no_periods,
        "judged": [judged_month(one) for one in found.judged],
        "label_delay": rounded(asdict(found.delay)) if found.delay else None,
        "alarms": [alarm(one) for one in found.alarms],
    }


def period(one: ServedPeriod) -> dict[str, Any]:
    """A period: how its names were spread, and how far they moved."""
    return {
        "since": one.since.isoformat(),
        "until": one.until.isoformat(),
        "assessments": one.assessments,
        "decisions": rounded(one.decisions),
        "drifted": one.drifted(),
        "stability": {
            name: {"index": round(moved.index, DIGITS), "says": moved.stability(len(one.shifts)).value}
            for name, moved in one.shifts.items()
        },
        "population": {name: rounded(asdict(spread)) for name, spread in one.population.items()},
        "score": one.score.as_json() if one.score else None,
    }


def judged_month(one: Judged) -> dict[str, Any]:
    """A month: what was expected, what happened, and the figures."""
    return rounded(
        {
            "month": one.month,
            "assessments": one.assessments,
            "frauds": one.frauds,
            "expected": one.expected,
            "happened_low": one.low,
            "happened_high": one.high,
            "recall_high": one.recall_high,
            **one.figures,
        }
    )


def alarm(one: Alarm) -> dict[str, Any]:
    """An alarm."""
    return {
        "code": one.code.value,
        "name": one.name,
        "since": one.since.isoformat(),
        "sentence": one.sentence,
    }


def rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same with every float to DIGITS digits."""
    return {
        name: round(value, DIGITS) if isinstance(value, float) else value for name, value in values.items()
    }
