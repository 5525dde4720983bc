"""The frame's walk gives the neighbourhood that a view gives, whoever is asked about, before whatever moment,
recorded by whatever revision.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.facts.decisive import LABELS, OUTCOMES
from graph.facts.hubs import COUNT_CAP, GUARD
from graph.facts.local_time import offsets
from graph.features.compute import Walker
from graph.frame import neighbourhood
from graph.frame.from_view import neighbourhood_of
from graph.frame.neighbourhood import Neighbourhood, empty_neighbourhood
from graph.frame.walk.build import walk_application, walk_person
from graph.frame.walk.query import query_for
from graph.frame.walk.scratch import scratch
from graph.kernels.compiled import shared
from graph.model.moments import micros
from graph.model.types import (
    Application,
    Contact,
    Facts,
    Identifier,
    IdentifierKind,
    Label,
    LabelValue,
    Mention,
    Outcome,
    OutcomeStatus,
    Role,
)
from graph.store.evidence import Subject, leave_out, subject_of
from scripts.load_records import main as load_records
from scripts.make_world import main as make_world
from tests.support.contracts.store_contract import a_snapshot, in_parts
from tests.support.frames import FramedStore
from tests.support.oracles.neighbourhoods import assert_alike, trimmed
from tests.support.small_worlds import PLATFORMS, applies, day, does, fraud, random_facts, shuffled, uses
from tests.support.stores import HASH_KEY
from tests.support.worlds.features import SPAN, ZONES, odd_facts, rings_of


def by_frame(
    store: FramedStore, subject: Subject, as_of: datetime, mark: int, walker: Walker | None = None
) -> Neighbourhood:
    """As the frame's walk gives it."""
    assert store.frame.catch_up()
    with store.frame.reading(mark) as arrays:
        question = query_for(arrays, subject, np.int64(micros(as_of)), np.int64(mark))
        return trimmed((walker or Walker(store.zone)).of(arrays, question))


def by_view(store: FramedStore, subject: Subject, as_of: datetime, mark: int) -> Neighbourhood:
    """As the store's own view gives it."""
    return neighbourhood_of(leave_out(store.of_sqlite(as_of, mark).evidence_of(subject)))


def assert_same(
    store: FramedStore, subject: Subject, as_of: datetime, mark: int | None = None
) -> Neighbourhood:
    mark = store.revision() if mark is None else mark
    result = by_frame(store, subject, as_of, mark)
    assert_alike(result, by_view(store, subject, as_of, mark))
    return result


def never_seen(rng: random.Random) -> Subject:
    """Somebody whom no store knows, with an application that names what it knows and what it does not."""
    device = rng.choice((uses("device", "device1"), uses("device", "new")))
    again = Mention(uses("phone", "new").identifier, Role.CONTACT)
    request = applies(
        rng.choice(("", "zz", "p0", "p03x")) + "new", rng.randrange(SPAN), device, uses("phone", "new"),
        again, uses("bank_card", "new"), uses("national_id", "national_id1"),
        application_id=rng.choice(("new", "a001")), merchant_id=rng.choice(("M1", "M9", None)),
        agent_id=rng.choice(("G1", "G9")), platform_id=rng.choice(("L1", "L9")), city="Atlantis",
        product="Atlantis",
    )  # fmt: skip
    return subject_of(request)


def asked_about(facts: Facts, rng: random.Random, subjects: int) -> Iterator[tuple[Subject, datetime]]:
    """Applications as they come, when they are scanned again, others that nobody stored, and people watched
    without one.
    """
    for request in rng.sample(facts.applications, min(subjects, len(facts.applications))):
        yield subject_of(request), request.applied_at
        yield subject_of(request), request.applied_at + timedelta(days=rng.choice((0.5, 2, 30, 95)))
        yield (
            Subject(applicant_id=request.applicant_id),
            request.applied_at + timedelta(days=rng.choice((0, 1, 60)), microseconds=1),
        )
        other = rng.choice(facts.applications)
        yield (
            subject_of(
                dataclasses.replace(request, application_id="new", mentions=other.mentions, city=None)
            ),
            other.applied_at,
        )
        stranger = never_seen(rng)
        assert stranger.application
        yield stranger, stranger.application.applied_at + timedelta(days=rng.choice((0, 40)))


