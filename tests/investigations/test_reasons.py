"""Reasons that hold: whoever reads one can walk from the application through something to somebody, and what
cannot be shown is not said.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graph.features.path_rules import PathRule, is_of_links, over_tie
from graph.features.signals.catalogue import SIGNALS
from graph.features.subject_features import SubjectFeatures, compute_features
from graph.frame.from_view import node_names_of
from graph.model.types import Application, Facts, RingKind
from graph.store.evidence import Evidence, Subject, subject_of
from investigations.assessments import Level
from investigations.network import NetworkLinks
from investigations.policy import Findings, Policy
from investigations.rules import RuleInputs
from service.assessment.context import AppContext
from tests.service.assessment.test_assess import snapshot
from tests.support.small_service import PlainModel, body, risk, service
from tests.support.small_worlds import applies, day, random_facts, uses
from tests.support.stores import open_store

ASKED = applies("ann", 65, uses("device", "phone-of-all"), uses("bank_card", "card-of-two"))
CREW = (
    applies("core", 20, uses("device", "phone-of-all")),
    applies("bob", 25, uses("device", "phone-of-all")),
    applies("eve", 30, uses("bank_card", "card-of-two")),
)


def evidence_of(
    folder: Path,
    request: Application | None,
    *facts: Application,
    ring: tuple[str, ...] = (),
    kind: RingKind = RingKind.RING,
) -> Evidence:
    with open_store(folder / "graph.db") as store:
        store.add(Facts(applications=facts))
        if ring:
            store.save_rings(snapshot(*ring, on=60, kind=kind))
        return store.view(day(65)).evidence_of(
            subject_of(request) if request else Subject(applicant_id="ann")
        )


def sight_of(evidence: Evidence) -> SubjectFeatures:
    return compute_features(*node_names_of(evidence), evidence.subject)


def end_of(name: str, evidence: Evidence) -> str | None:
    """Where the path that shows a signal ends."""
    shown = sight_of(evidence).paths.to_signal(name)
    return shown.path.nodes[-1] if shown else None


def over(node: str, evidence: Evidence) -> PathRule:
    """The way over the subject's tie to the identifier of that name."""
    n, names = node_names_of(evidence)
    nodes = [names.identifier(number).node for number in n.identifiers["id"].tolist()]
    return over_tie(nodes.index(node))


def concluded(evidence: Evidence, **changes: Any) -> list[Any]:
    known = RuleInputs(
        as_of=evidence.as_of,
        application=evidence.subject.application,
        membership=evidence.memberships.get("ann"),
    )
    result = {
        "level": Level.FULL,
        "rule_inputs": known,
        "paths": sight_of(evidence).paths,
        "probability": 0.5,
    } | changes
    return list(Policy().conclude(Findings(**result)).reasons)


def test_a_ring_is_told_over_what_is_shared_with_its_core(tmp_path: Path) -> None:
    reasons = concluded(evidence_of(tmp_path, ASKED, *CREW, ring=("core", "bob", "ann")))
    assert [r.code.code for r in reasons] == ["RULE_RING_MEMBER"]
    assert reasons[0].evidence[0]["path"] == [
        "application:ann@65",
        "device:***-all",
        "applicant:***",
        "ring:R-000001",
    ]


def test_a_watched_applicant_is_tied_to_the_ring_in_the_same_way(tmp_path: Path) -> None:
    evidence = evidence_of(
        tmp_path, None, *CREW, applies("ann", 40, uses("device", "phone-of-all")), ring=("core", "bob", "ann")
    )
    assert concluded(evidence)[0].evidence[0]["path"] == [
        "applicant:***",
        "device:***-all",
        "applicant:***",
        "ring:R-000001",
    ]


