"""Honest groups of the simulation that share identifiers for reasons of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ingestion.simulation.cohort_plan import Group
from ingestion.simulation.keys import NONE, BoolArray, IntArray, Mint, in_city, landline
from ingestion.simulation.people import DAY, People
from ingestion.simulation.places import Places
from ingestion.simulation.world_spec import KIND_CODE, WorldSpec

PUBLIC_WIFI = 1 << 20
"""First global key of cafes' and malls' networks; a city has CITY_RADIX of them."""
BROKER_AGENT = 1 << 24
"""First agent number of intermediaries that belong to no merchant."""


@dataclass(frozen=True)
class Scene:
    """What an overlay needs beside the people it changes."""

    recipe: WorldSpec
    places: Places
    people: People
    mint: Mint
    rng: np.random.Generator

    def chance(self, count: int, share: float) -> BoolArray:
        return np.asarray(self.rng.random(count) < share)

    def one(self, kind: str) -> int:
        """One fresh key."""
        return int(self.mint.fresh(kind, 1)[0])


def settle_group(scene: Scene, group: Group, number: int) -> None:
    """Gives the members of an honest group what they share; `number` names the group."""
    people, m = scene.people, group.members
    people.kind[m] = KIND_CODE[group.kind]
    overlay = _OVERLAYS.get(group.kind)
    if overlay is None or len(m) < 2:
        return
    people.group[m] = number
    overlay(scene, m)


def touch_of_everything(scene: Scene, honest: IntArray) -> None:
    """What happens to anybody now and then: a lent phone, a recycled number, a cafe's network, a visit to a
    shop.
    """
    people, rng = scene.people, scene.rng
    n = len(honest)
    if n < 50:
        return
    other = honest[(np.arange(n) + rng.integers(1, 40, n)) % n]
    for share, field, source in (
        (0.012, "borrowed", people.device_a),
        (0.004, "card_b", people.card_a),
        (0.05, "contact_2", people.phone_a),
    ):
        hit = scene.chance(n, share)
        getattr(people, field)[honest[hit]] = source[other[hit]]
    hit = scene.chance(n, 0.25)
    people.friend[honest[hit]] = other[hit]
    hit = scene.chance(n, 0.05)
    people.referrer[honest[hit]] = other[hit]
    hit = scene.chance(n, 0.012) & (people.first[other] + 60 * DAY < people.first[honest])
    _hand_on_number(people, other[hit], honest[hit])
    cafe = honest[scene.chance(n, 0.09) & (people.place_wifi[honest] == NONE)]
    people.place_wifi[cafe] = PUBLIC_WIFI + in_city(rng.integers(0, 40, len(cafe)), people.city[cafe])
    people.place_ip[cafe] = people.place_wifi[cafe]
    people.place_share[cafe] = 0.35
    for customer in honest[scene.chance(n, 0.05) & (people.kiosk[honest] == NONE)]:
        _visit_shop(scene, np.array([customer]), _some_shop(scene, int(people.city[customer])))


def _hand_on_number(people: People, before: IntArray, after: IntArray) -> None:
    """The carrier gives the number of one to another, some time after he gave it up."""
    people.phone_switch[before] = np.minimum(people.phone_switch[before], people.first[after] - 30 * DAY)
    people.phone_a[after] = people.phone_a[before]


def _dormitory(scene: Scene, m: IntArray) -> None:
    people, rng = scene.people, scene.rng
    _live_together(scene, m, own_employer=0.12)
    people.birth_year[m] = 2006 - np.minimum(rng.gamma(2.0, 4.5, len(m)), 30).astype(np.int64)
    people.new_citizen[m] = scene.chance(len(m), 0.72)
    _arrive(scene, m, waves=int(rng.integers(1, 5)))


def _campus(scene: Scene, m: IntArray) -> None:
    people, rng = scene.people, scene.rng
    _live_together(scene, m, own_employer=0.5)
    people.birth_year[m] = 2007 - rng.integers(0, 7, len(m))
    people.new_citizen[m] = scene.chance(len(m), 0.5)
    _arrive(scene, m, waves=2)


def _live_together(scene: Scene, m: IntArray, *, own_employer: float) -> None:
    """One house: Wi-Fi by floor, a few addresses on the internet, rooms or one address for all, one
    employer.
    """
    people, rng, n = scene.people, scene.rng, len(m)
    floors = scene.mint.fresh("wifi", 1 + n // 120)
    exits = scene.mint.fresh("ip", 1 + n // 300)
    city = np.full(n, people.city[m[0]])
    people.city[m] = city
    people.place_wifi[m] = rng.choice(floors, n)
    people.place_ip[m] = rng.choice(exits, n)
    people.place_share[m] = rng.beta(4, 3, n)
    people.home_wifi[m] = np.where(scene.chance(n, 0.85), NONE, people.home_wifi[m])
    rooms = scene.mint.fresh("address", 1 + n // int(rng.integers(3, 9)))
    house = np.full(n, scene.one("address"))
    by_room = scene.chance(n, float(rng.choice([0.05, 0.5, 0.95])))
    lives = scene.chance(n, 0.93)
    people.address[m[lives]] = in_city(np.where(by_room, rng.choice(rooms, n), house), city)[lives]
    employer = in_city(np.full(n, scene.one("employer")), city)
    there = ~scene.chance(n, own_employer)
    people.employer[m[there]] = employer[there]
    switchboard = landline(np.full(n, scene.one("employer")), city)
    calls = there & scene.chance(n, 0.8)
    people.employer_phone[m[calls]] = switchboard[calls]
    _know_each_other(scene, m, contact=float(rng.beta(2, 7)), lend=float(rng.beta(1.2, 20)), hand_on=0.1)
    people.face[m] -= 0.02
    people.three[m] = np.where(scene.chance(n, 0.07), 0.15, people.three[m])


def _arrive(scene: Scene, m: IntArray, *, waves: int) -> None:
    """New arrivals come in waves and most need money in their first weeks."""
    people, rng, n = scene.people, scene.rng, len(m)
    span = scene.recipe.end - scene.recipe.start
    wave = scene.recipe.start + (rng.random(waves) * span).astype(np.int64)
    soon = scene.chance(n, float(rng.uniform(0.45, 0.9)))
    first = rng.choice(wave, n) + rng.exponential(16 * DAY, n).astype(np.int64)
    first = np.where(soon & (first < scene.recipe.end), first, people.first[m])
    _move_start(scene, m, first)


def _know_each_other(scene: Scene, m: IntArray, *, contact: float, lend: float, hand_on: float) -> None:
    """Some name another member as contact, apply on a room-mate's phone, sell a phone on, send money."""
    people, rng, n = scene.people, scene.rng, len(m)
    other = m[(np.arange(n) + rng.integers(1, min(n, 8), n)) % n]
    hit = scene.chance(n, contact)
    people.contact_2[m[hit]] = people.phone_a[other[hit]]
    hit = scene.chance(n, lend)
    people.borrowed[m[hit]] = people.device_a[other[hit]]
    hit = scene.chance(n, 0.35)
    people.friend[m[hit]] = other[hit]
    hit = scene.chance(n, 0.12)
    people.referrer[m[hit]] = other[hit]
    hit = scene.chance(n, hand_on) & (people.first[other] + 5 * DAY < people.first[m])
    _sell_phone(people, other[hit], m[hit])