def random_world(rng: random.Random) -> Facts:
    """Odd facts, or those with hubs and contacts; some labels speak of loans that never come."""
    if rng.random() < 0.6:
        return odd_facts(rng, rng.choice((6, 14, 40)), rng.choice((20, 60)))
    facts = random_facts(rng.randrange(1000), people=rng.choice((10, 30)))
    return dataclasses.replace(facts, labels=(*facts.labels, fraud("never comes", 1)))


@given(st.integers(0, 2**32 - 1))
def test_whatever_was_told_and_however_late_the_frame_walks_as_a_view_does(seed: int) -> None:
    rng = random.Random(seed)
    facts = random_world(rng)
    with TemporaryDirectory() as folder, FramedStore(Path(folder) / "graph.db") as store:
        store.zone = store.frame.zone = rng.choice(ZONES)
        # late facts, ties that begin earlier, labels before their loans
        for part in in_parts(shuffled(facts, seed), rng.choice((1, 3, 12))):
            store.add(part)
            if rng.random() < 0.2:
                store.save_rings(
                    rings_of(rng, facts) if rng.random() < 0.7 else a_snapshot(rng.randrange(60), 3)
                )
        assert store.frame.catch_up()
        walker = Walker(store.zone)
        for subject, as_of in asked_about(facts, rng, 4):
            mark = rng.choice((store.revision(), rng.randrange(1, store.revision() + 1)))
            assert_alike(by_frame(store, subject, as_of, mark, walker), by_view(store, subject, as_of, mark))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FramedStore]:
    with FramedStore(tmp_path / "graph.db") as store:
        store.add(Facts(platforms=PLATFORMS))
        yield store


def test_more_people_than_a_walk_takes_and_more_holders_than_it_follows(store: FramedStore) -> None:
    rng = random.Random(1)
    crowd = [f"p{n:03d}" for n in range(200)]
    things = (
        [("device", f"d{n}") for n in range(30)]
        + [("ip", f"i{n}") for n in range(10)]
        + [("phone", f"t{n}") for n in range(30)]
    )
    created = [
        applies(who, n / 7, *(uses(*rng.choice(things)) for _ in range(3)), uses("bank_card", f"c{n % 40}"))
        for n, who in enumerate(crowd)
    ]
    store.add(Facts(applications=tuple(created)))
    cut = 0
    for request in rng.sample(created, 40):
        result = assert_same(store, subject_of(request), day(40))
        cut += int(result.subject[0]["truncated"])
        assert_same(store, Subject(applicant_id=request.applicant_id), day(rng.randrange(30)))
    assert cut > 20


@pytest.mark.parametrize(
    "holders",
    [GUARD[IdentifierKind.DEVICE] - 1, GUARD[IdentifierKind.DEVICE] + 1, COUNT_CAP - 1, COUNT_CAP + 1],
)
def test_a_crowd_below_and_beyond_the_guard_and_the_cap(store: FramedStore, holders: int) -> None:
    crowd = [
        applies(
            f"p{n:04d}", n / 100, uses("device", "hall"), uses("bank_card", f"c{n // 2}"), merchant_id="M1"
        )
        for n in range(holders)
    ]
    store.add(Facts(applications=tuple(crowd)))
    for request in (crowd[0], crowd[-1], applies("new", 30, uses("device", "hall"), merchant_id="M1")):
        result = assert_same(store, subject_of(request), day(30))
        again = request in crowd and holders < COUNT_CAP
        assert result.identifiers["holders"].max() == min(holders, COUNT_CAP) - again


def test_somebody_with_more_ties_than_are_read(store: FramedStore) -> None:
    many = [does("ann", "login", n / 10, uses("ip", f"{n}"), event_id=f"e{n}") for n in range(150)]
    few = [
        does("bob", "login", n / 10, uses("ip", f"b{n}"), uses("phone", f"b{n}"), event_id=f"f{n}")
        for n in range(40)
    ]
    one_kind = [does("cid", "login", n / 10, uses("ip", f"c{n}"), event_id=f"g{n}") for n in range(65)]
    loans = [applies(who, 1, uses("phone", "x")) for who in ("ann", "bob", "cid")]
    store.add(Facts(applications=tuple(loans), events=(*many, *few, *one_kind)))
    cut = [
        assert_same(store, Subject(applicant_id=who), day(99)).subject[0]["truncated"]
        for who in ("ann", "bob", "cid")
    ]
    assert cut == [1, 1, 1]


