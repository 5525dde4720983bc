"""The subject's identifiers, their other holders, and the resulting bonds to people, in compiled code."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graph.facts.fraud_labels import NEVER
from graph.facts.hubs import SHOP_SHARE, SHOP_USERS
from graph.facts.tables import ROLES, Column
from graph.facts.ties import HANDED_OVER, PASSED_ON
from graph.features.sums import exact_add, exact_total
from graph.features.workspace import (
    COHERENT_WAYS,
    DAY,
    DEVICE,
    MONTH,
    PHONE,
    PLACE_ONLY,
    SHOP_DEVICE,
    STRONG_WAYS,
    WAY_OF_KIND,
    WAY_OF_PHONE,
    WORTHS,
    Precomputed,
)
from graph.frame.neighbourhood import NOBODY, UNDATED, Neighbourhood
from graph.kernels.compiled import lean

_HANDED_OVER = HANDED_OVER.days * DAY
_STRENGTH = np.array([{"own": 0, "employer": 1, "contact": 2}[role] for role in ROLES], np.int8)


@lean
def shop_devices(n: Neighbourhood, r: Precomputed) -> None:
    """Say of every identifier whether it is a shop's own device: one below the guard that at least SHOP_USERS
    used, and SHOP_SHARE of them applied at one and the same shop. What customers share with the next in the
    queue ties nobody; a colluding shop shows in the shop's own figures.
    """
    for row in range(n.subject[0].identifiers):
        one = n.identifiers[row]
        r.shop[row] = (
            one.kind == DEVICE and one.ties >= SHOP_USERS and _is_shops(n, int(one.tie), int(one.ties))
        )


@lean
def _is_shops(n: Neighbourhood, first: int, users: int) -> bool:
    """Whether so many of the users of a device, its ties, applied at one and the same shop."""
    for place in range(users):
        # whatever is left, too few came to any shop that nobody before has been to
        if users - place < SHOP_SHARE * users:
            return False
        person = n.ties[first + place].person
        begin = 0 if person == 0 else n.people[person].application
        for row in range(
            begin, begin + n.people[person].applications + (n.subject[0].asked if person == 0 else 0)
        ):
            shop, missed = n.applications[row].merchant, place
            if shop == NOBODY:
                continue
            for other in range(place + 1, users):
                user = n.ties[first + other].person
                came = user == 0 and n.subject[0].asked and n.applications[0].merchant == shop
                missed += not came and not applied_at(n.applications, n.people[user], shop)
                if users - missed < SHOP_SHARE * users:
                    break
            if users - missed >= SHOP_SHARE * users:
                return True
    return False


@lean
def applied_at(applications: Column, person: Any, shop: int) -> bool:
    """Whether they ever applied at that shop before."""
    row, end = person.application, person.application + person.applications
    while row < end and applications[row].merchant != shop:
        row += 1
    return bool(row < end)


@lean
def collect_holders(n: Neighbourhood, r: Precomputed) -> None:
    """The subject's identifiers and the ties of others to them; `resolve` and `shop_devices` come before."""
    whole, t = r.whole[0], n.subject[0].as_of
    _named_now(n, r)
    whole.held = whole.others = 0
    for row in range(n.subject[0].identifiers):
        one = n.identifiers[row]
        mine, since, last, role = False, UNDATED, UNDATED, r.now[row]
        for i in range(one.tie, one.tie + one.ties):
            tie = n.ties[i]
            if r.people[tie.person].me:
                mine = True
                since = (
                    tie.since
                    if since == UNDATED
                    else (since if tie.since == UNDATED else min(since, tie.since))
                )
                last = max(last, tie.last)
                role = tie.role if role < 0 or _STRENGTH[tie.role] < _STRENGTH[role] else role
        if not mine:
            continue
        held = r.held[whole.held]
        whole.held += 1
        held.since, held.last, held.identifier, held.holders = since, last, row, one.holders
        held.kind, held.role, held.now = one.kind, role, r.now[row] >= 0
        held.hub = one.hub if one.hub != 0 else (SHOP_DEVICE if r.shop[row] else 0)
        held.other = whole.others
        begin, end = (t if since == UNDATED else since), (t if r.now[row] >= 0 or last == UNDATED else last)
        for i in range(one.tie, one.tie + one.ties):
            tie = n.ties[i]
            if not r.people[tie.person].me and tie.since != UNDATED:
                other = r.others[whole.others]
                whole.others += 1
                other.since, other.last, other.person = tie.since, tie.last, tie.person
                other.apart, other.way = max(max(tie.since, begin) - min(tie.last, end), 0), _way(held, tie)
        held.others = whole.others - held.other


