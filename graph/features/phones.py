"""Features of numbers: who else owns them, who names them as a contact, and in which roles they turn up."""

from __future__ import annotations

import numpy as np

from graph.compiled import compiled, inner
from graph.features import others
from graph.features.registry import Family
from graph.features.room import CONTACT, MONTH, OWN, PHONE, Reading, ways
from graph.frame.neighbourhood import UNDATED, Neighbourhood
from graph.tables import Column

PHONES = Family()
_NUMBERS, _CONTACTS, _ALL = (PHONE, OWN), (PHONE, CONTACT), (PHONE, others.ANY_ROLE)
_SHARED, _NAMED, _BOTH_NAME, _POSES = ways(["phone"]), ways(["names"]), ways(["contact"]), ways(["poses"])


@PHONES.feature
@inner
def phone_shared_others(n: Neighbourhood, r: Reading) -> float:
    return others.sharers(n, r, _NUMBERS, _SHARED)


@PHONES.feature
@inner
def phone_handed_over_days(n: Neighbourhood, r: Reading) -> float:
    return others.handed_over_days(n, r, _NUMBERS, _SHARED)


@PHONES.feature
@inner
def phone_named_by(n: Neighbourhood, r: Reading) -> float:
    return others.sharers(n, r, _NUMBERS, _NAMED)


@PHONES.feature
@inner
def phone_named_by_30d(n: Neighbourhood, r: Reading) -> float:
    return others.sharers_new(n, r, _NUMBERS, _NAMED, MONTH)


@PHONES.feature
@inner
def phone_roles_mixed(n: Neighbourhood, r: Reading) -> float:
    return others.sharers(n, r, _ALL, _POSES)


@PHONES.feature
@inner
def contact_shared_others(n: Neighbourhood, r: Reading) -> float:
    return others.sharers(n, r, _CONTACTS, _BOTH_NAME)


@PHONES.feature
@inner
def contact_shared_strangers(n: Neighbourhood, r: Reading) -> float:
    return others.strangers(n, r, _CONTACTS, _BOTH_NAME)


@PHONES.feature
@inner
def contact_shared_30d(n: Neighbourhood, r: Reading) -> float:
    return others.sharers_new(n, r, _CONTACTS, _BOTH_NAME, MONTH)


@PHONES.feature
@inner
def contact_applicants(n: Neighbourhood, r: Reading) -> float:
    return others.sharers(n, r, _CONTACTS, _NAMED)


@PHONES.feature
@inner
def contacts_new_share(n: Neighbourhood, r: Reading) -> float:
    named, fresh, before = 0, 0, False
    for h in range(r.whole[0].held):
        held = r.held[h]
        if held.kind == PHONE and held.role == CONTACT:
            named += held.now
            fresh += held.now and held.since == UNDATED
            before |= held.since != UNDATED
    return fresh / named if named and before else np.nan


@PHONES.feature
@inner
def phone_age_days(n: Neighbourhood, r: Reading) -> float:
    return others.age_days(n, r, _NUMBERS)


@compiled
def fill(n: Neighbourhood, r: Reading, into: Column) -> None:
    """All of PHONES for one subject, into float64 (len(PHONES),)."""
    into[0] = phone_shared_others(n, r)
    into[1] = phone_handed_over_days(n, r)
    into[2] = phone_named_by(n, r)
    into[3] = phone_named_by_30d(n, r)
    into[4] = phone_roles_mixed(n, r)
    into[5] = contact_shared_others(n, r)
    into[6] = contact_shared_strangers(n, r)
    into[7] = contact_shared_30d(n, r)
    into[8] = contact_applicants(n, r)
    into[9] = contacts_new_share(n, r)
    into[10] = phone_age_days(n, r)
