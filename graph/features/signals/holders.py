"""Signals of crowding: how many hold what the application names, how many of them are new, and how many of
them are known to be bad.
"""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column
from graph.features.holder_tallies import people
from graph.features.kinds_in_role import ARRIVED_AT, BAD, KINDS_IN_ROLE, NEWCOMERS, WHAT
from graph.features.path_rules import Target, shared, to
from graph.features.registry import Dimension, Family, Signal
from graph.features.workspace import COUNTED, Precomputed
from graph.frame.neighbourhood import Neighbourhood
from graph.kernels.compiled import compiled, lean
from graph.model.types import IdentifierKind as Kind

HOLDERS = Family(path_rule=shared(Kind.DEVICE))
_WHAT = len(WHAT)
_NEW = np.array([KINDS_IN_ROLE.index(name) for name in NEWCOMERS])
_BAD = np.array([(KINDS_IN_ROLE.index(name), list(COUNTED).index(f"{name}_bad")) for name in BAD])


@lean
def holders(n: Neighbourhood, r: Precomputed, thing: int) -> float:
    """Of what the application names of the thing; where it names none, or without an application, of what was
    ever held.
    """
    one = r.tally[thing]
    return float(one.holders_now if one.now else one.holders) if one.held else np.nan


@lean
def newcomers_30d(n: Neighbourhood, r: Precomputed, thing: int) -> float:
    newcomers = r.tally[thing].newcomers_now if r.tally[thing].now else r.tally[thing].newcomers
    return float(newcomers) if newcomers >= 0 else np.nan


@lean
def bad(n: Neighbourhood, r: Precomputed, thing: int, question: int) -> float:
    return people(r.tally, r.counted, question, thing)


def _dimension(what: str) -> Dimension:
    if what == "device":
        return "device"
    return "phone" if WHAT[what].kind is Kind.PHONE else "ring"


for _name, _thing in WHAT.items():
    HOLDERS.members.append(
        Signal(
            name=f"{_name}_holders",
            dimension=_dimension(_name),
            direction="either",
            unit="people",
            text_en=f"{{value}} [other holds|others hold] {_thing.text_en}",
            text_zh=f"另有{{value}}人使用{_thing.text_zh}",
            doc=f"Others known to hold {_thing.text_en} by then, in whatever role, hubs included and "
            "counted up to a cap; "
            "the most where there are several.",
            path_rule=shared(_thing.kind, _thing.role_code),
            measure=holders,
            given=(KINDS_IN_ROLE.index(_name),),
        )
    )
for _name, _thing in ((name, WHAT[name]) for name in NEWCOMERS):
    _arrived = _name in ARRIVED_AT
    _who, _zh = ("other is|others are", "人") if _arrived else ("stranger is|strangers are", "名陌生人")
    _of_whom = (
        ""
        if _arrived
        else ", within 7 days of the subject's own use, who share no place, crowd or work with the subject"
    )
    HOLDERS.members.append(
        Signal(
            name=f"{_name}_newcomers_30d",
            dimension=_dimension(_name),
            direction="either" if _arrived else "up",
            unit="people",
            text_en=f"{{value}} [{_who}] new at {_thing.text_en} within 30 days",
            text_zh=f"30天内{{value}}{_zh}新使用{_thing.text_zh}",
            doc=f"Others first seen at {_thing.text_en} in the last 30 days{_of_whom}; the most where there "
            "are several; None where it is a hub.",
            path_rule=shared(_thing.kind, _thing.role_code),
            measure=newcomers_30d,
            given=(KINDS_IN_ROLE.index(_name),),
        )
    )
for _name, _thing in ((name, WHAT[name]) for name in BAD):
    HOLDERS.members.append(
        Signal(
            name=f"{_name}_bad",
            dimension=_dimension(_name),
            direction="up",
            unit="people",
            text_en=f"{{value}} [other|others] at {_thing.text_en} [is a known fraud|are known frauds] or "
            "defaulted",
            text_zh=f"{_thing.text_zh}的其他使用者中{{value}}人有欺诈或违约",
            doc=f"Others at {_thing.text_en} (any the subject ever held) of whom a fraud is known or who "
            "defaulted; None where all are hubs.",
            path_rule=to(Target.BAD_AT, _thing.kind, _thing.role_code),
            measure=bad,
            given=(KINDS_IN_ROLE.index(_name), list(COUNTED).index(f"{_name}_bad")),
        )
    )


@compiled
def fill(n: Neighbourhood, r: Precomputed, into: Column) -> None:
    """All of HOLDERS for one subject, into float64 (len(HOLDERS),)."""
    for k in range(_WHAT):
        into[k] = holders(n, r, k)
    for k in range(len(_NEW)):
        into[_WHAT + k] = newcomers_30d(n, r, _NEW[k])
    for k in range(len(_BAD)):
        into[_WHAT + len(_NEW) + k] = bad(n, r, _BAD[k, 0], _BAD[k, 1])
