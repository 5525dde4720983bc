"""Rings are found among the honest who look guilty, hubs never glue, and nothing of the future reaches a
search.
"""

import dataclasses

import numpy as np
import pytest

from graph.facts.hubs import REASONS
from graph.model.types import Event, Facts
from graph.rings.applicants.moved import Moved, grouped
from graph.rings.groups import whole_groups
from graph.rings.links.communities import components
from graph.rings.projected import in_this_process
from graph.rings.search import search
from graph.rings.sharing.incidence import incidence_of
from graph.rings.weekly import largest_component
from graph.rings.weekly.snapshot import rings_found, snapshot_of
from tests.support.ring_searches import of_everybody, same_groups
from tests.support.small_worlds import before, day, fraud, random_facts, shuffled, uses
from tests.support.worlds.rings import AS_OF, CREW, both, crew, honest, town


def found(path, facts, as_of=AS_OF):
    with town(path, facts) as store:
        return search(in_this_process(store.view(as_of).tables()))


def rings(path, facts, as_of=AS_OF):
    return snapshot_of(found(path, facts, as_of), "now", as_of).rings


def who_is_flagged(snapshot):
    return {m.applicant_id for ring in snapshot if ring.kind.flagged for m in ring.members}


def test_a_crew_that_nobody_knows_to_be_bad_is_flagged_and_no_honest_person_is(tmp_path):
    assert who_is_flagged(rings(tmp_path / "t.db", both(honest(), crew()))) == set(CREW)


def test_a_crew_inside_a_dormitory_is_told_from_the_others_there(tmp_path):
    place = (uses("wifi", "hall"), uses("address", "block 4"), uses("employer", "plant"))
    assert who_is_flagged(rings(tmp_path / "t.db", both(honest(), crew(where=place)))) == set(CREW)


def test_a_town_without_a_crew_has_no_flagged_ring(tmp_path):
    snapshot = rings(tmp_path / "t.db", honest())
    assert snapshot
    assert not who_is_flagged(snapshot)


def test_a_known_fraud_raises_the_score_of_the_ring(tmp_path):
    [unknown] = [r for r in rings(tmp_path / "a.db", both(honest(), crew())) if r.kind.flagged]
    [known] = [r for r in rings(tmp_path / "b.db", both(honest(), crew(known_on=150))) if r.kind.flagged]
    assert known.score > unknown.score
    assert (known.confirmed_bad, unknown.confirmed_bad) == (1, 0)
    assert known.reason_codes[0] == "RING_CONFIRMED_MEMBERS"


def test_a_ring_was_last_seen_when_a_member_last_did_something_before_the_moment(tmp_path):
    visit = Event(event_id="v", kind="login", at=day(150), applicant_id=CREW[0])
    later = Event(event_id="w", kind="login", at=AS_OF, applicant_id=CREW[1])
    [quiet] = [r for r in rings(tmp_path / "a.db", both(honest(), crew())) if r.kind.flagged]
    [busy] = [
        r
        for r in rings(tmp_path / "b.db", both(honest(), crew(), Facts(events=(visit, later))))
        if r.kind.flagged
    ]
    # first seen when the second of them used a card of the first
    assert (quiet.first_seen, quiet.last_seen) == (day(100.5), day(104))
    assert busy.last_seen == day(150)


def test_a_label_that_comes_later_changes_nothing(tmp_path):
    assert rings(tmp_path / "a.db", both(honest(), crew())) == rings(
        tmp_path / "b.db", both(honest(), crew(known_on=201))
    )


def test_a_shops_tablet_with_a_stream_of_customers_links_nobody(tmp_path):
    with town(tmp_path / "t.db", honest(customers=160)) as store:
        tables = store.view(AS_OF).tables()
    sharing = incidence_of(tables)
    tablet = np.flatnonzero(sharing.holders >= 150)
    assert "turnover" in [REASONS[reason] for reason in sharing.hub[tablet]]


