"""How fair decisions are: people are compared with others of the same history, and with themselves without
what they share by living or working together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from graph.facts.groups import groups_of, history_of
from graph.model.types import Facts, IdentifierKind, PlatformType, RingSnapshot, Role
from graph.store.evidence import subject_of
from investigations.assessments import Decision
from investigations.estimates import TOO_FEW, against_the_same, share
from investigations.fairness.measures import EVERYBODY, FairnessCase, fairness
from investigations.policy import Policy
from scripts.cli.commands.fairness import COMMAND
from service.assessment.apart import PLACES, assess_apart, own_place
from service.assessment.assess import assess_stored
from service.assessment.batches.work import Period
from service.governance.fairness import measured_fairness
from tests.support.small_service import PlainModel, settings_in
from tests.support.small_worlds import applies, day, facts_of, fraud, random_facts, shuffled, uses
from tests.support.stores import open_store
from tests.support.worlds.features import rings_of


@dataclass
class Model(PlainModel):
    horizon_days: float = 30.0


PUNISHES_PLACES: Any = Model(weights={"address_bad": 3.0})
IS_FAIR: Any = Model()


def case(**changes: Any) -> FairnessCase:
    reported: dict[str, Any] = {
        "groups": frozenset({"dormitory"}),
        "history": "0 earlier, none",
        "honest": True,
        "decision": Decision.APPROVE,
        "probability": 0.01,
        "in_flagged_ring": False,
    }
    return FairnessCase(**(reported | changes))


def dormitory(arrivals: int = 40) -> Facts:
    """People who arrive one a day in a dormitory in which one confirmed fraud lives, and as many who live
    alone; nobody has a history.
    """
    home = (uses("address", "dormitory"), uses("wifi", "dormitory"))
    known = applies("bad", 1, *home)
    arriving = [applies(f"d{n:02}", 10 + n, *home, uses("phone", f"d{n:02}")) for n in range(arrivals)]
    alone = [
        applies(f"s{n:02}", 10 + n, uses("address", f"s{n:02}"), uses("phone", f"s{n:02}"))
        for n in range(arrivals)
    ]
    return facts_of(known, *arriving, *alone, fraud(known.application_id, 5))


def busy_dormitory(arrivals: int = 60) -> Facts:
    """A dormitory whose people apply on each other's phones and sell them on, as many who live alone, and a
    crew that passes phones round among strangers; nobody has a history.
    """
    home = (uses("address", "dormitory"), uses("wifi", "dormitory"))
    phones = [uses("device", f"phone{n // 3}") for n in range(arrivals)]  # of three room-mates one lends his
    living = [applies(f"d{n:02}", 10 + n / 4, *home, phones[n]) for n in range(arrivals)]
    sold = [
        *(applies(f"s{n:02}", 10 + n / 4, uses("device", f"sold{n}")) for n in range(0, arrivals, 2)),
        *(applies(f"s{n:02}", 21 + n / 4, uses("device", f"sold{n - 1}")) for n in range(1, arrivals, 2)),
    ]
    crew = [applies(f"c{n:02}", 10 + n / 4, uses("device", f"crew{n // 3}")) for n in range(arrivals)]
    labels = [fraud(one.application_id, 61) for one in crew]
    return facts_of(*living, *sold, *crew, *labels)


def test_room_mates_phones_and_second_hand_ones_hold_up_nobody_and_a_crews_do(tmp_path: Path) -> None:
    learned: Any = Model(weights={"device_newcomers_30d": 2.0})  # as the bare counts do
    cases = measured(tmp_path, busy_dormitory(), learned)
    assert cases["dormitory"]["honest_held_up"].people > TOO_FEW
    assert cases["dormitory"]["honest_held_up"].value == 0.0
    assert cases[EVERYBODY]["honest_held_up"].value == 0.0
    assert cases[EVERYBODY]["reviewed"].value == pytest.approx(40 / 180), "two of three in the crew"


def measured(folder: Path, facts: Facts, scorer: Any) -> dict[str, Any]:
    settings = settings_in(folder)
    with open_store(folder / "store.db") as store:
        store.add(facts)
    return measured_fairness(
        settings, Period(since=day(8), until=day(60)), day(400), scorer=scorer, most=1000
    )


def test_arrivals_in_a_dormitory_fare_as_others_with_the_same_history_do(tmp_path: Path) -> None:
    figures = measured(tmp_path, dormitory(), IS_FAIR)
    assert figures["dormitory"]["approved"].people > TOO_FEW
    assert figures["dormitory"]["approved"].value == figures[EVERYBODY]["approved"].value == 1.0
    assert figures["dormitory"]["association_alone"].value == 0.0


def test_a_model_that_punishes_people_for_where_they_live_is_caught(tmp_path: Path) -> None:
    figures = measured(tmp_path, dormitory(), PUNISHES_PLACES)
    dormitory_of = figures["dormitory"]
    assert dormitory_of["association_alone"].low > 0.3, "approved but for the address"
    assert dormitory_of["honest_held_up"].value == dormitory_of["association_alone"].value
    assert dormitory_of["association_moves"].low > 0.5
    assert figures[EVERYBODY]["association_alone"].value < dormitory_of["association_alone"].value


def test_the_order_of_what_came_and_what_comes_later_change_nothing(tmp_path: Path) -> None:
    facts = dormitory()
    later = replace(facts, labels=(*facts.labels, *(fraud(f"s{n:02}@{10 + n}", 401) for n in range(40))))
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    assert measured(tmp_path / "one", facts, PUNISHES_PLACES) == measured(
        tmp_path / "two", shuffled(later, 3), PUNISHES_PLACES
    )


@pytest.mark.parametrize("seed", range(4))
def test_apart_somebody_is_assessed_as_if_they_had_always_had_places_of_their_own(
    tmp_path: Path, seed: int
) -> None:
    facts, compared = random_facts(seed), 0
    chosen = [a for a in facts.applications if any(m.identifier.kind in PLACES for m in a.mentions)][-6:]
    with open_store(tmp_path / "whole.db") as store:
        store.add(facts)
        for number, application in enumerate(chosen):
            view = store.view(application.applied_at)
            apart = assess_apart(view, subject_of(application), IS_FAIR, Policy())
            if apart is None:
                continue
            who = application.applicant_id
            with open_store(tmp_path / f"{number}.db") as other:
                other.add(with_own_places(facts, who))
                named = subject_of(at_home(application))
                _, simple = assess_stored(other.view(application.applied_at), named, IS_FAIR, Policy())
            assert apart.probability == pytest.approx(simple.probability)
            assert apart.decision is simple.decision
            compared += 1
    assert compared


def at_home(one: Any) -> Any:
    """The same application or event with places that nobody shares."""
    mentions = (
        m._replace(identifier=own_place(m.identifier))
        if m.identifier.kind in PLACES or m.role is Role.EMPLOYER
        else m
        for m in one.mentions
    )
    return replace(one, mentions=tuple(mentions))


def with_own_places(facts: Facts, who: str) -> Facts:
    return replace(
        facts,
        applications=tuple(at_home(a) if a.applicant_id == who else a for a in facts.applications),
        events=tuple(at_home(e) if e.applicant_id == who else e for e in facts.events),
    )


def test_a_place_of_ones_own_is_named_all_the_same(tmp_path: Path) -> None:
    """Who names no address is held up by this model: nobody is without one for living with others."""
    nameless: Any = Model(base=-1.0, weights={"address_values": -3.0})
    home = uses("address", "home")
    with open_store(tmp_path / "store.db") as store:
        store.add(facts_of(applies("p", 1, home), applies("q", 2, home)))
        (stored,) = store.view(day(9)).applications(day(2))
        apart = assess_apart(store.view(day(2)), subject_of(stored), nameless, Policy())
    assert apart is not None
    assert apart.decision is Decision.APPROVE


def flagged(*people: str) -> RingSnapshot:
    ring = rings_of(Random(1), facts_of(*(applies(one, 1) for one in people))).rings[0]
    member = ring.members[0]
    members = tuple(replace(member, applicant_id=one) for one in people)
    return RingSnapshot(name="W1", as_of=day(5), rings=(replace(ring, members=members),))


@pytest.mark.parametrize(("also", "stays"), [((), False), ((uses("device", "shared"),), True)])
def test_a_ring_by_place_goes_and_one_by_more_than_that_stays(
    tmp_path: Path, also: tuple[Any, ...], stays: bool
) -> None:
    home = uses("address", "home")
    careless: Any = Model(weights={})
    with open_store(tmp_path / "store.db") as store:
        store.add(facts_of(applies("p", 1, home, *also), applies("r", 1, home), applies("q", 9, home, *also)))
        store.save_rings(flagged("p", "q", "r"))
        (stored,) = store.view(day(10)).applications(day(9))
        view = store.view(day(9))
        _, whole = assess_stored(view, subject_of(stored), careless, Policy())
        apart = assess_apart(view, subject_of(stored), careless, Policy())
    assert whole.decision is Decision.REVIEW, "a flagged ring asks for a person"
    assert apart is not None
    assert (apart.decision is Decision.REVIEW) is stays


def test_somebody_who_shares_no_place_has_nothing_to_take_away(tmp_path: Path) -> None:
    device = uses("device", "shared")
    with open_store(tmp_path / "store.db") as store:
        store.add(facts_of(applies("p", 1, device), applies("q", 2, device, uses("address", "q"))))
        (stored,) = store.view(day(9)).applications(day(2))
        assert assess_apart(store.view(day(2)), subject_of(stored), IS_FAIR, Policy()) is None


def test_a_group_held_up_twice_as_often_as_others_of_the_same_history_is_twice() -> None:
    history = np.repeat([0, 1], 500)
    member = np.arange(1000) % 2 == 0
    event = np.where(member, np.arange(1000) % 10 < 4, np.arange(1000) % 10 < 2)
    ratio = against_the_same(event.astype(bool), member, history)
    assert ratio.value == pytest.approx(2.0)
    assert ratio.low < 2.0 < ratio.high
    unlike = against_the_same(event.astype(bool), history == 1, history)
    assert unlike.value is None, "nobody else has that history"


def test_of_too_few_people_no_share_is_told() -> None:
    few = fairness([case()] * (TOO_FEW - 1))["dormitory"]["honest_held_up"]
    assert few.value is None
    assert few.people == TOO_FEW - 1
    enough = share(np.ones(TOO_FEW, bool), np.ones(TOO_FEW, bool))
    assert (enough.value, round(enough.low or 0, 3)) == (1.0, 0.886), "Wilson's interval of 30 of 30"


def test_bad_people_count_in_no_false_positive_and_unripe_ones_in_no_judgement() -> None:
    held_up = case(decision=Decision.REVIEW)
    figures = fairness(
        [held_up] * 40
        + [case()] * 40
        + [replace(held_up, honest=False)] * 40
        + [replace(held_up, honest=None)] * 40
    )["dormitory"]
    assert figures["honest_held_up"].value == 0.5
    assert figures["bad"].value == pytest.approx(1 / 3)
    assert figures["approved"].value == 0.25


def test_groups_are_told_by_what_was_said_and_how_people_live() -> None:
    newcomer = applies("p", 1, birth_year=2004, city="深圳市", new_citizen=True)
    crowd = {"wifi_holders": 40.0, "place_only_share": 1.0, "household_size": 0.0}
    assert groups_of(newcomer, crowd, 1, PlatformType.P2P, day(1)) == {
        "new_citizen", "age_under_25", "city_first_tier", "dormitory", "thin_file", "lender_p2p",
    }  # fmt: skip
    family = {"address_holders": 2.0, "place_only_share": 1.0, "household_size": 2.0}
    assert groups_of(applies("q", 1), family, 4, PlatformType.BANK_ONLINE, day(1)) == {"household", "bank"}
    alone = {"address_holders": 0.0, "wifi_holders": None, "employer_holders": 0.0}
    assert groups_of(applies("q", 1), alone, 4, PlatformType.BANK_ONLINE, day(1)) == {
        "unshared_places",
        "bank",
    }
    for shared in ({"employer_holders": 1.0}, {"wifi_holders": 1.0}, {"address_holders": None}):
        others = groups_of(applies("q", 1), alone | shared, 4, PlatformType.BANK_ONLINE, day(1))
        assert others == {"bank"}, shared
    assert history_of((), 0) == "0 earlier, none"
    assert IdentifierKind.ADDRESS in PLACES


def test_the_command_writes_every_figure_by_a_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_in(tmp_path)
    with open_store(tmp_path / "store.db") as store:
        store.add(dormitory(6))
    monkeypatch.setenv("RINGFENCE_HASH_KEY", settings.hash_key)
    truth = tmp_path / "truth"
    truth.mkdir()
    rows = "applicant_id,kind,ring,bad\nbad,ring,R,1\nd01,dormitory,,0\n"
    (truth / "applicants.csv").write_text(rows, "utf-8")
    out = tmp_path / "fairness.csv"
    common = ["--store", settings.store, "--since", "2025-01-01", "--until", "2025-12-01"]
    assert COMMAND.main([*common, "--truth", str(truth), "--out", str(out), "--json"]) == 0
    assert '"truth_dormitory"' in capsys.readouterr().out
    assert "everybody,approved," in out.read_text("utf-8").replace('"', "")
    assert COMMAND.main([*common, "--truth", str(tmp_path / "none")]) == 2
