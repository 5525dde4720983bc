"""Without any label a group stands out that the store's own habits of sharing do not explain; those who share
as people do, do not.
"""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model.types import Facts
from graph.rings.applicants.labelled import LabelledApplicants
from graph.rings.projected import in_this_process
from graph.rings.search import PreviousFlags, search
from graph.rings.suspicion.improbable import improbable_suspicion
from graph.rings.suspicion.store_habits import SCALES, UnusualGroups
from graph.rings.weekly.snapshot import snapshot_of
from tests.support.ring_searches import standing_out_at
from tests.support.small_worlds import applies, before, day, shuffled, uses
from tests.support.worlds.bursts import burst_world
from tests.support.worlds.rings import CREW, both, crew, honest, town


@pytest.fixture(scope="module")
def burst(tmp_path_factory):
    """A month of bots' accounts among people who share devices as people do; frauds are confirmed and people
    cleared from the third week on.
    """
    world = burst_world(people=1200, days=70, machines=16, seed=4, labels=True)
    with town(tmp_path_factory.mktemp("burst") / "t.db", world.facts) as store:
        yield world, store


def who_is_flagged(found):
    return set(found.applicants.tables.applicant_ids[found.flagged_people].tolist())


def standing_out(store, moment, level=0.01):
    tables = store.view(moment).tables()
    groups = standing_out_at(tables, level)
    return set(tables.applicant_ids[groups.people].tolist()), groups


@pytest.mark.parametrize("week", [1, 2, 4])
def test_a_burst_is_flagged_in_its_first_weeks_and_nobody_honest(burst, week):
    world, store = burst
    found = search(in_this_process(store.view(day(7 * week)).tables()))
    there = world.bots.intersection(found.applicants.tables.applicant_ids.tolist())
    flagged = who_is_flagged(found)
    assert len(flagged & there) >= 0.9 * len(there)
    assert not flagged & set(world.honest)


def test_no_week_in_which_labels_come_stops_the_flags_or_floods_the_honest(burst):
    world, store = burst
    flagged, shares = (), []
    for week in (3, 5, 7, 10):
        found = search(in_this_process(store.view(day(7 * week)).tables()), memory=PreviousFlags(flagged))
        people = who_is_flagged(found)
        there = world.bots.intersection(found.applicants.tables.applicant_ids.tolist())
        shares.append(len(people & there) / len(there))
        assert len(people & set(world.honest)) <= 0.005 * len(found.applicants.tables.applicant_ids)
        flagged = tuple(r for r in snapshot_of(found, "w", day(7 * week)).rings if r.kind.flagged)
    assert found.known.totals.are_enough
    assert min(shares) >= 0.9


@pytest.mark.parametrize("seed", range(4))
def test_families_kiosks_dormitories_and_second_hand_phones_do_not_stand_out(tmp_path, seed):
    world = burst_world(people=1000, days=90, machines=0, seed=seed)
    with town(tmp_path / "t.db", world.facts) as store:
        for moment in (10, 30, 60, 90):
            people, groups = standing_out(store, day(moment))
            assert not people, (moment, groups)


def test_a_crew_on_three_devices_stands_out_in_a_town_of_people_who_share(tmp_path):
    with town(tmp_path / "t.db", both(honest(), crew())) as store:
        people, groups = standing_out(store, day(120))
    assert people == set(CREW)
    assert groups.false.max() <= 0.01


def test_a_promoters_tablet_in_a_dormitory_makes_no_crew_of_those_who_live_there(tmp_path):
    """Forty people live there; six of them apply within two hours on somebody's tablet. Six strangers within
    a minute on one device are machines.
    """
    place = (uses("employer", "plant"), uses("address", "block 4"))
    evening = tuple(applies(f"dorm{n}", 150 + n / 72, uses("device", "promoter"), *place) for n in range(6))
    crowd = both(honest(), Facts(applications=evening))
    strangers = tuple(applies(f"x{n}", 150 + n / 9000, uses("device", "rig")) for n in range(6))
    with town(tmp_path / "t.db", both(crowd, Facts(applications=strangers))) as store:
        people, _ = standing_out(store, day(190))
    assert people == {f"x{n}" for n in range(6)}


def test_who_bought_a_phone_of_one_of_a_crew_does_not_stand_out_with_it(tmp_path):
    sold = uses("device", "sold on")
    sale = (applies(CREW[0], 101, sold), applies("buyer", 103, sold, uses("bank_card", "buyer's own")))
    with town(tmp_path / "t.db", both(honest(), crew(), Facts(applications=sale))) as store:
        people, _ = standing_out(store, day(120))
    assert people == set(CREW)


def test_the_reason_says_within_what_time_they_came(burst):
    _, store = burst
    found = search(in_this_process(store.view(day(28)).tables()))
    rings = [ring for ring in snapshot_of(found, "w", day(28)).rings if ring.kind.flagged]
    assert rings
    assert all(any(code.startswith("RING_WITHIN_A") for code in ring.reason_codes) for ring in rings)


def test_fewer_false_alarms_allowed_are_never_more_groups(burst):
    _, store = burst
    people = [standing_out(store, day(40), level)[0] for level in (0.0, 1e-6, 0.01, 0.2)]
    assert not people[0]
    assert all(some <= more for some, more in pairwise(people))


def test_deleting_and_shuffling_the_future_changes_nothing_that_stands_out(tmp_path, burst):
    world, store = burst
    with town(tmp_path / "cut.db", shuffled(before(world.facts, day(20)), 3)) as cut:
        one, other = standing_out(store, day(20)), standing_out(cut, day(20))
    assert one[0] == other[0] != set()
    assert one[1].chance.tobytes() == other[1].chance.tobytes()


judged = st.lists(st.sampled_from(["fraud", "good", "nobody"]), min_size=12, max_size=12)


@given(judged)
def test_belief_in_such_groups_falls_with_every_cleared_member_of_another_one(labels):
    def suspicion(said):
        known = np.array(said)
        fraud, good, nothing = known == "fraud", known == "good", np.zeros(12, bool)
        reported = LabelledApplicants(fraud, good, nothing, nothing, nothing, nothing, np.arange(12))
        groups = UnusualGroups(
            np.arange(12),
            np.repeat([0, 1, 2], 4),
            np.full(3, 1e-9),
            np.full(3, 1e-6),
            np.full(3, SCALES[0]),
            np.zeros(3, int),
        )
        return improbable_suspicion(groups, reported)

    first = suspicion(labels)
    own = suspicion(["good"] * 4 + labels[4:])
    assert np.array_equal(own[:4], first[:4])
    assert (own[4:] <= first[4:] + 1e-12).all()
    assert ((first > 0) & (first < 1)).all()
