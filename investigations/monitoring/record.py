"""What monitoring found, as it is kept: days, months and runs as plain values, and alarms while they last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from investigations.monitoring.alarms import Alarm, AlarmCode
from investigations.watch.messages import Message, MessageType, utc


class KeptKind(StrEnum):
    """What a kept row is about."""

    DAY = "day"
    MONTH = "month"
    RUN = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was found of one day, month or run that begins with `since`, about that model; a later run says it
    anew.
    """

    kind: KeptKind
    since: datetime
    model_version: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAlarm:
    """An alarm from when it was found until it ended (None: it lasts)."""

    alarm: Alarm
    model_version: str
    found_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorRun:
    """What one run found at `at` about a model. `looked_at`: which alarms it could have raised; those of them
    that it did not raise have ended.
    """

    at: datetime
    model_version: str
    rows: Sequence[Kept]
    alarms: Sequence[Alarm]
    looked_at: frozenset[AlarmCode]


def alarm_messages(new: Sequence[Alarm], run: MonitorRun) -> list[Message]:
    """What others are told of alarms that a run raised: a message for each code."""
    by_code: dict[AlarmCode, list[Alarm]] = {}
    for one in new:
        by_code.setdefault(one.code, []).append(one)
    return [
        Message(
            type=MessageType.MODEL_ALARM,
            subject=f"model:{run.model_version}",
            cause=f"{code}|{utc(run.at)}",
            at=run.at,
            data={
                "code": code.value,
                "model_version": run.model_version,
                "since": utc(min(one.since for one in some)),
                "names": [one.name for one in some if one.name],
                "sentences": [one.sentence for one in some],
            },
        )
        for code, some in by_code.items()
    ]