def test_somebody_with_more_of_everything_than_is_read(store: FramedStore) -> None:
    loans = [
        applies("ann", n / 10, uses("phone", "x"), application_id=f"a{n}", merchant_id="M1", agent_id="G1")
        for n in range(80)
    ]
    events = [
        does("ann", "transfer", n / 10, event_id=f"e{n}", counterparty_id=f"p{n % 40}", amount=1.0)
        for n in range(150)
    ]
    events += [does(f"p{n}", "contact", n / 10, event_id=f"f{n}", counterparty_id="ann") for n in range(90)]
    store.add(Facts(applications=tuple(loans), events=tuple(events)))
    for on in (3, 5, 8, 99):
        assert_same(
            store,
            subject_of(applies("ann", on, uses("phone", "x"), merchant_id="M1", agent_id="G1")),
            day(on),
        )
        assert_same(store, subject_of(loans[-1]), day(on))
        assert_same(store, Subject(applicant_id="p3"), day(on))


def test_dealings_are_of_the_kind_of_the_latest_whatever_the_others_are_called(store: FramedStore) -> None:
    store.add(
        Facts(events=(does("ann", "contact", 1, counterparty_id="bob"),
                      does("bob", "own", 2, counterparty_id="ann"),
        does("ann", "transfer", 3, counterparty_id="bob"))),
    )  # fmt: skip
    [dealing] = assert_same(store, Subject(applicant_id="ann"), day(9)).dealings
    assert (neighbourhood.EVENT_KINDS[dealing["kind"]], dealing["since"], dealing["last"]) == (
        "transfer",
        micros(day(1)),
        micros(day(3)),
    )


def test_of_too_many_labels_and_outcomes_the_same_decide(store: FramedStore) -> None:
    rng = random.Random(4)
    loans = [applies("ann", n / 100, uses("phone", "x"), application_id=f"a{n:03d}") for n in range(200)]
    stated = {
        (about, on, source, value): Label(
            label=value,
            known_at=day(on),
            source=source,
            application_id=about or None,
            applicant_id=None if about else "ann",
        )
        for about in ["", *(loan.application_id for loan in loans)]
        for on in rng.sample(range(10, 30), 4)
        for source in rng.sample([f"s{n}" for n in range(12)], rng.choice((1, 2, 11)))
        for value in rng.sample(tuple(LabelValue), rng.choice((1, 2)))
    }
    steps = [
        Outcome(
            application_id="a199",
            status=rng.choice((OutcomeStatus.DISBURSED, *OutcomeStatus)),
            at=day(3 + n / 50),
            amount=1.5,
        )
        for n in range(OUTCOMES * 2)
    ]
    store.add(
        Facts(
            applications=tuple(loans),
            outcomes=tuple({(o.status, o.at): o for o in steps}.values()),
            labels=tuple(stated.values()),
        )
    )
    for on in (11, 13, 18, 31):
        result = assert_same(store, subject_of(applies("bob", on, uses("phone", "x"))), day(on))
        assert_same(store, Subject(applicant_id="ann"), day(on))
    assert len(stated) > 3 * LABELS
    assert len(result.labels) <= 128 * 24


