"""A year's behaviour: log-ins, phones, cards, money in and out, changes of profile."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ingestion.simulation.keys import NONE, IntArray
from ingestion.simulation.loans import LoanRows, card_at, device_at, go_online, phone_at, to_waking_hours
from ingestion.simulation.outcomes import MONTH, Course
from ingestion.simulation.people import DAY, NEVER, People
from ingestion.simulation.places import Places
from ingestion.simulation.world_spec import WorldSpec

EVENT_KINDS = (
    "login",
    "device_use",
    "card_bind",
    "transfer",
    "referral",
    "payment",
    "repayment",
    "withdrawal",
    "profile_change",
)
COLUMNS = ("phone", "device", "card", "ip", "wifi", "address", "counterparty", "merchant", "amount")
LOGINS = 7.0
"""Log-ins of an ordinary person beside those around a loan, in a year."""


@dataclass(slots=True)
class Events:
    """One row an event, in order of time; identifier columns hold keys, `counterparty` a position in the
    cohort.
    """

    kind: IntArray
    who: IntArray
    at: IntArray
    columns: dict[str, IntArray]

    def __len__(self) -> int:
        return len(self.kind)


@dataclass(slots=True)
class _Diary:
    """Collects entries kind by kind, then binds them into one table."""

    kinds: list[IntArray] = field(default_factory=list)
    who: list[IntArray] = field(default_factory=list)
    at: list[IntArray] = field(default_factory=list)
    columns: dict[str, list[IntArray]] = field(default_factory=lambda: {name: [] for name in COLUMNS})

    def write(self, kind: str, who: IntArray, at: IntArray, columns: dict[str, IntArray]) -> None:
        self.kinds.append(np.full(len(who), EVENT_KINDS.index(kind)))
        self.who.append(who)
        self.at.append(at)
        for name, parts in self.columns.items():
            parts.append(columns.get(name, np.full(len(who), NONE)))

    def bind(self, start: int, end: int) -> Events:
        at = np.concatenate(self.at)
        keep = np.flatnonzero((at >= start) & (at < end))
        keep = keep[np.argsort(at[keep], kind="stable")]
        columns = {name: np.concatenate(parts)[keep] for name, parts in self.columns.items()}
        return Events(np.concatenate(self.kinds)[keep], np.concatenate(self.who)[keep], at[keep], columns)


@dataclass(frozen=True)
class Lives:
    """Everything that events follow from."""

    recipe: WorldSpec
    places: Places
    people: People
    loans: LoanRows
    course: Course
    cash_out: IntArray
    """Seconds from the money's arrival to its withdrawal, for each loan."""


def live(lives: Lives, rng: np.random.Generator) -> Events:
    """All events of a cohort within the time frame."""
    diary = _Diary()
    _log_in(lives, diary, rng)
    _prepare_loans(lives, diary, rng)
    _change_things(lives, diary, rng)
    _take_money_out(lives, diary, rng)
    _repay(lives, diary, rng)
    _send_money(lives, diary, rng)
    _pay_in_shops(lives, diary, rng)
    return diary.bind(lives.recipe.start, lives.recipe.end)


def _log_in(lives: Lives, diary: _Diary, rng: np.random.Generator) -> None:
    """Most log-ins fall around a loan; the others anywhere in the life of the account."""
    people, loans, recipe = lives.people, lives.loans, lives.recipe
    life = np.maximum(recipe.end - people.joined, DAY)
    count = np.minimum(rng.poisson(LOGINS * people.active * life / (365 * DAY)), 60)
    who = np.repeat(np.arange(len(people)), count)
    at = people.joined[who] + (rng.random(len(who)) * life[who]).astype(np.int64)
    around = np.repeat(np.arange(len(loans)), rng.poisson(1.5, len(loans)))
    near = loans.at[around] + (rng.normal(0, 1, len(around)) * 2 * DAY).astype(np.int64)
    who = np.concatenate([who, loans.who[around]])
    at = np.concatenate([at, np.maximum(near, people.joined[loans.who[around]])])
    at = to_waking_hours(at, people.night[who], rng)
    session = go_online(lives.places, people, who, rng)
    diary.write(
        "login", who, at, {"device": device_at(people, who, at), "ip": session.ip, "wifi": session.wifi}
    )


def _prepare_loans(lives: Lives, diary: _Diary, rng: np.random.Generator) -> None:
    """The application's own device is used just before; the first loan of a card has it bound."""
    loans, n = lives.loans, len(lives.loans)
    before = loans.at - rng.integers(20, 3_600, n)
    diary.write("device_use", loans.who, before, {"device": loans.device, "ip": loans.ip, "wifi": loans.wifi})
    binds = np.flatnonzero(rng.random(n) < np.where(loans.nth == 0, 0.75, 0.15))
    bound = {"card": loans.card[binds], "device": loans.device[binds]}
    diary.write("card_bind", loans.who[binds], loans.at[binds] - rng.integers(10, 1_800, len(binds)), bound)


