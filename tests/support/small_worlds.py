"""Small worlds for tests: a word for each fact, and random facts with everything that makes a graph hard
(hubs, late labels, transfers).
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from graph.model.types import (
    Application,
    Contact,
    Device,
    Event,
    Facts,
    Identifier,
    IdentifierKind,
    Label,
    LabelValue,
    Mention,
    Merchant,
    Outcome,
    OutcomeStatus,
    Platform,
    PlatformType,
    Role,
)

START = datetime(2025, 1, 1, tzinfo=UTC)
PLATFORMS = (
    Platform(platform_id="L1", type=PlatformType.BANK_ONLINE, is_own=True),
    Platform(platform_id="L2", type=PlatformType.CONSUMER_FINANCE),
    Platform(platform_id="L3", type=PlatformType.NETWORK_MICROLOAN),
)


def day(n: float) -> datetime:
    """`n` days after the start of every small world."""
    return START + timedelta(days=n)


def known_as(kind: str, name: str) -> Identifier:
    """An identifier as the pseudonymiser would give it."""
    return Identifier(IdentifierKind(kind), f"k1.{name}", f"***{name[-4:]}")


def uses(kind: str, name: str, role: Role = Role.OWN) -> Mention:
    """Somebody names an identifier."""
    return Mention(known_as(kind, name), role)


def applies(who: str, on: float, *mentions: Mention, **more: Any) -> Application:
    """`who` applies for a loan on a day; the id follows from who and when unless given."""
    reported = {"application_id": f"{who}@{on}", "platform_id": "L1", "amount": 5000.0} | more
    return Application(applicant_id=who, applied_at=day(on), mentions=mentions, **reported)


def does(who: str, kind: str, on: float, *mentions: Mention, **more: Any) -> Event:
    """`who` does something on a day."""
    reported = {"event_id": f"{who}-{kind}@{on}"} | more
    return Event(kind=kind, at=day(on), applicant_id=who, mentions=mentions, **reported)


def fraud(application_id: str, known_on: float, label: LabelValue = LabelValue.FRAUD) -> Label:
    """A verdict on an application that is known from a day on."""
    return Label(label=label, known_at=day(known_on), application_id=application_id, source="desk")


_LISTED = {
    Application: "applications", Event: "events", Outcome: "outcomes", Label: "labels", Contact: "contacts",
    Device: "devices", Merchant: "merchants",
}  # fmt: skip


def facts_of(*reported: object) -> Facts:
    """Those facts, and the platforms of every small world."""
    rows: dict[str, list[object]] = {name: [] for name in _LISTED.values()}
    for fact in reported:
        rows[_LISTED[type(fact)]].append(fact)
    return Facts(platforms=PLATFORMS, **{name: tuple(of_kind) for name, of_kind in rows.items()})  # type: ignore[arg-type]


def random_facts(seed: int, people: int = 30, days: int = 60) -> Facts:
    """Applications, events, outcomes, labels and contacts of `people` who share few values; one device and
    one Wi-Fi are hubs.
    """
    rng = random.Random(seed)
    pool = {
        kind: [f"{kind}{n}" for n in range(max(2, people // 3))]
        for kind in ("phone", "device", "bank_card", "wifi", "address", "national_id")
    }

    def some(kind: str, role: Role = Role.OWN) -> Mention:
        return uses(kind, rng.choice(pool[kind]), role)

    names = [f"p{n:03d}" for n in range(people)]
    applications, events = [], []
    for n in range(people * 2):
        mentions = [some(kind) for kind in rng.sample(sorted(pool), 3)] + [some("phone", Role.CONTACT)]
        if rng.random() < 0.6:
            mentions.append(uses("wifi", "hall"))
        on = rng.randrange(days) + rng.choice((0, 0.25, 0.5))
        where = {
            "merchant_id": rng.choice(("M1", "M2", None)),
            "agent_id": rng.choice(("G1", None)),
            "platform_id": rng.choice(("L1", "L2", "L3")),
        }
        applications.append(
            applies(
                rng.choice(names), on, *mentions, application_id=f"a{n:03d}", face_match=rng.random(), **where
            )
        )
    for n in range(people * 2):
        who, other = rng.sample(names, 2)
        kind = rng.choice(("login", "transfer", "device_use"))
        mentions = [some("device")] if kind == "device_use" else []
        reported = {"counterparty_id": other, "amount": 10.0 * n} if kind == "transfer" else {}
        events.append(does(who, kind, rng.randrange(days), *mentions, event_id=f"e{n:03d}", **reported))
    taken = rng.sample(applications, people)
    statuses = (OutcomeStatus.DISBURSED, OutcomeStatus.REJECTED, OutcomeStatus.DPD30)
    return Facts(
        applications=tuple(applications),
        events=tuple(events),
        outcomes=tuple(
            Outcome(
                application_id=a.application_id,
                status=rng.choice(statuses),
                at=a.applied_at + timedelta(days=3),
            )
            for a in taken
        ),
        labels=tuple(
            fraud(a.application_id, rng.randrange(days), rng.choice(tuple(LabelValue)))
            for a in taken[: people // 2]
        ),
        platforms=PLATFORMS,
        merchants=(Merchant(merchant_id="M1", category="phones", city="Dongguan", opened_at=START),),
        contacts=tuple(
            Contact(
                applicant_id=who,
                phone=some("phone").identifier,
                relation="friend",
                at=day(rng.randrange(days)),
            )
            for who in names[:10]
        ),
        devices=(Device(identifier=known_as("device", "device0"), os="android", is_emulator=True),),
    )


def shuffled(facts: Facts, seed: int) -> Facts:
    """The same facts in another order."""
    rng = random.Random(seed)
    return Facts(
        **{
            name: tuple(rng.sample(rows, len(rows)))
            for name, rows in ((n, getattr(facts, n)) for n in Facts.__dataclass_fields__)
        }
    )


def before(facts: Facts, moment: datetime) -> Facts:
    """Only what had happened, and was known, before a moment."""
    dated = {
        "applications": "applied_at",
        "events": "at",
        "outcomes": "at",
        "labels": "known_at",
        "contacts": "at",
    }
    kept = {
        name: tuple(f for f in getattr(facts, name) if getattr(f, when) < moment)
        for name, when in dated.items()
    }
    return Facts(platforms=facts.platforms, merchants=facts.merchants, devices=facts.devices, **kept)