def _sell_phone(people: People, seller: IntArray, buyer: IntArray) -> None:
    """The seller changes to a new phone before the buyer, who applies later, uses the old one."""
    people.device_switch[seller] = np.minimum(people.device_switch[seller], people.first[buyer] - 2 * DAY)
    people.device_a[buyer] = people.device_a[seller]
    people.joined[buyer] = np.maximum(people.joined[buyer], people.device_switch[seller] + 3_600)


def _household(scene: Scene, m: IntArray) -> None:
    people, rng, n = scene.people, scene.rng, len(m)
    people.city[m] = people.city[m[0]]
    head, rest = m[0], m[1:]
    people.address[m] = people.address[head]
    people.home_ip[m] = people.home_ip[head]
    people.home_wifi[m] = people.home_wifi[head]
    for share, field in ((0.04, "phone_a"), (0.05, "device_a"), (0.05, "card_a"), (0.5, "birth_year")):
        hit = rest[scene.chance(n - 1, share)]
        getattr(people, field)[hit] = getattr(people, field)[head]
    hit = rest[scene.chance(n - 1, 0.09)]
    people.borrowed[hit] = people.device_a[head]
    cited = scene.chance(n, 0.55)
    people.contact_1[m[cited]] = people.phone_a[np.roll(m, 1)[cited]]
    if rng.random() < 0.4:
        people.contact_2[m] = people.contact_2[head]
    if rng.random() < 0.3:
        _move_start(scene, m, people.first[head] + rng.exponential(20 * DAY, n).astype(np.int64))
    people.friend[m] = np.where(scene.chance(n, 0.5), np.roll(m, 1), NONE)


