"""The people of a cohort as arrays, and the ordinary life that everybody is given before anything else
happens.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulation.keys import NONE, BoolArray, FloatArray, IntArray, Mint, in_city, landline
from ingestion.simulation.world_spec import KIND_CODE, WorldSpec

DAY = 86_400
NEVER = 1 << 60
BIG_EMPLOYERS = 40
"""Employers of a city that are known by name to the whole world."""


@dataclass(slots=True)
class People:
    """One row a person. Identifier fields hold keys; a pair `_a`, `_b` with `_switch` (seconds) is a change
    of value.

    Seconds since 1970 throughout; `borrowed` is the device that the first loan is asked for on, when it
    is not one's own; `friend` (who money goes to) and `referrer` are positions; NONE where there is none.
    """

    kind: IntArray
    ring: IntArray
    group: IntArray
    crew: IntArray
    bad: BoolArray
    city: IntArray
    birth_year: IntArray
    new_citizen: BoolArray
    joined: IntArray
    first: IntArray
    loans: IntArray
    gap: FloatArray
    national_id: IntArray
    phone_a: IntArray
    phone_b: IntArray
    phone_switch: IntArray
    device_a: IntArray
    device_b: IntArray
    device_switch: IntArray
    borrowed: IntArray
    card_a: IntArray
    card_b: IntArray
    card_switch: IntArray
    email: IntArray
    home_wifi: IntArray
    home_ip: IntArray
    place_wifi: IntArray
    place_ip: IntArray
    place_share: FloatArray
    nat_share: FloatArray
    proxy_share: FloatArray
    address: IntArray
    employer: IntArray
    employer_phone: IntArray
    contact_1: IntArray
    contact_2: IntArray
    friend: IntArray
    referrer: IntArray
    kiosk: IntArray
    merchant: IntArray
    agent: IntArray
    face: FloatArray
    three: FloatArray
    approve: FloatArray
    default: FloatArray
    paid_first: FloatArray
    amount_level: FloatArray
    amount_spread: FloatArray
    confirmed: FloatArray
    active: FloatArray
    night: FloatArray
    emulator: BoolArray
    rooted: BoolArray

    def __len__(self) -> int:
        return len(self.kind)


def draw_people(
    recipe: WorldSpec, begin: int, city: IntArray, mint: Mint, rng: np.random.Generator
) -> People:
    """Plain people of the given cities (positions, shape (n,)) who share nothing but employers; `begin` is
    the position of the first of them in the world.
    """
    n = len(city)
    none = np.full(n, NONE)
    joined, first = _draw_start(recipe, n, rng)
    people = People(
        kind=np.full(n, KIND_CODE["plain"]), ring=none.copy(), group=none.copy(), crew=none.copy(),
        bad=np.zeros(n, dtype=bool), city=city.copy(),
        birth_year=(2001 - np.minimum(rng.gamma(2.2, 6.5, n), 38)).astype(np.int64) + rng.integers(0, 5, n),
        new_citizen=rng.random(n) < 0.22, joined=joined, first=first,
        loans=1 + np.minimum(rng.geometric(0.62, n) - 1, 6), gap=rng.lognormal(np.log(45 * DAY), 0.9, n),
        national_id=np.arange(begin, begin + n),
        phone_a=mint.fresh("phone", n), phone_b=mint.fresh("phone", n),
        phone_switch=_switch(first, 0.06, rng), device_a=mint.fresh("device_id", n),
        device_b=mint.fresh("device_id", n), device_switch=_switch(first, 0.22, rng), borrowed=none.copy(),
        card_a=mint.fresh("bank_card", n), card_b=mint.fresh("bank_card", n),
        card_switch=_switch(first, 0.2, rng), email=_some(mint.fresh("email", n), 0.42, rng),
        home_wifi=_some(mint.fresh("wifi", n), 0.75, rng), home_ip=mint.fresh("ip", n),
        place_wifi=none.copy(), place_ip=none.copy(), place_share=np.zeros(n),
        nat_share=rng.beta(2.2, 2.0, n), proxy_share=rng.beta(0.5, 12, n),
        address=in_city(mint.fresh("address", n), city), employer=none.copy(), employer_phone=none.copy(),
        contact_1=_some(mint.fresh("phone", n), 0.97, rng),
        contact_2=_some(mint.fresh("phone", n), 0.86, rng), friend=none.copy(), referrer=none.copy(),
        kiosk=none.copy(), merchant=none.copy(), agent=none.copy(),
        face=np.clip(rng.normal(0.89, 0.055, n), 0.3, 0.995),
        three=np.where(rng.random(n) < 0.93, 0.995, 0.15), approve=rng.normal(0, 0.12, n),
        default=rng.beta(0.6, 12, n), paid_first=rng.gamma(1.4, 2.5, n), amount_level=rng.beta(2.2, 2.6, n),
        amount_spread=np.full(n, 0.14), confirmed=np.zeros(n), active=rng.lognormal(0.0, 0.7, n),
        night=rng.beta(1.6, 8, n), emulator=rng.random(n) < 0.004, rooted=rng.random(n) < 0.025,
    )  # fmt: skip
    _employ(people, mint, rng)
    return people


def _draw_start(recipe: WorldSpec, n: int, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """When the account was opened and when the first loan was asked for; business grows a little over the
    frame.
    """
    span = recipe.end - recipe.start
    first = recipe.start + (rng.random(n) ** 0.9 * span).astype(np.int64)
    lead = rng.exponential(40 * DAY, n) * (rng.random(n) < 0.6) + rng.exponential(6 * 3_600, n)
    return np.maximum(recipe.start, first - lead.astype(np.int64)), first


def _switch(first: IntArray, share: float, rng: np.random.Generator) -> IntArray:
    """The moment of a change for a share of the people, NEVER for the others."""
    n = len(first)
    return np.where(rng.random(n) < share, first + rng.integers(-60 * DAY, 240 * DAY, n), NEVER)


def _some(keys: IntArray, share: float, rng: np.random.Generator) -> IntArray:
    return np.where(rng.random(len(keys)) < share, keys, NONE)


def _employ(people: People, mint: Mint, rng: np.random.Generator) -> None:
    """A third work for an employer that many know, with one switchboard; the others for somebody small."""
    n = len(people)
    rank = np.minimum((rng.pareto(0.9, n) * 2).astype(np.int64), BIG_EMPLOYERS - 1)
    big = rng.random(n) < 0.34
    own = mint.fresh("employer", n)
    key = np.where(big, rank + 1, own)
    people.employer = np.where(rng.random(n) < 0.88, in_city(key, people.city), NONE)
    people.employer_phone = np.where(rng.random(n) < 0.62, landline(key, people.city), NONE)
    mobile = (~big) & (people.employer_phone != NONE) & (rng.random(n) < 0.4)
    people.employer_phone[mobile] = mint.fresh("phone", n)[mobile]
