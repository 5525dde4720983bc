"""Signals of shared identifiers: devices, phones, contacts, cards; who holds them too, when, and how new they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from graph.model import IdentifierKind as Kind
from graph.signals_paths import own, shared, to_people
from graph.signals_reading import DAY, MONTH, Held, Other, Reading
from graph.signals_registry import Family, Path

SHARING = Family(path=shared(Kind.DEVICE))


def others_of(held: Iterable[Held], groups: frozenset[str] | None = None) -> list[Other] | None:
    """All others tied to identifiers that say something; None where the subject has none such."""
    linking = [one for one in held if not one.hub]
    if not linking:
        return None
    return [other for one in linking for other in one.others if groups is None or other.group in groups]


def _people(others: Iterable[Other] | None) -> float | None:
    return None if others is None else float(len({other.person for other in others}))


def _within(others: list[Other] | None, span: timedelta) -> float | None:
    return None if others is None else _people(other for other in others if other.apart <= span)


def age_days(held: Iterable[Held], reading: Reading) -> float | None:
    """Days since the subject's first use of what is in use now (else of the newest): 0 for one never seen with them."""
    held = list(held)
    current = [one for one in held if one.now] or held
    if not current:
        return None
    newest = max(one.since or reading.t for one in current)
    return (reading.t - newest) / DAY


def _new(held: Iterable[Held], reading: Reading) -> float | None:
    held = list(held)
    if not held:
        return None
    return float(sum(one.since is None or one.since >= reading.t - MONTH for one in held))


def _handed_over(held: Iterable[Held], reading: Reading) -> float | None:
    """Days between the last use by anybody else and the subject's first; None unless all others had stopped by then."""
    gaps = []
    for one in held:
        if one.now and not one.hub and one.others:
            since = one.since or reading.t
            gaps.append((since - max(other.last for other in one.others)) / DAY)
    return min(gaps) if gaps and min(gaps) > 0 else None


# devices


@SHARING.signal("device", "up", "people", ("{value} other people use the same device", "另有{value}人使用同一设备"))
def device_shared_others(r: Reading) -> float | None:
    """Other people on the subject's devices, whenever."""
    return _people(others_of(r.devices))


@SHARING.signal("device", "up", "people", ("{value} strangers use the same device", "{value}名无其他关联的陌生人使用同一设备"))
def device_shared_strangers(r: Reading) -> float | None:
    """Other people on the subject's devices who share no place, crowd or work with the subject."""
    others = others_of(r.devices)
    return None if others is None else _people(other for other in others if other.person not in r.coherent)


@SHARING.signal(
    "device", "up", "people", ("{value} others used the device within a week of this applicant", "{value}人在一周内与申请人先后使用同一设备")
)
def device_shared_7d(r: Reading) -> float | None:
    """Other people whose use of a device lies within 7 days of the subject's: shared or handed round, not second-hand."""
    return _within(others_of(r.devices), 7 * DAY)


@SHARING.signal("device", "up", "people", ("{value} others applied from the same device in the last 7 days", "近7天另有{value}人在同一设备上申请"))
def device_applicants_7d(r: Reading) -> float | None:
    """Other people on the subject's devices who applied anywhere in the last 7 days."""
    others = others_of(r.devices)
    if others is None:
        return None
    people = {other.person for other in others}
    return float(sum(1 for one in people if r.people[one].applications and r.within(r.people[one].applications[0].applied_at, 7 * DAY)))


@SHARING.signal("device", "either", "share", ("{value} of the device's users used it on one day only", "该设备{value}的使用者仅使用过一天"))
def device_one_day_users(r: Reading) -> float | None:
    """Share of the device's other users who used it on one day only: a shop's tablet, or an identity farm."""
    others = others_of(r.devices)
    if not others:
        return None
    return sum(other.last - other.since < DAY for other in others) / len(others)


@SHARING.signal(
    "device", "either", "share", ("{value} of the device's users applied at one and the same shop", "该设备{value}的使用者在同一商户申请")
)
def device_shop_share(r: Reading) -> float | None:
    """Share of the device's other users who applied at the shop that most of them applied at: near 1 for a shop's own tablet."""
    others = others_of(r.devices)
    if not others:
        return None
    people = {other.person for other in others}
    shops = Counter(shop for one in people for shop in {a.merchant_id for a in r.people[one].applications if a.merchant_id})
    return max(shops.values(), default=0) / len(people)


