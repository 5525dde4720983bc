"""A person is resolved from strong identifiers only: never a family out of one phone, never a stranger out of
one device.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from graph.model.types import Application, Facts, Identifier, IdentifierKind, Mention, Role
from graph.store.evidence import subject_of
from tests.support.oracles.by_views import person as person_of
from tests.support.oracles.by_views import seen
from tests.support.small_worlds import applies, day, uses
from tests.support.stores import open_store


@pytest.fixture
def person(tmp_path: Path):
    """A function: the application in question and earlier ones -> the applicant ids of the person."""
    with open_store(tmp_path / "graph.db") as store:

        def see(asked: Application, *earlier: Application) -> tuple[str, ...]:
            store.add(Facts(applications=(*earlier, asked)))
            return person_of(store.view(asked.applied_at).evidence_of(subject_of(asked)))

        yield see


def test_an_applicant_who_shares_nothing_is_one_person(person) -> None:
    assert person(applies("ann", 1, uses("phone", "p"))) == ("ann",)


def test_the_same_national_id_is_the_same_person(person) -> None:
    result = person(applies("ann", 9, uses("national_id", "n")), applies("ann2", 1, uses("national_id", "n")))
    assert result == ("ann", "ann2")


def test_a_national_id_that_fails_its_checksum_proves_nothing(person) -> None:
    unsound = Mention(Identifier(IdentifierKind.NATIONAL_ID, "k1.n", linking=False))
    assert person(applies("ann", 9, unsound), applies("bob", 1, unsound)) == ("ann",)


@pytest.mark.parametrize("kinds", [("phone", "bank_card"), ("phone", "email"), ("bank_card", "email")])
def test_two_personal_identifiers_in_common_are_the_same_person(person, kinds: tuple[str, str]) -> None:
    shared = [uses(kind, "x") for kind in kinds]
    assert person(applies("ann", 9, *shared), applies("ann2", 1, *shared)) == ("ann", "ann2")


@pytest.mark.parametrize("kind", ["phone", "bank_card", "email", "device", "wifi", "address"])
def test_one_shared_thing_alone_joins_nobody(person, kind: str) -> None:
    assert person(applies("ann", 9, uses(kind, "x")), applies("bob", 1, uses(kind, "x"))) == ("ann",)


def test_a_number_named_as_a_contact_is_not_ones_own(person) -> None:
    named = (uses("phone", "x", Role.CONTACT), uses("bank_card", "c"))
    assert person(
        applies("ann", 9, uses("phone", "x"), uses("bank_card", "c")), applies("bob", 1, *named)
    ) == ("ann",)


def test_a_family_around_one_handset_stays_a_family(person) -> None:
    handset = (uses("phone", "p"), uses("device", "d"), uses("address", "home"))
    assert person(
        applies("mother", 9, *handset, birth_year=1975), applies("son", 1, *handset, birth_year=2003)
    ) == ("mother",)
    assert person(applies("aunt", 10, *handset)) == ("aunt",)


def test_a_number_on_its_device_with_the_same_year_of_birth_is_the_same_person(person) -> None:
    handset = (uses("phone", "p"), uses("device", "d"))
    assert person(
        applies("ann", 9, *handset, birth_year=1990), applies("ann2", 1, *handset, birth_year=1990)
    ) == ("ann", "ann2")


def test_two_national_ids_are_two_people_whatever_they_share(person) -> None:
    shared = (uses("phone", "p"), uses("bank_card", "c"), uses("email", "e"))
    assert person(
        applies("ann", 9, uses("national_id", "n1"), *shared),
        applies("bob", 1, uses("national_id", "n2"), *shared),
    ) == ("ann",)


def test_resolution_is_transitive(person) -> None:
    middle = applies("ann2", 1, uses("national_id", "n"), uses("phone", "p"), uses("bank_card", "c"))
    request = applies("ann", 9, uses("phone", "p"), uses("bank_card", "c"))
    assert person(request, middle, applies("ann3", 2, uses("national_id", "n"))) == ("ann", "ann2", "ann3")


def test_who_would_join_two_different_people_joins_neither(person) -> None:
    of_ann = (uses("phone", "p1"), uses("bank_card", "c1"))
    of_bob = (uses("phone", "p2"), uses("email", "e2"))
    request = applies("ann", 9, uses("national_id", "n1"), *of_ann)
    bob = applies("bob", 1, uses("national_id", "n2"), *of_bob)
    assert person(request, bob, applies("both", 2, *of_ann, *of_bob)) == ("ann",)


def test_what_joins_two_ids_is_shown(tmp_path: Path) -> None:
    request, before = (
        applies("ann", 9, uses("national_id", "n")),
        applies("ann2", 1, uses("national_id", "n")),
    )
    with open_store(tmp_path / "graph.db") as store:
        store.add(Facts(applications=(before,)))
        sight = seen(store.view(request.applied_at).evidence_of(subject_of(request)))
    shown = sight.paths.to_signal("other_applicant_ids")
    assert sight.signals["other_applicant_ids"] == 1
    assert shown is not None
    assert shown.path == (("application:ann@9", "national_id:k1.n", "applicant:ann2"), day(1))