@lean
def _named_now(n: Neighbourhood, r: Precomputed) -> None:
    """In which role the application in question names each identifier, the strongest; -1: not at all."""
    for row in range(n.subject[0].identifiers):
        r.now[row] = -1
    if n.subject[0].asked:
        application = n.applications[0]
        for row in range(application.mention, application.mention + application.mentions):
            mention = n.mentions[row]
            if mention.identifier >= 0:
                known = r.now[mention.identifier]
                if known < 0 or _STRENGTH[mention.role] < _STRENGTH[known]:
                    r.now[mention.identifier] = mention.role


@lean
def _way(held: Any, tie: Any) -> int:
    """In which way what the subject holds ties it to whose tie that is."""
    if held.hub != 0:
        return PLACE_ONLY
    return int(WAY_OF_PHONE[held.role, tie.role]) if held.kind == PHONE else int(WAY_OF_KIND[held.kind])


@lean
def build_bonds(n: Neighbourhood, r: Precomputed) -> None:
    """The bonds to others, the heaviest first; `collect_holders` comes before."""
    whole, t = r.whole[0], n.subject[0].as_of
    whole.bonds = 0
    for p in range(n.subject[0].people):
        past = r.people[p]
        past.bond, past.strong, past.coherent = NOBODY, 0, 0
    for h in range(whole.held):
        held = r.held[h]
        since, rare = (t if held.since == UNDATED else held.since), _rarity(held)
        for o in range(held.other, held.other + held.others):
            other = r.others[o]
            row = r.people[other.person].bond
            if row < 0:
                row = _new_bond(r.whole, r.bonds, r.best)
                r.people[other.person].bond = row
                r.bonds[row].person, r.bonds[row].rank = other.person, n.people[other.person].name_rank
            bond = r.bonds[row]
            best = r.best[row]
            best[other.way] = max(best[other.way], _tie_weight(rare, other))
            bond.ways |= 1 << other.way
            bond.since = min(bond.since, max(since, other.since))
            bond.fresh |= other.last >= t - MONTH and other.apart <= MONTH
    _weigh(r)
    _sort(r)


@lean
def tie_weight(held: Any, other: Any) -> float:
    """What one identifier that both hold says of the two: the less, the more people hold it."""
    return _tie_weight(_rarity(held), other)


@lean
def _tie_weight(rare: float, other: Any) -> float:
    return float(WORTHS[other.way] * rare * (PASSED_ON if other.apart > _HANDED_OVER else 1.0))


@lean
def _rarity(held: Any) -> float:
    return 0.0 if held.hub != 0 else 1 / math.log2(max(held.holders, held.others + 1, 2))


@lean
def _new_bond(whole: Column, bonds: Column, best: Column) -> int:
    """A bond to somebody, as yet at the place in which they are met first."""
    row = int(whole[0].bonds)
    whole[0].bonds += 1
    bonds[row].ways, bonds[row].since, bonds[row].fresh = 0, NEVER, 0
    for way in range(len(WORTHS)):
        best[row, way] = 0.0
    return row


@lean
def _weigh(r: Precomputed) -> None:
    """The weight of each bond: of every way the best, for two devices say more than one only by being two."""
    whole = r.whole[0]
    whole.strong = 0
    for b in range(whole.bonds):
        bond, used = r.bonds[b], 0
        for way in range(len(WORTHS)):
            if r.best[b, way] != 0.0:
                used = exact_add(r.parts, used, r.best[b, way])
        bond.weight = exact_total(r.parts, used)
        bond.strong = bond.ways & STRONG_WAYS != 0
        whole.strong += bond.strong
        past = r.people[bond.person]
        past.strong, past.coherent = bond.strong, bond.ways & COHERENT_WAYS != 0


@lean
def _sort(r: Precomputed) -> None:
    """The heaviest first, of equal ones by applicant id."""
    for b in range(1, r.whole[0].bonds):
        place = b
        while place > 0 and _before(r.bonds[place], r.bonds[place - 1]):
            _swap(r.bonds[place], r.bonds[place - 1])
            place -= 1
    for b in range(r.whole[0].bonds):
        r.people[r.bonds[b].person].bond = b


@lean
def _swap(a: Any, b: Any) -> None:
    a.weight, a.since, a.person, a.ways, b.weight, b.since, b.person, b.ways = (
        b.weight,
        b.since,
        b.person,
        b.ways,
        a.weight,
        a.since,
        a.person,
        a.ways,
    )
    a.rank, a.strong, a.fresh, b.rank, b.strong, b.fresh = (
        b.rank,
        b.strong,
        b.fresh,
        a.rank,
        a.strong,
        a.fresh,
    )


@lean
def _before(a: Any, b: Any) -> bool:
    if a.weight != b.weight:
        return bool(a.weight > b.weight)
    return bool(a.rank < b.rank)
