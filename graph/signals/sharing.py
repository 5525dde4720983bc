"""Signals of shared devices, cards and e-mail addresses: who holds them too, when, and how new they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from graph.model import IdentifierKind as Kind
from graph.signals.paths import own, shared
from graph.signals.reading import DAY, MONTH, Held, Other, Reading
from graph.signals.registry import Family

SHARING = Family(path=shared(Kind.DEVICE))


def others_of(held: Iterable[Held], groups: frozenset[str] | None = None) -> list[Other] | None:
    """All others tied to identifiers that say something; None where the subject has none such."""
    linking = [one for one in held if not one.hub]
    if not linking:
        return None
    return [other for one in linking for other in one.others if groups is None or other.group in groups]


def people(others: Iterable[Other] | None) -> float | None:
    return None if others is None else float(len({other.person for other in others}))


def _within(others: list[Other] | None, span: timedelta) -> float | None:
    return None if others is None else people(other for other in others if other.apart <= span)


def age_days(held: Iterable[Held], reading: Reading) -> float | None:
    """Days since the subject's first use of what is in use now (else of the newest): 0 for one never seen with them."""
    held = list(held)
    current = [one for one in held if one.now] or held
    if not current:
        return None
    newest = max(one.since or reading.t for one in current)
    return (reading.t - newest) / DAY


def new_ones(held: Iterable[Held], reading: Reading) -> float | None:
    held = list(held)
    if not held:
        return None
    return float(sum(one.since is None or one.since >= reading.t - MONTH for one in held))


def handed_over(held: Iterable[Held], reading: Reading) -> float | None:
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
    return people(others_of(r.devices))


@SHARING.signal(
    "device",
    "up",
    "people",
    ("{value} strangers use the same device", "{value}名无其他关联的陌生人使用同一设备"),
    shared(Kind.DEVICE, strangers=True),
)
def device_shared_strangers(r: Reading) -> float | None:
    """Other people on the subject's devices who share no place, crowd or work with the subject."""
    others = others_of(r.devices)
    return None if others is None else people(other for other in others if other.person not in r.coherent)


@SHARING.signal(
    "device", "up", "people", ("{value} others used the device within a week of this applicant", "{value}人在一周内与申请人先后使用同一设备")
)
def device_shared_7d(r: Reading) -> float | None:
    """Other people whose use of a device lies within 7 days of the subject's: shared or handed round, not second-hand."""
    return _within(others_of(r.devices), 7 * DAY)


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
    who = {other.person for one in r.devices if one.hub in (None, "shop_device") for other in one.others}
    if not who:
        return None
    shops = Counter(shop for one in who for shop in {a.merchant_id for a in r.people[one].applications if a.merchant_id})
    return max(shops.values(), default=0) / len(who)


@SHARING.signal("device", "down", "days", ("The device came from someone else {value} days ago", "该设备于{value}天前由他人转手"))
def device_handed_over_days(r: Reading) -> float | None:
    """Days between the last use by its earlier holders and the subject's first, for a device that changed hands: long for second-hand."""
    return handed_over(r.devices, r)


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
    return new_ones(r.devices, r)


# cards


@SHARING.signal("ring", "up", "people", ("{value} other people use the same bank card", "另有{value}人使用同一银行卡"), shared(Kind.BANK_CARD))
def card_shared_others(r: Reading) -> float | None:
    """Other people on the subject's bank cards."""
    return people(others_of(r.cards))


@SHARING.signal("ring", "up", "people", ("{value} other people use the same e-mail address", "另有{value}人使用同一邮箱"), shared(Kind.EMAIL))
def email_shared_others(r: Reading) -> float | None:
    """Other people on the subject's e-mail addresses."""
    return people(others_of(r.of(Kind.EMAIL)))


@SHARING.signal("behaviour", "down", "days", ("The bank card was bound {value} days ago", "银行卡绑定于{value}天前"), own(Kind.BANK_CARD))
def card_age_days(r: Reading) -> float | None:
    """Days since the subject first used the card named now; 0 for one never seen with them."""
    return age_days(r.cards, r)


@SHARING.signal("behaviour", "up", "count", ("{value} new bank cards in 30 days", "30天内新增{value}张银行卡"), own(Kind.BANK_CARD))
def cards_new_30d(r: Reading) -> float | None:
    """Cards first seen with the subject in the last 30 days, the present one included."""
    return new_ones(r.cards, r)