def test_contacts_unverified_values_and_what_is_told_of_devices(store: FramedStore) -> None:
    phone = uses("phone", "mum").identifier
    facts = Facts(
        applications=(
            applies("ann", 2, uses("national_id", "n"), uses("phone", "mum", Role.CONTACT)),
            applies(
                "bob",
                3,
                uses("phone", "mum"),
                Mention(Identifier(IdentifierKind.NATIONAL_ID, "k1.bad", "*", linking=False)),
            ),
            applies(
                "cid",
                3,
                Mention(Identifier(IdentifierKind.NATIONAL_ID, "k1.bad", "*", linking=False)),
                uses("employer", "e", Role.EMPLOYER),
            ),
        ),
        contacts=(
            Contact(applicant_id="ann", phone=phone, relation="self", at=day(1)),
            Contact(applicant_id="cid", phone=phone, relation="friend", at=day(4)),
        ),
    )
    store.add(facts)
    for who in ("ann", "bob", "cid"):
        for on in (1.5, 2.5, 5):
            assert_same(store, Subject(applicant_id=who), day(on))
    links_here = Mention(Identifier(IdentifierKind.NATIONAL_ID, "k1.bad", "*", linking=True))
    assert_same(store, subject_of(applies("dan", 6, links_here, uses("phone", "mum", Role.EMPLOYER))), day(6))


def test_a_walk_without_room_says_so_and_one_with_more_is_the_same(
    store: FramedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = odd_facts(random.Random(2), 40, 80)
    store.add(facts)
    subjects = [(subject_of(a), a.applied_at + timedelta(days=60)) for a in facts.applications[:12]]
    whole = [by_frame(store, subject, as_of, store.revision()) for subject, as_of in subjects]
    for lacking in neighbourhood.ROOM:
        small: dict[str, Any] = {
            name: (kind, size if name != lacking else 4) for name, (kind, size) in neighbourhood.ROOM.items()
        }
        monkeypatch.setattr(neighbourhood, "ROOM", small)
        monkeypatch.setattr("graph.frame.walk.scratch.ROOM", small)
        walker = Walker(store.zone)
        for (subject, as_of), expected in zip(subjects, whole, strict=True):
            assert_alike(by_frame(store, subject, as_of, store.revision(), walker), expected)
        monkeypatch.undo()


@pytest.mark.slow
def test_a_made_world_is_walked_as_its_views_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    assert make_world([str(tmp_path), "--applicants", "900", "--days", "150", "--seed", "8"]) == 0
    assert (
        load_records(
            [
                str(tmp_path / "records"),
                "--store",
                f"sqlite:///{tmp_path}/graph.db",
                "--report",
                str(tmp_path),
            ]
        )
        == 0
    )
    rng, walker = random.Random(7), Walker("Asia/Shanghai")
    with FramedStore(tmp_path / "graph.db") as store:
        created = sorted(
            store.of_sqlite(day(10_000)).applications(day(-3_000)), key=lambda a: a.application_id
        )
        store.save_rings(rings_of(rng, Facts(applications=tuple(created[:20]))))
        assert store.frame.catch_up()
        seen = 0
        for request in rng.sample(created, 110):
            later = request.applied_at + timedelta(days=rng.choice((1, 20, 90)))
            watched = Subject(applicant_id=request.applicant_id), later
            for subject, as_of in (
                (subject_of(request), request.applied_at),
                (subject_of(request), later),
                watched,
            ):
                result = by_frame(store, subject, as_of, store.revision(), walker)
                assert_alike(result, by_view(store, subject, as_of, store.revision()))
                seen += len(result.people) > 1
            with store.frame.reading() as arrays:
                again = in_frame(arrays, request, micros(later), store.revision())
            assert_alike(again[0], by_view(store, subject_of(request), later, store.revision()))
            assert_alike(again[1], result)
    assert seen > 250


@shared
def _both(arrays: Any, rows: Any, moment: Any, work: Any, out: Any, other: Any) -> bool:
    return walk_application(arrays, rows[0], moment, work, out) and walk_person(
        arrays, rows[1], moment, work, other
    )


def in_frame(arrays: Any, request: Application, as_of: int, mark: int) -> tuple[Neighbourhood, Neighbourhood]:
    """As compiled code gets the neighbourhoods of an application of the frame, and of its applicant."""
    row = query_for(arrays, subject_of(request), np.int64(as_of), np.int64(mark))
    work, out, other = (
        scratch(4),
        empty_neighbourhood(offsets("Asia/Shanghai"), 4),
        empty_neighbourhood(offsets("Asia/Shanghai"), 4),
    )
    assert _both(
        arrays,
        np.array([row.about[0]["application"], row.about[0]["person"]]),
        (np.int64(as_of), np.int64(mark)),
        work,
        out,
        other,
    )
    return trimmed(out), trimmed(other)
