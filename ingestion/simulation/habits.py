"""How a crew works: each draws habits of its own, so that no two behave alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

CHANNELS = (
    "device",
    "borrowed",
    "card",
    "contact",
    "phone",
    "wifi",
    "ip",
    "address",
    "employer",
    "employer_phone",
    "money",
    "referral",
)

LIKELY: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "identity_farm": {"device": 0.75, "borrowed": 0.35, "card": 0.45, "contact": 0.5, "wifi": 0.5,
                          "ip": 0.45,
                          "address": 0.35, "employer": 0.3, "employer_phone": 0.4, "money": 0.2},
        "intermediary": {"contact": 0.75, "borrowed": 0.35, "wifi": 0.5, "ip": 0.5, "address": 0.35,
                         "employer": 0.5,
                         "employer_phone": 0.55, "device": 0.1, "card": 0.15, "referral": 0.3},
        "merchant_collusion": {"borrowed": 0.6, "wifi": 0.5, "ip": 0.35, "card": 0.6, "contact": 0.35,
                               "money": 0.4},
        "cards_and_contacts": {"card": 0.97, "contact": 0.97, "money": 0.2},
        "slow_ring": {"device": 0.97, "card": 0.4, "contact": 0.4, "wifi": 0.25, "money": 0.2},
        "stacker": {"borrowed": 0.45, "device": 0.35, "contact": 0.6, "wifi": 0.4, "address": 0.3,
                    "card": 0.4},
        "mules": {"money": 1.0, "card": 0.65, "referral": 0.7, "contact": 0.35, "wifi": 0.2, "borrowed": 0.2},
    }
)  # fmt: skip
"""Crew kind -> how likely a crew of it shares something through a channel at all."""

ANYTHING = 0.06
"""How likely a crew shares something through a channel that is not its kind's."""

REAL_PEOPLE = ("intermediary", "merchant_collusion", "mules", "stacker")


@dataclass(frozen=True)
class ChannelSharing:
    """One channel of a crew. `density`: share of the members that use the crew's values instead of their own.
    `fan`: members to a value. `shape`: `pool` (anyone any value), `chain` (each with the next), `star` (one
    value).
    """

    density: float
    fan: float
    shape: str


@dataclass(frozen=True)
class Habits:
    """One crew's ways. Shares are 0..1, times in days unless named otherwise; `outside_ties` is the share of
    the members that live with, or are the contact of, honest people."""

    kind: str
    sharing: Mapping[str, ChannelSharing]
    cross_citing: float
    span: float
    waves: int
    aged: float
    cities: int
    lenders: int
    loans: float
    gap_hours: float
    amount_level: float
    amount_spread: float
    face: float
    three: float
    approve: float
    default: float
    paid_first: float
    confirmed: float
    proxy: float
    hides_in_dormitory: float
    real_share: float
    outside_ties: float
    has_agent: bool
    active: float
    night: float
    emulator: float
    rooted: float
    cash_out_hours: float


def draw_habits(kind: str, rng: np.random.Generator) -> Habits:
    """Habits of one crew of a kind; every value is drawn anew for each crew, from wide distributions."""
    real = kind in REAL_PEOPLE
    slow = kind == "slow_ring"
    stacks = kind == "stacker"
    careful = float(rng.beta(1.2, 1.6))
    return Habits(
        kind=kind,
        sharing=_draw_sharing(kind, careful, rng),
        cross_citing=float(rng.choice([0.0, 0.5, 1.0], p=[0.35, 0.3, 0.35])),
        span=float(rng.lognormal(np.log(150 if slow else 35), 0.5 if slow else 1.1)),
        waves=int(rng.integers(1, 5)),
        aged=float(rng.choice([0.3, 10.0, 60.0], p=[0.4, 0.3, 0.3]) * rng.lognormal(0, 0.5)),
        cities=int(rng.choice([1, 2, 6], p=[0.6, 0.25, 0.15])),
        lenders=int(rng.integers(6, 20)) if stacks else int(rng.choice([1, 2, 3, 5, 9, 25])),
        loans=float(rng.uniform(3, 7))
        if stacks
        else float(rng.choice([1.0, 1.4, 2.0, 3.0], p=[0.3, 0.3, 0.25, 0.15])),
        gap_hours=float(rng.lognormal(np.log(8 if stacks else 24 * 8), 1.2)),
        amount_level=float(rng.beta(2.5, 2.2)),
        amount_spread=float(rng.uniform(0.03, 0.25)),
        face=float(np.clip(rng.normal(0.87, 0.035) if real else rng.normal(0.82, 0.08), 0.4, 0.95)),
        three=float(rng.uniform(0.85, 0.99) if real else rng.uniform(0.6, 0.98)),
        approve=float(rng.normal(0.0, 0.15)),
        default=float(rng.uniform(0.55, 0.97)),
        paid_first=float(rng.choice([0.3, 1.5, 4.0], p=[0.5, 0.3, 0.2])),
        confirmed=float(rng.beta(1.3, 1.3)),
        proxy=careful * float(rng.choice([0.0, 0.4, 0.95], p=[0.6, 0.2, 0.2])),
        hides_in_dormitory=float(rng.choice([0.0, 0.4, 0.9], p=[0.6, 0.2, 0.2])),
        real_share=float(rng.choice([0.0, 0.12, 0.3], p=[0.6, 0.25, 0.15])),
        outside_ties=float(rng.beta(1.5, 3.0)) * (1.0 if real else 0.6),
        has_agent=bool(rng.random() < {"intermediary": 0.7, "merchant_collusion": 1.0}.get(kind, 0.08)),
        active=float(rng.lognormal(-0.2, 0.5)),
        night=float(rng.beta(1.6, 6)),
        emulator=float(rng.beta(1, 3)) if kind == "identity_farm" and rng.random() < 0.45 else 0.004,
        rooted=float(rng.choice([0.025, 0.3], p=[0.75, 0.25])),
        cash_out_hours=float(rng.lognormal(np.log(5 if kind == "merchant_collusion" else 12), 1.0)),
    )


def _draw_sharing(kind: str, careful: float, rng: np.random.Generator) -> Mapping[str, ChannelSharing]:
    likely = LIKELY[kind]
    drawn = {
        channel: _draw_channel(channel, kind, careful, rng)
        for channel in CHANNELS
        if rng.random() < likely.get(channel, ANYTHING)
    }
    if len(drawn) < 3:  # a crew that shares next to nothing still has to reach each other somehow
        for channel in (str(c) for c in rng.choice(list(likely), min(3, len(likely)), replace=False)):
            drawn[channel] = _draw_channel(channel, kind, careful, rng)
    return MappingProxyType(drawn)


def _draw_channel(channel: str, kind: str, careful: float, rng: np.random.Generator) -> ChannelSharing:
    density = float(np.clip(rng.beta(4.5, 1.1) * (1.1 - 0.3 * careful), 0.2, 1.0))
    shape = str(rng.choice(["pool", "chain", "star"], p=[0.55, 0.3, 0.15]))
    if channel in ("device", "card", "borrowed") and shape == "star":
        shape = "pool"
    if kind == "slow_ring" and channel == "device":
        shape, density = "chain", max(density, 0.6)
    return ChannelSharing(density, 2.0 + float(rng.gamma(1.4, 2.0)), shape)
