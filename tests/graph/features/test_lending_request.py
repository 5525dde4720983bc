"""Every variable of the multi-lending grammar equals a slow count over the raw facts, in the frame as in the
store's own view, whatever came late.
"""

from __future__ import annotations

import random
import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.features.lending.grammar import PATTERN, STANDARD, every, is_variable, nearest, variable
from graph.features.lending.words import describe
from graph.features.lending_request import MOST_MEMBERS, compute_requested
from graph.features.read_neighbourhood import read_neighbourhood
from graph.features.subject_features import SubjectFeatures, compute_features
from graph.model.types import (
    Application,
    Contact,
    Facts,
    Mention,
    Outcome,
    OutcomeStatus,
    RingSnapshot,
)
from graph.store.evidence import Subject, subject_of
from graph.store.port import GraphView
from scripts.tools import write_variables
from tests.support.desk.worlds import ring_of
from tests.support.frames import FramedStore
from tests.support.oracles.lending import PlainLending
from tests.support.small_worlds import known_as
from tests.support.stores import open_store
from tests.support.worlds.lending_histories import NOW, PLATFORMS, histories, mentions

ZONE = "Asia/Shanghai"
NAMES = tuple(one.name for one in every())
FEW = [one for one in every() if one.family != "count"]


def asks(*named: Mention, platform_id: str = "L0") -> Application:
    """The application in question."""
    return Application(
        application_id="asked", applied_at=NOW, applicant_id="ann", platform_id=platform_id, mentions=named
    )


def in_a_ring(*members: str) -> RingSnapshot:
    """A snapshot with one ring of these people."""
    return RingSnapshot(name="w", as_of=NOW - timedelta(days=1), rings=(ring_of(*members),))


def looked_at(view: GraphView, subject: Subject) -> SubjectFeatures:
    n, names = read_neighbourhood(view, subject)
    return compute_features(n, names, subject)


def values(view: GraphView, subject: Subject, names: tuple[str, ...] = NAMES) -> dict[str, float | None]:
    return dict(compute_requested(view, subject, looked_at(view, subject), names).variables)


def people_of(view: GraphView, subject: Subject) -> tuple[str, ...]:
    """The applicant ids of the resolved person."""
    seen = looked_at(view, subject)
    me = seen.precomputed.people["me"][: int(seen.n.subject[0]["people"])] != 0
    return tuple(seen.names.person(number) for number in seen.n.people["id"][: len(me)][me].tolist())


def parts(facts: Facts, cut: int) -> tuple[Facts, Facts]:
    """A delivery, and another one that comes later."""
    first = Facts(
        applications=facts.applications[::2], outcomes=facts.outcomes[cut:], platforms=facts.platforms
    )
    second = Facts(
        applications=facts.applications[1::2], outcomes=facts.outcomes[:cut], contacts=facts.contacts
    )
    return first, second


def both(*deliveries: Facts) -> Facts:
    """What both hold."""
    return Facts(
        platforms=PLATFORMS,
        **{
            name: tuple(fact for one in deliveries for fact in getattr(one, name))
            for name in ("applications", "outcomes", "contacts")
        },
    )


def assert_as_counted(
    view: GraphView, facts: Facts, asked: Application, ring: tuple[str, ...] | None, names: tuple[str, ...]
) -> None:
    subject = subject_of(asked)
    plain = PlainLending(facts, asked, people_of(view, subject), ring, ZONE)
    got = values(view, subject, names)
    assert got == {name: plain.value(name) for name in names}


@given(
    facts=histories(),
    named=mentions,
    lender=st.sampled_from(("L0", "L3", "L9")),
    cut=st.integers(0, 4),
    ring=st.sampled_from((None, ("ann", "bob", "eve"))),
    seed=st.integers(0, 2**16),
)
def test_every_variable_equals_a_slow_count_at_every_revision(facts, named, lender, cut, ring, seed) -> None:
    asked, deliveries = asks(*named, platform_id=lender), parts(facts, cut)
    draw = random.Random(seed)
    chosen = (*draw.sample(NAMES, 16), *(one.name for one in draw.sample(FEW, 12)))
    with tempfile.TemporaryDirectory() as folder, FramedStore(Path(folder) / "graph.db") as store:
        store.add(deliveries[0])
        if ring:
            store.save_rings(in_a_ring(*ring))
        then = store.revision()
        store.add(deliveries[1])
        for known, revision in ((deliveries[0], then), (both(*deliveries), store.revision())):
            frame = store.view(NOW, revision)
            assert_as_counted(frame, known, asked, ring, chosen)
            own = store.of_sqlite(NOW, revision)
            assert values(frame, subject_of(asked)) == values(own, subject_of(asked))


