"""What every view promises of ranges of people: together they hold each fact once."""

from __future__ import annotations

import pytest

from graph.facts.people_range import PeopleRange
from graph.model.types import Facts
from graph.store.port import GraphStore, GraphView
from tests.support.contracts.store_contract import assert_same_tables
from tests.support.oracles.people_ranges import ODD_NAMES, odd_batches, restricted
from tests.support.small_worlds import applies, day

LATE = day(99)


class PeopleRangeContract:
    """Inherit beside StoreContract, whose fixtures it takes."""

    @pytest.mark.parametrize("size", [1, 5, 1_000])
    def test_ranges_that_follow_each_other_hold_each_fact_once(self, store: GraphStore, size: int) -> None:
        for facts in odd_batches():
            store.add(facts)
        for as_of, revision in ((LATE, 2), (day(20), 2), (LATE, 1), (day(-9), 0)):
            assert_in_ranges(store.view(as_of, revision), size)

    def test_any_two_names_bound_a_range_whatever_signs_they_hold(self, store: GraphStore) -> None:
        for facts in odd_batches():
            store.add(facts)
        view = store.view(LATE)
        whole = view.tables_with_tokens()
        for after in ("", *ODD_NAMES[1::2]):
            for last in (*ODD_NAMES[::3], "\U0001f600", "b\U0001f600", "\ud7ff\ufeff", ""):
                within = PeopleRange(after, last)
                assert_same_tables(view.tables_with_tokens(within), restricted(view, whole, within))

    def test_a_range_of_nobody_and_of_one_has_what_is_theirs(self, store: GraphStore) -> None:
        for facts in odd_batches():
            store.add(facts)
        view = store.view(LATE)
        nobody, one = (
            view.tables(within=PeopleRange("x", "y")),
            view.tables(within=PeopleRange("p002", "p003")),
        )
        assert [len(nobody.applicant_ids), len(nobody.merchant_ids), len(nobody.ties["since"])] == [0, 0, 0]
        assert {one.applicant_ids[who] for who in one.applications["applicant"]} == {"p003"}
        assert "token" not in one.identifiers

    def test_a_range_has_so_many_people_of_the_store_and_the_last_whoever_comes_later(
        self, store: GraphStore
    ) -> None:
        assert [*store.view(LATE).people_ranges(3)] == [PeopleRange()]
        store.add(Facts(applications=tuple(applies(f"p{n}", n) for n in range(7))))
        found = [*store.view(day(0)).people_ranges(3)]
        assert found == [PeopleRange("", "p2"), PeopleRange("p2", "p5"), PeopleRange("p5", "")]
        store.add(Facts(applications=(applies("zed", 3),)))
        later = store.view(LATE).tables(within=found[-1])
        assert later.applicant_ids.tolist() == ["p6", "zed"]


def assert_in_ranges(view: GraphView, size: int) -> None:
    """The ranges of the view follow each other, and each has what is in it of all facts."""
    whole, found = view.tables_with_tokens(), [*view.people_ranges(size)]
    assert [one.after for one in found] == ["", *(one.last for one in found[:-1])]
    assert (found[-1].last, all(one.last for one in found[:-1])) == ("", True)
    for within in found:
        assert_same_tables(view.tables_with_tokens(within), restricted(view, whole, within))