def test_a_ring_of_which_no_link_is_in_sight_is_told_to_be_the_weekly_searchs_word(tmp_path: Path) -> None:
    reasons = concluded(evidence_of(tmp_path, ASKED, *CREW, ring=("far", "away", "ann")))
    assert [r.code.code for r in reasons] == ["RULE_RING_LISTED"]
    assert reasons[0].evidence[0]["path"] == ["application:ann@65", "ring:R-000001"]


def test_signals_of_a_ring_lead_there_over_another_member_or_are_not_told(tmp_path: Path) -> None:
    tied = evidence_of(tmp_path, ASKED, *CREW, ring=("core", "bob", "ann"), kind=RingKind.HOUSEHOLD)
    weights = {"ring_score": 2.0, "ring_bad_rate": 1.5}
    reported = concluded(tied, contributions=weights, signals=sight_of(tied).signals)
    assert {r.code.code for r in reported} == {"RING_SCORE", "RING_BAD_RATE"}
    assert all(len(r.evidence[0]["path"]) == 4 for r in reported)
    (tmp_path / "far").mkdir()
    far = evidence_of(tmp_path / "far", ASKED, *CREW, ring=("far", "away", "ann"), kind=RingKind.HOUSEHOLD)
    assert concluded(far, contributions=weights, signals=sight_of(far).signals) == []


def test_the_network_is_told_over_the_ties_that_it_looked_at(tmp_path: Path) -> None:
    (tmp_path / "lonely").mkdir()
    evidence = evidence_of(tmp_path, ASKED, *CREW)
    device, card = over("device:k1.phone-of-all", evidence), over("bank_card:k1.card-of-two", evidence)
    (reason,) = concluded(evidence, network=1.2, links=NetworkLinks((device, card), 0.7))
    assert (reason.code.code, reason.contribution, reason.value) == ("NETWORK_PATTERN", 1.0, 2.01)
    assert "a device and a bank card" in reason.code.text_en
    assert "2.0 times" in reason.code.text_en
    assert [one["path"][1] for one in reason.evidence] == ["device:***-all", "bank_card:***-two"]
    assert all(len(one["path"]) == 3 for one in reason.evidence)
    strong = concluded(evidence, network=1.2, links=NetworkLinks((device,), 0.1),
                       contributions={"strong_people": 0.9},
                       signals={"strong_people": 3.0})  # fmt: skip
    assert [(r.code.code, r.contribution) for r in strong] == [
        ("STRONG_PEOPLE", 0.9),
        ("NETWORK_PATTERN", 0.1),
    ], "links weigh what they add"
    lonely = evidence_of(tmp_path / "lonely", applies("ann", 65, uses("wifi", "nobody-else")))
    assert (
        concluded(lonely, network=1.2, links=NetworkLinks((over("wifi:k1.nobody-else", lonely),), 0.7)) == []
    )


def test_the_same_person_under_another_id_is_shown_over_what_joins_the_two(tmp_path: Path) -> None:
    mine = uses("national_id", "one-and-the-same")
    evidence = evidence_of(tmp_path, applies("ann", 65, mine), applies("anna", 20, mine))
    shown = sight_of(evidence).paths.to_signal("other_applicant_ids")
    assert shown is not None
    assert shown.path.nodes == ("application:ann@65", "national_id:k1.one-and-the-same", "applicant:anna")


def test_many_own_applications_are_shown_by_the_latest_of_them(tmp_path: Path) -> None:
    evidence = evidence_of(tmp_path, ASKED, *(applies("ann", 60 + n) for n in range(4)))
    known = RuleInputs(
        as_of=evidence.as_of, application=ASKED, applied_at=tuple(a.applied_at for a in evidence.own)
    )
    (reason,) = concluded(evidence, rule_inputs=known, level=Level.NO_MODEL, probability=None)
    assert (reason.code.code, reason.value) == ("RULE_MANY_APPLICATIONS_7D", 4.0)
    assert reason.evidence[0]["path"] == ["application:ann@65", "applicant:***", "application:***63"]


