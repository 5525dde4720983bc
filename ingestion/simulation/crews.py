"""Fraud crews of the simulation: each runs many loans by habits of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ingestion.simulation.habits import ChannelSharing, Habits
from ingestion.simulation.honest import BROKER_AGENT, Scene
from ingestion.simulation.keys import CITY_RADIX, NONE, IntArray, in_city, landline
from ingestion.simulation.people import DAY, NEVER
from ingestion.simulation.reach import reach_the_last
from ingestion.simulation.world_spec import KIND_CODE

POOLS = {
    "wifi": "place_wifi",
    "ip": "place_ip",
    "address": "address",
    "employer": "employer",
    "employer_phone": "employer_phone",
    "borrowed": "borrowed",
    "phone": "phone_b",
}
"""Channel -> the field that takes the crew's value."""


def settle_crew(
    scene: Scene, m: IntArray, habits: Habits, ring: int, dormitories: Sequence[IntArray]
) -> None:
    """Turns the members (positions, shape (k,)) into a crew with these habits; `ring` names it."""
    people = scene.people
    people.kind[m] = KIND_CODE[habits.kind]
    people.ring[m] = ring
    people.crew[m] = ring
    _choose_times(scene, m, habits)
    m = m[np.argsort(people.first[m], kind="stable")]
    _choose_cities(scene, m, habits)
    _take_on_ways(scene, m, habits)
    if habits.has_agent:
        _through_an_agent(scene, m, habits)
    for channel, sharing in habits.sharing.items():
        _share(scene, m, channel, sharing, habits)
    if dormitories and habits.hides_in_dormitory:
        _hide(scene, m, habits, dormitories[int(scene.rng.integers(len(dormitories)))])
    reach_the_last(scene, m, habits)
    _keep_outside_ties(scene, m, habits)


def settle_solo_stackers(scene: Scene, m: IntArray) -> None:
    """Persons who take loans from many lenders within days and never mean to pay, with nobody else."""
    people, rng, n = scene.people, scene.rng, len(m)
    people.kind[m] = KIND_CODE["stacker"]
    people.bad[m] = True
    people.loans[m] = rng.integers(3, 8, n)
    people.gap[m] = rng.lognormal(np.log(8 * 3_600), 1.1, n)
    people.default[m] = rng.uniform(0.6, 0.95, n)
    people.paid_first[m] = rng.choice([0.3, 2.0], n)
    people.confirmed[m] = 0.5


def _choose_times(scene: Scene, m: IntArray, habits: Habits) -> None:
    people, rng, recipe, n = scene.people, scene.rng, scene.recipe, len(m)
    span = min(habits.span * DAY, 0.8 * (recipe.end - recipe.start))
    begin = recipe.start + rng.random() * (recipe.end - recipe.start - 0.6 * span)
    wave = begin + rng.random(habits.waves) * span
    first = rng.choice(wave, n) + rng.exponential(span / habits.waves / 2, n)
    people.first[m] = np.clip(first, recipe.start, recipe.end - 3_600 - rng.integers(0, DAY, n)).astype(
        np.int64
    )
    lead = rng.exponential(habits.aged * DAY, n) + rng.exponential(3_600, n)
    people.joined[m] = np.maximum(recipe.start, people.first[m] - lead.astype(np.int64))


