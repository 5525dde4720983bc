"""Worlds for tests of compiled features: small ones in which everything odd happens, and subjects of a made
world at several moments.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest

from graph.model.types import (
    Application,
    Device,
    Event,
    Facts,
    Label,
    LabelValue,
    Mention,
    Merchant,
    Outcome,
    OutcomeStatus,
    Platform,
    PlatformType,
    Ring,
    RingKind,
    RingMember,
    RingSnapshot,
    Role,
)
from graph.store.evidence import Evidence, Subject, leave_out, subject_of
from graph.store.port import GraphStore
from scripts.load_records import main as load_records
from scripts.make_world import main as make_world
from tests.support.small_worlds import day, known_as
from tests.support.stores import HASH_KEY, open_store, store_url

T = TypeVar("T")
SPAN = 120  # days
ZONES = ("Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "UTC")
KINDS = ("national_id", "phone", "device", "bank_card", "email", "ip", "wifi", "address", "employer")
ROLES = {"phone": (Role.OWN, Role.OWN, Role.CONTACT, Role.EMPLOYER), "employer": (Role.EMPLOYER,)}
PLATFORMS = (
    Platform(platform_id="L1", type=PlatformType.BANK_ONLINE, is_own=True),
    Platform(platform_id="L2", type=PlatformType.CONSUMER_FINANCE),
    Platform(platform_id="L3", type=PlatformType.NETWORK_MICROLOAN, is_own=True),
)  # L4 is a lender of whom nothing is known
MERCHANTS = (
    Merchant(merchant_id="M1", category="phones", city="Dongguan", opened_at=day(-40)),
    Merchant(merchant_id="M2", city="Shenzhen"),
    Merchant(merchant_id="M3", opened_at=day(2 * SPAN)),
)


def odd_facts(rng: random.Random, people: int = 14, loans: int = 40) -> Facts:
    """A few people over whom everything happens that is hard to count: loans given back, paid out in parts,
    judged for and against, ids shared.
    """
    names = [f"p{n:02d}" for n in range(people)]
    created = [_application(rng, names, n) for n in range(loans)] + _rush(rng, loans // 8)
    return Facts(
        applications=tuple(created),
        events=tuple(_event(rng, names, n) for n in range(2 * loans)),
        outcomes=tuple(
            {(o.application_id, o.status, o.at): o for a in created for o in _steps(rng, a)}.values()
        ),
        labels=tuple(
            {
                (b.application_id, b.applicant_id, b.known_at, b.source, b.label): b
                for b in _labels(rng, names, created)
            }.values()
        ),
        platforms=PLATFORMS,
        merchants=MERCHANTS,
        devices=tuple(
            Device(
                identifier=known_as("device", f"device{n}"),
                is_emulator=_maybe(rng, (True, False)),
                is_rooted=_maybe(rng, (True, False)),
            )
            for n in range(3)
        ),
    )


def _maybe(rng: random.Random, values: Sequence[T], share: float = 0.6) -> T | None:
    return rng.choice(values) if rng.random() < share else None


def _moment(rng: random.Random) -> datetime:
    return day(rng.randrange(SPAN)) + timedelta(
        hours=rng.choice((0, 5, 6, 13, 21, 22)), microseconds=rng.choice((0, 0, 1, 123_457))
    )


def _mention(rng: random.Random, kind: str) -> Mention:
    number = rng.randrange(5)
    identifier = replace(known_as(kind, f"{kind}{number}"), linking=number > 0 or kind in ("device", "wifi"))
    return Mention(identifier, rng.choice(ROLES.get(kind, (Role.OWN,))))


def _application(rng: random.Random, names: list[str], n: int) -> Application:
    who = rng.choice(names)
    kinds = rng.choices(KINDS, k=rng.randrange(1, 7))
    hall = [Mention(known_as("wifi", "hall"))] if rng.random() < 0.5 else []
    reported: dict[str, Any] = {
        "platform_id": rng.choice(("L1", "L2", "L3", "L4")),
        "merchant_id": _maybe(rng, ("M1", "M2", "M3", "M4")), "agent_id": _maybe(rng, ("G1", "G2")),
        "amount": _maybe(rng, (0.0, 1000.1, 5000.0, 5099.99, 12_345.67), 0.8),
        "term_months": _maybe(rng, (3, 12)), "city": _maybe(rng, ("Dongguan", "Wuhan")),
        "product": _maybe(rng, ("cash",)), "face_match": _maybe(rng, (0.31, 0.97)),
        "liveness": _maybe(rng, (0.5, 0.99)), "birth_year": _maybe(rng, (1970, 1991)),
        "phone_three_element": _maybe(rng, (True, False)), "new_citizen": _maybe(rng, (True, False)),
    }  # fmt: skip
    mentions = (*(_mention(rng, kind) for kind in kinds), *hall)
    return Application(
        application_id=f"a{n:03d}", applicant_id=who, applied_at=_moment(rng), mentions=mentions, **reported
    )


def _rush(rng: random.Random, people: int) -> list[Application]:
    """Newcomers who apply within an hour with a device, a card, an e-mail and a contact of some of the
    others.
    """
    begin = _moment(rng)
    shared = (("device", "own"), ("bank_card", "own"), ("email", "own"), ("phone", "contact"))
    return [
        Application(
            application_id=f"r{n:03d}",
            applicant_id=f"r{n:02d}",
            applied_at=begin + timedelta(minutes=n * 50 / people),
            platform_id="L1",
            mentions=tuple(
                Mention(known_as(kind, f"{kind}9"), Role(role)) for kind, role in shared if rng.random() < 0.8
            ),
        )
        for n in range(people)
    ]


def _event(rng: random.Random, names: list[str], n: int) -> Event:
    kind = rng.choice(
        (
            "login",
            "transfer",
            "transfer",
            "withdrawal",
            "repayment",
            "payment",
            "profile_change",
            "referral",
            "device_use",
        )
    )
    other = rng.choice(names) if kind in ("transfer", "referral") and rng.random() < 0.8 else None
    mentions = (_mention(rng, rng.choice(("device", "phone"))),) if kind == "device_use" else ()
    amount = _maybe(rng, (0.1, 0.2, 0.0, 1e9, 333.33, 2000.0), 0.8)
    return Event(
        event_id=f"e{n:03d}",
        kind=kind,
        at=_moment(rng),
        applicant_id=rng.choice(names),
        counterparty_id=other,
        amount=amount,
        mentions=mentions,
    )


def _steps(rng: random.Random, loan: Application) -> list[Outcome]:
    statuses = rng.choices(
        [*OutcomeStatus, OutcomeStatus.DISBURSED, OutcomeStatus.RETURNED], k=rng.randrange(5)
    )
    return [
        Outcome(
            application_id=loan.application_id,
            status=status,
            at=loan.applied_at
            + timedelta(days=rng.choice((0, 1, 2, 7, 8, 40)), microseconds=rng.choice((0, 1))),
            amount=_maybe(rng, (100.1, 200.2, 700.7, 4000.0))
            if status in (OutcomeStatus.DISBURSED, OutcomeStatus.RETURNED)
            else None,
        )
        for status in statuses
    ]


def _labels(rng: random.Random, names: list[str], created: list[Application]) -> Iterator[Label]:
    moments = [day(SPAN * n / 6) for n in range(1, 6)]
    for _ in range(len(created) // 2):
        loan = rng.choice(created)
        about = (
            {"application_id": loan.application_id}
            if rng.random() < 0.7
            else {"applicant_id": rng.choice(names)}
        )
        source = rng.choice(("desk", "rule", None))
        yield Label(label=rng.choice(tuple(LabelValue)), known_at=rng.choice(moments), source=source, **about)


def rings_of(rng: random.Random, facts: Facts) -> RingSnapshot:
    """Two rings of a few of the people, one of them flagged."""
    people = sorted({a.applicant_id for a in facts.applications})
    rng.shuffle(people)
    return RingSnapshot(
        name="W1",
        as_of=day(SPAN / 3),
        rings=(
            _ring("R1", RingKind.RING, people[:4], 0.71),
            _ring("R2", RingKind.HOUSEHOLD, people[4:7], 0.23),
        ),
    )


def _ring(name: str, kind: RingKind, people: list[str], score: float) -> Ring:
    members = tuple(
        RingMember(
            applicant_id=who,
            role="member" if n else "core",
            joined_at=day(1),
            distance_to_core=min(n, 1),
            strength=1.0,
        )
        for n, who in enumerate(people)
    )
    return Ring(
        ring_id=name, kind=kind, score=score, state="open", first_seen=day(1), last_seen=day(9),
        confirmed_bad=1, suspected=2, bad_rate=score / 3, exposure=1.0, shared_by_kind={}, hubs_ignored=0,
        density=1.0, burst_days=1.0, platforms=1, reason_codes=(), members=members,
    )  # fmt: skip


def looked_at(store: GraphStore, rng: random.Random, subjects: int) -> Iterator[Evidence]:
    """Evidence of some subjects: an application as it comes, when it is scanned again later, and somebody
    watched without one.
    """
    created = sorted(store.view(day(10_000)).applications(day(-3_000)), key=lambda a: a.application_id)
    for request in rng.sample(created, min(subjects, len(created))):
        for later in (timedelta(), timedelta(days=rng.choice((0.5, 2, 30, 95)))):
            yield leave_out(store.view(request.applied_at + later).evidence_of(subject_of(request)))
        at = request.applied_at + timedelta(days=rng.choice((0, 1, 8, 60)), microseconds=1)
        yield store.view(at).evidence_of(Subject(applicant_id=request.applicant_id))


def odd_evidence(
    rng: random.Random, subjects: int = 6, *, people: int = 14, loans: int = 40
) -> list[Evidence]:
    """Evidence of subjects of an odd world, three of each that is drawn, in one of ZONES."""
    facts = odd_facts(rng, people, loans)
    with TemporaryDirectory() as folder, open_store(Path(folder) / "odd.db") as store:
        store.zone = rng.choice(ZONES)
        store.add(facts)
        store.save_rings(rings_of(rng, facts))
        return list(looked_at(store, rng, subjects))


@contextmanager
def made_store() -> Iterator[GraphStore]:
    """A made world, with everything that a delivery of it holds."""
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        patch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
        assert make_world([str(folder), "--applicants", "1200", "--days", "150", "--seed", "6"]) == 0
        assert (
            load_records(
                [str(folder / "records"), "--store", store_url(folder / "made.db"), "--report", name]
            )
            == 0
        )
        with open_store(folder / "made.db") as store:
            yield store


@cache
def made_evidence(subjects: int = 200) -> list[Evidence]:
    """Evidence of subjects of a made world, three of each that is drawn."""
    with made_store() as store:
        return list(looked_at(store, random.Random(5), subjects))
