"""Applications: when, where, for how much, and with which of the applicant's values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulation.habits import Habits
from ingestion.simulation.keys import NONE, BoolArray, FloatArray, IntArray
from ingestion.simulation.people import DAY, People
from ingestion.simulation.places import TERMS, Places
from ingestion.simulation.world_spec import WorldSpec

KIOSK_KEY = 1 << 22
"""First global key of the shops' own tablets, networks and addresses on the internet."""
PROXY_KEY = 1 << 23
PROXIES = 200_000
PRODUCTS = ("cash", "cash_inst", "cons_inst", "off_inst", "card", "auto")
CHANNELS = ("app", "h5", "store", "agent")


@dataclass(slots=True)
class LoanRows:
    """One row an application, sorted by person and time; `who` is the applicant's position in the cohort."""

    who: IntArray
    nth: IntArray
    at: IntArray
    lender: IntArray
    product: IntArray
    amount: IntArray
    term: IntArray
    channel: IntArray
    merchant: IntArray
    agent: IntArray
    phone: IntArray
    device: IntArray
    card: IntArray
    ip: IntArray
    wifi: IntArray
    contact_1: IntArray
    contact_2: IntArray
    face: FloatArray
    liveness: FloatArray
    three: BoolArray

    def __len__(self) -> int:
        return len(self.who)


@dataclass(frozen=True)
class Session:
    """Where somebody is on the internet at some moments: keys of shape (k,)."""

    ip: IntArray
    wifi: IntArray


def apply_for_loans(
    recipe: WorldSpec, places: Places, people: People, crews: dict[int, Habits], rng: np.random.Generator
) -> LoanRows:
    """Every person's applications within the time frame: at least one each."""
    who, nth, at = _draw_times(recipe, people, rng)
    n = len(who)
    lender = _choose_lenders(places, people, crews, who, rng)
    device, phone, card = device_at(people, who, at), phone_at(people, who, at), card_at(people, who, at)
    lent = (nth == 0) & (people.borrowed[who] != NONE)
    device[lent] = people.borrowed[who[lent]]
    session = go_online(places, people, who, rng)
    shop = people.merchant[who]
    in_shop = (shop != NONE) & ((nth == 0) | (rng.random(n) < 0.15))
    on_tablet = in_shop & (people.kiosk[who] != NONE) & (rng.random(n) < 0.85)
    device[on_tablet] = KIOSK_KEY + shop[on_tablet]
    session.ip[on_tablet] = KIOSK_KEY + shop[on_tablet]
    session.wifi[on_tablet] = KIOSK_KEY + shop[on_tablet]
    agent = np.where((shop == NONE) | in_shop, people.agent[who], NONE)
    channel = np.where(in_shop, 2, np.where(agent != NONE, 3, (rng.random(n) < 0.18).astype(np.int64)))
    if places.lender_sells_in_shops.any():
        sellers = np.flatnonzero(places.lender_sells_in_shops)
        weight = places.lender_weight[sellers]
        lender[in_shop] = rng.choice(sellers, int(in_shop.sum()), p=weight / weight.sum())
    product, amount, term = _choose_product(places, people, who, lender, rng)
    face = np.clip(people.face[who] + rng.normal(0, 0.035, n), 0.05, 0.999)
    liveness = np.clip(0.35 + 0.65 * people.face[who] + rng.normal(0, 0.06, n), 0.05, 0.999)
    return LoanRows(
        who=who, nth=nth, at=at, lender=lender, product=product, amount=amount, term=term, channel=channel,
        merchant=np.where(in_shop, shop, NONE), agent=agent, phone=phone, device=device, card=card,
        ip=session.ip, wifi=session.wifi, contact_1=people.contact_1[who].copy(),
        contact_2=people.contact_2[who].copy(), face=face, liveness=liveness,
        three=rng.random(n) < people.three[who],
    )  # fmt: skip


def device_at(people: People, who: IntArray, at: IntArray) -> IntArray:
    """The phone in a person's hand at a moment."""
    return np.where(at < people.device_switch[who], people.device_a[who], people.device_b[who])


def phone_at(people: People, who: IntArray, at: IntArray) -> IntArray:
    """A person's number at a moment."""
    return np.where(at < people.phone_switch[who], people.phone_a[who], people.phone_b[who])


def card_at(people: People, who: IntArray, at: IntArray) -> IntArray:
    """The bank card in use at a moment."""
    return np.where(at < people.card_switch[who], people.card_a[who], people.card_b[who])