def _change_things(lives: Lives, diary: _Diary, rng: np.random.Generator) -> None:
    people = lives.people
    who = np.flatnonzero((people.device_switch < NEVER) & (people.device_switch >= people.joined))
    diary.write("device_use", who, people.device_switch[who] + rng.integers(60, DAY, len(who)),
                {"device": people.device_b[who]})  # fmt: skip
    who = np.flatnonzero((people.card_switch < NEVER) & (people.card_switch >= people.joined))
    diary.write("card_bind", who, people.card_switch[who], {"card": people.card_b[who]})
    who = np.flatnonzero((people.phone_switch < NEVER) & (people.phone_switch >= people.joined))
    diary.write("profile_change", who, people.phone_switch[who], {"phone": people.phone_b[who]})
    who = np.flatnonzero(rng.random(len(people)) < 0.12)
    at = people.joined[who] + (rng.random(len(who)) * 200 * DAY).astype(np.int64)
    diary.write("profile_change", who, at, {"address": people.address[who]})


def _take_money_out(lives: Lives, diary: _Diary, rng: np.random.Generator) -> None:
    loans, course = lives.loans, lives.course
    rows = np.flatnonzero((course.disbursed < NEVER) & (rng.random(len(loans)) < 0.85))
    who, at = loans.who[rows], course.disbursed[rows] + lives.cash_out[rows]
    share = rng.choice([1.0, 0.9, 0.5], len(rows))
    diary.write("withdrawal", who, at, {
        "card": card_at(lives.people, who, at), "device": device_at(lives.people, who, at),
        "amount": np.maximum(10, loans.amount[rows] * share // 10 * 10).astype(np.int64),
    })  # fmt: skip


def _repay(lives: Lives, diary: _Diary, rng: np.random.Generator) -> None:
    """One event an instalment; who defaults stops."""
    loans, course = lives.loans, lives.course
    paid = np.where(course.disbursed < NEVER, course.paid, 0)
    within = np.maximum(0, (lives.recipe.end - course.disbursed) // MONTH)
    rows = np.repeat(np.arange(len(loans)), np.minimum(paid, within))
    offset = np.cumsum(np.minimum(paid, within)) - np.minimum(paid, within)
    month = np.arange(len(rows)) - offset[rows] + 1
    at = course.disbursed[rows] + month * MONTH + (rng.normal(-0.5, 1.2, len(rows)) * DAY).astype(np.int64)
    who = loans.who[rows]
    amount = np.maximum(1, loans.amount[rows] * 1.08 / loans.term[rows]).astype(np.int64)
    diary.write("repayment", who, at, {"card": card_at(lives.people, who, at), "amount": amount})


def _send_money(lives: Lives, diary: _Diary, rng: np.random.Generator) -> None:
    """Who has a friend sends him money now and then; members of a crew do so when a loan has been paid
    out.
    """
    people, loans, course = lives.people, lives.loans, lives.course
    who = np.flatnonzero(people.friend != NONE)
    who = np.repeat(who, rng.integers(1, 3, len(who)))
    at = people.joined[who] + (rng.random(len(who)) * 250 * DAY).astype(np.int64)
    amount = np.maximum(5, rng.lognormal(5.8, 1.2, len(who))).astype(np.int64)
    diary.write("transfer", who, at, {"counterparty": people.friend[who], "amount": amount})
    share = np.where(people.crew[loans.who] != NONE, 0.7, 0.06)
    pays = (course.disbursed < NEVER) & (people.friend[loans.who] != NONE) & (rng.random(len(loans)) < share)
    rows = np.flatnonzero(pays)
    at = course.disbursed[rows] + rng.exponential(1.5 * DAY, len(rows)).astype(np.int64)
    part = (loans.amount[rows] * rng.uniform(0.2, 1.0, len(rows))).astype(np.int64)
    diary.write(
        "transfer", loans.who[rows], at, {"counterparty": people.friend[loans.who[rows]], "amount": part}
    )
    who = np.flatnonzero(people.referrer != NONE)
    at = people.joined[who] + rng.integers(30, 2 * DAY, len(who))
    diary.write("referral", who, at, {"counterparty": people.referrer[who]})


def _pay_in_shops(lives: Lives, diary: _Diary, rng: np.random.Generator) -> None:
    people, places = lives.people, lives.places
    who = np.flatnonzero(rng.random(len(people)) < 0.35)
    at = people.joined[who] + (rng.random(len(who)) * 300 * DAY).astype(np.int64)
    shop = np.searchsorted(places.merchant_city, people.city[who])
    shop = shop + (rng.random(len(who)) * np.bincount(places.merchant_city)[people.city[who]]).astype(
        np.int64
    )
    amount = np.maximum(3, rng.lognormal(4.6, 1.1, len(who))).astype(np.int64)
    diary.write("payment", who, at, {"merchant": shop, "amount": amount, "phone": phone_at(people, who, at)})
