"""Multi-lending variables equal a slow count over the raw facts, and tell *no record* from *none in the
window*.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from graph.facts.tables import KINDS
from graph.features.lending import multi_lending
from graph.features.lending.grammar import KEYS, RELATIONS, RHYTHMS, SEGMENTS, STATS, WINDOWS
from graph.features.lending.multi_lending import MultiLending
from graph.features.workspace import Precomputed
from graph.frame.neighbourhood import Neighbourhood
from graph.model.types import (
    Application,
    Facts,
    Identifier,
    IdentifierKind,
    Mention,
    Outcome,
    OutcomeStatus,
    PlatformType,
    Role,
)
from graph.store.evidence import Evidence, Subject, subject_of
from graph.store.walk import Bounds
from tests.support.oracles.by_views import person, reading, seen
from tests.support.small_worlds import PLATFORMS, applies, day, random_facts, uses
from tests.support.stores import open_store

DOCS = Path(__file__).parents[3] / "docs" / "multi_lending.md"
REQUIRED = [
    f"ml_{window}_{key}_{segment}_{stat}"
    for window in ("7d", "1m", "3m", "12m")
    for key in ("id", "phone", "device", "person")
    for segment in ("all", "others", "bank", "nbank")
    for stat in ("apps", "lenders")
]
DAYS = {"24h": 1, "7d": 7, "1m": 30, "3m": 90, "12m": 360}
KEY_KINDS = {"id": "national_id", "phone": "phone", "device": "device", "card": "bank_card"}
TYPES = {platform.platform_id: platform.type for platform in PLATFORMS}


@pytest.fixture
def world(tmp_path: Path):
    """A function: the application in question and earlier facts -> its evidence."""
    with open_store(tmp_path / "graph.db") as store:

        def see(
            asked: Application, earlier: tuple[Application, ...] = (), outcomes: tuple[Outcome, ...] = ()
        ) -> Evidence:
            store.add(Facts(platforms=PLATFORMS, applications=(*earlier, asked), outcomes=outcomes))
            return store.view(asked.applied_at).evidence_of(subject_of(asked))

        yield see


def lending(evidence: Evidence) -> MultiLending:
    return seen(evidence).lending


# the slow, obvious count


def oracle(name: str, facts: Facts, request: Application, person: tuple[str, ...]) -> float | None:
    """Straight from the contract's words: filter all raw facts for one variable."""
    _, window, key, segment, stat = name.split("_")
    now = request.applied_at
    past = [
        a for a in facts.applications if a.applied_at < now and a.application_id != request.application_id
    ]
    known = (
        [a for a in past if a.applicant_id in person]
        if key == "person"
        else [a for a in past if named(a, key) & named(request, key)]
    )
    if not known:
        return None
    reported = {
        a.application_id: [o for o in facts.outcomes if o.application_id == a.application_id and o.at < now]
        for a in known
    }
    chosen = [a for a in known if belongs(a, segment, request)]
    marks: list[tuple[datetime, str]] = []
    for a in chosen:
        paid = [o.at for o in reported[a.application_id] if o.status is OutcomeStatus.DISBURSED]
        back = [o.at for o in reported[a.application_id] if o.status is OutcomeStatus.RETURNED]
        returned = bool(back) and (not paid or back[-1] - paid[-1] <= timedelta(days=7))
        if stat == "rejected":
            marks += [
                (o.at, a.platform_id)
                for o in reported[a.application_id]
                if o.status is OutcomeStatus.REJECTED
            ]
        elif not returned:
            marks += [(at, a.platform_id) for at in (paid if stat == "disbursed" else [a.applied_at])]
    inside = [lender for at, lender in marks if now - timedelta(days=DAYS[window]) <= at < now]
    return float(len(set(inside)) if stat == "lenders" else len(inside))


def named(application: Application, key: str) -> set[str]:
    kind = IdentifierKind(KEY_KINDS[key])
    return {
        m.identifier.token for m in application.mentions if m.identifier.kind is kind and m.role is Role.OWN
    }


def belongs(application: Application, segment: str, request: Application) -> bool:
    bank = TYPES[application.platform_id] in (PlatformType.BANK_ONLINE, PlatformType.BANK_TRADITIONAL)
    return {
        "all": True,
        "others": application.platform_id != request.platform_id,
        "bank": bank,
        "nbank": not bank,
    }[segment]


@pytest.mark.parametrize("seed", range(12))
def test_every_variable_equals_a_slow_count_over_the_raw_facts(tmp_path: Path, seed: int) -> None:
    facts = random_facts(seed, people=24, days=120)
    last = sorted(facts.applications, key=lambda a: a.applied_at)[-4:]
    with open_store(tmp_path / "graph.db") as store:
        store.add(facts)
        for request in last:
            wide = Bounds(applicants=1_000, holders=1_000, ties=1_000)
            evidence = store.view(request.applied_at).evidence_of(subject_of(request), wide)
            who = person(evidence)
            result = lending(evidence)
            assert dict(result.variables) == {
                name: oracle(name, facts, request, who) for name in multi_lending.NAMES
            }


