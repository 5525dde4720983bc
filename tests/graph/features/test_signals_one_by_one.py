"""What each signal, count and input of the network means, in a world that is small enough to count by
hand.
"""

from __future__ import annotations

from math import log1p, log2
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from gnn.graphs.schema import EDGE_FEATURES, NODE_FEATURES
from graph.features.extraction import COUNT_NAMES
from graph.model.types import (
    Application,
    Device,
    Identifier,
    IdentifierKind,
    Mention,
    Merchant,
    Outcome,
    OutcomeStatus,
    Ring,
    RingKind,
    RingMember,
    RingSnapshot,
    Role,
)
from graph.store.evidence import Evidence, subject_of
from tests.support.oracles.by_views import drawn, seen
from tests.support.small_worlds import applies, day, does, facts_of, fraud, known_as, uses
from tests.support.stores import open_store

NOW = 100
DEVICE, CONTACT = uses("device", "d"), uses("phone", "aunt", Role.CONTACT)


def evidence(request: Application, *facts: object, rings: RingSnapshot | None = None) -> Evidence:
    with TemporaryDirectory() as folder, open_store(Path(folder) / "s.db") as store:
        store.add(facts_of(*facts, request))
        if rings:
            store.save_rings(rings)
        return store.view(request.applied_at).evidence_of(subject_of(request))


def values(
    request: Application, *facts: object, rings: RingSnapshot | None = None
) -> dict[str, float | None]:
    return seen(evidence(request, *facts, rings=rings)).signals


def ann(*mentions: Mention, **more: Any) -> Application:
    return applies("ann", NOW, *mentions, **more)


def step(loan: str, status: str, on: float, amount: float | None = None) -> Outcome:
    return Outcome(application_id=loan, status=OutcomeStatus(status), at=day(on), amount=amount)


def some(result: dict[str, float | None], **expected: float | None) -> None:
    assert {name: result[name] for name in expected} == {
        name: value and pytest.approx(value) for name, value in expected.items()
    }


# company


def test_what_closely_tied_people_have_been_doing() -> None:
    mine = {"product": "cash", "city": "Wuhan", "merchant_id": "M1"}
    facts = (
        applies("bob", 10, DEVICE, city="Wuhan", face_match=0.8),
        applies("bob", 95, DEVICE, platform_id="L2", amount=5100.0, product="cash", city="Dongguan",
                face_match=0.9, merchant_id="M1"),
        applies("cat", 80, DEVICE, amount=9000.0, product="cash", city="Wuhan", face_match=0.7),
        applies("cat", 90, DEVICE, amount=5000.0, platform_id="L3", city="Wuhan", face_match=0.6),
        step("bob@10", "rejected", 11), step("cat@80", "approved", 81), step("cat@80", "dpd30", 99),
        fraud("bob@10", 60),
    )  # fmt: skip
    weight = 1 / log2(3)  # one device in three hands
    some(
        values(ann(DEVICE, amount=5000.0, **mine), *facts),
        strong_rejected_share=1 / 2, neighbours_late_share=1 / 2, strong_applied_7d=1, strong_applied_30d=2,
        strong_new_share=1 / 2, lookalikes_30d=1, strong_other_city_share=1 / 2,
        strong_same_place_share=1 / 2, strong_lenders_mean_30d=3 / 2, strong_face_match=0.75,
        group_applied_30d=2, group_new_share=1 / 2, group_bad=1, bad_weight=weight, sharing_weight=2 * weight,
        bad_share=1.5 / 11,
    )  # fmt: skip


def test_what_people_at_the_same_place_have_been_doing() -> None:
    home = uses("address", "home")
    result = values(ann(home), applies("dan", 97, home), applies("eve", 50, home))
    some(result, place_applied_7d=1, household_size=2, place_only_share=1, strong_people=0)


@pytest.mark.parametrize(
    ("thing", "mention"),
    [
        ("device", uses("device", "x")), ("phone", uses("phone", "x")),
        ("contact", uses("phone", "x", Role.CONTACT)), ("employer_phone", uses("phone", "x", Role.EMPLOYER)),
        ("card", uses("bank_card", "x")), ("email", uses("email", "x")), ("address", uses("address", "x")),
        ("wifi", uses("wifi", "x")), ("ip", uses("ip", "x")),
        ("employer", uses("employer", "x", Role.EMPLOYER)),
    ],
)  # fmt: skip
def test_who_else_holds_a_thing_is_counted_with_who_is_new_and_who_is_bad_there(
    thing: str, mention: Mention
) -> None:
    result = values(
        ann(mention),
        applies("bob", 95, mention),
        applies("cat", 40, mention),
        fraud("cat@40", 50),
        step("bob@95", "dpd90", 99),
    )
    expected = {f"{thing}_holders": 2, f"{thing}_newcomers_30d": 1, f"{thing}_bad": 2}
    there = {name: value for name, value in expected.items() if name in result}
    assert len(there) >= 1
    some(result, **there)


