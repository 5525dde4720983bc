"""Signals of phone numbers: who else owns them, who names them as a contact, and in which roles they
appear.
"""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column
from graph.features import holder_tallies
from graph.features.kinds_in_role import KINDS_IN_ROLE
from graph.features.path_rules import own, shared
from graph.features.registry import Family
from graph.features.workspace import CONTACT, COUNTED, Precomputed, ways
from graph.frame.neighbourhood import Neighbourhood
from graph.kernels.compiled import compiled, lean
from graph.model.types import IdentifierKind as Kind

PHONES = Family(path_rule=shared(Kind.PHONE))
_BY_NAME, _SAME_CONTACT = ways(["names"]), ways(["contact"])
_PHONE, _CONTACT, _EMPLOYERS = map(KINDS_IN_ROLE.index, ("phone", "contact", "employer_phone"))
_QUESTIONS = tuple(COUNTED)
_SHARED, _NAMED, _NAMED_30D, _MIXED = map(
    _QUESTIONS.index, ("phone_shared_others", "phone_named_by", "phone_named_by_30d", "phone_roles_mixed")
)
_CONTACT_SHARED, _CONTACT_STRANGERS, _CONTACT_30D, _APPLICANTS = map(
    _QUESTIONS.index,
    ("contact_shared_others", "contact_shared_strangers", "contact_shared_30d", "contact_applicants"),
)


@PHONES.signal(
    "phone",
    "up",
    "people",
    ("{value} other [person has|people have] the same phone number", "另有{value}人使用同一手机号"),
)
@lean
def phone_shared_others(n: Neighbourhood, r: Precomputed) -> float:
    """Other people whose own number is the subject's."""
    return holder_tallies.people(r.tally, r.counted, _SHARED, _PHONE)


@PHONES.signal(
    "phone",
    "down",
    "days",
    ("The number came from someone else {value} [day|days] ago", "该号码于{value}天前由他人转用"),
)
@lean
def phone_handed_over_days(n: Neighbourhood, r: Precomputed) -> float:
    """Days between an earlier holder's last use of the number and the subject's first, for one that changed
    hands.
    """
    return holder_tallies.handed_over_days(r.tally[_PHONE])


@PHONES.signal(
    "phone",
    "either",
    "people",
    ("{value} [person names|people name] this number as a contact", "{value}人将该号码填为联系人"),
    shared(Kind.PHONE, ways=_BY_NAME),
)
@lean
def phone_named_by(n: Neighbourhood, r: Precomputed) -> float:
    """People who give the subject's own number as a contact's."""
    return holder_tallies.people(r.tally, r.counted, _NAMED, _PHONE)


@PHONES.signal(
    "phone",
    "up",
    "people",
    (
        "{value} [person|people] began to name this number as a contact in 30 days",
        "30天内{value}人新将该号码填为联系人",
    ),
    shared(Kind.PHONE, ways=_BY_NAME),
)
@lean
def phone_named_by_30d(n: Neighbourhood, r: Precomputed) -> float:
    """People who gave the subject's own number as a contact's for the first time in the last 30 days."""
    return holder_tallies.people(r.tally, r.counted, _NAMED_30D, _PHONE)


@PHONES.signal(
    "phone",
    "up",
    "people",
    (
        "A number serves {value} [other|others] in another role (employer, own, contact)",
        "号码在另外{value}人处以不同身份出现（单位、本人、联系人）",
    ),
)
@lean
def phone_roles_mixed(n: Neighbourhood, r: Precomputed) -> float:
    """People for whom one of the subject's numbers is an employer's while here it is a person's, or the other
    way round.
    """
    linking = r.tally[_PHONE].linking + r.tally[_CONTACT].linking + r.tally[_EMPLOYERS].linking
    return float(r.counted[_MIXED]) if linking else np.nan


@PHONES.signal(
    "phone",
    "up",
    "people",
    ("{value} [other names|others name] the same contact", "另有{value}人填写同一联系人"),
    shared(Kind.PHONE, CONTACT, _SAME_CONTACT),
)
@lean
def contact_shared_others(n: Neighbourhood, r: Precomputed) -> float:
    """Other people who name a contact that the subject names."""
    return holder_tallies.people(r.tally, r.counted, _CONTACT_SHARED, _CONTACT)


@PHONES.signal(
    "phone",
    "up",
    "people",
    ("{value} [stranger names|strangers name] the same contact", "{value}名陌生人填写同一联系人"),
    shared(Kind.PHONE, CONTACT, _SAME_CONTACT, strangers=True),
)
@lean
def contact_shared_strangers(n: Neighbourhood, r: Precomputed) -> float:
    """Other people who name the same contact and share no place, crowd or work with the subject."""
    return holder_tallies.people(r.tally, r.counted, _CONTACT_STRANGERS, _CONTACT)


@PHONES.signal(
    "phone",
    "up",
    "people",
    ("{value} [other|others] named the same contact in 30 days", "30天内另有{value}人填写同一联系人"),
    shared(Kind.PHONE, CONTACT, _SAME_CONTACT),
)
@lean
def contact_shared_30d(n: Neighbourhood, r: Precomputed) -> float:
    """Other people who named the same contact for the first time in the last 30 days."""
    return holder_tallies.people(r.tally, r.counted, _CONTACT_30D, _CONTACT)


@PHONES.signal(
    "phone",
    "either",
    "people",
    (
        "{value} [contact is an applicant too|contacts are applicants themselves]",
        "{value}名联系人本人也是申请人",
    ),
    shared(Kind.PHONE, CONTACT, _BY_NAME),
)
@lean
def contact_applicants(n: Neighbourhood, r: Precomputed) -> float:
    """Applicants whose own number the subject names as a contact's."""
    return holder_tallies.people(r.tally, r.counted, _APPLICANTS, _CONTACT)


@PHONES.signal(
    "phone",
    "up",
    "share",
    ("{value} of the contacts were never named before", "{value}的联系人为首次填写"),
    own(Kind.PHONE, CONTACT),
)
@lean
def contacts_new_share(n: Neighbourhood, r: Precomputed) -> float:
    """Share of the contacts named now that this person never named before; None for a first application."""
    one = r.tally[_CONTACT]
    return one.new_now / one.now if one.now and one.named_before else np.nan


@PHONES.signal(
    "phone",
    "down",
    "days",
    ("The number has been known with this applicant for {value} [day|days]", "该号码与申请人关联{value}天"),
    own(Kind.PHONE),
)
@lean
def phone_age_days(n: Neighbourhood, r: Precomputed) -> float:
    """Days since the subject's first use of the number in use now; 0 for one never seen with them."""
    return holder_tallies.age_days(r.tally[_PHONE], n.subject[0].as_of)


@compiled
def fill(n: Neighbourhood, r: Precomputed, into: Column) -> None:
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