def test_members_of_a_ring_have_a_place_in_it(tmp_path):
    [ring] = [r for r in rings(tmp_path / "t.db", both(honest(), crew())) if r.kind.flagged]
    assert {m.role for m in ring.members} <= {"core", "member", "fringe"}
    assert max(m.strength for m in ring.members) == 1.0
    assert all(m.distance_to_core == 0 for m in ring.members if m.role == "core")
    assert ring.shared_by_kind["device"] > 0
    assert ring.platforms == 2


def test_rings_measured_some_people_after_the_other_are_the_same(tmp_path, monkeypatch):
    with town(tmp_path / "t.db", random_facts(5, people=150)) as store:
        found = search(in_this_process(store.view(day(50)).tables()))
    whole = snapshot_of(found, "now", AS_OF)
    assert len({len(ring.members) for ring in whole.rings}) > 1
    monkeypatch.setattr(whole_groups, "AT_ONCE", 7)
    assert snapshot_of(found, "now", AS_OF) == whole


def test_rings_that_wait_in_a_file_are_the_same_at_every_walk(tmp_path):
    given = rings_found(found(tmp_path / "t.db", both(honest(families=20), crew())), "now", AS_OF)
    first = tuple(given.rings)
    assert len(first) > 1
    assert tuple(given.rings) == first


def test_the_largest_component_is_of_people_whom_links_inside_one_group_hold(tmp_path, monkeypatch):
    with town(tmp_path / "t.db", random_facts(5, people=150)) as store:
        found = search(in_this_process(store.view(day(50)).tables()))
    [group] = of_everybody(found, "group")
    links = found.links.among(np.arange(len(group)))
    inside = links.of(group[links.a] == group[links.b])
    held = np.bincount(components(len(group), inside.a, inside.b))
    for at_once in (7, 100_000):
        monkeypatch.setattr(largest_component, "AT_ONCE", at_once)
        assert largest_component.largest_component(found) == held.max() > 2
    alone = Moved(np.arange(len(group)), np.arange(len(group)))
    one_pair = Moved(np.arange(len(group)), np.arange(len(group)))
    one_pair.label[links.b[0]] = links.a[0]
    for groups, largest in ((alone, 1), (one_pair, 2)):
        everybody = grouped(found.everybody, groups)
        few = dataclasses.replace(found, everybody=everybody, people=group[:0], group=group[:0])
        assert largest_component.largest_component(few) == largest


@pytest.mark.parametrize("seed", range(3))
def test_the_order_in_which_facts_came_changes_no_ring(tmp_path, seed):
    facts = both(honest(seed), crew(known_on=150))
    assert rings(tmp_path / "a.db", facts) == rings(tmp_path / "b.db", shuffled(facts, seed))


@pytest.mark.parametrize("seed", range(3))
def test_deleting_the_future_changes_no_bit(tmp_path, seed):
    facts = random_facts(seed, people=120)
    moment = day(35)
    whole, cut = (
        found(tmp_path / "a.db", facts, moment),
        found(tmp_path / "b.db", before(facts, moment), moment),
    )
    assert np.array_equal(whole.applicants.tables.applicant_ids, cut.applicants.tables.applicant_ids)
    assert whole.rates == cut.rates
    assert same_groups(whole, cut)


def test_with_enough_labels_the_store_teaches_and_the_future_still_changes_no_bit(tmp_path):
    facts = random_facts(9, people=400)
    labelled = both(
        facts, type(facts)(labels=tuple(fraud(a.application_id, 30) for a in facts.applications[::7]))
    )
    moment = day(45)
    whole, cut = (
        found(tmp_path / "a.db", labelled, moment),
        found(tmp_path / "b.db", shuffled(before(labelled, moment), 4), moment),
    )
    assert whole.known.totals.frauds >= 20
    assert whole.rates == cut.rates
    assert same_groups(whole, cut)


def test_an_empty_store_has_no_rings(tmp_path):
    assert rings(tmp_path / "t.db", random_facts(1), day(0)) == ()
