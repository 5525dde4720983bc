"""The alarms of monitoring: what has to be looked at, each said in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from investigations.monitoring.periods import SCORE, ServedPeriod

MODEL_AGE = timedelta(days=90)  # a model is made again at least every three months
MOST_NAMED = 5


class AlarmCode(StrEnum):
    """What an alarm is about."""

    SCORE_DRIFT = "score_drift"
    SIGNAL_DRIFT = "signal_drift"
    MODEL_AGE = "model_age"
    CALIBRATION = "calibration"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm, since when it holds, and what it says."""

    code: AlarmCode
    since: datetime
    sentence: str


def drift_alarms(found: Sequence[ServedPeriod]) -> list[Alarm]:
    """Of the score and of signals, where the last period drifted: since the first of the periods in a row in
    which that was so.
    """
    alarms = []
    for code in (AlarmCode.SCORE_DRIFT, AlarmCode.SIGNAL_DRIFT):
        since = None
        for one in reversed(found):
            if not _drifted(one, code):
                break
            since = one.since
        if since is None:
            continue
        last, names = found[-1], _drifted(found[-1], code)
        said = ", ".join(f"{name} {last.shifts[name].index:.2f}" for name in names[:MOST_NAMED])
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        sentence = f"population stability index of {said}{more}, since {since:%Y-%m-%d}"
        alarms.append(Alarm(code, since, sentence))
    return alarms


def _drifted(period: ServedPeriod, code: AlarmCode) -> list[str]:
    """The names that drifted and that alarms of that code are about."""
    return [name for name in period.drifted() if (name == SCORE) == (code is AlarmCode.SCORE_DRIFT)]


def age_alarm(trained_as_of: datetime, now: datetime) -> list[Alarm]:
    """Where the model that serves learned from what is older than MODEL_AGE."""
    if now - trained_as_of <= MODEL_AGE:
        return []
    days = (now - trained_as_of).days
    said = f"the model learned until {trained_as_of:%Y-%m-%d}, {days} days ago: train one anew"
    return [Alarm(AlarmCode.MODEL_AGE, trained_as_of + MODEL_AGE, said)]


def calibration_alarm(since: datetime, expected: float, low: float, high: float) -> list[Alarm]:
    """Where the mean probability lies outside the interval of the share that went bad."""
    if low <= expected <= high:
        return []
    said = f"{expected:.1%} were expected to go bad, and {low:.1%} to {high:.1%} did: calibrate or train anew"
    return [Alarm(AlarmCode.CALIBRATION, since, said)]