def test_the_random_worlds_have_something_to_count(tmp_path: Path) -> None:
    facts = random_facts(0, people=24, days=120)
    request = max(facts.applications, key=lambda a: a.applied_at)
    with open_store(tmp_path / "graph.db") as store:
        store.add(facts)
        result = lending(store.view(request.applied_at).evidence_of(subject_of(request)))
    assert sum(bool(value) for value in result.variables.values()) > 30


# what the contract says


def test_all_variables_of_the_contract_are_there() -> None:
    assert set(REQUIRED) <= set(multi_lending.NAMES)
    assert len(set(multi_lending.NAMES)) == len(multi_lending.NAMES)


def test_no_record_is_null_and_none_in_the_window_is_zero(world) -> None:
    nothing = lending(world(applies("ann", 1, uses("phone", "p"))))
    assert nothing.status == "no_record"
    assert set(nothing.variables.values()) == {None}
    old = lending(world(applies("ann", 50, uses("phone", "p"), uses("device", "new"))))
    assert old.status == "found"
    assert [old.variables[f"ml_{w}_phone_all_apps"] for w in ("7d", "1m", "3m", "12m")] == [0, 0, 1, 1]
    assert old.variables["ml_12m_device_all_apps"] is None
    assert old.variables["ml_12m_id_all_apps"] is None


def test_a_window_holds_its_first_moment_and_not_its_last(world) -> None:
    phone = uses("phone", "p")
    earlier = (applies("bob", 3, phone), applies("cat", 10, phone), applies("dan", 2.9999, phone))
    result = lending(world(applies("ann", 10, phone), earlier))
    assert result.variables["ml_7d_phone_all_apps"] == 1
    assert result.variables["ml_1m_phone_all_apps"] == 2


def test_an_application_with_a_number_and_a_device_of_the_person_is_counted_once(world) -> None:
    earlier = (
        applies("ann", 5, uses("phone", "p"), uses("device", "d")),
        applies("ann", 6, uses("phone", "p")),
    )
    result = lending(world(applies("ann", 10, uses("phone", "p"), uses("device", "d")), earlier))
    assert [result.variables[f"ml_7d_{key}_all_apps"] for key in ("phone", "device", "person")] == [2, 1, 2]


def test_the_asking_lender_is_not_among_the_others(world) -> None:
    earlier = tuple(applies("ann", n, platform_id=f"L{n}") for n in (1, 2, 3))
    result = lending(world(applies("ann", 5, platform_id="L2"), earlier)).variables
    assert [result[f"ml_7d_person_{segment}_lenders"] for segment in ("all", "others", "bank", "nbank")] == [
        3,
        2,
        1,
        2,
    ]


def test_a_loan_given_back_in_time_counts_as_neither_application_nor_disbursement(world) -> None:
    earlier = tuple(
        applies("ann", on, application_id=name) for name, on in (("back", 1), ("late", 2), ("kept", 3))
    )
    steps = [
        ("back", "disbursed", 2),
        ("back", "returned", 8),
        ("late", "disbursed", 3),
        ("late", "returned", 12),
        ("kept", "disbursed", 4),
    ]
    outcomes = tuple(
        Outcome(application_id=name, status=OutcomeStatus(status), at=day(on)) for name, status, on in steps
    )
    result = lending(world(applies("ann", 20), earlier, outcomes)).variables
    assert (result["ml_1m_person_all_apps"], result["ml_1m_person_all_disbursed"]) == (2, 2)
    before_it_went_back = lending(world(applies("ann", 7), earlier, outcomes)).variables
    assert (
        before_it_went_back["ml_1m_person_all_apps"],
        before_it_went_back["ml_1m_person_all_disbursed"],
    ) == (3, 3)


def test_a_number_named_as_a_contact_is_no_application_by_that_number(world) -> None:
    result = lending(
        world(applies("ann", 9, uses("phone", "p")), (applies("bob", 5, uses("phone", "p", Role.CONTACT)),))
    )
    assert result.status == "no_record"


def test_a_hub_counts_for_nobody_and_the_answer_says_that_it_was_left_out(world) -> None:
    crowd = tuple(applies(f"p{n}", n / 100, uses("device", "tablet")) for n in range(70))
    result = lending(world(applies("ann", 9, uses("device", "tablet"), uses("phone", "p")), crowd))
    assert result.variables["ml_7d_device_all_apps"] is None
    assert dict(result.left_out) == {"device": "many_holders"}
    unverified = Mention(Identifier(IdentifierKind.NATIONAL_ID, "k1.x", "***x", linking=False), Role.OWN)
    assert dict(lending(world(applies("bob", 9, unverified))).left_out) == {"id": "not_linking"}


