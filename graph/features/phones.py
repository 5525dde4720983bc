"""Features of numbers: who else owns them, who names them as a contact, and in which roles they turn up."""

from __future__ import annotations

import numpy as np

from graph.compiled import compiled, lean
from graph.features import others
from graph.features.registry import Family
from graph.features.room import COUNTED, THINGS, Reading
from graph.frame.neighbourhood import Neighbourhood
from graph.tables import Column

PHONES = Family()
_PHONE, _CONTACT, _EMPLOYERS = map(THINGS.index, ("phone", "contact", "employer_phone"))
_QUESTIONS = tuple(COUNTED)
_SHARED, _NAMED, _NAMED_30D, _MIXED = map(_QUESTIONS.index, ("phone_shared_others", "phone_named_by", "phone_named_by_30d", "phone_roles_mixed"))
_CONTACT_SHARED, _CONTACT_STRANGERS, _CONTACT_30D, _APPLICANTS = map(
    _QUESTIONS.index, ("contact_shared_others", "contact_shared_strangers", "contact_shared_30d", "contact_applicants")
)


@PHONES.feature
@lean
def phone_shared_others(n: Neighbourhood, r: Reading) -> float:
    return others.people(r.tally, r.counted, _SHARED, _PHONE)


@PHONES.feature
@lean
def phone_handed_over_days(n: Neighbourhood, r: Reading) -> float:
    return others.handed_over_days(r.tally[_PHONE])


@PHONES.feature
@lean
def phone_named_by(n: Neighbourhood, r: Reading) -> float:
    return others.people(r.tally, r.counted, _NAMED, _PHONE)


@PHONES.feature
@lean
def phone_named_by_30d(n: Neighbourhood, r: Reading) -> float:
    return others.people(r.tally, r.counted, _NAMED_30D, _PHONE)


@PHONES.feature
@lean
def phone_roles_mixed(n: Neighbourhood, r: Reading) -> float:
    linking = r.tally[_PHONE].linking + r.tally[_CONTACT].linking + r.tally[_EMPLOYERS].linking
    return float(r.counted[_MIXED]) if linking else np.nan


@PHONES.feature
@lean
def contact_shared_others(n: Neighbourhood, r: Reading) -> float:
    return others.people(r.tally, r.counted, _CONTACT_SHARED, _CONTACT)


@PHONES.feature
@lean
def contact_shared_strangers(n: Neighbourhood, r: Reading) -> float:
    return others.people(r.tally, r.counted, _CONTACT_STRANGERS, _CONTACT)


@PHONES.feature
@lean
def contact_shared_30d(n: Neighbourhood, r: Reading) -> float:
    return others.people(r.tally, r.counted, _CONTACT_30D, _CONTACT)


@PHONES.feature
@lean
def contact_applicants(n: Neighbourhood, r: Reading) -> float:
    return others.people(r.tally, r.counted, _APPLICANTS, _CONTACT)


@PHONES.feature
@lean
def contacts_new_share(n: Neighbourhood, r: Reading) -> float:
    one = r.tally[_CONTACT]
    return one.new_now / one.now if one.now and one.named_before else np.nan


@PHONES.feature
@lean
def phone_age_days(n: Neighbourhood, r: Reading) -> float:
    return others.age_days(r.tally[_PHONE], n.subject[0].as_of)


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