def _kiosk(scene: Scene, m: IntArray) -> None:
    _visit_shop(scene, m, _some_shop(scene, int(scene.people.city[m[0]])))
    scene.people.city[m] = scene.people.city[m[0]]
    if scene.rng.random() < 0.4:  # a sale: half of the customers within a fortnight
        start = int(scene.rng.integers(scene.recipe.start, scene.recipe.end))
        first = start + (scene.rng.random(len(m)) * 14 * DAY).astype(np.int64)
        first = np.where(scene.chance(len(m), 0.5) & (first < scene.recipe.end), first, scene.people.first[m])
        _move_start(scene, m, first)


def _some_shop(scene: Scene, city: int) -> int:
    shops = scene.places.merchants_of(city)
    weight = scene.places.merchant_weight[shops]
    return int(scene.rng.choice(shops, p=weight / weight.sum()))


def _visit_shop(scene: Scene, m: IntArray, shop: int) -> None:
    people = scene.people
    people.kiosk[m] = shop
    people.merchant[m] = shop
    people.agent[m] = shop * 8 + scene.rng.integers(0, scene.places.merchant_agents[shop], len(m))


def _second_hand(scene: Scene, m: IntArray) -> None:
    people, rng = scene.people, scene.rng
    gap = rng.exponential(50 * DAY, len(m)).astype(np.int64) + 4 * DAY
    gap[0] = 0
    latest = scene.recipe.end - 2 * DAY
    room = max(1, latest - scene.recipe.start - int(gap.sum()))
    first = scene.recipe.start + int(rng.integers(0, room)) + np.cumsum(gap)
    _move_start(scene, m, np.minimum(first, latest))
    _sell_phone(people, m[:-1], m[1:])


def _comparer(scene: Scene, m: IntArray) -> None:
    people, rng, n = scene.people, scene.rng, len(m)
    people.group[m] = NONE
    people.loans[m] = rng.integers(3, 8, n)
    people.gap[m] = rng.lognormal(np.log(3 * 3_600), 0.9, n)
    saturday = people.first[m] // (7 * DAY) * 7 * DAY + 2 * DAY  # 1970 began on a Thursday
    _move_start(scene, m, saturday + rng.integers(0, DAY, n))


def _carrier(scene: Scene, m: IntArray) -> None:
    scene.people.group[m] = NONE
    scene.people.nat_share[m] = 0.98


def _friends(scene: Scene, m: IntArray) -> None:
    people, rng, n = scene.people, scene.rng, len(m)
    _know_each_other(scene, m, contact=0.2, lend=0.03, hand_on=0.05)
    hit = m[scene.chance(n, float(rng.uniform(0.2, 0.7)))]
    people.borrowed[hit] = people.device_a[m[0]]
    if rng.random() < 0.6:
        _move_start(scene, m, people.first[m[0]] + rng.exponential(4 * DAY, n).astype(np.int64))


def _broker(scene: Scene, m: IntArray) -> None:
    """An honest intermediary: customers apply in the office, some name the broker as contact."""
    people, rng, n = scene.people, scene.rng, len(m)
    people.agent[m] = BROKER_AGENT + scene.one("agent")
    office = scene.chance(n, float(rng.uniform(0.2, 0.8)))
    people.place_wifi[m[office]] = scene.one("wifi")
    people.place_ip[m[office]] = scene.one("ip")
    people.place_share[m[office]] = 0.4
    people.contact_2[m[scene.chance(n, float(rng.beta(1.5, 8)))]] = scene.one("phone")
    people.borrowed[m[scene.chance(n, float(rng.beta(1, 6)))]] = scene.one("device_id")


def _move_start(scene: Scene, m: IntArray, first: IntArray) -> None:
    """First loans at other times; the account is as old at its first loan as it was before."""
    people, recipe = scene.people, scene.recipe
    first = np.clip(first, recipe.start, recipe.end - 3_600)
    people.joined[m] = np.maximum(recipe.start, first - (people.first[m] - people.joined[m]))
    for switch in (people.phone_switch, people.device_switch, people.card_switch):
        switch[m] += first - people.first[m]
    people.first[m] = first


_OVERLAYS: dict[str, Callable[[Scene, IntArray], None]] = {
    "dormitory": _dormitory,
    "campus": _campus,
    "household": _household,
    "kiosk": _kiosk,
    "second_hand": _second_hand,
    "comparer": _comparer,
    "carrier_nat": _carrier,
    "friends": _friends,
    "broker": _broker,
}
