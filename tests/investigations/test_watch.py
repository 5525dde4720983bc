"""The watch: what gets worse around a loan in force makes one alert, and nothing else makes any."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.journal.decode import JournalEntry
from graph.model.types import (
    Facts,
    Outcome,
    OutcomeStatus,
    Ring,
    RingChange,
    RingKind,
    RingMember,
    RingSnapshot,
)
from graph.stores.sqlite import SqliteStore
from investigations.watch.alerts import Alert, AlertCode
from investigations.watch.messages import MessageType
from investigations.watch.news import SLICE, together
from tests.support.oracles.watching import Watched, known_bad_nearby
from tests.support.small_worlds import applies, day, does, facts_of, fraud, random_facts, uses


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with SqliteStore(tmp_path / "store.db") as store:
        yield Watched(store)


def paid(application_id: str, on: float) -> Outcome:
    return Outcome(application_id=application_id, status=OutcomeStatus.DISBURSED, at=day(on))


def ended(application_id: str, on: float, status: OutcomeStatus = OutcomeStatus.CLOSED) -> Outcome:
    return Outcome(application_id=application_id, status=status, at=day(on))


def codes(alerts: tuple[Alert, ...]) -> list[tuple[str, str]]:
    return sorted((one.code.value, one.subject) for one in alerts)


def two_on_a_phone(watched: Watched) -> None:
    """Anna owes a loan since day 2; Bo uses her phone."""
    watched.add(
        facts_of(
            applies("anna", 1, uses("phone", "shared"), term_months=12),
            applies("bo", 1, uses("phone", "shared")),
            paid("anna@1", 2),
        ),
        day(3),
    )


def test_a_borrower_is_alarmed_about_when_who_shares_the_phone_is_a_fraud(
    watched: Watched,
) -> None:
    two_on_a_phone(watched)
    found = watched.add(facts_of(fraud("bo@1", 10)), day(11))
    assert codes(found.alerts) == [("NEIGHBOUR_CONFIRMED", "application:anna@1")]
    (alert,) = found.alerts
    assert alert.path == ("application:anna@1", "applicant:anna", "phone:k1.shared", "applicant:bo")
    assert alert.texts == (
        "Somebody who shares a phone number with the borrower is known for fraud",
        "与借款人共用电话号码的人已被确认欺诈",
    )
    assert (alert.at, alert.recorded_by) == (day(11), watched.store.revision())
    assert [one.type for one in found.messages] == [MessageType.RISK_CHANGED]


def test_a_cause_has_one_alert_however_often_it_is_confirmed(watched: Watched) -> None:
    two_on_a_phone(watched)
    assert watched.add(facts_of(fraud("bo@1", 10)), day(11)).alerts
    assert not watched.add(facts_of(replace(fraud("bo@1", 12), source="police")), day(13)).alerts


@pytest.mark.parametrize("end", [OutcomeStatus.CLOSED, OutcomeStatus.RETURNED, OutcomeStatus.WRITTEN_OFF])
def test_a_loan_that_has_ended_is_watched_no_more(watched: Watched, end: OutcomeStatus) -> None:
    two_on_a_phone(watched)
    watched.add(facts_of(ended("anna@1", 5, end)), day(6))
    assert not watched.add(facts_of(fraud("bo@1", 10)), day(11)).alerts


def test_a_loan_is_watched_until_its_term_is_over_and_not_before_it_is_paid_out(watched: Watched) -> None:
    watched.add(facts_of(applies("anna", 1, uses("phone", "shared"), term_months=3)), day(2))
    watched.add(facts_of(applies("bo", 1, uses("phone", "shared"))), day(2))
    assert not watched.add(facts_of(fraud("bo@1", 3)), day(4)).alerts
    watched.add(facts_of(paid("anna@1", 5)), day(6))
    others = [applies(who, 20, uses("phone", "shared")) for who in ("cy", "di")]
    watched.add(facts_of(*others), day(21))
    assert watched.add(facts_of(fraud("cy@20", 90)), day(94)).alerts
    assert not watched.add(facts_of(fraud("di@20", 95)), day(96)).alerts


def test_a_fraud_who_comes_to_the_borrowers_phone_later_is_a_cause_too(watched: Watched) -> None:
    watched.add(
        facts_of(
            applies("anna", 1, uses("phone", "hers")),
            applies("bo", 1, uses("phone", "his")),
            paid("anna@1", 2),
        ),
        day(3),
    )
    assert not watched.add(facts_of(fraud("bo@1", 4)), day(5)).alerts
    found = watched.add(facts_of(does("bo", "login", 8, uses("phone", "hers"))), day(9))
    assert codes(found.alerts) == [("NEIGHBOUR_CONFIRMED", "application:anna@1")]
    assert not watched.add(facts_of(does("bo", "login", 10, uses("phone", "hers"))), day(11)).alerts


def test_a_place_that_many_share_alarms_nobody(watched: Watched) -> None:
    crowd = [applies(f"p{n}", 1, uses("device", "tablet"), uses("wifi", "hall")) for n in range(70)]
    watched.add(facts_of(*crowd, *(paid(f"p{n}@1", 2) for n in range(70))), day(3))
    assert not watched.add(facts_of(fraud("p3@1", 4)), day(5)).alerts


def test_what_happened_long_ago_and_is_delivered_now_alarms_nobody(watched: Watched) -> None:
    two_on_a_phone(watched)
    assert not watched.add(facts_of(fraud("bo@1", 3)), day(120)).alerts


def test_another_loan_of_a_borrower_who_turned_out_a_fraud_is_alarmed_about(watched: Watched) -> None:
    watched.add(
        facts_of(
            applies("anna", 1), applies("anna", 2, platform_id="L2"), paid("anna@1", 3), paid("anna@2", 3)
        ),
        day(4),
    )
    found = watched.add(facts_of(fraud("anna@2", 9)), day(10))
    assert codes(found.alerts) == [("BORROWER_CONFIRMED", "application:anna@1")]


def test_four_new_lenders_within_a_week_after_the_pay_out_are_a_burst(watched: Watched) -> None:
    me = uses("national_id", "anna")
    watched.add(facts_of(applies("anna", 1, me), paid("anna@1", 2)), day(3))
    for n, lender in enumerate(("L2", "L3", "L5"), 10):
        assert not watched.add(facts_of(applies("anna", n, me, platform_id=lender)), day(n + 0.1)).alerts
    # the fourth one knows her under another id
    found = watched.add(facts_of(applies("@L4/anna", 13, me, platform_id="L4")), day(13.1))
    assert codes(found.alerts) == [("LENDERS_BURST", "application:anna@1")]
    assert found.alerts[0].texts[0] == "The borrower asked 4 other lenders within 7 days after the pay-out"
    assert not watched.add(facts_of(applies("anna", 14, me, platform_id="L6")), day(14.1)).alerts


def test_a_device_on_which_two_strangers_apply_has_changed_hands(watched: Watched) -> None:
    phone = uses("device", "handset")
    watched.add(facts_of(applies("anna", 1, phone, uses("national_id", "anna")), paid("anna@1", 2)), day(3))
    again = facts_of(applies("anna2", 4, phone, uses("national_id", "anna")))
    assert not watched.add(again, day(5)).alerts  # herself, under another lender's id
    assert not watched.add(facts_of(applies("bo", 20, phone)), day(21)).alerts  # a friend
    found = watched.add(facts_of(applies("cy", 22, phone)), day(23))
    assert ("DEVICE_CHANGED_HANDS", "application:anna@1") in codes(found.alerts)


def test_a_shops_tablet_on_which_its_customers_apply_changes_no_hands(watched: Watched) -> None:
    tablet = uses("device", "tablet")
    customers = [applies(f"c{n}", 5 + n, tablet, merchant_id="M1") for n in range(4)]
    watched.add(facts_of(applies("anna", 1, tablet, merchant_id="M1"), paid("anna@1", 2)), day(3))
    assert not watched.add(facts_of(*customers), day(20)).alerts


def test_a_loan_sent_back_in_the_cooling_off_period_is_said_of_the_loan_that_is_kept(
    watched: Watched,
) -> None:
    watched.add(
        facts_of(
            applies("anna", 1), applies("anna", 8, platform_id="L2"), paid("anna@1", 2), paid("anna@8", 9)
        ),
        day(10),
    )
    found = watched.add(facts_of(ended("anna@8", 12, OutcomeStatus.RETURNED)), day(13))
    assert codes(found.alerts) == [("COOLING_OFF_RETURN", "application:anna@1")]


# -- rings


def ring(ring_id: str, *members: str, kind: RingKind = RingKind.RING) -> Ring:
    places = tuple(
        RingMember(applicant_id=who, role="core", joined_at=day(1), distance_to_core=0, strength=1.0)
        for who in sorted(members)
    )
    return Ring(
        ring_id=ring_id, kind=kind, score=0.9, state="new", first_seen=day(1), last_seen=day(9),
        confirmed_bad=1, suspected=1, bad_rate=0.5, exposure=100.0, shared_by_kind={}, hubs_ignored=0,
        density=0.5, burst_days=1.0, platforms=1, reason_codes=("RING_X",), members=places,
    )  # fmt: skip


def change(ring_id: str, what: str, flag: str = "flagged", *roots: str, joined: int = 0) -> RingChange:
    return RingChange(
        ring_id=ring_id, change=what, from_rings=roots, joined=joined, left=0, jaccard=0.5, flag=flag
    )


def snapshot(week: int, rings: list[Ring], *changes: RingChange) -> RingSnapshot:
    return RingSnapshot(name=f"2025-W{week:02d}", as_of=day(7 * week), rings=tuple(rings), changes=changes)


def test_who_comes_into_a_flagged_ring_is_alarmed_about_and_so_is_the_ring(
    watched: Watched,
) -> None:
    two_on_a_phone(watched)
    first = snapshot(1, [ring("R-1", "bo", "cy")], change("R-1", "born", "newly_flagged"))
    found = watched.add(first, day(7.5))
    assert not found.alerts
    assert [one.type for one in found.messages] == [MessageType.RING_FLAGGED]
    second = snapshot(2, [ring("R-1", "anna", "bo", "cy")], change("R-1", "grown", joined=1))
    found = watched.add(second, day(14.5))
    assert codes(found.alerts) == [("RING_GREW", "ring:R-1"), ("RING_JOINED", "application:anna@1")]
    merged = snapshot(
        3, [ring("R-1", "anna", "bo", "cy", "di")], change("R-1", "merged", "flagged", "R-1", "R-2")
    )
    found = watched.add(merged, day(21.5))
    assert codes(found.alerts) == [("RING_MERGED", "ring:R-1")]
    assert {one.type for one in found.messages} == {MessageType.RING_MERGED, MessageType.RISK_CHANGED}
    gone = snapshot(
        4, [ring("R-1", "anna", "bo", kind=RingKind.HOUSEHOLD)], change("R-1", "shrunk", "no_longer_flagged")
    )
    found = watched.add(gone, day(28.5))
    assert [one.type for one in found.messages] == [MessageType.RING_NO_LONGER_FLAGGED]


def test_a_member_who_turns_out_a_fraud_is_said_of_the_flagged_ring(watched: Watched) -> None:
    two_on_a_phone(watched)
    watched.add(snapshot(1, [ring("R-1", "bo", "cy")], change("R-1", "born", "newly_flagged")), day(7.5))
    found = watched.add(facts_of(fraud("bo@1", 10)), day(11))
    assert ("RING_MEMBER_CONFIRMED", "ring:R-1") in codes(found.alerts)


def test_a_review_of_an_earlier_week_that_is_run_again_alarms_nobody(watched: Watched) -> None:
    two_on_a_phone(watched)
    watched.add(snapshot(3, [ring("R-1", "bo", "cy")], change("R-1", "born", "newly_flagged")), day(21.5))
    again = snapshot(2, [ring("R-9", "anna", "cy")], change("R-9", "born", "newly_flagged"))
    found = watched.add(again, day(22))
    assert not found


# -- the law


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_looking_at_what_is_new_finds_what_looking_at_everybody_finds(seed: int) -> None:
    looking_at_everybody_finds_the_same(seed, parts=6)


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_new_is_all_that_has_to_be_looked_at(seed: int) -> None:
    looking_at_everybody_finds_the_same(seed, parts=4)


def looking_at_everybody_finds_the_same(seed: int, parts: int) -> None:
    """Deliveries in any order: the alerts about frauds nearby are those (loan, fraud) that hold after a
    delivery and did not before. A loan that is paid out beside a known fraud is new itself, and alarms
    nobody.
    """
    rng = random.Random(seed)
    facts = random_facts(seed, people=24, days=60)
    paid_out = [replace(one, status=OutcomeStatus.DISBURSED) for one in facts.outcomes if rng.random() < 0.8]
    deliveries: list[list[object]] = [[] for _ in range(parts)]
    for fact in (*facts.applications, *facts.events, *paid_out, *facts.labels, *facts.contacts):
        deliveries[rng.randrange(parts)].append(fact)
    people = sorted({one.applicant_id for one in (*facts.applications, *facts.events, *facts.contacts)})
    now = day(70)
    with TemporaryDirectory() as folder, SqliteStore(Path(folder) / "store.db") as store:
        watched = Watched(store)
        for delivery in deliveries:
            before = store.revision()
            found = watched.add(facts_of(*delivery), now)
            after = known_bad_nearby(store.view(now), people)
            then = known_bad_nearby(store.view(now, before), people)
            near = {
                (one.subject.removeprefix("application:"), one.cause)
                for one in found.alerts
                if one.code is AlertCode.NEIGHBOUR_CONFIRMED
            }
            owed = _paid(store, before, now)
            assert {pair for pair in near if pair[0] in owed} == {
                pair for pair in after - then if pair[0] in owed
            }
            assert near <= after


def _paid(store: SqliteStore, revision: int, now: datetime) -> set[str]:
    view = store.view(now, revision)
    loans = [one.application_id for one in view.applications(day(0))]
    return {
        loan
        for loan, steps in view.outcomes_of(loans).items()
        if any(step.status is OutcomeStatus.DISBURSED for step in steps)
    }


# -- several revisions in one look


def entry(revision: int, *facts: object, rings: RingSnapshot | None = None) -> JournalEntry:
    return JournalEntry(revision, Facts() if rings else facts_of(*facts), rings)


def test_small_revisions_that_follow_each_other_are_looked_at_together() -> None:
    entries = [entry(n, applies(f"p{n}", n)) for n in range(1, 4)]
    (one,) = together(entries)
    assert (one.revision, [form.applicant_id for form in one.facts.applications]) == (3, ["p1", "p2", "p3"])


def test_a_ring_snapshot_is_looked_at_alone() -> None:
    weekly = snapshot(2, [ring("R-1", "anna", "bo")])
    looks = list(together([entry(1, applies("anna", 1)), entry(2, rings=weekly), entry(3, applies("bo", 3))]))
    assert [(one.revision, one.snapshot) for one in looks] == [(1, None), (2, weekly), (3, None)]


def test_a_large_load_is_not_looked_at_with_what_comes_beside_it() -> None:
    load = entry(2, *(applies(f"p{n}", 1) for n in range(SLICE)))
    looks = list(together([entry(1, applies("anna", 1)), load, entry(3, applies("bo", 3))]))
    assert [one.revision for one in looks] == [1, 2, 3]