# what the contract says


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Any]:
    """A function: facts (or a ring snapshot) and the application in question -> its variables."""
    with FramedStore(tmp_path / "graph.db") as store:

        def see(asked: Application, *told: Facts | RingSnapshot) -> dict[str, float | None]:
            for one in told:
                store.save_rings(one) if isinstance(one, RingSnapshot) else store.add(one)
            return values(store.view(asked.applied_at), subject_of(asked))

        yield see


def made(number: str, hours: float, *named: Mention, **more: Any) -> Application:
    """An application so many hours before the one in question."""
    reported = {"applicant_id": "bob", "platform_id": "L2"} | more
    return Application(
        application_id=number, applied_at=NOW - timedelta(hours=hours), mentions=named, **reported
    )


PHONE, DEVICE, ID = (Mention(known_as(kind, kind)) for kind in ("phone", "device", "national_id"))


def facts_of(*applications: Application, **more: Any) -> Facts:
    return Facts(platforms=PLATFORMS, applications=applications, **more)


def test_the_grammar_makes_what_the_closed_products_sell_and_more() -> None:
    assert len(NAMES) == len(set(NAMES)) == 12 * 6 * 23 * 8 + 6 * (3 * 10 + 6) + 8 * (4 + 1)
    assert set(STANDARD) < set(NAMES)
    assert all(variable(one.name) == one and is_variable(one.name) for one in every())
    assert all(re.fullmatch(PATTERN, name) for name in NAMES)


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("ml_7d_person_nbank_lender", "ml_7d_person_nbank_lenders"),
        ("ml_24_phone_all_apps", "ml_24h_phone_all_apps"),
        ("ML_7D_ID_PHONES", "ml_7d_id_phones"),
        ("ml_3m_id_max_months", "ml_3m_id_max_month"),
        ("decision", None),
    ],
)
def test_a_name_that_is_none_is_told_the_nearest(name: str, like: str | None) -> None:
    assert not is_variable(name)
    assert nearest(name) == like
    with pytest.raises(KeyError):
        variable(name)


def test_every_name_of_the_page_is_answered_and_every_variable_is_on_it(world) -> None:
    text = write_variables.PAGE.read_text(encoding="utf-8")
    assert text == write_variables.page(), "write it anew: python -m scripts.tools.write_variables"
    listed = tuple(write_variables.names_on(text))
    assert sorted(listed) == sorted(NAMES) == sorted(world(asks(PHONE), facts_of(made("a", 2, PHONE))))


def test_every_variable_has_words_in_both_languages() -> None:
    for name in (*random.Random(0).sample(NAMES, 200), *(one.name for one in FEW)):
        words = describe(name)
        texts = words.texts(0.5)
        assert words.code == name.upper()
        assert "{" not in "".join(texts)
        assert [bool(re.search("[\u4e00-\u9fff]", text)) for text in texts] == [False, True], name


def test_nothing_known_is_null_in_every_variable(world) -> None:
    assert set(world(asks(PHONE, DEVICE, ID)).values()) == {None}


@pytest.mark.parametrize("members", [(), ("ann", "dan")])
@pytest.mark.parametrize(
    "subject", [Subject(applicant_id="ann"), subject_of(asks()), subject_of(asks(PHONE))]
)
def test_where_nobody_ever_applied_every_variable_is_null(tmp_path: Path, subject: Subject, members) -> None:
    with FramedStore(tmp_path / "graph.db") as store:
        store.save_rings(in_a_ring(*members))
        for view in (store.view(NOW), store.of_sqlite(NOW)):
            for names in (NAMES, NAMES[:1], *([one.name] for one in FEW), STANDARD):
                assert set(values(view, subject, tuple(names)).values()) == {None}


