"""Which labels decide: of thousands, those by which the same people are known for fraud, for the same
loans.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.facts.decisive import LABELS, OUTCOMES, SUBJECTS, decisive_labels, first_outcomes
from graph.facts.fraud_labels import fraud_status
from graph.facts.loans import first_reported
from graph.model.types import Facts, Label, LabelValue, Outcome, OutcomeStatus
from graph.store.evidence import Subject
from graph.stores.sqlite import SqliteStore
from tests.support.small_worlds import applies, day, uses

FRAUD, GOOD = LabelValue.FRAUD, LabelValue.GOOD


@st.composite
def words(draw: st.DrawFn) -> Label:
    loan = draw(st.sampled_from([None, "ann@1", "ann@2", "ann@3"]))
    stated, at, source = (
        draw(st.sampled_from([FRAUD, GOOD])),
        day(draw(st.integers(10, 19))),
        draw(st.sampled_from(["rule", "review", None])),
    )
    return Label(
        label=stated, known_at=at, application_id=loan, applicant_id=None if loan else "ann", source=source
    )


@given(st.lists(words(), max_size=40, unique_by=lambda w: (w.application_id, w.known_at, w.source)))
def test_the_words_that_decide_hold_the_same_for_fraud_as_all_words(labels: list[Label]) -> None:
    by_all, by_few = fraud_status(labels), fraud_status(decisive_labels(labels))
    assert (by_few.fraud, by_few.good, by_few.loans, by_few.person) == (
        by_all.fraud,
        by_all.good,
        by_all.loans,
        by_all.person,
    )


@given(st.lists(words(), max_size=40, unique_by=lambda w: (w.application_id, w.known_at, w.source)))
def test_of_one_matter_also_since_when_is_the_same(labels: list[Label]) -> None:
    of_person = [label for label in labels if label.application_id is None and label.source == "rule"]
    assert fraud_status(decisive_labels(of_person)) == fraud_status(of_person)


def test_no_number_of_words_hides_a_fraud_or_costs_an_answer(tmp_path: Path) -> None:
    """20,000 later words about other loans of the same person, and 20,000 outcomes."""
    loans = [applies("ann", 1 + n) for n in range(3)]
    early = Label(label=FRAUD, known_at=day(5), application_id="ann@1", source="review")
    flood = [
        Label(
            label=GOOD if n % 2 else FRAUD,
            known_at=day(6) + timedelta(seconds=n),
            application_id="ann@2",
            source=f"s{n}",
        )
        for n in range(20_000)
    ]
    steps = [
        Outcome(application_id="ann@1", status=OutcomeStatus.DPD30, at=day(4) + timedelta(seconds=n))
        for n in range(20_000)
    ]
    with SqliteStore(tmp_path / "store.db") as store:
        store.add(
            Facts(
                applications=(*loans, applies("bob", 9, uses("device", "d"))),
                labels=(early, *flood),
                outcomes=tuple(steps),
            )
        )
        view = store.view(day(60))
        began = perf_counter()
        labels, outcomes = view.labels_of(["ann", "bob"]), view.outcomes_of(["ann@1", "bob@9"])
        seconds = perf_counter() - began
        assert fraud_status(labels["ann"]).loans == {"ann@1"}
        assert list(labels["ann"]) == decisive_labels([early, *flood])
        assert len(labels["ann"]) < 10
        assert first_reported(outcomes["ann@1"]) == {OutcomeStatus.DPD30: day(4)}
        assert len(outcomes["ann@1"]) == 1
        assert store.view(day(60)).evidence_of(Subject(applicant_id="bob")) is not None
    print(f"{seconds * 1000:.0f} ms")
    assert seconds < 2


def test_of_very_many_loans_those_that_are_held_come_first() -> None:
    cleared = [
        Label(label=GOOD, known_at=day(50 + n / 1000), application_id=f"g{n}") for n in range(2 * SUBJECTS)
    ]
    held = [Label(label=FRAUD, known_at=day(10 + n / 100), application_id=f"f{n}") for n in range(SUBJECTS)]
    assert fraud_status(decisive_labels([*cleared, *held])).loans == {f"f{n}" for n in range(SUBJECTS)}


@pytest.mark.parametrize("count", [OUTCOMES, OUTCOMES + 1])
def test_of_too_many_steps_the_first_of_each_status_and_parts_of_the_payout_are_read(
    tmp_path: Path, count: int
) -> None:
    steps = [
        Outcome(application_id="ann@1", status=status, at=day(2 + n), amount=float(n))
        for n in range(count)
        for status in (OutcomeStatus.DISBURSED, OutcomeStatus.DPD30)
    ][:count]
    with SqliteStore(tmp_path / "store.db") as store:
        store.add(Facts(applications=(applies("ann", 1),), outcomes=tuple(steps)))
        got = store.view(day(200)).outcomes_of(["ann@1"])["ann@1"]
    assert list(got) == (
        first_outcomes(steps) if count > OUTCOMES else sorted(steps, key=lambda o: (o.at, o.status.value))
    )


def test_up_to_the_bound_everything_is_read(tmp_path: Path) -> None:
    labels = [
        Label(label=FRAUD, known_at=day(5) + timedelta(seconds=n), applicant_id="ann", source="s")
        for n in range(LABELS)
    ]
    with SqliteStore(tmp_path / "store.db") as store:
        store.add(Facts(applications=(applies("ann", 1),), labels=tuple(labels)))
        assert list(store.view(day(60)).labels_of(["ann"])["ann"]) == labels
