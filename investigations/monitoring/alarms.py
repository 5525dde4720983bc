"""The alarms of monitoring: what has to be looked at, each said in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from graph.quantities import quantity
from investigations.monitoring.periods import DECISION, LINKING, SCORE, ServedPeriod
from investigations.monitoring.stability import DRIFTED


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmLimits:
    """From where on something is an alarm: the index of what drifted and in how many periods in a row, the
    age of what a model learned from, and by how much recall at review capacity may stay behind the model's
    own test.
    """

    index: float = DRIFTED
    periods: int = 2  # one crew makes a day of its own, and is gone
    model_age: timedelta = timedelta(days=90)  # a model is made again at least every three months
    recall: float = 0.1


class AlarmCode(StrEnum):
    """What an alarm is about."""

    SCORE_DRIFT = "score_drift"
    DECISION_DRIFT = "decision_drift"
    SIGNAL_DRIFT = "signal_drift"
    LINKING_DRIFT = "linking_drift"
    MODEL_AGE = "model_age"
    CALIBRATION = "calibration"
    RECALL = "recall"


DRIFTS = (
    AlarmCode.SCORE_DRIFT,
    AlarmCode.DECISION_DRIFT,
    AlarmCode.SIGNAL_DRIFT,
    AlarmCode.LINKING_DRIFT,
)


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm, since when it holds, and what it says. `name`: what drifted, empty where that is the model.

    Code and name are its cause: while that lasts it is the same alarm.
    """

    code: AlarmCode
    since: datetime
    sentence: str
    name: str = ""


def drift_code(name: str) -> AlarmCode:
    """The alarm of what drifted."""
    if name in (SCORE, DECISION):
        return AlarmCode.SCORE_DRIFT if name == SCORE else AlarmCode.DECISION_DRIFT
    return AlarmCode.LINKING_DRIFT if name.startswith(LINKING) else AlarmCode.SIGNAL_DRIFT


def drift_alarms(found: Sequence[ServedPeriod], limits: AlarmLimits) -> list[Alarm]:
    """One of each name that drifted in as many of the last periods as the limits say, what moved most first:
    since the first of the periods in a row in which it had.
    """
    if not found:
        return []
    drifted = [one.drifted(index=limits.index) for one in found]
    alarms = []
    for name in drifted[-1]:
        first = len(found) - 1
        while first > 0 and name in drifted[first - 1]:
            first -= 1
        if len(found) - first < limits.periods:
            continue
        since, moved = found[first].since, found[-1].shifts[name]
        said = f"population stability index of {name} {moved.index:.2f}, drifted since {since:%Y-%m-%d}"
        alarms.append(Alarm(drift_code(name), since, said, name))
    return alarms


def age_alarm(trained_as_of: datetime, now: datetime, limits: AlarmLimits) -> list[Alarm]:
    """Where what the model that serves learned from is older than the limit."""
    if now - trained_as_of <= limits.model_age:
        return []
    days = (now - trained_as_of).days
    until = trained_as_of.astimezone(now.tzinfo)
    said = f"the model learned until {until:%Y-%m-%d}, {quantity(days, 'day')} ago: train one anew"
    return [Alarm(AlarmCode.MODEL_AGE, trained_as_of + limits.model_age, said)]


def calibration_alarm(since: datetime, expected: float, low: float, high: float) -> list[Alarm]:
    """Where the mean probability lies outside the interval of the share that went bad."""
    if low <= expected <= high:
        return []
    said = f"{expected:.1%} were expected to go bad, and {low:.1%} to {high:.1%} did: calibrate or train anew"
    return [Alarm(AlarmCode.CALIBRATION, since, said)]


def recall_alarm(since: datetime, high: float, promised: float, limits: AlarmLimits) -> list[Alarm]:
    """Where the upper end of the interval of recall at review capacity stays behind the model's own test by
    more than the limit.
    """
    if high >= promised - limits.recall:
        return []
    said = (
        f"at most {high:.0%} of the frauds are found at review capacity, {promised:.0%} were in the model's"
    )
    return [Alarm(AlarmCode.RECALL, since, f"{said} test: look at what changed, or train anew")]
