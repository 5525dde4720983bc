"""What a caller without the scope `types` is not told: the kinds of lenders behind a count, where so few are behind it that the kind names them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from types import MappingProxyType
from typing import Any

from graph.multi_lending import KEYS, NAMES, STATS, WINDOWS

FEWEST = 3  # other lenders, whose kinds are told to anybody
_TYPED = ("bank", "nbank")
# (the counts over all lenders but the asking one, who knows of itself, in one window under one key, the counts by kind that break them down)
_GROUPS = tuple(
    ([f"ml_{w}_{k}_others_{stat}" for stat in STATS], [f"ml_{w}_{k}_{kind}_{stat}" for kind in _TYPED for stat in STATS])
    for w, k in product(WINDOWS, KEYS)
)
_LENDERS = tuple(STATS).index("lenders")
_TELLING = frozenset({"multi_lending", "reasons", "audit.contributions"})
_NAME_OF_CODE = MappingProxyType({name.upper(): name for name in NAMES})


def withheld(answer: Mapping[str, Any]) -> frozenset[str]:
    """The variables of an answer that break fewer than FEWEST lenders down by kind. Where nobody was asked there is nothing to tell."""
    values = answer["multi_lending"]["variables"]
    out: set[str] = set()
    for whole, typed in _GROUPS:
        counts = [values[name] for name in whole]
        if any(counts) and counts[_LENDERS] < FEWEST:
            out.update(typed)
    return frozenset(out)


def without_types(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer as such a caller gets it: those variables and the reasons that rest on them are gone, and `multi_lending.withheld` names them."""
    hidden = withheld(answer)
    told = answer["multi_lending"]
    variables = {name: value for name, value in told["variables"].items() if name not in hidden}
    reasons = [reason for reason in answer["reasons"] if _NAME_OF_CODE.get(reason["code"]) not in hidden]
    return {
        **answer,
        "reasons": [{**reason, "rank": rank} for rank, reason in enumerate(reasons, 1)],
        "multi_lending": {**told, "variables": variables, "withheld": [name for name in NAMES if name in hidden]},
    }


def of_a_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """An audit row as such a caller gets it."""
    hidden = withheld(row["answer"])
    contributions = {name: weight for name, weight in row["audit"]["contributions"].items() if name not in hidden}
    return {**row, "answer": without_types(row["answer"]), "audit": {**row["audit"], "contributions": contributions}}


def of_a_replay(again: Mapping[str, Any]) -> dict[str, Any]:
    """A replay as such a caller gets it: of the fields that hold variables or reasons it says whether they differ, not in what."""
    differences = [{**one, "recorded": None, "replayed": None} if one["field"] in _TELLING else one for one in again["differences"]]
    return {**again, "answer": without_types(again["answer"]), "differences": differences}