@SHARING.signal("device", "down", "days", ("The device came from someone else {value} days ago", "该设备于{value}天前由他人转手"))
def device_handed_over_days(r: Reading) -> float | None:
    """Days between the last use by its earlier holders and the subject's first, for a device that changed hands: long for second-hand."""
    return _handed_over(r.devices, r)


@SHARING.signal("device", "up", "people", ("{value} people share two or more devices with the applicant", "{value}人与申请人共用两台以上设备"))
def device_companions(r: Reading) -> float | None:
    """Other people met on two or more of the subject's devices: a group that changes devices changes them together."""
    others = others_of(r.devices)
    if others is None:
        return None
    return float(sum(times > 1 for times in Counter(other.person for other in others).values()))


@SHARING.signal(
    "device", "down", "days", ("The device has been known with this applicant for {value} days", "该设备与申请人关联{value}天"), own(Kind.DEVICE)
)
def device_age_days(r: Reading) -> float | None:
    """Days since the subject's first use of the device in use now; 0 for one never seen with them."""
    return age_days(r.devices, r)


@SHARING.signal("device", "up", "count", ("{value} new devices in 30 days", "30天内更换{value}台新设备"), own(Kind.DEVICE))
def devices_new_30d(r: Reading) -> float | None:
    """Devices first seen with the subject in the last 30 days, the present one included."""
    return _new(r.devices, r)


@SHARING.signal("device", "either", "count", ("{value} devices in all", "共使用过{value}台设备"), own(Kind.DEVICE))
def devices_ever(r: Reading) -> float | None:
    """Devices ever seen with the subject."""
    return float(len(r.devices)) if r.devices else None


# phones and contacts

_NAMES = frozenset({"names"})
_CONTACT = frozenset({"contact"})
_POSES = frozenset({"poses"})


@SHARING.signal("phone", "up", "people", ("{value} other people have the same phone number", "另有{value}人使用同一手机号"), shared(Kind.PHONE))
def phone_shared_others(r: Reading) -> float | None:
    """Other people whose own number is the subject's."""
    return _people(others_of(r.phones, frozenset({"phone"})))


@SHARING.signal("phone", "down", "days", ("The number came from someone else {value} days ago", "该号码于{value}天前由他人转用"), shared(Kind.PHONE))
def phone_handed_over_days(r: Reading) -> float | None:
    """Days between an earlier holder's last use of the number and the subject's first, for one that changed hands."""
    return _handed_over([one._replace(others=tuple(o for o in one.others if o.group == "phone")) for one in r.phones], r)


@SHARING.signal(
    "phone", "up", "people", ("{value} people name this number as a contact", "{value}人将该号码填为联系人"), shared(Kind.PHONE, "own", _NAMES)
)
def phone_named_by(r: Reading) -> float | None:
    """People who give the subject's own number as a contact's."""
    return _people(others_of(r.phones, _NAMES))


@SHARING.signal(
    "phone",
    "up",
    "people",
    ("{value} people began to name this number as a contact in 30 days", "30天内{value}人新将该号码填为联系人"),
    shared(Kind.PHONE, "own", _NAMES),
)
def phone_named_by_30d(r: Reading) -> float | None:
    """People who gave the subject's own number as a contact's for the first time in the last 30 days."""
    others = others_of(r.phones, _NAMES)
    return None if others is None else _people(other for other in others if r.within(other.since, MONTH))


@SHARING.signal(
    "phone",
    "up",
    "people",
    ("A number serves {value} others in another role (employer, own, contact)", "号码在另外{value}人处以不同身份出现（单位、本人、联系人）"),
)
def phone_roles_mixed(r: Reading) -> float | None:
    """People for whom one of the subject's numbers is an employer's while here it is a person's, or the other way round."""
    return _people(others_of([one for one in r.held if one.kind == Kind.PHONE], _POSES))


@SHARING.signal(
    "phone", "up", "people", ("{value} others name the same contact", "另有{value}人填写同一联系人"), shared(Kind.PHONE, "contact", _CONTACT)
)
def contact_shared_others(r: Reading) -> float | None:
    """Other people who name a contact that the subject names."""
    return _people(others_of(r.contacts, _CONTACT))