def test_known_and_none_in_the_window_is_0_and_days_without_any_are_not_known(world) -> None:
    result = world(asks(PHONE), facts_of(made("a", 24 * 100, PHONE)))
    assert result["ml_1h_phone_all_amount"] == result["ml_3m_phone_active_months"] == 0
    assert result["ml_phone_acceleration"] == result["ml_phone_burst_1h"] == 0
    assert result["ml_3m_phone_last_days_ago"] is None
    assert result["ml_6m_phone_last_days_ago"] == 100
    assert result["ml_6m_phone_max_gap_days"] is None
    assert result["ml_12m_device_active_months"] is None


def test_an_amount_is_null_only_where_none_of_those_counted_is_known(world) -> None:
    unknown = world(asks(PHONE), facts_of(made("a", 2, PHONE)))
    assert unknown["ml_3h_phone_all_amount"] is None
    assert unknown["ml_1h_phone_all_amount"] == 0
    both_kinds = world(
        asks(PHONE), facts_of(made("b", 2, PHONE, amount=0.1), made("c", 2, PHONE, amount=0.2))
    )
    assert both_kinds["ml_3h_phone_all_amount"] == 0.3


def test_a_lender_is_new_where_nobody_asked_it_under_the_key_before_the_window(world) -> None:
    result = world(
        asks(PHONE),
        facts_of(made("a", 30, PHONE), made("b", 2, PHONE), made("c", 2, PHONE, platform_id="L3")),
    )
    assert [result[f"ml_{w}_phone_all_new_lenders"] for w in ("1h", "3h", "24h", "3d")] == [0, 1, 1, 2]


def test_night_and_weekend_are_those_of_the_borrowers_clocks(world) -> None:
    midnight = facts_of(made("mon", 1, PHONE), made("sun", 24.5, PHONE), made("noon", 12, PHONE))
    result = world(asks(PHONE), midnight)
    counted = {part: result[f"ml_3d_phone_{part}_apps"] for part in ("week", "night", "small_hours")}
    assert counted == {"week": 1, "night": 2, "small_hours": 0}


def test_a_loan_given_back_in_time_is_no_approval_either_and_its_lender_no_new_one(world) -> None:
    steps = tuple(
        Outcome(application_id="a", status=status, at=NOW - timedelta(days=days))
        for status, days in (
            (OutcomeStatus.APPROVED, 5),
            (OutcomeStatus.DISBURSED, 4),
            (OutcomeStatus.RETURNED, 1),
        )
    )
    result = world(asks(PHONE), facts_of(made("a", 150, PHONE, amount=900.0), outcomes=steps))
    stats = ("apps", "lenders", "new_lenders", "approved", "disbursed", "amount", "disbursed_amount")
    assert {result[f"ml_7d_phone_all_{stat}"] for stat in stats} == {0}
    assert result["ml_12m_phone_active_months"] == 0
    assert result["ml_1m_phone_ids"] == 0


def test_under_the_ring_every_member_counts_and_each_lender_once(world) -> None:
    strangers = [made(f"s{n}", n + 1, applicant_id=who) for n, who in enumerate(("dan", "eve", "bob"))]
    result = world(
        asks(), facts_of(*strangers, made("mine", 9, applicant_id="ann")), in_a_ring("ann", "dan", "eve")
    )
    assert [result[f"ml_12h_ring_all_{stat}"] for stat in ("apps", "lenders")] == [3, 1]
    assert result["ml_12h_person_all_apps"] == 1
    assert result["ml_ring_burst_24h"] == 3


def test_a_ring_too_large_to_read_is_left_out_and_the_answer_says_so(tmp_path: Path) -> None:
    members = ("ann", *(f"m{n}" for n in range(MOST_MEMBERS)))
    with FramedStore(tmp_path / "graph.db") as store:
        store.add(facts_of(made("mine", 9, applicant_id="ann")))
        store.save_rings(in_a_ring(*members))
        view, subject = store.view(NOW), subject_of(asks())
        got = compute_requested(view, subject, looked_at(view, subject), ("ml_1h_ring_all_apps",))
    assert got.variables == {"ml_1h_ring_all_apps": None}
    assert got.left_out == {"ring": "many_holders"}


