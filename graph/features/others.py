"""What several features ask of the subject's identifiers of one kind: who else holds them, how new they are, from whom they came."""

from __future__ import annotations

import numpy as np

from graph.compiled import inner
from graph.facts.verdicts import NEVER
from graph.features.room import DAY, MONTH, PHONE, Reading
from graph.frame.neighbourhood import UNDATED, Neighbourhood

ANY_ROLE = -1
Kind = tuple[int, int]  # positions in `graph.tables.KINDS` and ROLES: numbers only in the role asked for, or ANY_ROLE


@inner
def is_of(r: Reading, h: int, of: Kind) -> bool:
    """Whether a held identifier is of that kind."""
    kind, role = of
    return bool(r.held[h].kind == kind and (r.held[h].role == role or kind != PHONE or role == ANY_ROLE))


@inner
def sharers(n: Neighbourhood, r: Reading, of: Kind, ways: int) -> float:
    """People who hold what the subject holds, in one of these ways; NaN where the subject has nothing of that kind that says something."""
    return _people(n, r, (of, ways), (NEVER, NEVER), False)


@inner
def sharers_near(n: Neighbourhood, r: Reading, of: Kind, ways: int, apart: int) -> float:
    """The same, of those whose use lies at most `apart` from the subject's."""
    return _people(n, r, (of, ways), (apart, NEVER), False)


@inner
def sharers_new(n: Neighbourhood, r: Reading, of: Kind, ways: int, age: int) -> float:
    """The same, of those whose use began at most `age` ago."""
    return _people(n, r, (of, ways), (NEVER, age), False)


@inner
def strangers(n: Neighbourhood, r: Reading, of: Kind, ways: int) -> float:
    """The same, of those who share no place, crowd or work with the subject."""
    return _people(n, r, (of, ways), (NEVER, NEVER), True)


@inner
def _people(n: Neighbourhood, r: Reading, what: tuple[Kind, int], spans: tuple[int, int], strange: bool) -> float:
    of, ways = what
    apart, age = spans
    found, people, mark = False, 0, r.whole[0].mark + 1
    r.whole[0].mark = mark
    for h in range(r.whole[0].held):
        held = r.held[h]
        if held.hub != 0 or not is_of(r, h, of):
            continue
        found = True
        for o in range(held.other, held.other + held.others):
            other, past = r.others[o], r.people[r.others[o].person]
            if past.mark == mark or not ways >> other.way & 1 or (strange and past.coherent):
                continue
            if other.apart <= apart and n.subject[0].as_of - other.since <= age:
                past.mark = mark
                people += 1
    return float(people) if found else np.nan


@inner
def some_now(r: Reading, of: Kind) -> bool:
    """Whether the application in question names any of that kind: then those are what is in use."""
    found = False
    for h in range(r.whole[0].held):
        found |= r.held[h].now and is_of(r, h, of)
    return found


@inner
def age_days(n: Neighbourhood, r: Reading, of: Kind) -> float:
    """Days since the subject's first use of what is in use now (else of the newest): 0 for one never seen with them; NaN without any."""
    t, now, newest = n.subject[0].as_of, some_now(r, of), UNDATED
    for h in range(r.whole[0].held):
        held = r.held[h]
        if (held.now or not now) and is_of(r, h, of):
            newest = max(newest, t if held.since == UNDATED else held.since)
    return (t - newest) / DAY if newest != UNDATED else np.nan


@inner
def new_ones(n: Neighbourhood, r: Reading, of: Kind) -> float:
    """Those first seen with the subject in the last 30 days, the present one included; NaN without any."""
    known, fresh = 0, 0
    for h in range(r.whole[0].held):
        if is_of(r, h, of):
            known += 1
            fresh += r.held[h].since == UNDATED or n.subject[0].as_of - r.held[h].since <= MONTH
    return float(fresh) if known else np.nan


@inner
def handed_over_days(n: Neighbourhood, r: Reading, of: Kind, ways: int) -> float:
    """Days between the last use by anybody else and the subject's first; NaN unless all others had stopped by then."""
    shortest = NEVER
    for h in range(r.whole[0].held):
        held, last = r.held[h], UNDATED
        if not held.now or held.hub != 0 or not is_of(r, h, of):
            continue
        for o in range(held.other, held.other + held.others):
            if ways >> r.others[o].way & 1:
                last = max(last, r.others[o].last)
        if last != UNDATED:
            since = n.subject[0].as_of if held.since == UNDATED else held.since
            shortest = min(shortest, since - last)
    return shortest / DAY if 0 < shortest < NEVER else np.nan