@SHARING.signal(
    "phone", "up", "people", ("{value} strangers name the same contact", "{value}名陌生人填写同一联系人"), shared(Kind.PHONE, "contact", _CONTACT)
)
def contact_shared_strangers(r: Reading) -> float | None:
    """Other people who name the same contact and share no place, crowd or work with the subject."""
    others = others_of(r.contacts, _CONTACT)
    return None if others is None else _people(other for other in others if other.person not in r.coherent)


@SHARING.signal(
    "phone",
    "up",
    "people",
    ("{value} others named the same contact in 30 days", "30天内另有{value}人填写同一联系人"),
    shared(Kind.PHONE, "contact", _CONTACT),
)
def contact_shared_30d(r: Reading) -> float | None:
    """Other people who named the same contact for the first time in the last 30 days."""
    others = others_of(r.contacts, _CONTACT)
    return None if others is None else _people(other for other in others if r.within(other.since, MONTH))


@SHARING.signal(
    "phone",
    "either",
    "people",
    ("{value} contacts are applicants themselves", "{value}名联系人本人也是申请人"),
    shared(Kind.PHONE, "contact", _NAMES),
)
def contact_applicants(r: Reading) -> float | None:
    """Applicants whose own number the subject names as a contact's."""
    return _people(others_of(r.contacts, _NAMES))


def _contact_owners(r: Reading) -> list[str] | None:
    others = others_of(r.contacts, _NAMES)
    return None if others is None else sorted({other.person for other in others})


def _to_bad_contact(r: Reading) -> Path | None:
    owners = _contact_owners(r) or ()
    return to_people([r.people[one] for one in owners if r.people[one].bad or r.people[one].defaulted], r)


@SHARING.signal("phone", "up", "people", ("{value} contacts defaulted or are known frauds", "{value}名联系人有违约或欺诈记录"), _to_bad_contact)
def contact_bad(r: Reading) -> float | None:
    """Contacts who are applicants and defaulted, or of whom a fraud is known."""
    owners = _contact_owners(r)
    return None if owners is None else float(sum(r.people[one].bad or r.people[one].defaulted for one in owners))


@SHARING.signal("phone", "up", "share", ("{value} of the contacts were never named before", "{value}的联系人为首次填写"), own(Kind.PHONE, "contact"))
def contacts_new_share(r: Reading) -> float | None:
    """Share of the contacts named now that this person never named before; None for a first application."""
    named = [one for one in r.contacts if one.now]
    if not named or all(one.since is None for one in r.contacts):
        return None
    return sum(one.since is None for one in named) / len(named)


@SHARING.signal(
    "phone", "down", "days", ("The number has been known with this applicant for {value} days", "该号码与申请人关联{value}天"), own(Kind.PHONE)
)
def phone_age_days(r: Reading) -> float | None:
    """Days since the subject's first use of the number in use now; 0 for one never seen with them."""
    return age_days(r.phones, r)


@SHARING.signal("phone", "up", "count", ("{value} phone numbers of their own", "本人使用过{value}个手机号"), own(Kind.PHONE))
def phones_ever(r: Reading) -> float | None:
    """Own numbers ever seen with the subject."""
    return float(len(r.phones)) if r.phones else None


# cards


@SHARING.signal("ring", "up", "people", ("{value} other people use the same bank card", "另有{value}人使用同一银行卡"), shared(Kind.BANK_CARD))
def card_shared_others(r: Reading) -> float | None:
    """Other people on the subject's bank cards."""
    return _people(others_of(r.cards))


@SHARING.signal("ring", "up", "people", ("{value} other people use the same e-mail address", "另有{value}人使用同一邮箱"), shared(Kind.EMAIL))
def email_shared_others(r: Reading) -> float | None:
    """Other people on the subject's e-mail addresses."""
    return _people(others_of(r.of(Kind.EMAIL)))


@SHARING.signal("behaviour", "down", "days", ("The bank card was bound {value} days ago", "银行卡绑定于{value}天前"), own(Kind.BANK_CARD))
def card_age_days(r: Reading) -> float | None:
    """Days since the subject first used the card named now; 0 for one never seen with them."""
    return age_days(r.cards, r)


@SHARING.signal("behaviour", "up", "count", ("{value} new bank cards in 30 days", "30天内新增{value}张银行卡"), own(Kind.BANK_CARD))
def cards_new_30d(r: Reading) -> float | None:
    """Cards first seen with the subject in the last 30 days, the present one included."""
    return _new(r.cards, r)
