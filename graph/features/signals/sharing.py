"""Signals of shared devices, cards and e-mail addresses: who holds them too, when, and how new they are."""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column
from graph.features import holder_tallies
from graph.features.bonds import applied_at
from graph.features.kinds_in_role import KINDS_IN_ROLE
from graph.features.path_rules import own, shared
from graph.features.registry import Family
from graph.features.workspace import COUNTED, DEVICE, SHOP_DEVICE, Precomputed
from graph.frame.neighbourhood import NOBODY, Neighbourhood
from graph.kernels.compiled import compiled, lean
from graph.model.types import IdentifierKind as Kind

SHARING = Family(path_rule=shared(Kind.DEVICE))
_DEVICE, _CARD, _EMAIL = map(KINDS_IN_ROLE.index, ("device", "card", "email"))
_QUESTIONS = tuple(COUNTED)
_OTHERS, _STRANGERS, _WITHIN_7D, _OF_CARD, _OF_EMAIL = map(
    _QUESTIONS.index,
    (
        "device_shared_others",
        "device_shared_strangers",
        "device_shared_7d",
        "card_shared_others",
        "email_shared_others",
    ),
)


@SHARING.signal(
    "device",
    "up",
    "people",
    ("{value} other [person uses|people use] the same device", "另有{value}人使用同一设备"),
)
@lean
def device_shared_others(n: Neighbourhood, r: Precomputed) -> float:
    """Other people on the subject's devices, whenever."""
    return holder_tallies.people(r.tally, r.counted, _OTHERS, _DEVICE)


@SHARING.signal(
    "device",
    "up",
    "people",
    ("{value} [stranger uses|strangers use] the same device", "{value}名无其他关联的陌生人使用同一设备"),
    shared(Kind.DEVICE, strangers=True),
)
@lean
def device_shared_strangers(n: Neighbourhood, r: Precomputed) -> float:
    """Other people on the subject's devices who share no place, crowd or work with the subject."""
    return holder_tallies.people(r.tally, r.counted, _STRANGERS, _DEVICE)


@SHARING.signal(
    "device",
    "up",
    "people",
    (
        "{value} [other|others] used the device within a week of this applicant",
        "{value}人在一周内与申请人先后使用同一设备",
    ),
)
@lean
def device_shared_7d(n: Neighbourhood, r: Precomputed) -> float:
    """Other people whose use of a device lies within 7 days of the subject's: shared or handed round, not
    second-hand.
    """
    return holder_tallies.people(r.tally, r.counted, _WITHIN_7D, _DEVICE)


@SHARING.signal(
    "device",
    "either",
    "share",
    ("{value} of the device's users used it on one day only", "该设备{value}的使用者仅使用过一天"),
)
@lean
def device_one_day_users(n: Neighbourhood, r: Precomputed) -> float:
    """Share of the device's other users who used it on one day only: a shop's tablet, or an identity farm."""
    users = r.tally[_DEVICE].users
    return r.tally[_DEVICE].one_day / users if users else np.nan


@SHARING.signal(
    "device",
    "either",
    "share",
    ("{value} of the device's users applied at one and the same shop", "该设备{value}的使用者在同一商户申请"),
)
@lean
def device_shop_share(n: Neighbourhood, r: Precomputed) -> float:
    """Share of the device's other users who applied at the shop that most of them applied at: near 1 for a
    shop's own tablet.
    """
    revision, people, most = r.whole[0].mark + 1, int(n.subject[0].people), 0
    r.whole[0].mark = revision
    users = 0
    for h in range(r.whole[0].held):
        held = r.held[h]
        if held.kind == DEVICE and (held.hub == 0 or held.hub == SHOP_DEVICE):
            for o in range(held.other, held.other + held.others):
                past = r.people[r.others[o].person]
                users += past.mark != revision
                past.mark = revision
    left = users
    for p in range(people):
        if r.people[p].mark == revision and left > most:
            most = _most_together((n.people, n.applications, r.people), p, people, most)
            left -= 1
    return most / users if users else np.nan


@lean
def _most_together(of: tuple[Column, Column, Column], person: int, people: int, most: int) -> int:
    """Of those who are marked, from `person` on, how many applied at one of the shops of `person`, at most;
    fewer than `most` is no news.
    """
    who, applications, pasts = of
    first = who[person].application
    for row in range(first, first + who[person].applications):
        shop, came = applications[row].merchant, 0
        if shop != NOBODY:
            for other in range(person, people):
                came += pasts[other].mark == pasts[person].mark and applied_at(applications, who[other], shop)
            most = max(most, came)
    return most