@pytest.mark.parametrize("thing", ["device", "contact"])
def test_whom_a_home_or_a_handover_brings_is_no_newcomer(thing: str) -> None:
    mine = DEVICE if thing == "device" else CONTACT
    room = (uses("address", "dormitory"), uses("wifi", "floor"), uses("employer", "works", Role.EMPLOYER))
    stranger = values(ann(mine, room[0]), applies("bob", 95, mine, uses("address", "elsewhere")))
    some(stranger, **{f"{thing}_newcomers_30d": 1})
    for shared in room:
        some(values(ann(mine, shared), applies("bob", 95, mine, shared)), **{f"{thing}_newcomers_30d": 0})
    bought = values(ann(mine), applies("bob", 92, mine))
    some(bought, **{f"{thing}_newcomers_30d": 0})
    sold = values(ann(uses("phone", "ann")), applies("ann", 70, mine), applies("bob", 90, mine))
    some(sold, **{f"{thing}_newcomers_30d": 0})
    kept = values(ann(mine), applies("ann", 70, mine), applies("bob", 75, mine))
    some(kept, **{f"{thing}_newcomers_30d": 1})


@pytest.mark.parametrize(
    ("thing", "mention"),
    [
        ("device", uses("device", "x")),
        ("contact", uses("phone", "x", Role.CONTACT)),
        ("card", uses("bank_card", "x")),
    ],
)
def test_newcomers_of_an_hour_are_set_against_what_is_usual_there(thing: str, mention: Mention) -> None:
    minutes = [applies(f"b{n}", NOW - (n + 1) / 1440, mention) for n in range(3)]
    queue = [applies(f"q{n}", NOW - 0.5 - n, mention) for n in range(10)]
    alone = values(ann(mention), *minutes)
    some(alone, **{f"{thing}_newcomers_1h": 3, f"{thing}_newcomers_1d": 3, f"{thing}_burst": 3.5 / 0.5})
    before = 3 * 10 / (9.5 * 24 - 1)  # in opening hours
    busy = values(ann(mention), *minutes, *queue)
    some(
        busy,
        **{f"{thing}_newcomers_1h": 3, f"{thing}_newcomers_1d": 4, f"{thing}_burst": 3.5 / (before + 0.5)},
    )
    quiet = values(ann(mention), queue[3])
    some(quiet, **{f"{thing}_newcomers_1h": 0, f"{thing}_newcomers_1d": 0, f"{thing}_burst": None})


# things


def test_how_new_things_are_and_who_else_uses_them_how_long() -> None:
    card, second = uses("bank_card", "c"), uses("device", "e")
    facts = (
        applies("ann", 40, DEVICE, card),
        applies("bob", 50, DEVICE, second), applies("bob", 60, DEVICE, uses("email", "m")),
        applies("cat", 55, DEVICE),
    )  # fmt: skip
    some(
        values(ann(second, card, uses("email", "m")), *facts),
        device_one_day_users=2 / 3, device_companions=1, devices_new_30d=1, device_age_days=0,
        email_shared_others=1, card_age_days=60, cards_new_30d=0,
    )  # fmt: skip
    some(values(ann(uses("bank_card", "new")), *facts), card_age_days=0, cards_new_30d=1)


def test_how_new_numbers_are_and_whose_they_were() -> None:
    mine, uncle = uses("phone", "p"), uses("phone", "uncle", Role.CONTACT)
    facts = (
        applies("bob", 20, mine),
        applies("ann", 50, CONTACT, uses("phone", "old")),
        applies("cat", 90, CONTACT), applies("dan", 30, uses("phone", "aunt")),
    )  # fmt: skip
    some(
        values(ann(mine, CONTACT, uncle), *facts),
        phone_handed_over_days=80, phone_age_days=0, contact_shared_others=1, contact_shared_strangers=1,
        contact_shared_30d=1, contact_applicants=1, contacts_new_share=1 / 2,
    )  # fmt: skip
    some(values(ann(uses("phone", "old")), *facts), phone_age_days=50, phone_handed_over_days=None)


# the shop and the agent