@pytest.mark.parametrize("stage", ["application", "monitoring"])
def test_everybody_who_named_a_key_is_counted_however_few_people_the_walk_brings_in(
    world, stage: str
) -> None:
    phone, device = uses("phone", "p"), uses("device", "farm")
    others = tuple(
        applies(f"p{n:02d}", n / 10, *([phone, device] if n < 35 else [device]), platform_id=f"L{n % 3 + 1}")
        for n in range(55)
    )
    only_seen = (*others, applies("eve", 3, uses("phone", "p", Role.CONTACT)), applies("zoe", 10, device))
    outcomes = tuple(
        Outcome(application_id=a.application_id, status=OutcomeStatus.REJECTED, at=day(6)) for a in others
    )
    evidence = world(applies("p00", 9, phone, device), only_seen, outcomes)
    if stage == "monitoring":
        evidence = replace(evidence, subject=Subject(applicant_id="p00"))
    result = lending(evidence).variables
    assert evidence.graph.graph["truncated"]
    assert [result[f"ml_1m_{key}_all_apps"] for key in ("phone", "device")] == [35, 55]
    assert [
        result[f"ml_7d_{key}_all_{stat}"]
        for key in ("phone", "device")
        for stat in ("apps", "rejected", "lenders")
    ] == [15, 35, 3, 35, 55, 3]


def test_without_an_application_the_own_lenders_are_left_out_of_others(world) -> None:
    request = applies("ann", 9, uses("phone", "p"))
    evidence = world(
        request,
        (applies("ann", 5, uses("phone", "p")), applies("ann", 6, uses("phone", "p"), platform_id="L2")),
    )
    result = lending(replace(evidence, subject=Subject(applicant_id="ann"))).variables
    assert (result["ml_7d_phone_all_apps"], result["ml_7d_person_others_apps"]) == (2, 1)


def test_what_is_wanted_is_counted_by_name_in_that_order(world) -> None:
    phone = uses("phone", "p")
    n, r = reading(
        world(
            applies("ann", 9, phone), (applies("bob", 5, phone), applies("ann", 3, phone, platform_id="L2"))
        )
    )
    every = counted(multi_lending.NAMES, n, r)
    for size in (0, 1, 2, 7, 40):
        names = random.Random(size).sample(multi_lending.NAMES, size)
        assert counted(names, n, r) == {name: every[name] for name in names}
    with pytest.raises(KeyError):
        multi_lending.plan(["ml_2h_id_all_apps"])


def counted(names: Sequence[str], n: Neighbourhood, r: Precomputed) -> dict[str, float | None]:
    row, why = np.full(len(names), -7.0), np.zeros(len(KINDS), np.int8)
    multi_lending.fill(multi_lending.plan(names), n, r.people["me"], row, why)
    return {name: None if np.isnan(value) else value for name, value in zip(names, row.tolist(), strict=True)}


# words


@pytest.mark.parametrize("name", [*REQUIRED[:8], "ml_24h_card_nbank_disbursed"])
def test_every_variable_has_words(name: str) -> None:
    stated = multi_lending.describe(name)
    assert stated.code == name.upper()
    assert stated.texts(5.0)[0].startswith("5 ")
    assert stated.texts(5.0)[1].endswith("为5")


def test_a_variable_in_words() -> None:
    stated = multi_lending.describe("ml_7d_person_nbank_lenders")
    assert stated.texts(9.0)[0] == "9 lenders asked at non-banks in 7 days with this person"
    assert stated.texts(1.0)[0] == "1 lender asked at non-banks in 7 days with this person"
    assert stated.texts(9.0)[1] == "同一人近7天非银机构申请机构数为9"
    with pytest.raises(KeyError):
        multi_lending.describe("ml_2d_person_nbank_lenders")


def test_a_variable_leads_over_its_key_to_the_latest_applicant_counted(world) -> None:
    evidence = world(
        applies("ann", 9, uses("phone", "p")),
        (applies("bob", 5, uses("phone", "p")), applies("cat", 3, uses("phone", "p"))),
    )
    guide = seen(evidence).paths
    shown = guide.to_variable("ml_7d_phone_all_apps")
    assert shown is not None
    assert shown.path == (("application:ann@9", "phone:k1.p", "applicant:bob"), day(3))
    assert guide.to_variable("ml_7d_device_all_apps") is None


def test_every_window_key_segment_and_stat_is_documented() -> None:
    rows = DOCS.read_text(encoding="utf-8")
    words = (*WINDOWS, *KEYS, *SEGMENTS, *STATS, *RHYTHMS, *RELATIONS)
    assert [part for part in words if f"`{part}`" not in rows] == []
