"""Messages: what others are told when something happens, kept beside it and sent by webhook."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from investigations.watch.alerts import Alert


class MessageType(StrEnum):
    """What happened; the value is the `type` of the webhook."""

    RISK_CHANGED = "risk.changed"
    RING_FLAGGED = "ring.flagged"
    RING_MERGED = "ring.merged"
    RING_NO_LONGER_FLAGGED = "ring.no_longer_flagged"
    CASE_CLOSED = "case.closed"
    MODEL_ALARM = "model.alarm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something that happened to `subject` (`application:ID`, `ring:ID`, `case:ID`): messages about one
    subject are sent in their order.

    Type, subject and cause make a message once and for all. `platform_id` is the lender whom it concerns;
    None for what is across lenders. `data` is what its receivers get.
    """

    type: MessageType
    subject: str
    cause: str
    at: datetime
    data: Mapping[str, Any]
    platform_id: str | None = None

    @property
    def message_id(self) -> str:
        """The same however often it is made or sent: by it a receiver knows what it has had."""
        return message_id_of(self.type, self.subject, self.cause)


@dataclass(frozen=True, slots=True)
class WatchFindings:
    """What one revision is worth: alerts, each once, and messages about them and about rings."""

    alerts: tuple[Alert, ...] = ()
    messages: tuple[Message, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.alerts or self.messages)


def message_id_of(kind: str, subject: str, cause: str) -> str:
    """The id that a message of that type has by what it is about."""
    return "MSG-" + hashlib.sha256(f"{kind}|{subject}|{cause}".encode()).hexdigest()[:20]


def message_of(alert: Alert) -> Message:
    """What others are told of an alert."""
    return Message(
        type=MessageType.RISK_CHANGED,
        subject=alert.subject,
        cause=alert.alert_id,
        at=alert.at,
        data=alert.shown(utc),
        platform_id=alert.platform_id,
    )


def utc(moment: datetime | None) -> str | None:
    """A moment in a message: ISO-8601 in UTC, to the microsecond."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment is not None else None
