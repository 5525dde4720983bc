"""Purchases on shared devices by accounts of which little is known, with one month of a bot burst and honest
people who share devices too.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from graph.model.types import Application, Facts, Label, LabelValue
from tests.support.small_worlds import PLATFORMS, applies, fraud, uses

MINUTE = 1 / 1440


@dataclass(frozen=True)
class BurstWorld:
    """The facts, who is a bot's account and who else is bad without a sign of it, and the honest by the way
    in which they share a device (`alone`, `couple`, `family`, `evening`, `kiosk`, `second_hand`,
    `dormitory`).
    """

    facts: Facts
    bots: frozenset[str]
    bad: frozenset[str]
    honest: dict[str, str]


def burst_world(
    people: int = 3000,
    days: int = 120,
    seed: int = 1,
    *,
    burst: tuple[float, float] = (0, 30),
    machines: int = 40,
    labels: bool = False,
) -> BurstWorld:
    """`machines` devices on each of which 5 to 20 accounts are made within a minute, on days of `burst`; of
    the other `people` one in 25 is bad and looks like everybody else.

    `labels`: half of the bad are known after 20 to 60 days, and one honest person in ten is cleared.
    """
    rng = random.Random(seed)
    made: list[Application] = []
    bots: set[str] = set()
    for machine in range(machines):
        at = rng.uniform(*burst)
        for n in range(rng.randint(5, 20)):
            who = f"bot{machine}.{n}"
            bots.add(who)
            place = (uses("device", f"rig{machine}"), uses("ip", f"exit{machine}"))
            made.append(_buys(rng, who, at + rng.random() * MINUTE, *place))
    honest = {}
    for number, kind in enumerate(_ways_to_share(rng, people)):
        for who, at, place in _shared(rng, kind, number, days):
            honest[who] = kind
            made.append(_buys(rng, who, at, *place))
    bad = frozenset(who for who, kind in honest.items() if kind == "alone" and rng.random() < 0.05)
    for who in bad:
        del honest[who]
    known = _labels(rng, made, bots | bad) if labels else ()
    return BurstWorld(
        Facts(applications=tuple(made), labels=known, platforms=PLATFORMS), frozenset(bots), bad, honest
    )


_PEOPLE = {
    "alone": 1,
    "couple": 2,
    "family": 4,
    "evening": 2,
    "kiosk": 120,
    "second_hand": 4,
    "dormitory": 60,
}
_SHARE = {
    "alone": 0.8,
    "couple": 0.06,
    "family": 0.02,
    "evening": 0.01,
    "kiosk": 0.05,
    "second_hand": 0.02,
    "dormitory": 0.04,
}


def _ways_to_share(rng: random.Random, people: int) -> list[str]:
    """Groups of honest people, so many that each way has its share of them."""
    out = []
    for kind, share in _SHARE.items():
        out += [kind] * max(round(people * share / _PEOPLE[kind]), 1)
    rng.shuffle(out)
    return out


def _shared(
    rng: random.Random, kind: str, number: int, days: int
) -> list[tuple[str, float, tuple[object, ...]]]:
    """The people of one group with the day of each one's purchase and what they name."""
    size = _PEOPLE[kind]
    names = [f"{kind}{number}.{n}" for n in range(size)]
    times = sorted(rng.uniform(0, days) for _ in names)
    if kind == "evening":
        times = [times[0], times[0] + rng.uniform(1, 120) * MINUTE]
    if kind == "kiosk":  # in opening hours
        times = sorted(int(at) + rng.uniform(0.3, 0.8) for at in times)
    own = kind in ("alone", "dormitory")
    home = uses("ip", f"hall{number}" if kind == "dormitory" else f"home{number}")
    return [
        (who, at, (uses("device", f"phone of {who}" if own else f"shared{number}"), home))
        for who, at in zip(names, times, strict=True)
    ]


def _buys(rng: random.Random, who: str, at: float, *place: object) -> Application:
    told = {
        "amount": float(rng.randrange(9, 120)),
        "birth_year": rng.randrange(1955, 2005),
        "product": "goods",
    }
    return applies(who, at, *place, **told)  # type: ignore[arg-type]


def _labels(rng: random.Random, made: list[Application], bad: set[str]) -> tuple[Label, ...]:
    out = []
    for one in made:
        day = float(one.application_id.rpartition("@")[2]) + rng.uniform(20, 60)
        if one.applicant_id in bad and rng.random() < 0.5:
            out.append(fraud(one.application_id, day))
        elif one.applicant_id not in bad and rng.random() < 0.1:
            out.append(fraud(one.application_id, day, LabelValue.GOOD))
    return tuple(out)
