"""How people are tied, and what the people of a ring did when: bounded, as of a moment, and never by a
hub.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from graph.model.errors import InputError, NotFoundError
from graph.model.types import RingChange, RingSnapshot
from graph.store.port import GraphStore
from service.desk import paths, ring_histories
from tests.support.desk.worlds import fill, ring_of
from tests.support.small_worlds import day
from tests.support.stores import open_store


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "store.db") as opened:
        fill(opened)
        yield opened


def test_two_people_are_tied_by_what_they_share_with_the_days_of_each_tie(store: GraphStore) -> None:
    found = paths.between(store.view(day(100)), "applicant:ann", "applicant:di")
    assert found.paths == (("applicant:ann", "device:k1.shared1", "applicant:di"),)
    assert [(tie.role, tie.since) for tie in found.ties[0]] == [("own", day(10)), ("own", day(13))]
    assert {node.id for node in found.drawing.nodes} == set(found.paths[0])


def test_nobody_is_tied_by_a_hub_or_by_what_comes_later(store: GraphStore) -> None:
    assert paths.between(store.view(day(100)), "applicant:ann", "applicant:w001").paths == ()
    before = store.view(day(12) + timedelta(hours=1))
    assert paths.between(before, "applicant:ann", "applicant:cy").paths != ()
    with pytest.raises(NotFoundError):
        paths.between(before, "applicant:ann", "applicant:ed")


def test_the_way_to_a_known_fraud_is_there_from_the_day_on_which_it_is_known(store: GraphStore) -> None:
    found = paths.to_fraud(store.view(day(100)), "applicant:ann")
    assert found.paths == (("applicant:ann", "device:k1.shared1", "applicant:bo"),)
    assert paths.to_fraud(store.view(day(49)), "applicant:ann").paths == ()
    assert paths.to_fraud(store.view(day(100)), "applicant:w001").paths == ()


@pytest.mark.parametrize("pair", [("applicant:ann", "applicant:ann"), ("applicant:ann", "device:k1.shared1")])
def test_only_two_people_are_asked_for(store: GraphStore, pair: tuple[str, str]) -> None:
    with pytest.raises(InputError):
        paths.between(store.view(day(100)), *pair)


def test_a_ring_tells_who_joined_when_and_what_they_did(store: GraphStore) -> None:
    told = ring_histories.history(store, store.view(day(100)), "ring:R-000042")
    bo = next(member for member in told.members if member.applicant_id == "bo")
    assert (bo.joined_at, bo.bad, [one.at for one in bo.applications]) == (day(1), True, [day(11)])
    assert [(one.at, one.label) for one in bo.labels] == [(day(50), "fraud")]
    assert [(one.change, one.joined) for one in told.changes] == [("grown", 2)]
    earlier = ring_histories.history(store, store.view(day(81)), "ring:R-000042")
    assert len(earlier.members) == told.size == 5


def test_changes_of_earlier_weeks_are_told_up_to_the_moment(store: GraphStore) -> None:
    merged = RingChange(
        ring_id="R-000042", change="merged", from_rings=("R-000042", "R-7"), joined=3, left=0, jaccard=0.5
    )
    store.save_rings(
        RingSnapshot(name="2025-W13", as_of=day(87), rings=(ring_of("ann", "bo"),), changes=(merged,))
    )

    def changes(moment: float) -> list[str]:
        told = ring_histories.history(store, store.view(day(moment)), "ring:R-000042")
        return [one.change for one in told.changes]

    assert (changes(100), changes(86)) == (["grown", "merged"], ["grown"])


def test_one_person_has_a_history_too_and_a_device_has_none(store: GraphStore) -> None:
    view = store.view(day(100))
    assert len(ring_histories.history(store, view, "applicant:ann").members) == 1
    with pytest.raises(InputError):
        ring_histories.history(store, view, "device:k1.shared1")
    for unknown in ("applicant:nobody", "ring:R-none"):
        with pytest.raises(NotFoundError):
            ring_histories.history(store, view, unknown)
