"""Redaction of data about other lenders: no kinds without the scope `types`, and no moments finer than a day
for a bound key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from math import floor
from types import MappingProxyType
from typing import Any

from graph.features.lending.grammar import (
    STANDARD_KEYS,
    STANDARD_WINDOWS,
    beyond_standard,
    variable,
)
from graph.features.lending.multi_lending import NAMES, STATS, describe
from graph.features.signals.catalogue import SIGNALS

FEWEST = 3  # other lenders at least, for their kinds to be shown to the operator's keys
_TYPED = ("bank", "nbank")
# (the counts of a window under a key over all lenders, those over all but the asking one, who knows of
# itself, those by kind that break them down)
_GROUPS = tuple(
    (
        [f"ml_{w}_{k}_all_{stat}" for stat in STATS],
        [f"ml_{w}_{k}_others_{stat}" for stat in STATS],
        [f"ml_{w}_{k}_{kind}_{stat}" for kind in _TYPED for stat in STATS],
    )
    for w, k in product(STANDARD_WINDOWS, STANDARD_KEYS)
)
_LENDERS = tuple(STATS).index("lenders")
_NAME_OF_CODE = MappingProxyType({name.upper(): name for name in NAMES})
_DAYS = MappingProxyType({signal.code: signal for signal in SIGNALS.values() if signal.unit == "days"})
# fields of a replay in which they would show
_OF_KINDS = frozenset({"multi_lending", "reasons", "audit.contributions"})
_OF_MOMENTS = frozenset({"reasons", "ring", "audit.signals"})
_DATE, _ZONE = slice(11), slice(26, None)  # of ISO-8601 to the microsecond

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Redaction:
    """What a caller may see of other lenders.

    `types`: whether it has the scope. `bound`: whether it speaks for lenders of its own, and is then told of
    no kinds at all without the scope: a floor holds for one answer only, and the difference between two is a
    single lender (docs/security.md).
    """

    types: bool
    bound: bool

    @property
    def hides_nothing(self) -> bool:
        """Whether nothing is held back."""
        return self.types and not self.bound

    def withheld(self, answer: Answer) -> frozenset[str]:
        """The variables of an answer that reveal kinds of lenders which the caller may not see: of those in
        every answer none where nothing was computed, and of those that a request brings in all, since the
        finer the windows and segments, the more differences single out one lender.
        """
        if self.types:
            return frozenset()
        values = answer["multi_lending"]["variables"]
        out: set[str] = set()
        for everybody, others, typed in _GROUPS:
            counts = [values[name] for name in (everybody if self.bound else others)]
            if any(counts) and (self.bound or counts[_LENDERS] < FEWEST):
                out.update(typed)
        if len(values) > len(NAMES):
            out.update(name for name in beyond_standard(values) if variable(name).tells_kinds)
        return frozenset(out)

    def answer(self, answer: Answer) -> dict[str, Any]:
        """The answer as the caller gets it: what is withheld is gone and named in `multi_lending.withheld`, a
        reason that rests on it speaks of all lenders instead.
        """
        out = dict(answer)
        if not self.types:
            hidden, summary = self.withheld(answer), answer["multi_lending"]
            variables = {name: value for name, value in summary["variables"].items() if name not in hidden}
            out["multi_lending"] = {
                **summary,
                "variables": variables,
                "withheld": [name for name in summary["variables"] if name in hidden],
            }
            spoken = [_of_everybody(reason, hidden, variables) for reason in answer["reasons"]]
            out["reasons"] = [{**reason, "rank": rank} for rank, reason in enumerate(filter(None, spoken), 1)]
        if self.bound:
            out["reasons"] = [_by_the_day(reason) for reason in out["reasons"]]
            ring = answer["ring"]
            out["ring"] = ring and {**ring, "first_seen": _day(ring["first_seen"])}
        return out

    def row(self, row: Answer) -> dict[str, Any]:
        """An audit row as the caller gets it."""
        hidden, audit = self.withheld(row["answer"]), dict(row["audit"])
        audit["contributions"] = {
            name: weight for name, weight in audit["contributions"].items() if name not in hidden
        }
        if self.bound:
            audit["signals"] = {
                name: _whole(value) if name.upper() in _DAYS else value
                for name, value in audit["signals"].items()
            }
        return {**row, "answer": self.answer(row["answer"]), "audit": audit}

    def replay(self, again: Answer) -> dict[str, Any]:
        """A replay as the caller gets it: of the fields that hold what is withheld it says whether they
        differ, not in what.
        """
        telling = (frozenset() if self.types else _OF_KINDS) | (_OF_MOMENTS if self.bound else frozenset())
        differences = [
            {**one, "recorded": None, "replayed": None} if one["field"] in telling else one
            for one in again["differences"]
        ]
        return {**again, "answer": self.answer(again["answer"]), "differences": differences}


def _of_everybody(
    reason: Answer, hidden: frozenset[str], variables: Mapping[str, float | None]
) -> Answer | None:
    """A reason that rests on a withheld variable, restated for all lenders together; None where that count is
    missing.
    """
    name = _NAME_OF_CODE.get(reason["code"], "")
    if name not in hidden:
        return reason
    window, key, _, stat = name.removeprefix("ml_").split("_")
    whole = f"ml_{window}_{key}_all_{stat}"
    value, words = variables[whole], describe(whole)
    if not value:
        return None
    text_en, text_zh = words.texts(value)
    return {
        **reason,
        "code": words.code,
        "text_en": text_en,
        "text_zh": text_zh,
        "value": value,
        "typical_p95": None,
        "typical_p05": None,
    }


def _by_the_day(reason: Answer) -> Answer:
    """A reason without the time of day of what others did."""
    evidence = [{**path, "shared_since": _day(path["shared_since"])} for path in reason["evidence"]]
    signal = _DAYS.get(reason["code"])
    if signal is None or reason["value"] is None:
        return {**reason, "evidence": evidence}
    value = float(floor(reason["value"]))
    text_en, text_zh = signal.texts(value)
    return {**reason, "evidence": evidence, "value": value, "text_en": text_en, "text_zh": text_zh}


def _whole(value: float | None) -> float | None:
    return None if value is None else float(floor(value))


def alert_by_the_day(alert: Answer) -> dict[str, Any]:
    """An alert without the time of day of what others did, and without the revision, which counts what they
    do.
    """
    evidence = {**alert["evidence"], "shared_since": _day(alert["evidence"]["shared_since"])}
    return {**alert, "at": _day(alert["at"]), "recorded_by": None, "evidence": evidence}


def _day(moment: str | None) -> str | None:
    return moment and f"{moment[_DATE]}00:00:00.000000{moment[_ZONE]}"
