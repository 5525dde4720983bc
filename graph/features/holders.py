"""Features of crowding: how many hold what the application names, how many of them are new, and how many of them are known to be bad."""

from __future__ import annotations

import numpy as np

from graph.compiled import compiled, inner
from graph.features.others import is_of, some_now
from graph.features.registry import Family
from graph.features.room import MONTH, Reading
from graph.frame.neighbourhood import UNDATED, Neighbourhood
from graph.signals.holders import BAD, NEWCOMERS, WHAT
from graph.tables import KINDS, ROLES, Column

HOLDERS = Family()
_OF = {name: (KINDS.index(kind), [str(one) for one in ROLES].index(role)) for name, (kind, role, *_) in WHAT.items()}
_HELD, _NEW, _BAD = (np.array([_OF[name] for name in names]) for names in (WHAT, NEWCOMERS, BAD))


@inner
def holders(n: Neighbourhood, r: Reading, kind: int, role: int) -> float:
    of, most, found = (kind, role), 0, False
    now = some_now(r, of)
    for h in range(r.whole[0].held):
        if (r.held[h].now or not now) and is_of(r, h, of):
            found = True
            most = max(most, r.held[h].holders - (r.held[h].since != UNDATED))
    return float(most) if found else np.nan


@inner
def newcomers_30d(n: Neighbourhood, r: Reading, kind: int, role: int) -> float:
    of, most, found = (kind, role), 0, False
    now = some_now(r, of)
    for h in range(r.whole[0].held):
        held, fresh = r.held[h], 0
        if held.hub == 0 and (held.now or not now) and is_of(r, h, of):
            for o in range(held.other, held.other + held.others):
                fresh += n.subject[0].as_of - r.others[o].since <= MONTH
            most, found = max(most, fresh), True
    return float(most) if found else np.nan


@inner
def bad(n: Neighbourhood, r: Reading, kind: int, role: int) -> float:
    of, people, found, mark = (kind, role), 0, False, r.whole[0].mark + 1
    r.whole[0].mark = mark
    for h in range(r.whole[0].held):
        held = r.held[h]
        if held.hub == 0 and is_of(r, h, of):
            found = True
            for o in range(held.other, held.other + held.others):
                past = r.people[r.others[o].person]
                people += past.mark != mark and (past.bad or past.defaulted)
                past.mark = mark
    return float(people) if found else np.nan


for _name in WHAT:
    HOLDERS.add(f"{_name}_holders", holders, *_OF[_name])
for _name in NEWCOMERS:
    HOLDERS.add(f"{_name}_newcomers_30d", newcomers_30d, *_OF[_name])
for _name in BAD:
    HOLDERS.add(f"{_name}_bad", bad, *_OF[_name])


@compiled
def fill(n: Neighbourhood, r: Reading, into: Column) -> None:
    """All of HOLDERS for one subject, into float64 (len(HOLDERS),)."""
    place = 0
    for k in range(len(_HELD)):
        into[place] = holders(n, r, _HELD[k, 0], _HELD[k, 1])
        place += 1
    for k in range(len(_NEW)):
        into[place] = newcomers_30d(n, r, _NEW[k, 0], _NEW[k, 1])
        place += 1
    for k in range(len(_BAD)):
        into[place] = bad(n, r, _BAD[k, 0], _BAD[k, 1])
        place += 1