def _choose_cities(scene: Scene, m: IntArray, habits: Habits) -> None:
    people, rng = scene.people, scene.rng
    cities = rng.choice(scene.places.cities, habits.cities, p=scene.places.city_weight)
    cities[0] = people.city[m[0]]
    people.city[m] = rng.choice(cities, len(m))
    for field in ("address", "employer"):
        keys = getattr(people, field)
        known = m[keys[m] != NONE]
        keys[known] = in_city(keys[known] // CITY_RADIX, people.city[known])


def _take_on_ways(scene: Scene, m: IntArray, habits: Habits) -> None:
    """Amounts, lenders, verification and default as the crew does it; recruited real people stay as they
    were.
    """
    people, rng = scene.people, scene.rng
    bad = rng.random(len(m)) >= habits.real_share
    people.bad[m] = bad
    g, n = m[bad], int(bad.sum())
    people.loans[g] = 1 + rng.poisson(max(habits.loans - 1, 0), n)
    people.gap[g] = habits.gap_hours * 3_600 * rng.lognormal(0, 0.4, n)
    people.face[g] = np.clip(rng.normal(habits.face, 0.055, n), 0.3, 0.995)
    people.three[g] = np.where(rng.random(n) < habits.three, 0.995, 0.15)
    people.approve[g] = habits.approve
    people.default[g] = habits.default
    people.paid_first[g] = habits.paid_first
    people.amount_level[g] = habits.amount_level
    people.amount_spread[g] = habits.amount_spread
    people.confirmed[g] = habits.confirmed
    people.active[g] = habits.active * rng.lognormal(0, 0.5, n)
    people.night[g] = habits.night
    people.emulator[g] = rng.random(n) < habits.emulator
    people.rooted[g] = rng.random(n) < habits.rooted
    people.proxy_share[m] = np.maximum(people.proxy_share[m], habits.proxy * rng.random(len(m)))


def _through_an_agent(scene: Scene, m: IntArray, habits: Habits) -> None:
    """Merchant collusion goes through one salesman of a merchant; other crews have an agent who may have a
    shop.
    """
    people, rng, places = scene.people, scene.rng, scene.places
    shops = places.merchants_of(int(people.city[m[0]]))
    age = scene.recipe.end - places.merchant_opened[shops]
    shop = int(rng.choice(shops, p=(1 / age) / (1 / age).sum()))  # young shops more often than old ones
    salesman = shop * 8 + int(rng.integers(0, places.merchant_agents[shop]))
    customers = m[rng.random(len(m)) < rng.uniform(0.6, 1.0)]
    if habits.kind == "merchant_collusion":
        people.merchant[customers] = shop
        people.agent[customers] = salesman
        if rng.random() < 0.3:
            people.kiosk[customers] = shop
    else:
        free = BROKER_AGENT + scene.one("agent")
        people.agent[customers] = salesman if rng.random() < 0.35 else free


def _share(scene: Scene, m: IntArray, channel: str, sharing: ChannelSharing, habits: Habits) -> None:
    people, rng, n = scene.people, scene.rng, len(m)
    if channel == "device":
        _share_devices(scene, m, sharing)
    elif channel == "card":
        _share_cards(scene, m, sharing)
    elif channel == "contact":
        _share_contacts(scene, m, sharing, habits.cross_citing)
    elif channel == "money":
        collectors = rng.choice(m, max(1, round(n / (3 + 3 * sharing.fan))), replace=False)
        pays = m[rng.random(n) < sharing.density]
        people.friend[pays] = rng.choice(collectors, len(pays))
    elif channel == "referral":
        words = np.flatnonzero(rng.random(n) < sharing.density)
        words = words[words > 0]
        people.referrer[m[words]] = m[(rng.random(len(words)) * words).astype(np.int64)]
    else:
        _share_field(scene, m, channel, sharing)


def _share_field(scene: Scene, m: IntArray, channel: str, sharing: ChannelSharing) -> None:
    people = scene.people
    on_landline = channel == "employer_phone" and scene.rng.random() < 0.6
    kind = {"borrowed": "device_id", "employer_phone": "employer" if on_landline else "phone"}.get(
        channel, channel
    )
    keys = _values(scene, len(m), kind, sharing)
    hit = keys != NONE
    taken, keys = m[hit], keys[hit]
    if channel in ("address", "employer"):
        keys = in_city(keys, people.city[taken])
    elif on_landline:
        keys = landline(keys, people.city[taken])
    elif channel == "phone":
        people.phone_switch[taken] = people.first[taken] + scene.rng.integers(-DAY, 20 * DAY, len(taken))
    elif channel in ("wifi", "ip"):
        people.place_share[taken] = scene.rng.beta(3, 3)
    getattr(people, POOLS[channel])[taken] = keys


def _values(scene: Scene, n: int, kind: str, sharing: ChannelSharing) -> IntArray:
    """The crew's key for each of n members in order of joining, NONE for who uses his own; shape (n,)."""
    rng = scene.rng
    takes = rng.random(n) < sharing.density
    if takes.sum() < 2:
        takes[rng.choice(n, min(n, 2), replace=False)] = True
    count = int(takes.sum())
    values = np.full(n, NONE)
    if sharing.shape == "star":
        values[takes] = scene.one(kind)
    elif sharing.shape == "chain":
        values[takes] = scene.mint.fresh(kind, count)[
            (np.arange(count) / max(2.0, sharing.fan)).astype(np.int64)
        ]
    else:
        values[takes] = rng.choice(scene.mint.fresh(kind, max(1, round(count / sharing.fan))), count)
    return values


def _share_devices(scene: Scene, m: IntArray, sharing: ChannelSharing) -> None:
    """A pool of phones for all, or phones that are passed on: each member ends on the next one's first
    phone.
    """
    people, rng = scene.people, scene.rng
    keys = _values(scene, len(m), "device_id", sharing)
    hit = np.flatnonzero(keys != NONE)
    taken = m[hit]
    people.device_a[taken] = keys[hit]
    people.device_switch[taken] = NEVER
    if sharing.shape == "chain" and len(taken) > 1:
        people.device_b[taken[:-1]] = keys[hit][1:]
        wait = rng.exponential(30 * DAY, len(taken) - 1).astype(np.int64)
        people.device_switch[taken[:-1]] = np.maximum(
            people.first[taken[:-1]] + 3_600, people.first[taken[1:]] - wait
        )
    if rng.random() < 0.6:  # a phone is an emulator or not, whoever holds it
        people.emulator[taken] = (keys[hit] * 2_654_435_761 % 1_000) < 1_000 * people.emulator[m].mean()


def _share_cards(scene: Scene, m: IntArray, sharing: ChannelSharing) -> None:
    """Cards that money goes to: given in the application, or bound just after the loan is paid out."""
    people, rng = scene.people, scene.rng
    keys = _values(scene, len(m), "bank_card", sharing)
    hit = keys != NONE
    taken, keys = m[hit], keys[hit]
    openly = rng.random(len(taken)) < rng.beta(1.6, 0.9)
    people.card_a[taken[openly]] = keys[openly]
    later = taken[~openly]
    people.card_b[later] = keys[~openly]
    people.card_switch[later] = people.first[later] + (rng.exponential(4 * DAY, len(later)) + 900).astype(
        np.int64
    )


def _share_contacts(scene: Scene, m: IntArray, sharing: ChannelSharing, cross_citing: float) -> None:
    """Contacts are other members, or phones that somebody of the crew answers."""
    people, rng = scene.people, scene.rng
    keys = _values(scene, len(m), "phone", sharing)
    hit = np.flatnonzero(keys != NONE)
    crosses = rng.random(len(hit)) < cross_citing
    step = -1 if sharing.shape == "chain" else rng.integers(1, len(m), len(hit))
    other = (hit + step) % len(m)
    cited = np.where(crosses, people.phone_a[m[other]], keys[hit])
    first = rng.random(len(hit)) < 0.5
    people.contact_1[m[hit[first]]] = cited[first]
    people.contact_2[m[hit[~first]]] = cited[~first]


def _hide(scene: Scene, m: IntArray, habits: Habits, house: IntArray) -> None:
    """Part of the crew lives in a dormitory, or says so: its network, address and employer, its ages."""
    people, rng = scene.people, scene.rng
    hidden = m[rng.random(len(m)) < habits.hides_in_dormitory]
    model = rng.choice(house, len(hidden))
    for field in ("place_wifi", "place_ip", "place_share", "birth_year", "new_citizen", "city"):
        getattr(people, field)[hidden] = getattr(people, field)[model]
    for field in ("address", "employer", "employer_phone"):
        if field not in habits.sharing:
            getattr(people, field)[hidden] = getattr(people, field)[model]


def _keep_outside_ties(scene: Scene, m: IntArray, habits: Habits) -> None:
    """Members have families, room-mates and friends who know nothing: an address, a contact, a phone lent
    once.
    """
    people, rng = scene.people, scene.rng
    city = people.city[m[0]]
    honest = np.flatnonzero((people.crew == NONE) & ~people.bad & (people.city == city))
    tied = m[rng.random(len(m)) < habits.outside_ties]
    if not len(honest) or not len(tied):
        return
    other = rng.choice(honest, len(tied))
    how = rng.choice(4, len(tied), p=[0.35, 0.25, 0.3, 0.1])
    home = (how == 0) & ("address" not in habits.sharing)
    for field in ("address", "home_wifi", "home_ip"):
        getattr(people, field)[tied[home]] = getattr(people, field)[other[home]]
    people.contact_2[other[how == 1]] = people.phone_a[tied[how == 1]]
    if "contact" not in habits.sharing:
        people.contact_2[tied[how == 2]] = people.phone_a[other[how == 2]]
    people.borrowed[other[how == 3]] = people.device_a[tied[how == 3]]
