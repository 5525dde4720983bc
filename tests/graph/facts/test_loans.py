"""What became of a loan is one story however often it is told, by single loans and over columns alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.facts import loans as fates
from graph.facts.fraud_labels import NEVER
from graph.facts.loans import (
    DEFAULTED,
    LATE,
    first_reported,
    loan_histories,
    paid_out,
    returned_in_cooling_off,
    still_open,
)
from graph.facts.tables import STATUSES
from graph.frame.neighbourhood import OUTCOME
from graph.model.moments import micros
from graph.model.types import Facts, Outcome, OutcomeStatus
from tests.support.small_worlds import PLATFORMS, applies, day, random_facts
from tests.support.stores import open_store

LOAN = applies("ann", 1)  # 5,000 CNY


def came_to(status, on, amount=None):
    return Outcome(
        application_id=LOAN.application_id, status=OutcomeStatus(status), at=day(on), amount=amount
    )


def test_a_step_told_three_times_is_one_at_its_first_telling():
    assert first_reported([came_to("rejected", 3), came_to("rejected", 2), came_to("rejected", 4)]) == {
        OutcomeStatus.REJECTED: day(2)
    }


def test_parts_of_a_payout_add_up_and_never_to_more_than_was_asked_for():
    assert paid_out(LOAN, [came_to("disbursed", 2, 2000), came_to("disbursed", 3, 1000)]) == 3000
    assert paid_out(LOAN, [came_to("disbursed", 2, 5000), came_to("disbursed", 3, 5000)]) == 5000
    assert paid_out(LOAN, [came_to("disbursed", 2)]) == 5000
    assert paid_out(LOAN, [came_to("approved", 2)]) is None


def test_of_a_loan_that_has_ended_nothing_is_open():
    paid = came_to("disbursed", 2, 2000)
    assert still_open(LOAN, [paid, came_to("dpd90", 9)]) == 2000
    for end in ("closed", "returned", "written_off"):
        assert still_open(LOAN, [paid, came_to(end, 9)]) == 0
    assert still_open(LOAN, [came_to("approved", 2)]) == 0


def test_a_loan_given_back_within_seven_days_of_its_first_payout_is_given_back():
    assert returned_in_cooling_off(first_reported([came_to("disbursed", 2), came_to("returned", 9)]))
    assert not returned_in_cooling_off(
        first_reported([came_to("disbursed", 2), came_to("disbursed", 8), came_to("returned", 10)])
    )
    assert returned_in_cooling_off(first_reported([came_to("returned", 9)]))


def test_default_is_ninety_days_and_late_is_thirty():
    assert OutcomeStatus.DPD30 in LATE - DEFAULTED
    assert DEFAULTED < LATE


AMOUNTS = st.none() | st.sampled_from((1000.0, 3000.0, 5000.0))
STEPS = st.tuples(st.sampled_from(tuple(OutcomeStatus)), st.integers(2, 20), AMOUNTS)


@given(st.lists(STEPS, max_size=8, unique_by=lambda step: step[:2]), AMOUNTS)
def test_columns_tell_of_a_loan_what_its_steps_tell(tmp_path_factory, steps, asked):
    loan, reported = applies("ann", 1, amount=asked), tuple(came_to(*step) for step in steps)
    with open_store(tmp_path_factory.mktemp("test_loans") / "s.db") as store:
        store.add(Facts(platforms=PLATFORMS, applications=(loan,), outcomes=reported))
        columns = loan_histories(store.view(day(30)).tables())
    once = first_reported(reported)
    for status in OutcomeStatus:
        assert columns.first([status])[0] == (micros(once[status]) if status in once else NEVER)
    assert columns.ever(*LATE)[0] == (not LATE.isdisjoint(once))
    assert columns.returned_in_cooling_off[0] == returned_in_cooling_off(once)
    assert columns.paid_out[0] == (paid_out(loan, reported) or 0.0)
    assert columns.still_open[0] == still_open(loan, reported)


def test_columns_tell_every_loan_of_many_people_apart(tmp_path):
    facts = random_facts(6, people=40)
    with open_store(tmp_path / "s.db") as store:
        store.add(facts)
        tables = store.view(day(50)).tables()
    columns, paid, late = loan_histories(tables), 0, 0
    for place, name in enumerate(tables.applications["application_id"].tolist()):
        [loan] = [a for a in facts.applications if a.application_id == name]
        reported = [o for o in facts.outcomes if o.application_id == name and o.at < day(50)]
        once = first_reported(reported)
        first = min((micros(once[s]) for s in LATE if s in once), default=NEVER)
        assert (columns.first(LATE)[place], columns.ever(*LATE)[place]) == (first, first < NEVER)
        assert columns.paid_out[place] == (paid_out(loan, reported) or 0.0)
        paid, late = paid + (columns.paid_out[place] > 0), late + (first < NEVER)
    assert min(paid, late) > 0


@pytest.mark.same_examples
@settings(max_examples=300)
@given(st.lists(STEPS, max_size=8), AMOUNTS | st.just(0.1), st.integers(0, 2))
def test_compiled_code_tells_of_a_loan_what_its_steps_tell(steps, asked, first):
    reported = [came_to(*step) for step in steps]
    rows = [
        (micros(o.at), np.nan if o.amount is None else o.amount, STATUSES.index(o.status)) for o in reported
    ]
    table, outcomes = np.array([(0, 1.0, 3)] * first + rows + [(1, 2.0, 3)], OUTCOME), (first, len(rows))
    once = first_reported(reported)
    assert fates.status_bits(table, *outcomes) == sum(1 << STATUSES.index(status) for status in once)
    assert bool(fates.status_bits(table, *outcomes) & fates.LATE_BITS) == (not LATE.isdisjoint(once))
    for code, status in enumerate(STATUSES):
        assert fates.first_step(table, *outcomes, code) == (micros(once[status]) if status in once else NEVER)
    assert fates.was_returned_in_cooling_off(table, *outcomes) == returned_in_cooling_off(once)
    paid = fates.payout(table, *outcomes, np.nan if asked is None else asked)
    assert (None if np.isnan(paid) else paid) == paid_out(applies("ann", 1, amount=asked), reported)
