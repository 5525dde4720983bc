"""Features of shared devices, cards and e-mail addresses: who holds them too, when, and how new they are."""

from __future__ import annotations

import numpy as np

from graph.compiled import compiled, inner
from graph.features import others
from graph.features.held import applied_at
from graph.features.registry import Family
from graph.features.room import ALL_WAYS, BANK_CARD, DAY, DEVICE, EMAIL, OWN, SHOP_DEVICE, Reading
from graph.frame.neighbourhood import NOBODY, Neighbourhood
from graph.tables import Column

SHARING = Family()
_DEVICES, _CARDS, _EMAILS = (DEVICE, OWN), (BANK_CARD, OWN), (EMAIL, OWN)


@SHARING.feature
@inner
def device_shared_others(n: Neighbourhood, r: Reading) -> float:
    return others.sharers(n, r, _DEVICES, ALL_WAYS)


@SHARING.feature
@inner
def device_shared_strangers(n: Neighbourhood, r: Reading) -> float:
    return others.strangers(n, r, _DEVICES, ALL_WAYS)


@SHARING.feature
@inner
def device_shared_7d(n: Neighbourhood, r: Reading) -> float:
    return others.sharers_near(n, r, _DEVICES, ALL_WAYS, 7 * DAY)


@SHARING.feature
@inner
def device_one_day_users(n: Neighbourhood, r: Reading) -> float:
    users, one_day = 0, 0
    for h in range(r.whole[0].held):
        held = r.held[h]
        if held.kind == DEVICE and held.hub == 0:
            users += held.others
            for o in range(held.other, held.other + held.others):
                one_day += r.others[o].last - r.others[o].since < DAY
    return one_day / users if users else np.nan


@SHARING.feature
@inner
def device_shop_share(n: Neighbourhood, r: Reading) -> float:
    mark, people, most = r.whole[0].mark + 1, int(n.subject[0].people), 0
    r.whole[0].mark = mark
    users = 0
    for h in range(r.whole[0].held):
        held = r.held[h]
        if held.kind == DEVICE and (held.hub == 0 or held.hub == SHOP_DEVICE):
            for o in range(held.other, held.other + held.others):
                past = r.people[r.others[o].person]
                users += past.mark != mark
                past.mark = mark
    left = users
    for p in range(people):
        if r.people[p].mark == mark and left > most:
            most = max(most, _most_together(n, r, p, most))
            left -= 1
    return most / users if users else np.nan


@inner
def _most_together(n: Neighbourhood, r: Reading, person: int, most: int) -> int:
    """Of those who are marked, from `person` on, how many applied at one of the shops at which `person` did, at most; `most` is no news."""
    first = n.people[person].application
    for row in range(first, first + n.people[person].applications):
        shop, came = n.applications[row].merchant, 0
        if shop != NOBODY:
            for other in range(person, int(n.subject[0].people)):
                came += r.people[other].mark == r.people[person].mark and applied_at(n, other, shop)
            most = max(most, came)
    return most


@SHARING.feature
@inner
def device_handed_over_days(n: Neighbourhood, r: Reading) -> float:
    return others.handed_over_days(n, r, _DEVICES, ALL_WAYS)


@SHARING.feature
@inner
def device_companions(n: Neighbourhood, r: Reading) -> float:
    found, companions = False, 0
    for p in range(n.subject[0].people):
        r.people[p].times = 0
    for h in range(r.whole[0].held):
        held = r.held[h]
        if held.kind == DEVICE and held.hub == 0:
            found = True
            for o in range(held.other, held.other + held.others):
                r.people[r.others[o].person].times += 1
                companions += r.people[r.others[o].person].times == 2
    return float(companions) if found else np.nan


@SHARING.feature
@inner
def device_age_days(n: Neighbourhood, r: Reading) -> float:
    return others.age_days(n, r, _DEVICES)


@SHARING.feature
@inner
def devices_new_30d(n: Neighbourhood, r: Reading) -> float:
    return others.new_ones(n, r, _DEVICES)


# cards


@SHARING.feature
@inner
def card_shared_others(n: Neighbourhood, r: Reading) -> float:
    return others.sharers(n, r, _CARDS, ALL_WAYS)


@SHARING.feature
@inner
def email_shared_others(n: Neighbourhood, r: Reading) -> float:
    return others.sharers(n, r, _EMAILS, ALL_WAYS)


@SHARING.feature
@inner
def card_age_days(n: Neighbourhood, r: Reading) -> float:
    return others.age_days(n, r, _CARDS)


@SHARING.feature
@inner
def cards_new_30d(n: Neighbourhood, r: Reading) -> float:
    return others.new_ones(n, r, _CARDS)


@compiled
def fill(n: Neighbourhood, r: Reading, into: Column) -> None:
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
