"""Signals say what they promise, know nothing of the future, and lead to where the graph shows them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from graph.features.signals.catalogue import DIMENSIONS, FAMILIES, SIGNALS
from graph.model.types import Application, Device, LabelValue, Outcome, OutcomeStatus, Role
from graph.store.evidence import Evidence, Subject, subject_of
from scripts.tools import write_signals
from tests.support.oracles.by_views import person, seen
from tests.support.small_worlds import applies, day, does, facts_of, fraud, known_as, random_facts, uses
from tests.support.stores import open_store


@pytest.fixture
def world(tmp_path: Path):
    """A function: facts and the application in question -> its evidence."""
    with open_store(tmp_path / "graph.db") as store:

        def see(asked: Application, *facts: object) -> Evidence:
            store.add(facts_of(*facts, asked))
            return store.view(asked.applied_at).evidence_of(subject_of(asked))

        yield see


def values(evidence: Evidence) -> dict[str, float | None]:
    return seen(evidence).signals


def some(result: dict[str, float | None], names: str) -> tuple[float | None, ...]:
    return tuple(result[name] for name in names.split())


# what they say


def test_a_newcomer_who_shares_nothing_shows_nothing(world) -> None:
    result = values(world(applies("ann", 10, uses("device", "d"), uses("phone", "p"))))
    assert some(
        result, "device_shared_others strong_people sharing_weight strong_bad known_days device_holders"
    ) == (0, 0, 0, 0, 0, 0)
    assert (
        some(
            result,
            (
                "bad_distance ring_score days_since_application card_shared_others merchant_burst "
                "contact_shared_others"
            ),
        )
        == (None,) * 6
    )


def test_strangers_on_one_device_count_and_neighbours_of_a_dormitory_are_none(world) -> None:
    stranger = applies("cat", 8, uses("device", "d"), uses("wifi", "elsewhere"))
    roommate = applies("bob", 9, uses("device", "d"), uses("wifi", "dorm"))
    result = values(world(applies("ann", 10, uses("device", "d"), uses("wifi", "dorm")), stranger, roommate))
    assert some(
        result, "device_shared_others device_shared_strangers device_shared_7d strong_people strong_strangers"
    ) == (2, 1, 2, 2, 1)


def test_a_second_hand_phone_is_handed_over_not_shared(world) -> None:
    first = [applies("bob", on, uses("device", "d")) for on in (1, 20)]
    result = values(world(applies("ann", 80, uses("device", "d")), *first))
    assert some(result, "device_shared_others device_shared_7d device_handed_over_days device_age_days") == (
        1,
        0,
        60,
        0,
    )
    shared = values(world(applies("eve", 81, uses("device", "e")), applies("dan", 80, uses("device", "e"))))
    assert result["closest_bond_weight"] < shared["closest_bond_weight"]


def test_a_hub_ties_nobody_but_its_holders_are_counted(world) -> None:
    crowd = [applies(f"p{n}", n / 100, uses("wifi", "hall")) for n in range(60)]
    result = values(world(applies("ann", 10, uses("wifi", "hall")), *crowd))
    assert some(result, "sharing_weight wifi_holders wifi_newcomers_30d") == (0, 60, None)


def test_colleagues_share_an_employer_and_are_no_strangers(world) -> None:
    work = (uses("employer", "mill", Role.EMPLOYER), uses("phone", "gate", Role.EMPLOYER))
    result = values(
        world(applies("ann", 10, *work, uses("device", "d")), applies("bob", 9, *work, uses("device", "d")))
    )
    assert some(
        result,
        "employer_holders employer_phone_holders employer_newcomers_30d strong_people strong_strangers",
    ) == (1, 1, 1, 1, 0)


def test_a_rare_value_says_more_than_a_common_one(world) -> None:
    common = [applies(f"p{n}", 1, uses("device", "kiosk")) for n in range(12)]
    rare = applies("bob", 1, uses("device", "d"))
    of_kiosk = values(world(applies("ann", 10, uses("device", "kiosk")), *common))["closest_bond_weight"]
    assert 0 < of_kiosk < values(world(applies("cat", 10, uses("device", "d")), rare))["closest_bond_weight"]


def test_customers_of_a_shop_are_not_tied_by_its_tablet(world) -> None:
    tablet = uses("device", "tablet")
    customers = [applies(f"p{n}", n, tablet, merchant_id="M1") for n in range(5)]
    result = values(world(applies("ann", 10, tablet, merchant_id="M1"), *customers))
    assert some(
        result, "strong_people strong_component device_shared_others device_holders device_shop_share"
    ) == (0, 0, None, 5, 1)
    result = values(
        world(
            applies("eve", 11, tablet, merchant_id="M2"),
            *[applies(f"q{n}", n, tablet, merchant_id="M3") for n in range(5)],
        )
    )
    assert some(result, "strong_people device_shared_others") == (11, 11)


def test_two_independent_kinds_shared_with_one_person_are_seen(world) -> None:
    twice = applies("bob", 5, uses("bank_card", "c"), uses("phone", "aunt", Role.CONTACT))
    once = applies("cat", 5, uses("phone", "aunt", Role.CONTACT))
    result = values(
        world(applies("ann", 10, uses("bank_card", "c"), uses("phone", "aunt", Role.CONTACT)), twice, once)
    )
    assert some(
        result, "kinds_shared_max multi_kind_people strong_people contact_shared_others card_shared_others"
    ) == (2, 1, 2, 2, 1)


def test_a_number_that_is_a_person_here_and_an_employer_there_is_seen(world) -> None:
    result = values(
        world(applies("ann", 10, uses("phone", "p")), applies("bob", 5, uses("phone", "p", Role.EMPLOYER)))
    )
    assert some(result, "phone_roles_mixed phone_shared_others phone_named_by") == (1, 0, 0)


def test_who_is_named_as_a_contact_by_many_lately_is_seen(world) -> None:
    naming = [applies(f"p{n}", 8, uses("phone", "ann", Role.CONTACT)) for n in range(4)] + [
        applies("old", 1, uses("phone", "ann", Role.CONTACT)),
    ]
    result = values(world(applies("ann", 35, uses("phone", "ann")), *naming))
    assert some(result, "phone_named_by phone_named_by_30d") == (5, 4)


def test_a_known_fraud_counts_from_the_day_it_is_known_and_by_the_last_word(world) -> None:
    bob = applies("bob", 1, uses("device", "d"))
    request = [applies("ann", on, uses("device", "d")) for on in (5, 15, 25)]
    facts = (bob, fraud("bob@1", 10), fraud("bob@1", 20, LabelValue.GOOD))
    seen = [some(values(world(one, *facts)), "strong_bad device_bad bad_distance") for one in request]
    assert seen == [(0, 0, None), (1, 1, 1), (0, 0, None)]


def test_a_fraud_two_steps_away_is_nearer_than_none(world) -> None:
    facts = (
        applies("bob", 1, uses("device", "d"), uses("bank_card", "c")),
        applies("eve", 1, uses("bank_card", "c")),
        fraud("eve@1", 2),
    )
    result = values(world(applies("ann", 5, uses("device", "d")), *facts))
    assert some(result, "bad_distance bad_two_steps strong_bad") == (2, 1, 0)


def test_a_tight_group_is_told_from_a_star(world) -> None:
    tight = [applies(f"p{n}", 1, uses("bank_card", "one")) for n in range(3)]
    assert some(
        values(world(applies("ann", 5, uses("bank_card", "one")), *tight)),
        "clustering core_number strong_component",
    ) == (1, 3, 3)
    star = [applies(f"q{n}", 1, uses("phone", f"aunt{n}", Role.CONTACT)) for n in range(3)]
    hub = applies("eve", 5, *(uses("phone", f"aunt{n}", Role.CONTACT) for n in range(3)))
    assert some(values(world(hub, *star)), "clustering core_number strong_component") == (0, 1, 3)


def test_money_moved_on_after_a_loan_and_collected_by_one_hand_is_seen(world) -> None:
    loan = applies("ann", 1, uses("device", "d"), amount=1000.0)
    paid = Outcome(application_id="ann@1", status=OutcomeStatus.DISBURSED, at=day(2), amount=1000.0)
    moved = does("ann", "transfer", 2.5, counterparty_id="boss", amount=800.0)
    others = [does(who, "transfer", 2, counterparty_id="boss", amount=900.0) for who in ("bob", "cat")]
    result = values(world(applies("ann", 10, uses("device", "d")), loan, paid, moved, *others))
    assert some(result, "moved_on_3d common_counterparty payers") == (0.8, 2, 0)


def test_a_merchant_in_a_hurry_whose_customers_share_contacts_is_seen(world) -> None:
    calm = [applies(f"c{n}", n * 10, merchant_id="M1") for n in range(6)]
    rush = [
        applies(f"r{n}", 59 + n / 10, uses("phone", "tout", Role.CONTACT), merchant_id="M1") for n in range(5)
    ]
    result = values(world(applies("ann", 60, merchant_id="M1"), *calm, *rush, fraud("r0@59.0", 59.5)))
    assert result["merchant_burst"] > 5
    assert result["merchant_entangled_share"] == 5 / 8  # of the eight customers of thirty days
    assert result["merchant_bad_share"] == pytest.approx(1.5 / 21)


def test_verification_is_unknown_when_nobody_checked(world) -> None:
    device = Device(identifier=known_as("device", "d"), is_emulator=False, is_rooted=True)
    result = values(world(applies("ann", 1, uses("device", "d"), phone_three_element=False), device))
    assert some(result, "device_tampered three_element_failed face_match liveness") == (1, 1, None, None)


def test_without_an_application_everything_still_has_an_answer(tmp_path: Path) -> None:
    with open_store(tmp_path / "graph.db") as store:
        store.add(random_facts(1))
        evidence = store.view(day(50)).evidence_of(Subject(applicant_id="p001"))
    assert values(evidence).keys() == SIGNALS.keys()
    assert values(evidence)["amount"] is None


# reasons and documents


def test_a_reason_leads_from_the_application_over_the_device_to_the_other_person(world) -> None:
    evidence = world(applies("ann", 10, uses("device", "d")), applies("bob", 4, uses("device", "d")))
    shown = seen(evidence).paths.to_signal("device_shared_strangers")
    assert shown is not None
    assert shown.path == (("application:ann@10", "device:k1.d", "applicant:bob"), evidence.as_of)
    assert shown.beyond


def test_a_reason_leads_to_the_nearest_known_fraud(world) -> None:
    facts = (
        applies("bob", 1, uses("device", "d"), uses("bank_card", "c")),
        applies("eve", 2, uses("bank_card", "c")),
        fraud("eve@2", 3),
    )
    evidence = world(applies("ann", 5, uses("device", "d")), *facts)
    shown = seen(evidence).paths.to_signal("bad_distance")
    assert shown is not None
    assert shown.path == (
        ("application:ann@5", "device:k1.d", "applicant:bob", "bank_card:k1.c", "applicant:eve"),
        day(2),
    )


@pytest.mark.parametrize("seed", range(3))
def test_every_path_that_is_found_walks_along_links_of_the_graph(tmp_path: Path, seed: int) -> None:
    request = applies(
        "p005",
        50,
        uses("device", "device1"),
        uses("phone", "phone1"),
        uses("phone", "phone2", Role.CONTACT),
        merchant_id="M1",
        agent_id="G1",
    )
    with open_store(tmp_path / "graph.db") as store:
        store.add(random_facts(seed))
        evidence = store.view(day(50)).evidence_of(subject_of(request))
    selves = {f"applicant:{one}" for one in person(evidence)}
    guide = seen(evidence).paths
    result = [shown for name in SIGNALS if (shown := guide.to_signal(name)) is not None]
    assert len(result) > 40
    for path, beyond in result:
        assert beyond == any(node not in selves for node in path.nodes[1:])
        nodes = [
            evidence.subject.node if node == f"application:{request.application_id}" else node
            for node in path.nodes
        ]
        walked = [
            node
            for node in nodes
            if node.partition(":")[0] not in ("merchant", "agent", "application", "ring")
        ]
        assert all({a, b} <= selves or evidence.graph.has_edge(a, b) for a, b in pairwise(walked))
        assert path.shared_since is None or path.shared_since <= evidence.as_of


@pytest.mark.parametrize("name", SIGNALS)
def test_every_signal_has_its_words(name: str) -> None:
    one = SIGNALS[name]
    text_en, text_zh = one.texts(2.0)
    assert one.doc.endswith(".")
    assert "{" not in text_en + text_zh
    assert any("一" <= letter <= "鿿" for letter in text_zh)
    assert one.dimension in DIMENSIONS


def test_the_pages_are_as_the_catalogue_writes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = ("signals.md", "reason_codes.md")
    for page in pages:
        shutil.copy(write_signals.DOCS / page, tmp_path)
    written = [(tmp_path / page).read_text(encoding="utf-8") for page in pages]
    monkeypatch.setattr(write_signals, "DOCS", tmp_path)
    assert write_signals.main([]) == 0
    assert [(tmp_path / page).read_text(encoding="utf-8") for page in pages] == written


def test_no_name_is_taken_twice() -> None:
    assert sum(len(family) for family in FAMILIES) == len(SIGNALS)


def test_values_are_worded_by_their_unit() -> None:
    assert SIGNALS["bad_share"].texts(0.25)[0] == "25% of the judged people around are known frauds"
    assert SIGNALS["strong_bad"].texts(1.0) == (
        "1 person who shares strong identifiers is a known fraud",
        "1名强关联人为已知欺诈",
    )
    assert (
        SIGNALS["device_age_days"].texts(1.0)[0] == "The device has been known with this applicant for 1 day"
    )
    assert SIGNALS["strong_bad"].texts(3.0) == (
        "3 people who share strong identifiers are known frauds",
        "3名强关联人为已知欺诈",
    )
    assert SIGNALS["closest_bond_weight"].texts(1.2345)[0] == "The closest person shares a weight of 1.23"


def test_a_microsecond_decides_what_is_past(world) -> None:
    late = applies("bob", 10, uses("device", "d"))
    evidence = world(applies("ann", 10, uses("device", "d")), late)
    assert values(evidence)["device_shared_others"] == 0
    after = replace(applies("cat", 10, uses("device", "d")), applied_at=day(10) + timedelta(microseconds=1))
    assert values(world(after))["device_shared_others"] == 2