def test_what_is_known_of_the_shop_and_the_agent_and_of_their_customers() -> None:
    there = {"merchant_id": "M1", "agent_id": "G1"}
    facts = (
        Merchant(merchant_id="M1", city="Dongguan", opened_at=day(40)),
        *(applies(f"c{n}", on, *([CONTACT] if n < 2 else []), amount=paid, **there) for n,
          (on, paid) in enumerate(
            [(90, 5000.0), (92, 5050.0), (95, 9000.0), (97, 5000.0)]
        )),
        step("c0@90", "rejected", 91), step("c1@92", "approved", 93), step("c2@95", "approved", 96),
        step("c1@92", "written_off", 99),
    )  # fmt: skip
    some(
        values(ann(amount=5000.0, city="Wuhan", **there), *facts),
        merchant_age_days=60, merchant_elsewhere=1, merchant_applications_7d=2, agent_applications_7d=2,
        merchant_same_amount_share=3 / 4, merchant_entangled_share=1 / 2, agent_entangled_share=1 / 2,
        merchant_rejected_share=1 / 3, agent_rejected_share=1 / 3, merchant_bad_share=1.5 / 14,
        agent_bad_share=1.5 / 14,
    )  # fmt: skip


# the applicant


def test_what_the_applicant_has_been_doing() -> None:
    facts = (
        applies("ann", 50, DEVICE, amount=2000.0), applies("ann", 95, DEVICE, amount=1000.0),
        step("ann@50", "dpd30", 80), step("ann@50", "closed", 90),
        does("ann", "payment", 60), does("ann", "login", 90), does("ann", "profile_change", 99),
    )  # fmt: skip
    some(
        values(ann(uses("device", "new"), amount=6000.0, term_months=12, birth_year=1990, face_match=0.9,
                   liveness=0.8), *facts), application_pace=(1.5 / 7) / (1.5 / 90), amount_to_highest=3,
        amount=6000, term_months=12, age_years=35, own_late=1, loans_closed=1, events_30d=2, payments_ever=1,
        changes_30d=2, days_since_application=5, known_days=50, face_match=0.9, liveness=0.8,
    )  # fmt: skip


@pytest.mark.parametrize(("linking", "failed"), [(False, 1), (True, 0)])
def test_a_national_id_that_fails_its_checksum_is_unverified(linking: bool, failed: float) -> None:
    named = Mention(Identifier(IdentifierKind.NATIONAL_ID, "k1.n", "***n", linking=linking))
    some(values(ann(named)), national_id_unverified=failed)


def test_the_ring_of_the_subject_and_rings_nearby() -> None:
    members = tuple(
        RingMember(applicant_id=who, role="core", joined_at=day(1), distance_to_core=0,
                   strength=1.0) for who in ("ann", "bob")
    )  # fmt: skip
    ring = Ring(
        ring_id="R1", kind=RingKind.RING, score=0.9, state="open", first_seen=day(1), last_seen=day(9),
        confirmed_bad=1, suspected=2, bad_rate=0.3, exposure=1.0, shared_by_kind={}, hubs_ignored=0,
        density=1.0, burst_days=1.0, platforms=1, reason_codes=(), members=members,
    )  # fmt: skip
    rings = RingSnapshot(name="W1", as_of=day(20), rings=(ring,))
    bob = applies("bob", 10, DEVICE)
    some(
        values(ann(DEVICE), bob, rings=rings),
        ring_score=0.9,
        ring_size=2,
        ring_bad_rate=0.3,
        ring_near_score=0.9,
    )
    some(
        values(applies("cat", NOW, DEVICE), bob, rings=rings),
        ring_score=None,
        ring_size=None,
        ring_near_score=0.9,
    )


# plain counts, and what the network reads

WORLD = (
    applies("ann", 40, DEVICE, amount=2000.0), applies("ann", 80, DEVICE, platform_id="L2"),
    applies("ann", 95, platform_id="L2"),
    applies("bob", 60, DEVICE, amount=1000.0, face_match=0.5, phone_three_element=False, birth_year=1985,
            merchant_id="M1"), applies("cat", 90, DEVICE, CONTACT), fraud("bob@60", 70),
    step("bob@60", "disbursed", 61), step("bob@60", "dpd30", 95),
    does("ann", "transfer", 50, counterparty_id="cat"), does("bob", "transfer", 51, counterparty_id="ann"),
    does("bob", "transfer", 52, counterparty_id="ann"),
    Device(identifier=known_as("device", "d"), is_emulator=True),
    Merchant(merchant_id="M1", opened_at=day(90)),
)  # fmt: skip
ASKED = ann(
    DEVICE,
    CONTACT,
    amount=5000.0,
    term_months=12,
    face_match=0.9,
    liveness=0.7,
    birth_year=1990,
    merchant_id="M1",
)


