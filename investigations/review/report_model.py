"""The report's section on the model that answers: the alarms of monitoring that last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from investigations.monitoring.alarms import AlarmCode
from investigations.monitoring.record import KeptAlarm
from investigations.review.report_words import Words

ALARMS: Mapping[AlarmCode, Words] = MappingProxyType(
    {
        AlarmCode.SCORE_DRIFT: ("The score is not what it was", "评分分布漂移"),
        AlarmCode.DECISION_DRIFT: ("Decisions are not what they were", "决策分布漂移"),
        AlarmCode.SIGNAL_DRIFT: ("A signal is not what it was", "特征分布漂移"),
        AlarmCode.LINKING_DRIFT: ("More or fewer are linked than before", "关联占比漂移"),
        AlarmCode.MODEL_AGE: ("The model is old", "模型过期"),
        AlarmCode.CALIBRATION: ("What was expected did not happen", "校准偏差"),
        AlarmCode.RECALL: ("Fewer frauds are found than promised", "召回率下降"),
    }
)
LISTED = 20


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """One line of the table: what it is about, in words, since when, and what it says."""

    words: Words
    since: datetime
    sentence: str


def alarm_lines(alarms: Sequence[KeptAlarm]) -> list[AlarmLine]:
    """The alarms, those about the model before those about names, the oldest first."""
    order = sorted(alarms, key=lambda one: (bool(one.alarm.name), one.alarm.since, one.alarm.name))
    return [AlarmLine(ALARMS[one.alarm.code], one.alarm.since, one.alarm.sentence) for one in order][:LISTED]
