"""A store whose views are read through a frame, worlds that are hard on it, and the comparison of its answers
with the store's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from graph.facts.people_range import PeopleRange
from graph.frame import files
from graph.frame.frame import Frame
from graph.frame.views.view import FrameView
from graph.model.types import (
    Application,
    Contact,
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
from graph.store.port import GraphView
from graph.stores.sqlite import SqliteStore
from graph.stores.sqlite.view import SqliteView
from tests.support.contracts.store_contract import assert_same_tables
from tests.support.small_worlds import day, known_as


class FramedStore(SqliteStore):
    """A SqliteStore with a frame beside it: `view` catches up and reads there. Its snapshots are in parts of
    a ring or two.
    """

    part_bytes = 700

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.frame = Frame.open(path.with_suffix(".frame"), self)

    def view(self, as_of: datetime, revision: int | None = None) -> FrameView:  # type: ignore[override]
        assert self.frame.catch_up()
        return self.frame.view(as_of, revision)

    def of_sqlite(self, as_of: datetime, recorded_by: int | None = None) -> SqliteView:
        """The view of the store itself."""
        return super().view(as_of, recorded_by)

    def close(self) -> None:
        self.frame.close()
        super().close()


@contextmanager
def tiny_rooms(rows: int = 2) -> Iterator[None]:
    """Frames that are made inside have room for next to nothing, and grow at every turn."""
    before = dict(files.FILES)
    rooms = {"texts": 256, "slots": 32, "words": 16}
    files.FILES.update({name: (kind, rooms.get(name, rows)) for name, (kind, _) in before.items()})
    try:
        yield
    finally:
        files.FILES.update(before)


# -- worlds: few people, few values, few moments, so that everything meets everything at one moment

PEOPLE = ("p1", "p10", "p2", "é", "张", "")
LOANS = tuple(f"a{n}" for n in range(12))
VALUES = tuple(
    known_as(kind, name)
    for kind, name in (
        ("phone", "x"),
        ("phone", "y"),
        ("device", "x"),
        ("ip", "号"),
        ("wifi", "hall"),
        ("employer", "z"),
    )
)
PLACES = ("M1", "M2", "G1", None)
SOURCES = ("desk", "rule", "model", None)
moments = st.integers(0, 6).map(day)
mentions = st.lists(st.builds(Mention, st.sampled_from(VALUES), st.sampled_from(Role)), max_size=4).map(tuple)
people = st.sampled_from(PEOPLE)
amounts = st.sampled_from((None, 0.0, 10.5))
attributes = st.sampled_from(
    (
        (),
        (("a", "b"), ("ü", "语")),
    )
)
applications = st.builds(
    Application, application_id=st.sampled_from(LOANS), applied_at=moments, applicant_id=people,
    platform_id=st.sampled_from(("L1", "L9")), product=st.sampled_from((None, "cash")), amount=amounts,
    term_months=st.sampled_from((None, 12)), merchant_id=st.sampled_from(PLACES),
    agent_id=st.sampled_from(PLACES), face_match=amounts,
    phone_three_element=st.sampled_from((None, True, False)), birth_year=st.sampled_from((None, 1990)),
    city=st.sampled_from((None, "东莞")), mentions=mentions, attributes=attributes,
)  # fmt: skip
events = st.builds(
    Event, event_id=st.sampled_from([f"e{n}" for n in range(12)]),
    kind=st.sampled_from(("transfer", "login", "referral")), at=moments, applicant_id=people,
    counterparty_id=st.sampled_from((None, *PEOPLE)), merchant_id=st.sampled_from(PLACES), amount=amounts,
    mentions=mentions, attributes=attributes,
)  # fmt: skip
outcomes = st.builds(
    Outcome, application_id=st.sampled_from(LOANS), status=st.sampled_from(OutcomeStatus), at=moments,
    amount=amounts
)  # fmt: skip
labels = st.builds(
    lambda about, label, at, source: Label(label=label, known_at=at, source=source, detail=source, **about),
    st.one_of(st.sampled_from(LOANS).map(lambda loan: {"application_id": loan}),
              people.map(lambda who: {"applicant_id": who or "p1"})), st.sampled_from(LabelValue), moments,
    st.sampled_from(SOURCES),
)  # fmt: skip
platforms = st.builds(Platform, platform_id=st.sampled_from(("L1", "L2")), type=st.sampled_from(PlatformType))
cities = st.sampled_from((None, "东莞"))
merchants = st.builds(
    Merchant,
    merchant_id=st.sampled_from(("M1", "M2", "M3")),
    city=cities,
    opened_at=st.one_of(st.none(), moments),
)
devices = st.builds(
    Device,
    identifier=st.just(VALUES[2]),
    os=st.sampled_from((None, "ios")),
    is_rooted=st.sampled_from((None, True)),
)
facts = st.builds(
    Facts,
    applications=st.lists(applications, max_size=5).map(tuple),
    events=st.lists(events, max_size=3).map(tuple),
    outcomes=st.lists(outcomes, max_size=4).map(tuple),
    labels=st.lists(labels, max_size=4).map(tuple),
    platforms=st.lists(platforms, max_size=1).map(tuple),
    merchants=st.lists(merchants, max_size=2).map(tuple),
    contacts=st.lists(
        st.builds(
            Contact,
            applicant_id=people,
            phone=st.sampled_from(VALUES[:2]),
            relation=st.sampled_from((None, "self", "friend")),
            at=moments,
        ),
        max_size=2,
    ).map(tuple),
    devices=st.lists(devices, max_size=1).map(tuple),
)


@st.composite
def snapshots(draw: Any) -> RingSnapshot:
    """One or two rings as of a moment, under one of two names."""
    folk = draw(st.lists(people, unique=True, max_size=5))
    cut = draw(st.integers(0, len(folk)))
    rings = []
    for number, members in ((2, folk[:cut]), (1, folk[cut:])):
        places = tuple(
            RingMember(
                applicant_id=who,
                role=("core", "member")[n % 2],
                joined_at=day(n),
                distance_to_core=n % 2,
                strength=1 / (n + 3),
            )
            for n, who in enumerate(members)
        )
        rings.append(
            Ring(
                ring_id=f"R-{number}", kind=draw(st.sampled_from(RingKind)), score=0.1 + 0.2, state="growing",
                first_seen=day(1), last_seen=day(2), confirmed_bad=1, suspected=1, bad_rate=1 / 3,
                exposure=1.0, shared_by_kind={"device": 1}, hubs_ignored=0, density=1.0, burst_days=0.5,
                platforms=2, reason_codes=("SHARED_DEVICE",), members=places,
            )
        )  # fmt: skip
    return RingSnapshot(name=draw(st.sampled_from(("w1", "w2"))), as_of=draw(moments), rings=tuple(rings))


deliveries = st.lists(st.one_of(facts, facts, facts, snapshots()), min_size=1, max_size=6)


def deliver(store: SqliteStore, reported: Facts | RingSnapshot) -> None:
    """Tell a store facts or a ring snapshot."""
    if isinstance(reported, RingSnapshot):
        store.save_rings(reported)
    else:
        store.add(reported)


# -- the same answers


def assert_same_answers(one: GraphView, other: GraphView) -> None:
    """Whatever the port can be asked, both views answer alike."""
    who, loans, values = [*PEOPLE, "nobody"], [*LOANS, "none"], [*VALUES, known_as("email", "none")]
    for request in (
        lambda v: [v.application(loan) for loan in loans],
        lambda v: [list(v.applications(day(n))) for n in (-1, 2)],
        lambda v: [v.applications_of(who, limit) for limit in (1, 64)],
        lambda v: [
            v.applications_at(place, None, limit) for place in ("M1", "M2", "G1", "none") for limit in (1, 64)
        ],
        lambda v: [
            v.applications_at(None, place, limit) for place in ("M1", "M2", "G1", "none") for limit in (1, 64)
        ],
        lambda v: [v.events_of(who, limit) for limit in (1, 128)],
        lambda v: [v.dealings_of(who, limit) for limit in (1, 64)],
        lambda v: [v.outcomes_of(loans, limit) for limit in (1, 64)],
        lambda v: [v.labels_of(who, limit) for limit in (1, 256)],
        lambda v: [v.ties_of(who, limit) for limit in (1, 64)],
        lambda v: v.holder_counts(values),
        lambda v: [v.holders_of(values, limit) for limit in (1, 24)],
        lambda v: [v.latest_holders(value, limit) for value in values for limit in (1, 24)],
        lambda v: v.devices_of(values),
        lambda v: v.platforms(),
        lambda v: v.merchants_of(["M1", "M2", "M3", "L1"]),
        lambda v: [v.identifier(tie.identifier.node) for ties in v.ties_of(who).values() for tie in ties],
        lambda v: [
            v.search(text, limit)
            for text in ("p", "p1", "a1", "***", "***x", "k1.", "R-", "张")
            for limit in (1, 20)
        ],
        lambda v: (v.rings(), in_turn(v), v.memberships_of(who), v.ring("R-1"), v.ring("none")),
        lambda v: (v.change_of("R-1"), v.change_of("R-")),
    ):
        assert request(one) == request(other)  # type: ignore[no-untyped-call]
    assert_same_tables(one.tables_with_tokens(), other.tables_with_tokens())
    for within in (PeopleRange("", "p1"), PeopleRange("p1")):
        assert_same_tables(one.tables_with_tokens(within), other.tables_with_tokens(within))


def in_turn(view: GraphView) -> RingSnapshot | None:
    """The snapshot in force, put together of rings that come one after the other."""
    given = view.rings_in_turn()
    if given is None:
        return None
    return RingSnapshot(
        name=given.name, as_of=given.as_of, rings=tuple(given.rings), changes=tuple(given.changes)
    )


def views_of(last: int) -> list[tuple[datetime, int]]:
    """Moments and revisions at which to look."""
    return [
        (day(n) + timedelta(microseconds=late), mark)
        for mark in range(last + 1)
        for n, late in ((0, 0), (3, 0), (3, 1), (6, 1))
    ]