def go_online(places: Places, people: People, who: IntArray, rng: np.random.Generator) -> Session:
    """At a shared place, through the carrier, behind a proxy, or at home: keys for each entry of `who`."""
    n = len(who)
    draw = rng.random((3, n))
    at_place = draw[0] < people.place_share[who]
    carrier = ~at_place & (draw[1] < people.nat_share[who])
    pool = np.maximum(2, np.round(60 * places.city_weight[people.city[who]])).astype(np.int64)
    nat = people.city[who] * 1_024 + (rng.random(n) ** 1.6 * pool).astype(np.int64) + 1
    ip = np.where(carrier, nat, people.home_ip[who])
    wifi = np.where(carrier & (draw[2] < 0.7), NONE, people.home_wifi[who])
    here = at_place & (people.place_ip[who] != NONE)
    ip[here] = people.place_ip[who[here]]
    here = at_place & (people.place_wifi[who] != NONE)
    wifi[here] = people.place_wifi[who[here]]
    hidden = rng.random(n) < people.proxy_share[who]
    ip[hidden] = PROXY_KEY + rng.integers(0, PROXIES, int(hidden.sum()))
    return Session(ip, wifi)


def _draw_times(
    recipe: WorldSpec, people: People, rng: np.random.Generator
) -> tuple[IntArray, IntArray, IntArray]:
    who = np.repeat(np.arange(len(people)), people.loans)
    offset = np.repeat(np.cumsum(people.loans) - people.loans, people.loans)
    nth = np.arange(len(who)) - offset
    gap = np.where(nth == 0, 0, rng.exponential(1, len(who)) * people.gap[who])
    run = np.cumsum(gap)
    at = people.first[who] + (run - run[offset]).astype(np.int64)
    at = np.where(nth == 0, at, at + rng.integers(60, 600, len(who)))
    at = to_waking_hours(at, people.night[who], rng)
    keep = (nth == 0) | (at < recipe.end)
    at = np.clip(at, recipe.start, recipe.end - rng.integers(60, 3_600, len(who)))
    return who[keep], nth[keep], at[keep]


def to_waking_hours(at: IntArray, night: FloatArray, rng: np.random.Generator) -> IntArray:
    """Moves moments of 0-7 h local time to the day that follows, but for a share `night` of them."""
    local = (at + 8 * 3_600) % DAY
    sleeps = (local < 7 * 3_600) & (rng.random(len(at)) >= night)
    return np.where(sleeps, at + rng.integers(7 * 3_600, 14 * 3_600, len(at)), at)


def _choose_lenders(
    places: Places, people: People, crews: dict[int, Habits], who: IntArray, rng: np.random.Generator
) -> IntArray:
    lender = rng.choice(len(places.lender_weight), len(who), p=places.lender_weight)
    crew = people.crew[who]
    guilty = np.flatnonzero((crew != NONE) & people.bad[who])
    order = guilty[np.argsort(crew[guilty], kind="stable")]
    names, starts = np.unique(crew[order], return_index=True)
    easy = places.lender_weight * places.lender_approves
    for name, rows in zip(names, np.split(order, starts)[1:], strict=True):
        known = min(crews[int(name)].lenders, len(easy))
        favourites = rng.choice(len(easy), known, replace=False, p=easy / easy.sum())
        taste = rng.dirichlet(np.full(known, 1.5))
        lender[rows] = rng.choice(favourites, len(rows), p=taste)
    return lender


def _choose_product(
    places: Places, people: People, who: IntArray, lender: IntArray, rng: np.random.Generator
) -> tuple[IntArray, IntArray, IntArray]:
    n = len(who)
    shop = places.lender_sells_in_shops[lender]
    bank = places.lender_is_bank[lender]
    product = np.where(
        shop, rng.choice([2, 3, 1], n), np.where(bank, rng.choice([1, 4, 0], n), rng.choice([0, 1], n))
    )
    top = np.where(bank, 60_000, np.where(shop, 24_000, 20_000))
    level = np.clip(people.amount_level[who] + rng.normal(0, 1, n) * people.amount_spread[who], 0.02, 1.0)
    step = rng.choice([1_000, 500, 100, 1], n, p=[0.62, 0.2, 0.13, 0.05])
    amount = np.maximum(500, (top * level**1.5) // step * step).astype(np.int64)
    term = rng.choice(TERMS, n, p=[0.08, 0.15, 0.07, 0.45, 0.08, 0.13, 0.04])
    return product, amount, term
