"""Alerts: what got worse around a loan in force or a flagged ring, on which evidence, in which words."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from graph.model.types import Application
from investigations.masks import masked_node


class AlertCode(StrEnum):
    """Why an alert was made; stable (docs/alerts.md)."""

    BORROWER_CONFIRMED = "BORROWER_CONFIRMED"
    NEIGHBOUR_CONFIRMED = "NEIGHBOUR_CONFIRMED"
    RING_JOINED = "RING_JOINED"
    RING_MERGED = "RING_MERGED"
    RING_GREW = "RING_GREW"
    RING_MEMBER_CONFIRMED = "RING_MEMBER_CONFIRMED"
    LENDERS_BURST = "LENDERS_BURST"
    DEVICE_CHANGED_HANDS = "DEVICE_CHANGED_HANDS"
    COOLING_OFF_RETURN = "COOLING_OFF_RETURN"


class AlertGrade(StrEnum):
    """How often loans with such an alert go bad."""

    HIGH = "high"
    LOW = "low"


_LOW = frozenset({AlertCode.LENDERS_BURST, AlertCode.DEVICE_CHANGED_HANDS, AlertCode.COOLING_OFF_RETURN})
"""Most such loans are paid back (docs/alerts.md has the figures): worth a look beside something else."""

WORDS: Mapping[AlertCode, tuple[str, str]] = MappingProxyType(
    {
        AlertCode.BORROWER_CONFIRMED: (
            "The borrower is now known for fraud",
            "借款人现已被确认欺诈",
        ),
        AlertCode.NEIGHBOUR_CONFIRMED: (
            "Somebody who shares a {kind_en} with the borrower is known for fraud",
            "与借款人共用{kind_zh}的人已被确认欺诈",
        ),
        AlertCode.RING_JOINED: (
            "The borrower is now in the flagged ring {ring}",
            "借款人现属于被标记的团伙{ring}",
        ),
        AlertCode.RING_MERGED: (
            "The flagged ring {ring} has merged with {others}",
            "被标记的团伙{ring}已与{others}合并",
        ),
        AlertCode.RING_GREW: (
            "The flagged ring {ring} has grown by {joined}",
            "被标记的团伙{ring}新增{joined}名成员",
        ),
        AlertCode.RING_MEMBER_CONFIRMED: (
            "A member of the flagged ring {ring} is known for fraud",
            "被标记的团伙{ring}有成员被确认欺诈",
        ),
        AlertCode.LENDERS_BURST: (
            "The borrower asked {lenders} other lenders within {days} days after the pay-out",
            "放款后{days}天内借款人又向{lenders}家其他机构申请",
        ),
        AlertCode.DEVICE_CHANGED_HANDS: (
            "Strangers to the borrower apply for loans on the borrower's device after the pay-out",
            "放款后有陌生人使用借款人的设备申请贷款",
        ),
        AlertCode.COOLING_OFF_RETURN: (
            "The borrower sent another loan back within the cooling-off period",
            "借款人在冷静期内退回了另一笔贷款",
        ),
    }
)
"""What each code says, in English and Chinese."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something got worse around `subject` (`application:ID` or `ring:ID`).

    `cause` names the evidence: subject, code and cause make an alert once and for all. It was seen as of `at`
    from the store's revision `recorded_by`. `path` leads from the subject to what shows it, by node names;
    `since` when its last step is there; `values` fill the words.
    """

    code: AlertCode
    subject: str
    cause: str
    at: datetime
    recorded_by: int
    applicant_id: str | None = None
    platform_id: str | None = None
    path: tuple[str, ...] = ()
    since: datetime | None = None
    values: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def alert_id(self) -> str:
        """The same for the same subject, code and cause, whenever and by whomever it is made."""
        return alert_id_of(self.subject, self.code, self.cause)

    @property
    def grade(self) -> AlertGrade:
        """How much it says by itself."""
        return AlertGrade.LOW if self.code in _LOW else AlertGrade.HIGH

    @property
    def texts(self) -> tuple[str, str]:
        """What it says, in English and Chinese."""
        text_en, text_zh = WORDS[self.code]
        return text_en.format_map(self.values), text_zh.format_map(self.values)

    def shown(self, time: Callable[[datetime | None], str | None]) -> dict[str, Any]:
        """As people and programs get it: keys masked but for the subject's own. `time` writes moments."""
        kind, _, key = self.subject.partition(":")
        mine = {self.subject, f"applicant:{self.applicant_id}"}
        text_en, text_zh = self.texts
        return {
            "alert_id": self.alert_id,
            "code": self.code.value,
            "grade": self.grade.value,
            "at": time(self.at),
            "recorded_by": self.recorded_by,
            "application_id": key if kind == "application" else None,
            "applicant_id": self.applicant_id,
            "platform_id": self.platform_id,
            "ring_id": key if kind == "ring" else self.values.get("ring"),
            "text_en": text_en,
            "text_zh": text_zh,
            "evidence": {
                "path": [node if node in mine else masked_node(node) for node in self.path],
                "shared_since": time(self.since),
            },
        }


def about_loan(code: AlertCode, loan: Application, **more: Any) -> Alert:
    """An alert about a loan in force."""
    return Alert(
        code=code,
        subject=f"application:{loan.application_id}",
        applicant_id=loan.applicant_id,
        platform_id=loan.platform_id,
        **more,
    )


def alert_id_of(subject: str, code: str, cause: str) -> str:
    """The id that an alert has by what it is about."""
    return "AL-" + hashlib.sha256(f"{subject}|{code}|{cause}".encode()).hexdigest()[:20]