@SHARING.signal(
    "device",
    "down",
    "days",
    ("The device came from someone else {value} [day|days] ago", "该设备于{value}天前由他人转手"),
)
@lean
def device_handed_over_days(n: Neighbourhood, r: Precomputed) -> float:
    """Days between the last use by its earlier holders and the subject's first, for a device that changed
    hands: long for second-hand.
    """
    return holder_tallies.handed_over_days(r.tally[_DEVICE])


@SHARING.signal(
    "device",
    "up",
    "people",
    (
        "{value} [person shares|people share] two or more devices with the applicant",
        "{value}人与申请人共用两台以上设备",
    ),
)
@lean
def device_companions(n: Neighbourhood, r: Precomputed) -> float:
    """Other people met on two or more of the subject's devices: a group that changes devices changes them
    together.
    """
    return float(r.tally[_DEVICE].companions) if r.tally[_DEVICE].linking else np.nan


@SHARING.signal(
    "device",
    "down",
    "days",
    ("The device has been known with this applicant for {value} [day|days]", "该设备与申请人关联{value}天"),
    own(Kind.DEVICE),
)
@lean
def device_age_days(n: Neighbourhood, r: Precomputed) -> float:
    """Days since the subject's first use of the device in use now; 0 for one never seen with them."""
    return holder_tallies.age_days(r.tally[_DEVICE], n.subject[0].as_of)


@SHARING.signal(
    "device",
    "up",
    "count",
    ("{value} new [device|devices] in 30 days", "30天内更换{value}台新设备"),
    own(Kind.DEVICE),
)
@lean
def devices_new_30d(n: Neighbourhood, r: Precomputed) -> float:
    """Devices first seen with the subject in the last 30 days, the present one included."""
    return holder_tallies.new_ones(r.tally[_DEVICE])


# cards


@SHARING.signal(
    "ring",
    "up",
    "people",
    ("{value} other [person uses|people use] the same bank card", "另有{value}人使用同一银行卡"),
    shared(Kind.BANK_CARD),
)
@lean
def card_shared_others(n: Neighbourhood, r: Precomputed) -> float:
    """Other people on the subject's bank cards."""
    return holder_tallies.people(r.tally, r.counted, _OF_CARD, _CARD)


@SHARING.signal(
    "ring",
    "up",
    "people",
    ("{value} other [person uses|people use] the same e-mail address", "另有{value}人使用同一邮箱"),
    shared(Kind.EMAIL),
)
@lean
def email_shared_others(n: Neighbourhood, r: Precomputed) -> float:
    """Other people on the subject's e-mail addresses."""
    return holder_tallies.people(r.tally, r.counted, _OF_EMAIL, _EMAIL)


@SHARING.signal(
    "behaviour",
    "down",
    "days",
    ("The bank card was bound {value} [day|days] ago", "银行卡绑定于{value}天前"),
    own(Kind.BANK_CARD),
)
@lean
def card_age_days(n: Neighbourhood, r: Precomputed) -> float:
    """Days since the subject first used the card named now; 0 for one never seen with them."""
    return holder_tallies.age_days(r.tally[_CARD], n.subject[0].as_of)


@SHARING.signal(
    "behaviour",
    "up",
    "count",
    ("{value} new bank [card|cards] in 30 days", "30天内新增{value}张银行卡"),
    own(Kind.BANK_CARD),
)
@lean
def cards_new_30d(n: Neighbourhood, r: Precomputed) -> float:
    """Cards first seen with the subject in the last 30 days, the present one included."""
    return holder_tallies.new_ones(r.tally[_CARD])


@compiled
def fill(n: Neighbourhood, r: Precomputed, into: Column) -> None:
    """All of SHARING for one subject, into float64 (len(SHARING),)."""
    into[0] = device_shared_others(n, r)
    into[1] = device_shared_strangers(n, r)
    into[2] = device_shared_7d(n, r)
    into[3] = device_one_day_users(n, r)
    into[4] = device_shop_share(n, r)
    into[5] = device_handed_over_days(n, r)
    into[6] = device_companions(n, r)
    into[7] = device_age_days(n, r)
    into[8] = devices_new_30d(n, r)
    into[9] = card_shared_others(n, r)
    into[10] = email_shared_others(n, r)
    into[11] = card_age_days(n, r)
    into[12] = cards_new_30d(n, r)
