"""A person is resolved from strong identifiers only: never a family out of one phone, never a stranger out of one device."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph.entity import Entity, resolve
from graph.evidence import subject_of
from graph.model import Application, Facts, Identifier, IdentifierKind, Mention, Role
from tests.small_worlds import applies, before, day, random_facts, shuffled, uses
from tests.stores import open_store


@pytest.fixture
def person(tmp_path: Path):
    """A function: the application in question and earlier ones -> the resolved person."""
    with open_store(tmp_path / "graph.db") as store:

        def see(asked: Application, *earlier: Application) -> Entity:
            store.add(Facts(applications=(*earlier, asked)))
            return resolve(store.view(asked.applied_at).evidence_of(subject_of(asked)))

        yield see


def test_an_applicant_who_shares_nothing_is_one_person(person) -> None:
    assert person(applies("ann", 1, uses("phone", "p"))) == Entity(("ann",), ())


def test_the_same_national_id_is_the_same_person(person) -> None:
    found = person(applies("ann", 9, uses("national_id", "n")), applies("ann2", 1, uses("national_id", "n")))
    assert found == Entity(("ann", "ann2"), ("national_id:k1.n",))


def test_a_national_id_that_fails_its_checksum_proves_nothing(person) -> None:
    unsound = Mention(Identifier(IdentifierKind.NATIONAL_ID, "k1.n", linking=False))
    assert person(applies("ann", 9, unsound), applies("bob", 1, unsound)).applicants == ("ann",)


@pytest.mark.parametrize("kinds", [("phone", "bank_card"), ("phone", "email"), ("bank_card", "email")])
def test_two_personal_identifiers_in_common_are_the_same_person(person, kinds: tuple[str, str]) -> None:
    shared = [uses(kind, "x") for kind in kinds]
    assert person(applies("ann", 9, *shared), applies("ann2", 1, *shared)).applicants == ("ann", "ann2")


@pytest.mark.parametrize("kind", ["phone", "bank_card", "email", "device", "wifi", "address"])
def test_one_shared_thing_alone_joins_nobody(person, kind: str) -> None:
    assert person(applies("ann", 9, uses(kind, "x")), applies("bob", 1, uses(kind, "x"))).applicants == ("ann",)


def test_a_number_named_as_a_contact_is_not_ones_own(person) -> None:
    named = (uses("phone", "x", Role.CONTACT), uses("bank_card", "c"))
    assert person(applies("ann", 9, uses("phone", "x"), uses("bank_card", "c")), applies("bob", 1, *named)).applicants == ("ann",)


def test_a_family_around_one_handset_stays_a_family(person) -> None:
    handset = (uses("phone", "p"), uses("device", "d"), uses("address", "home"))
    assert person(applies("mother", 9, *handset, birth_year=1975), applies("son", 1, *handset, birth_year=2003)).applicants == ("mother",)
    assert person(applies("aunt", 10, *handset)).applicants == ("aunt",)


def test_a_number_on_its_device_with_the_same_year_of_birth_is_the_same_person(person) -> None:
    handset = (uses("phone", "p"), uses("device", "d"))
    assert person(applies("ann", 9, *handset, birth_year=1990), applies("ann2", 1, *handset, birth_year=1990)).applicants == ("ann", "ann2")


def test_two_national_ids_are_two_people_whatever_they_share(person) -> None:
    shared = (uses("phone", "p"), uses("bank_card", "c"), uses("email", "e"))
    assert person(applies("ann", 9, uses("national_id", "n1"), *shared), applies("bob", 1, uses("national_id", "n2"), *shared)).applicants == ("ann",)


def test_resolution_is_transitive(person) -> None:
    middle = applies("ann2", 1, uses("national_id", "n"), uses("phone", "p"), uses("bank_card", "c"))
    asked = applies("ann", 9, uses("phone", "p"), uses("bank_card", "c"))
    assert person(asked, middle, applies("ann3", 2, uses("national_id", "n"))).applicants == ("ann", "ann2", "ann3")


def test_who_would_join_two_different_people_joins_neither(person) -> None:
    of_ann = (uses("phone", "p1"), uses("bank_card", "c1"))
    of_bob = (uses("phone", "p2"), uses("email", "e2"))
    asked = applies("ann", 9, uses("national_id", "n1"), *of_ann)
    bob = applies("bob", 1, uses("national_id", "n2"), *of_bob)
    assert person(asked, bob, applies("both", 2, *of_ann, *of_bob)).applicants == ("ann",)


@pytest.mark.parametrize("seed", range(4))
def test_the_future_and_the_order_of_delivery_change_nobody(tmp_path: Path, seed: int) -> None:
    facts = random_facts(seed)
    asked = subject_of(applies("p004", 30, uses("national_id", "national_id1"), uses("phone", "phone1"), uses("bank_card", "bank_card2")))
    seen = []
    for name, delivery in {"all": facts, "past": before(facts, day(30)), "shuffled": shuffled(facts, 3)}.items():
        with open_store(tmp_path / f"{name}.db") as store:
            store.add(delivery)
            seen.append(resolve(store.view(day(30)).evidence_of(asked)))
    assert seen[0] == seen[1] == seen[2]
