"""Features of crowding: how many hold what the application names, how many of them are new, and how many of them are known to be bad."""

from __future__ import annotations

import numpy as np

from graph.compiled import compiled, lean
from graph.features.others import people
from graph.features.registry import Family
from graph.features.room import COUNTED, THINGS, Reading
from graph.frame.neighbourhood import Neighbourhood
from graph.signals.holders import BAD, NEWCOMERS, WHAT
from graph.tables import Column

HOLDERS = Family()
_WHAT = len(WHAT)
_NEW = np.array([THINGS.index(name) for name in NEWCOMERS])
_BAD = np.array([(THINGS.index(name), list(COUNTED).index(f"{name}_bad")) for name in BAD])


@lean
def holders(n: Neighbourhood, r: Reading, thing: int) -> float:
    one = r.tally[thing]
    return float(one.holders_now if one.now else one.holders) if one.held else np.nan


@lean
def newcomers_30d(n: Neighbourhood, r: Reading, thing: int) -> float:
    newcomers = r.tally[thing].newcomers_now if r.tally[thing].now else r.tally[thing].newcomers
    return float(newcomers) if newcomers >= 0 else np.nan


@lean
def bad(n: Neighbourhood, r: Reading, thing: int, question: int) -> float:
    return people(r.tally, r.counted, question, thing)


for _name in WHAT:
    HOLDERS.add(f"{_name}_holders", holders, THINGS.index(_name))
for _name in NEWCOMERS:
    HOLDERS.add(f"{_name}_newcomers_30d", newcomers_30d, THINGS.index(_name))
for _name in BAD:
    HOLDERS.add(f"{_name}_bad", bad, THINGS.index(_name), list(COUNTED).index(f"{_name}_bad"))


@compiled
def fill(n: Neighbourhood, r: Reading, into: Column) -> None:
    """All of HOLDERS for one subject, into float64 (len(HOLDERS),)."""
    for k in range(_WHAT):
        into[k] = holders(n, r, k)
    for k in range(len(_NEW)):
        into[_WHAT + k] = newcomers_30d(n, r, _NEW[k])
    for k in range(len(_BAD)):
        into[_WHAT + len(_NEW) + k] = bad(n, r, _BAD[k, 0], _BAD[k, 1])