def test_a_lookalike_is_shown_where_it_is(tmp_path: Path) -> None:
    twin = applies("eve", 64, uses("bank_card", "card-of-two"), amount=5000.0)
    evidence = evidence_of(tmp_path, ASKED, CREW[1], twin)
    assert end_of("lookalikes_30d", evidence) == "applicant:eve"


def test_a_path_leads_to_somebody_of_whom_the_reason_is_true(tmp_path: Path) -> None:
    home = uses("address", "one-roof")
    request = applies("ann", 65, uses("device", "d"), home, merchant_id="M1", city="Wuhan")
    family = applies("sister", 64, uses("device", "d"), uses("bank_card", "c"), home, city="Wuhan")
    stranger = applies("eve", 30, uses("device", "d"), merchant_id="M1", city="Xiamen")
    evidence = evidence_of(tmp_path, request, family, stranger)
    ends = {name: end_of(name, evidence) for name in TRUE_OF_EVE + TRUE_OF_THE_SISTER}
    assert ends == dict.fromkeys(TRUE_OF_EVE, "applicant:eve") | dict.fromkeys(
        TRUE_OF_THE_SISTER, "applicant:sister"
    )


TRUE_OF_EVE = (
    "strong_strangers",
    "device_shared_strangers",
    "strong_same_place_share",
    "strong_other_city_share",
)
TRUE_OF_THE_SISTER = ("closest_bond_weight", "strong_new_share", "strong_applied_7d", "group_applied_30d")


ALWAYS_SHOWN = [
    name
    for name in SIGNALS
    if name.startswith(
        ("sharing", "closest", "strong_", "core", "group_applied", "device_shared", "card_shared")
    )
]


@pytest.mark.parametrize("seed", range(4))
def test_what_is_shared_with_somebody_can_always_be_shown(tmp_path: Path, seed: int) -> None:
    facts = random_facts(seed)
    shown = 0
    with open_store(tmp_path / "graph.db") as store:
        store.add(facts)
        for request in facts.applications[::4]:
            sight = sight_of(store.view(request.applied_at).evidence_of(subject_of(request)))
            for name in ALWAYS_SHOWN:
                if sight.signals[name] and SIGNALS[name].direction == "up":
                    result = sight.paths.to_signal(name)
                    assert result is not None, name
                    assert result.beyond, name
                    shown += 1
    assert shown > 50


@pytest.fixture(params=range(3))
def context(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[AppContext]:
    every = {name: 0.05 + 0.01 * place for place, name in enumerate(SIGNALS)} | {
        "ml_12m_device_all_lenders": 0.5,
        "ml_12m_person_all_apps": 0.4,
    }
    opened = service(tmp_path, random_facts(request.param), scorer=PlainModel(weights=every))
    opened.store.save_rings(snapshot("p001", "p002", "p003", "p004", on=60))
    yield opened
    opened.close()


def test_no_reason_about_links_leads_from_the_applicant_to_the_applicant(context: AppContext) -> None:
    own_past = {"RULE_FRAUD_KNOWN", "RULE_LOAN_GONE_BAD", "RULE_MANY_APPLICATIONS_7D"}
    shown = 0
    for n in range(25):
        reported = body(
            f"new-{n}",
            applicant_id=f"p{n:03d}",
            device_id="device0",
            phone=None,
            stage="monitoring" if n % 2 else "application",
        )
        for reason in risk(context, reported)["reasons"]:
            signal = SIGNALS.get(reason["code"].lower())
            if reason["code"] in own_past or (signal is not None and not is_of_links(signal.path_rule)):
                continue
            shown += 1
            for one in reason["evidence"]:
                first, *rest = one["path"]
                assert first.startswith("applicant:" if n % 2 else "application:")
                things = [node for node in rest if not node.startswith("applicant:")]
                assert things or (reason["code"] == "COMMON_COUNTERPARTY" and len(rest) > 1), reason
    assert shown > 30
