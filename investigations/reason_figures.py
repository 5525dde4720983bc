"""The figures of a reason in words with their units: what a rule measured, and what is usual of a signal or
variable.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from graph.features.lending import multi_lending
from graph.features.registry import Unit, render_text
from graph.features.signals.catalogue import SIGNALS

Words = tuple[str, str]
"""English and Chinese."""


class Measured(NamedTuple):
    """What a rule measured, as `render_text` takes it: its own sentence names no number."""

    unit: Unit
    words: Words


_RING = Measured("people", ("the group has {value} [member|members]", "该群体共 {value} 人"))
_HOUR = Measured("people", ("{value} [person|people] within the hour", "1 小时内 {value} 人"))
MEASURED: Mapping[str, Measured] = MappingProxyType(
    {
        "RULE_RING_MEMBER": _RING,
        "RULE_RING_LISTED": _RING,
        "RULE_DEVICE_BURST": _HOUR,
        "RULE_CONTACT_BURST": _HOUR,
        "RULE_CARD_BURST": _HOUR,
        "RULE_LOAN_GONE_BAD": Measured("count", ("{value} such [loan|loans]", "共 {value} 笔")),
        "RULE_FACE_MISMATCH": Measured("score", ("the face matched with {value}", "人脸比对得分 {value}")),
        "RULE_LIVENESS_FAILED": Measured("score", ("liveness was {value}", "活体检测得分 {value}")),
        "RULE_MANY_APPLICATIONS_7D": Measured(
            "count", ("{value} [application|applications]", "共申请 {value} 次")
        ),
    }
)
"""By the code of a rule."""
_NOUNS: Mapping[str, Words] = MappingProxyType(
    {
        "people": ("{value} [person|people]", "{value} 人"),
        "days": ("{value} [day|days]", "{value} 天"),
        "steps": ("{value} [step|steps]", "{value} 步"),
    }
)
_NUMBER = ("{value}", "{value}")  # the reason's own sentence says of what
_UNDER = ("95 % stay under {value}", "95% 的人低于 {value}")
_ABOVE = ("95 % stay above {value}", "95% 的人高于 {value}")


def figures(reason: Mapping[str, Any]) -> Words:
    """What stands below a reason of an answer; empty where its own sentence says all.

    A measured value that the sentence names is not said again.
    """
    code = reason["code"]
    parts = []
    if (measured := MEASURED.get(code)) is not None and reason.get("value") is not None:
        parts.append(_in_words(measured.words, reason["value"], measured.unit))
    for name, words in (("typical_p95", _UNDER), ("typical_p05", _ABOVE)):
        if reason.get(name) is not None:
            unit = unit_of(code)
            noun = _in_words(_NOUNS.get(unit, _NUMBER), reason[name], unit)
            parts.append((words[0].format(value=noun[0]), words[1].format(value=noun[1])))
    return " · ".join(en for en, _ in parts), " · ".join(zh for _, zh in parts)


def unit_of(code: str) -> Unit:
    """The unit of what a reason code measures; `ratio`, a plain number, where no signal and no variable has
    it any more.
    """
    name = code.lower()
    if name in SIGNALS:
        return SIGNALS[name].unit
    try:
        return multi_lending.describe(name).unit
    except KeyError:
        return "ratio"


def _in_words(words: Words, value: float, unit: Unit) -> Words:
    return render_text(words[0], value, unit), render_text(words[1], value, unit)