def test_relations_say_how_many_and_since_when_there_is_no_new_one(world) -> None:
    phones = [Mention(known_as("phone", name)) for name in ("x", "y", "y")]
    told = [
        made(f"a{n}", 24 * days, ID, phone)
        for n, (days, phone) in enumerate(zip((20, 9, 2), phones, strict=True))
    ]
    contact = Contact(
        applicant_id="eve", phone=PHONE.identifier, relation="friend", at=NOW - timedelta(days=3)
    )
    result = world(asks(ID, PHONE), facts_of(*told, contacts=(contact,)))
    assert [result[f"ml_{w}_id_phones"] for w in ("7d", "1m")] == [1, 2]
    assert result["ml_id_phones_days_since_change"] == 9
    assert (result["ml_7d_phone_as_contact_of"], result["ml_phone_as_contact_of_days_since_change"]) == (1, 3)
    assert result["ml_id_cards_days_since_change"] is None


def test_without_an_application_what_the_person_ever_named_is_looked_up(tmp_path: Path) -> None:
    with FramedStore(tmp_path / "graph.db") as store:
        store.add(facts_of(made("a", 5, PHONE, applicant_id="ann", platform_id="L0"), made("b", 4, PHONE)))
        watched = Subject(applicant_id="ann")
        result = values(store.view(NOW), watched)
        assert result == values(store.of_sqlite(NOW), watched)
    assert [result[f"ml_6h_phone_{part}_apps"] for part in ("all", "own", "others")] == [2, 1, 1]


@given(facts=histories(), named=mentions, later=histories(), seed=st.integers(0, 99))
def test_whatever_comes_after_the_moment_changes_no_variable(facts, named, later, seed) -> None:
    ahead = timedelta(days=500)
    future = Facts(
        applications=tuple(
            replace(a, application_id=f"f-{a.application_id}", applied_at=NOW + (NOW - a.applied_at))
            for a in random.Random(seed).sample(later.applications, len(later.applications))
        ),
        outcomes=tuple(
            replace(o, at=NOW + ahead + timedelta(days=n))
            for n, o in enumerate(random.Random(seed).sample(facts.outcomes, len(facts.outcomes)))
        ),
        contacts=tuple(replace(c, at=NOW + timedelta(hours=n)) for n, c in enumerate(later.contacts)),
    )
    subject = subject_of(asks(*named))
    with tempfile.TemporaryDirectory() as folder, FramedStore(Path(folder) / "graph.db") as store:
        store.add(facts)
        before = values(store.view(NOW), subject)
        store.add(future)
        assert values(store.view(NOW), subject) == before


@given(facts=histories(), named=mentions, lender=st.sampled_from(("L0", "L9")))
def test_the_standard_set_counted_by_name_is_what_every_answer_has(facts, named, lender) -> None:
    subject = subject_of(asks(*named, platform_id=lender))
    with tempfile.TemporaryDirectory() as folder, FramedStore(Path(folder) / "graph.db") as store:
        store.add(facts)
        view = store.view(NOW)
        assert dict(looked_at(view, subject).lending.variables) == values(view, subject, STANDARD)


@pytest.mark.parametrize("seed", range(2))
def test_a_store_of_either_kind_counts_as_slowly_counted_facts_say(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    values_of = [PHONE, DEVICE, ID]
    steps = (OutcomeStatus.APPROVED, OutcomeStatus.DISBURSED)
    told = [
        made(
            f"a{n:02d}",
            rng.choice((1, 5, 30, 400, 2_000)),
            *rng.sample(values_of, 2),
            amount=rng.choice((None, 50.0)),
            applicant_id=rng.choice(("ann", "bob", "eve")),
            platform_id=rng.choice(("L1", "L2", "L9")),
            product="cash",
        )
        for n in range(20)
    ]
    hours = [rng.randint(1, 90) for _ in range(10)]
    facts = facts_of(
        *told,
        outcomes=tuple(
            Outcome(application_id=f"a{n:02d}", status=rng.choice(steps), at=NOW - timedelta(hours=late))
            for n, late in enumerate(hours)
        ),
    )
    asked = asks(PHONE, ID)
    with open_store(tmp_path / "graph.db") as store:
        store.add(facts)
        store.save_rings(in_a_ring("ann", "eve"))
        names = (*rng.sample(NAMES, 60), *(one.name for one in rng.sample(FEW, 60)))
        assert_as_counted(store.view(NOW), facts, asked, ("ann", "eve"), names)
