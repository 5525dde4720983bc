"""What every GraphStore promises of those it has erased: facts of before do not bring them back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graph.model.errors import ConflictError, StoreUnavailableError
from graph.model.types import Contact, Device, Facts, Label, LabelValue, Outcome, OutcomeStatus, RefusedFact
from graph.store.erasing import planned
from graph.store.port import GraphStore
from tests.support.contracts.erasure_contract import FOREVER, KEYS, codes_of, to_erase
from tests.support.contracts.store_contract import Open, a_snapshot
from tests.support.small_worlds import applies, day, does, known_as, uses

UNTIL = day(50)


class RefusalContract:
    """Inherit beside StoreContract, whose fixtures it takes."""

    @pytest.fixture
    def forgotten(self, store: GraphStore) -> GraphStore:
        """A store of two people that has erased `gone` on day 50."""
        store.add(
            Facts(
                applications=(
                    applies("gone", 1, uses("device", "shared"), application_id="lost"),
                    applies("here", 2, uses("device", "shared"), application_id="kept"),
                ),
                events=(does("gone", "login", 3, event_id="lost-event"),),
            )
        )
        store.refusal.open_with(KEYS)
        assert store.erase(planned(store, to_erase("gone", until=UNTIL), codes_of(store)))
        return store

    def test_facts_of_before_that_name_the_erased_stay_out_and_all_others_come_in(
        self, forgotten: GraphStore
    ) -> None:
        other = replace(applies("here", 2, application_id="kept"), amount=1.0)
        facts = Facts(
            applications=(
                applies("gone", 1, application_id="another"),
                other,
                applies("here", 60, application_id="lost"),
                applies("here", 3, application_id="new"),
            ),
            events=(
                does("here", "transfer", 4, event_id="paid", counterparty_id="gone"),
                does("here", "login", 5, event_id="lost-event"),
                does("here", "login", 5, event_id="seen"),
            ),
            contacts=(
                Contact(applicant_id="gone", phone=known_as("phone", "x"), relation="friend", at=day(4)),
            ),
            outcomes=(Outcome(application_id="lost", status=OutcomeStatus.APPROVED, at=day(70)),),
            labels=(
                Label(label=LabelValue.FRAUD, known_at=day(70), application_id="lost"),
                Label(label=LabelValue.FRAUD, known_at=day(9), applicant_id="gone"),
                Label(label=LabelValue.GOOD, known_at=day(9), applicant_id="here"),
            ),
        )
        added = forgotten.add(facts)
        assert added.refused == (
            RefusedFact("applications", 0, "applicant_id"),
            RefusedFact("applications", 2, "application_id"),
            RefusedFact("events", 0, "counterparty_id"),
            RefusedFact("events", 1, "event_id"),
            RefusedFact("contacts", 0, "applicant_id"),
            RefusedFact("outcomes", 0, "application_id"),
            RefusedFact("labels", 0, "application_id"),
            RefusedFact("labels", 1, "applicant_id"),
        )
        assert added.conflicts == (("applications", 1),)
        assert (added.accepted, added.known) == (3, 0)
        names = forgotten.view(FOREVER).tables().applicant_ids.tolist()
        assert "here" in names
        assert "gone" not in names
        assert forgotten.add(facts).refused == added.refused

    def test_a_device_that_the_erased_alone_held_stays_out_until_somebody_holds_it(
        self, store: GraphStore
    ) -> None:
        own, shared = known_as("device", "own"), known_as("device", "shared")
        told = Facts(devices=tuple(Device(identifier=one, os="android") for one in (own, shared)))
        store.add(Facts(applications=(applies("gone", 1, uses("device", "own"), uses("device", "shared")),)))
        store.add(Facts(applications=(applies("here", 2, uses("device", "shared")),)))
        store.add(told)
        store.refusal.open_with(KEYS)
        assert store.erase(planned(store, to_erase("gone", until=UNTIL), codes_of(store)))
        again = store.add(told)
        assert again.refused == (RefusedFact("devices", 0, "device_id"),)
        assert (again.accepted, again.known) == (0, 1)
        assert store.view(FOREVER).identifier(own.node) is None
        later = Facts(applications=(applies("here", 60, uses("device", "own")),))
        assert store.add(replace(later, devices=told.devices)).refused == ()
        assert store.view(FOREVER).devices_of([own])[own].os == "android"

    def test_an_erased_id_that_comes_with_what_happened_later_is_somebody_new(
        self, forgotten: GraphStore
    ) -> None:
        added = forgotten.add(Facts(applications=(applies("gone", 51, application_id="fresh"),)))
        assert (added.accepted, added.refused) == (1, ())

    def test_a_process_that_had_the_store_open_refuses_who_was_erased_since(
        self, store: GraphStore, open_store: Open
    ) -> None:
        with open_store() as other:
            other.refusal.open_with(KEYS)
            other.add(Facts(applications=(applies("gone", 1, application_id="lost"),)))
            assert store.erase(planned(store, to_erase("gone", until=UNTIL), codes_of(store)))
            one = Facts(applications=(applies("gone", 1, application_id="lost"),))
            assert other.add(one).refused == (RefusedFact("applications", 0, "application_id"),)
            both = Facts(applications=(*one.applications, applies("here", 1)))
            assert (other.add(both).accepted, len(other.add(both).refused)) == (1, 1)

    def test_a_store_with_erased_people_takes_nothing_without_its_key(
        self, forgotten: GraphStore, open_store: Open
    ) -> None:
        with open_store() as other:
            with pytest.raises(StoreUnavailableError, match="RINGFENCE_HASH_KEY"):
                other.add(Facts(applications=(applies("here", 9),)))
            assert other.view(FOREVER).application("kept") is not None

    def test_rings_that_were_looked_for_before_an_erasure_are_not_saved(
        self, store: GraphStore, forgotten: GraphStore
    ) -> None:
        before = forgotten.edition() + 1
        snapshot = a_snapshot(30, 3)
        with pytest.raises(ConflictError, match="people were erased meanwhile"):
            forgotten.save_rings(snapshot, before)
        assert forgotten.view(FOREVER).rings() is None
        assert len(forgotten.view(FOREVER).tables().applicant_ids) == 2
        forgotten.save_rings(snapshot, forgotten.edition())
        assert forgotten.view(FOREVER).rings() is not None
