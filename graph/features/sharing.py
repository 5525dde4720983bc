"""Features of shared devices, cards and e-mail addresses: who holds them too, when, and how new they are."""

from __future__ import annotations

import numpy as np

from graph.compiled import compiled, lean
from graph.features import others
from graph.features.held import applied_at
from graph.features.registry import Family
from graph.features.room import COUNTED, DEVICE, SHOP_DEVICE, THINGS, Reading
from graph.frame.neighbourhood import NOBODY, Neighbourhood
from graph.tables import Column

SHARING = Family()
_DEVICE, _CARD, _EMAIL = map(THINGS.index, ("device", "card", "email"))
_QUESTIONS = tuple(COUNTED)
_OTHERS, _STRANGERS, _WITHIN_7D, _OF_CARD, _OF_EMAIL = map(
    _QUESTIONS.index, ("device_shared_others", "device_shared_strangers", "device_shared_7d", "card_shared_others", "email_shared_others")
)


@SHARING.feature
@lean
def device_shared_others(n: Neighbourhood, r: Reading) -> float:
    return others.people(r.tally, r.counted, _OTHERS, _DEVICE)


@SHARING.feature
@lean
def device_shared_strangers(n: Neighbourhood, r: Reading) -> float:
    return others.people(r.tally, r.counted, _STRANGERS, _DEVICE)


@SHARING.feature
@lean
def device_shared_7d(n: Neighbourhood, r: Reading) -> float:
    return others.people(r.tally, r.counted, _WITHIN_7D, _DEVICE)


@SHARING.feature
@lean
def device_one_day_users(n: Neighbourhood, r: Reading) -> float:
    users = r.tally[_DEVICE].users
    return r.tally[_DEVICE].one_day / users if users else np.nan


@SHARING.feature
@lean
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
            most = _most_together((n.people, n.applications, r.people), p, people, most)
            left -= 1
    return most / users if users else np.nan


@lean
def _most_together(of: tuple[Column, Column, Column], person: int, people: int, most: int) -> int:
    """Of those who are marked, from `person` on, how many applied at one of the shops of `person`, at most; fewer than `most` is no news."""
    who, applications, pasts = of
    first = who[person].application
    for row in range(first, first + who[person].applications):
        shop, came = applications[row].merchant, 0
        if shop != NOBODY:
            for other in range(person, people):
                came += pasts[other].mark == pasts[person].mark and applied_at(applications, who[other], shop)
            most = max(most, came)
    return most


@SHARING.feature
@lean
def device_handed_over_days(n: Neighbourhood, r: Reading) -> float:
    return others.handed_over_days(r.tally[_DEVICE])


@SHARING.feature
@lean
def device_companions(n: Neighbourhood, r: Reading) -> float:
    return float(r.tally[_DEVICE].companions) if r.tally[_DEVICE].linking else np.nan


@SHARING.feature
@lean
def device_age_days(n: Neighbourhood, r: Reading) -> float:
    return others.age_days(r.tally[_DEVICE], n.subject[0].as_of)


@SHARING.feature
@lean
def devices_new_30d(n: Neighbourhood, r: Reading) -> float:
    return others.new_ones(r.tally[_DEVICE])


# cards


@SHARING.feature
@lean
def card_shared_others(n: Neighbourhood, r: Reading) -> float:
    return others.people(r.tally, r.counted, _OF_CARD, _CARD)


@SHARING.feature
@lean
def email_shared_others(n: Neighbourhood, r: Reading) -> float:
    return others.people(r.tally, r.counted, _OF_EMAIL, _EMAIL)


@SHARING.feature
@lean
def card_age_days(n: Neighbourhood, r: Reading) -> float:
    return others.age_days(r.tally[_CARD], n.subject[0].as_of)


@SHARING.feature
@lean
def cards_new_30d(n: Neighbourhood, r: Reading) -> float:
    return others.new_ones(r.tally[_CARD])


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
