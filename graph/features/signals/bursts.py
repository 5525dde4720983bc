"""Signals of bursts: who first came to what the application names within the hour and the day, beside the
value's own rate.
"""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column
from graph.features.kinds_in_role import KIND_IN_ROLE, KINDS_IN_ROLE, WHAT
from graph.features.path_rules import shared
from graph.features.registry import Dimension, Family, Signal
from graph.features.workspace import DAY, Precomputed
from graph.frame.neighbourhood import Neighbourhood
from graph.kernels.compiled import compiled, lean
from graph.model.types import IdentifierKind as Kind

BURSTS = Family(path_rule=shared(Kind.DEVICE))
BURST_AT: dict[str, Dimension] = {"device": "device", "contact": "phone", "card": "ring"}
"""Things that honest people seldom come to within an hour of one another, with the dimension of their
signals.
"""
_AT = np.array([KINDS_IN_ROLE.index(name) for name in BURST_AT])
HOUR = DAY // 24
_OPEN = 3.0  # a counter that is open for a third of the day is so many times as busy then


@lean
def _counts(r: Precomputed, thing: int, h: int) -> bool:
    """Whether a held identifier is such a thing that says something: of those the application names, where it
    names one.
    """
    held = r.held[h]
    is_it = KIND_IN_ROLE[held.kind, held.role] == thing and held.hub == 0
    return bool(is_it and (held.now or r.tally[thing].now == 0))


@lean
def newcomers(n: Neighbourhood, r: Precomputed, thing: int, within: int) -> float:
    most, t = np.nan, n.subject[0].as_of
    for h in range(r.whole[0].held):
        if _counts(r, thing, h):
            held, came = r.held[h], 0.0
            for o in range(held.other, held.other + held.others):
                came += t - r.others[o].since <= within
            most = came if np.isnan(most) else max(most, came)
    return float(most)


@lean
def burst(n: Neighbourhood, r: Precomputed, thing: int, within: int) -> float:
    most, t = np.nan, n.subject[0].as_of
    for h in range(r.whole[0].held):
        if not _counts(r, thing, h):
            continue
        held, came, before, oldest = r.held[h], 0, 0, t
        for o in range(held.other, held.other + held.others):
            since = r.others[o].since
            came += t - since <= within
            before += t - since > within
            oldest = min(oldest, since)
        if came:
            usual = _OPEN * before * within / max(t - within - oldest, within)
            ratio = (came + 0.5) / (usual + 0.5)
            most = ratio if np.isnan(most) else max(most, ratio)
    return float(most)


for _name, _dimension in BURST_AT.items():
    _thing = WHAT[_name]
    for _long, _within, _words, _zh in (("1h", HOUR, "an hour", "1小时"), ("1d", DAY, "a day", "1天")):
        BURSTS.members.append(
            Signal(
                name=f"{_name}_newcomers_{_long}",
                dimension=_dimension,
                direction="up",
                unit="people",
                text_en=f"{{value}} [other|others] first came to {_thing.text_en} within {_words}",
                text_zh=f"{_zh}内{{value}}人首次使用{_thing.text_zh}",
                doc=f"Others first seen at {_thing.text_en} within {_words}, the most where there are "
                "several; None where it is a hub.",
                path_rule=shared(_thing.kind, _thing.role_code),
                measure=newcomers,
                given=(KINDS_IN_ROLE.index(_name), _within),
            )
        )
    BURSTS.members.append(
        Signal(
            name=f"{_name}_burst",
            dimension=_dimension,
            direction="up",
            unit="ratio",
            text_en=f"Within an hour {{value}} times as many others as usual first came to {_thing.text_en}",
            text_zh=f"1小时内首次使用{_thing.text_zh}的人数为平时的{{value}}倍",
            doc=f"(newcomers at {_thing.text_en} within an hour + 0.5) / (its own rate before, in opening "
            "hours, + 0.5); "
            "None where nobody came or it is a hub.",
            path_rule=shared(_thing.kind, _thing.role_code),
            measure=burst,
            given=(KINDS_IN_ROLE.index(_name), HOUR),
        )
    )


@compiled
def fill(n: Neighbourhood, r: Precomputed, into: Column) -> None:
    """All of BURSTS for one subject, into float64 (len(BURSTS),)."""
    for k in range(len(_AT)):
        into[3 * k] = newcomers(n, r, _AT[k], HOUR)
        into[3 * k + 1] = newcomers(n, r, _AT[k], DAY)
        into[3 * k + 2] = burst(n, r, _AT[k], HOUR)
