"""Signals of numbers: who else owns them, who names them as a contact, and in which roles they turn up."""

from __future__ import annotations

from graph.model import IdentifierKind as Kind
from graph.signals.paths import own, shared
from graph.signals.reading import MONTH, Reading
from graph.signals.registry import Family
from graph.signals.sharing import age_days, handed_over, others_of, people

PHONES = Family(path=shared(Kind.PHONE))

_NAMES = frozenset({"names"})
_CONTACT = frozenset({"contact"})
_POSES = frozenset({"poses"})


@PHONES.signal("phone", "up", "people", ("{value} other people have the same phone number", "另有{value}人使用同一手机号"), shared(Kind.PHONE))
def phone_shared_others(r: Reading) -> float | None:
    """Other people whose own number is the subject's."""
    return people(others_of(r.phones, frozenset({"phone"})))


@PHONES.signal("phone", "down", "days", ("The number came from someone else {value} days ago", "该号码于{value}天前由他人转用"), shared(Kind.PHONE))
def phone_handed_over_days(r: Reading) -> float | None:
    """Days between an earlier holder's last use of the number and the subject's first, for one that changed hands."""
    return handed_over([one._replace(others=tuple(o for o in one.others if o.group == "phone")) for one in r.phones], r)


@PHONES.signal(
    "phone", "either", "people", ("{value} people name this number as a contact", "{value}人将该号码填为联系人"), shared(Kind.PHONE, "own", _NAMES)
)
def phone_named_by(r: Reading) -> float | None:
    """People who give the subject's own number as a contact's."""
    return people(others_of(r.phones, _NAMES))


@PHONES.signal(
    "phone",
    "up",
    "people",
    ("{value} people began to name this number as a contact in 30 days", "30天内{value}人新将该号码填为联系人"),
    shared(Kind.PHONE, "own", _NAMES),
)
def phone_named_by_30d(r: Reading) -> float | None:
    """People who gave the subject's own number as a contact's for the first time in the last 30 days."""
    others = others_of(r.phones, _NAMES)
    return None if others is None else people(other for other in others if r.within(other.since, MONTH))


@PHONES.signal(
    "phone",
    "up",
    "people",
    ("A number serves {value} others in another role (employer, own, contact)", "号码在另外{value}人处以不同身份出现（单位、本人、联系人）"),
)
def phone_roles_mixed(r: Reading) -> float | None:
    """People for whom one of the subject's numbers is an employer's while here it is a person's, or the other way round."""
    return people(others_of([one for one in r.held if one.kind == Kind.PHONE], _POSES))


@PHONES.signal(
    "phone", "up", "people", ("{value} others name the same contact", "另有{value}人填写同一联系人"), shared(Kind.PHONE, "contact", _CONTACT)
)
def contact_shared_others(r: Reading) -> float | None:
    """Other people who name a contact that the subject names."""
    return people(others_of(r.contacts, _CONTACT))


@PHONES.signal(
    "phone",
    "up",
    "people",
    ("{value} strangers name the same contact", "{value}名陌生人填写同一联系人"),
    shared(Kind.PHONE, "contact", _CONTACT, strangers=True),
)
def contact_shared_strangers(r: Reading) -> float | None:
    """Other people who name the same contact and share no place, crowd or work with the subject."""
    others = others_of(r.contacts, _CONTACT)
    return None if others is None else people(other for other in others if other.person not in r.coherent)


@PHONES.signal(
    "phone",
    "up",
    "people",
    ("{value} others named the same contact in 30 days", "30天内另有{value}人填写同一联系人"),
    shared(Kind.PHONE, "contact", _CONTACT),
)
def contact_shared_30d(r: Reading) -> float | None:
    """Other people who named the same contact for the first time in the last 30 days."""
    others = others_of(r.contacts, _CONTACT)
    return None if others is None else people(other for other in others if r.within(other.since, MONTH))


@PHONES.signal(
    "phone",
    "either",
    "people",
    ("{value} contacts are applicants themselves", "{value}名联系人本人也是申请人"),
    shared(Kind.PHONE, "contact", _NAMES),
)
def contact_applicants(r: Reading) -> float | None:
    """Applicants whose own number the subject names as a contact's."""
    return people(others_of(r.contacts, _NAMES))


@PHONES.signal("phone", "up", "share", ("{value} of the contacts were never named before", "{value}的联系人为首次填写"), own(Kind.PHONE, "contact"))
def contacts_new_share(r: Reading) -> float | None:
    """Share of the contacts named now that this person never named before; None for a first application."""
    named = [one for one in r.contacts if one.now]
    if not named or all(one.since is None for one in r.contacts):
        return None
    return sum(one.since is None for one in named) / len(named)


@PHONES.signal(
    "phone", "down", "days", ("The number has been known with this applicant for {value} days", "该号码与申请人关联{value}天"), own(Kind.PHONE)
)
def phone_age_days(r: Reading) -> float | None:
    """Days since the subject's first use of the number in use now; 0 for one never seen with them."""
    return age_days(r.phones, r)