def test_plain_counts_are_what_any_table_would_have() -> None:
    row = seen(evidence(ASKED, *WORLD)).row.tolist()
    result = dict(zip(COUNT_NAMES, row[-len(COUNT_NAMES) :], strict=True))
    expected = {
        "device_values": 1, "device_holders": 3, "device_newcomers_30d": 1, "device_known_fraud": 1,
        "phone_values": 1, "phone_holders": 1, "phone_known_fraud": 0, "bank_card_values": 0,
        "own_applications": 3, "own_applications_7d": 1, "own_applications_30d": 2, "own_lenders": 2,
        "own_known_fraud": 0, "sharers": 2, "sharers_known_fraud": 1, "transfers_sent": 1,
        "transfers_received": 2, "amount": 5000, "term_months": 12, "face_match": 0.9, "liveness": 0.7,
        "age": 35,
    }  # fmt: skip
    assert {name: result[name] for name in expected} == expected


def told(rows: Any, names: tuple[str, ...], place: int) -> dict[str, float]:
    return dict(zip(names, rows[place].tolist(), strict=True))


def alike(result: dict[str, float], **expected: float) -> None:
    assert {name: result[name] for name in expected} == {
        name: pytest.approx(value, rel=1e-5) for name, value in expected.items()
    }


def test_the_network_reads_people_and_their_applications() -> None:
    t = drawn(evidence(ASKED, *WORLD))
    me, *others = (told(t.x["applicant"], NODE_FEATURES["applicant"], place) for place in range(3))
    bob = next(one for one in others if one["known_fraud"])
    alike(
        me, is_seed=1, one_step_away=0, applications=log1p(3), applications_7d=log1p(1),
        applications_30d=log1p(2), applications_90d=log1p(3), lenders_7d=log1p(1), lenders=log1p(2),
        bank_share=1 / 3, known_fraud=0, since_first=log1p(60), since_last=log1p(5),
        mean_amount=log1p((2000 + 5000 + 5000) / 3), verification_missing=1, from_seed_start=0,
    )  # fmt: skip
    alike(
        bob, is_seed=0, one_step_away=1, applications=log1p(1), disbursed=log1p(1), trouble=log1p(1),
        rejected=0, closed=0, known_fraud=1, known_good=0, since_fraud=log1p(30), face_match=0.5,
        three_element_failed=1, age=40 / 50, shops=log1p(1), from_seed_start=log1p(20),
    )  # fmt: skip
    names = NODE_FEATURES["application"]
    mine = told(t.x["application"], names, 0)
    alike(
        mine, in_question=1, days_ago=0, amount=log1p(5000), term=log1p(12), at_bank=1, at_own=1,
        face_match=0.9, face_missing=0, liveness=0.7, three_element_yes=0, three_element_no=0, has_merchant=1,
        has_agent=0, mentions=log1p(2), labelled_fraud=0,
    )  # fmt: skip
    bobs = next(
        told(t.x["application"], names, place)
        for place in range(len(t.x["application"]))
        if t.x["application"][place][names.index("labelled_fraud")]
    )
    alike(
        bobs, days_ago=log1p(40), amount=log1p(1000), three_element_no=1, was_disbursed=1, was_dpd30=1,
        was_dpd90=0, labelled_fraud=1, has_merchant=1
    )  # fmt: skip


def test_the_network_reads_things_the_shop_and_links() -> None:
    t = drawn(evidence(ASKED, *WORLD))
    device = told(t.x["device"], NODE_FEATURES["device"], 0)
    alike(
        device, is_device=1, is_phone=0, holders=log1p(3), is_hub=0, is_linking=1, shown=log1p(3),
        as_contact=0, fresh_7d=0, fresh_30d=log1p(1), fresh_90d=log1p(3), known_fraud_holders=log1p(1),
        known_fraud_share=1 / 3, since_first=log1p(60), since_last=log1p(10), named_now=0, is_emulator=1,
        is_rooted=0, span=log1p(50),
    )  # fmt: skip
    shop = told(t.x["shop"], NODE_FEATURES["shop"], 0)
    alike(
        shop, is_merchant=1, is_agent=0, applications=log1p(1), applications_30d=0, people_share=1,
        lenders=log1p(1), opened=log1p(10), mean_amount=log1p(1000), amount_spread=0, span=0,
    )  # fmt: skip
    ties = [told(t.edge_attr["applicant", "has", "device"], EDGE_FEATURES, place) for place in range(3)]
    alike(
        ties[0],
        own=1,
        contact=0,
        employer=0,
        transfer=0,
        since=log1p(60),
        last=log1p(20),
        now=0,
        gap=log1p(40),
    )
    deals = t.edge_attr["applicant", "deals_with", "applicant"]
    assert len(deals) == 2
    with_bob = next(
        result for result in (told(deals, EDGE_FEATURES, place) for place in range(2)) if result["gap"]
    )
    alike(with_bob, own=0, transfer=1, since=log1p(49), last=log1p(48), gap=log1p(1))
