"""Holders of the subject's identifiers, tallied by kind, each person once; sharing features read these
tallies.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graph.facts.fraud_labels import NEVER
from graph.facts.tables import Column
from graph.features.kinds_in_role import ARRIVED_AT, KIND_IN_ROLE, KINDS_IN_ROLE
from graph.features.workspace import COUNTED, DAY, MONTH, PHONE, WAYS, Precomputed
from graph.frame.neighbourhood import UNDATED, Neighbourhood
from graph.kernels.compiled import lean

_QUESTIONS = len(COUNTED)
_PHONE_WAY = WAYS.index("phone")
_ARRIVED_AT = np.array([name in ARRIVED_AT for name in KINDS_IN_ROLE])
_HANDED_ROUND = 7 * DAY  # between two uses at most: longer, and it was second-hand
_PHONE, _DEVICE = KINDS_IN_ROLE.index("phone"), KINDS_IN_ROLE.index("device")


def _bits(so: str) -> Column:
    """Which of COUNTED, as bits, an other's tie counts for of whom that is so: by thing and way."""
    table = np.zeros((len(KINDS_IN_ROLE), len(WAYS)), np.uint32)
    for place, (things, ways, if_so) in enumerate(COUNTED.values()):
        for thing in things:
            for way in range(len(WAYS)):
                if if_so == so and ways >> way & 1:
                    table[KINDS_IN_ROLE.index(thing), way] |= 1 << place
    return table


_ANY, _STRANGER, _NEAR, _NEW, _BAD = map(_bits, ("any", "stranger", "near", "new", "bad"))


@lean
def tally_holders(n: Neighbourhood, r: Precomputed) -> None:
    """Fill `tally` and `counted`; everything else of the reading comes before."""
    for thing in range(len(KINDS_IN_ROLE)):
        one = r.tally[thing]
        one.held = one.now = one.linking = one.new = one.new_now = one.named_before = one.users = (
            one.one_day
        ) = one.companions = 0
        one.holders = one.holders_now = one.newcomers = one.newcomers_now = -1
        one.newest = one.newest_now = UNDATED
        one.handed_over = NEVER
    for question in range(_QUESTIONS):
        r.counted[question] = 0
    for p in range(n.subject[0].people):
        r.people[p].times = 0
    t = n.subject[0].as_of
    for h in range(r.whole[0].held):
        held = r.held[h]
        thing = int(KIND_IN_ROLE[held.kind, held.role])
        _of_held(r.tally[thing], held, t)
        if held.hub == 0:
            _of_others((r.others, r.people, r.tally, r.counted), thing, held, t)


@lean
def _of_held(one: Any, held: Any, t: int) -> None:
    """Add an identifier to its thing: since when, and how many hold it."""
    since, others = (t, held.holders) if held.since == UNDATED else (held.since, held.holders - 1)
    one.held += 1
    one.new += t - since <= MONTH
    one.named_before += held.since != UNDATED
    one.newest = max(one.newest, since)
    one.holders = max(one.holders, max(others, 0))
    if held.now:
        one.now += 1
        one.new_now += held.since == UNDATED
        one.newest_now = max(one.newest_now, since)
        one.holders_now = max(one.holders_now, max(others, 0))


@lean
def _of_others(of: tuple[Column, Column, Column, Column], thing: int, held: Any, t: int) -> None:
    """Add those who hold it too, of an identifier that says something. No whole reading comes in here:
    counting who refers to it takes longer.
    """
    others, people, tally, counted = of
    one, newcomers, last = tally[thing], 0, UNDATED
    for o in range(held.other, held.other + held.others):
        other, past = others[o], people[others[o].person]
        is_new = t - other.since <= MONTH
        newcomers += is_new if _ARRIVED_AT[thing] else is_newcomer(other, past, t)
        one.one_day += other.last - other.since < DAY
        if thing != _PHONE or other.way == _PHONE_WAY:
            last = max(last, other.last)
        if thing == _DEVICE:
            past.times += 1
            one.companions += past.times == 2
        bits = _ANY[thing, other.way]
        if not past.coherent:
            bits |= _STRANGER[thing, other.way]
        if other.apart <= _HANDED_ROUND:
            bits |= _NEAR[thing, other.way]
        if is_new:
            bits |= _NEW[thing, other.way]
        if past.bad or past.defaulted:
            bits |= _BAD[thing, other.way]
        fresh = bits & ~past.counted
        past.counted |= bits
        question = 0
        while fresh:
            counted[question] += fresh & 1
            fresh >>= 1
            question += 1
    one.linking += 1
    one.users += held.others
    one.newcomers = max(one.newcomers, newcomers)
    if held.now:
        one.newcomers_now = max(one.newcomers_now, newcomers)
        if last != UNDATED:
            one.handed_over = min(one.handed_over, (t if held.since == UNDATED else held.since) - last)


@lean
def is_newcomer(other: Any, past: Any, t: int) -> bool:
    """Whether somebody else came to it in the last 30 days, whom nothing honest brings: they share no place,
    crowd or work, and it was not handed over, one having stopped long before the other began.
    """
    return bool(t - other.since <= MONTH and other.apart <= _HANDED_ROUND and not past.coherent)


@lean
def is_of(held: Any, kind: int, role: int) -> bool:
    """Whether a held identifier is of that kind, a number in that role."""
    return bool(held.kind == kind and (held.role == role or kind != PHONE))


@lean
def people(tally: Column, counted: Column, question: int, thing: int) -> float:
    """How many one of COUNTED counts; NaN where the subject holds nothing of the thing that says
    something.
    """
    return float(counted[question]) if tally[thing].linking else np.nan


@lean
def age_days(one: Any, t: int) -> float:
    """Days since the subject's first use of what is in use now (else of the newest): 0 for one never seen
    with them; NaN without any.
    """
    return (t - (one.newest_now if one.now else one.newest)) / DAY if one.held else np.nan


@lean
def new_ones(one: Any) -> float:
    """Those first seen with the subject in the last 30 days, the present one included; NaN without any."""
    return float(one.new) if one.held else np.nan


@lean
def handed_over_days(one: Any) -> float:
    """Days between the last use by anybody else and the subject's first; NaN unless all others had stopped by
    then.
    """
    return one.handed_over / DAY if 0 < one.handed_over < NEVER else np.nan
