"""Known for fraud has one meaning: the last word holds, people stand over machines, and columns say what
single people's labels say.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.facts.fraud_labels import (
    NEVER,
    by_person,
    compiled_fraud_status,
    fraud_spells,
    fraud_status,
    is_fraud_loan,
)
from graph.frame.neighbourhood import LABEL
from graph.model.moments import micros
from graph.model.types import Facts, Label, LabelValue
from tests.support.small_worlds import PLATFORMS, applies, day
from tests.support.stores import open_store

FRAUD, GOOD = LabelValue.FRAUD, LabelValue.GOOD


def said(label, on, loan="ann@1", source="rule"):
    return Label(label=label, known_at=day(on), application_id=loan, source=source)


def of_person(label, on, who="ann", source="rule"):
    return Label(label=label, known_at=day(on), applicant_id=who, source=source)


def test_the_last_word_on_a_loan_holds():
    assert fraud_status([said(FRAUD, 1)]).fraud
    assert fraud_status([said(FRAUD, 1), said(GOOD, 2)])[:2] == (False, True)
    assert fraud_status([said(GOOD, 1), said(FRAUD, 2)]).fraud


def test_nobody_has_judged_who_has_no_label():
    assert fraud_status([])[:3] == (False, False, None)


def test_clearing_one_loan_leaves_the_fraud_on_another():
    verdict = fraud_status([said(FRAUD, 1, "ann@1"), said(FRAUD, 2, "ann@2"), said(GOOD, 3, "ann@1")])
    assert (verdict.fraud, verdict.loans, verdict.since) == (True, {"ann@2"}, day(1))


def test_a_label_about_the_person_and_one_about_a_loan_are_both_heard():
    assert fraud_status([of_person(FRAUD, 1), said(GOOD, 2)]).fraud, (
        "a good loan does not clear a person held for fraud"
    )
    assert not fraud_status([said(FRAUD, 1), of_person(GOOD, 2)]).fraud, (
        "a cleared person is cleared of the loans until then"
    )
    assert fraud_status([said(FRAUD, 1), of_person(GOOD, 2), said(FRAUD, 3, "ann@2")]).loans == {"ann@2"}


@pytest.mark.parametrize(
    "sources", [("a", "b"), ("b", "a"), ("review", "investigation"), ("rule", "model"), (None, "a")]
)
def test_at_the_same_moment_fraud_stands_over_good_whatever_the_names(sources):
    assert fraud_status([said(FRAUD, 1, source=sources[0]), said(GOOD, 1, source=sources[1])]).fraud


def test_at_the_same_moment_a_persons_verdict_stands_over_a_machines():
    assert not fraud_status([said(FRAUD, 1, source="rule"), said(GOOD, 1, source="review")]).fraud
    assert fraud_status([said(GOOD, 1, source="model"), said(FRAUD, 1, source="manual_review")]).fraud


@pytest.mark.parametrize(
    ("source", "expected"),
    [("review", True), ("investigator-17", True), ("人工审核", True), ("application_review", True),
     ("auto_review", False), ("系统审核", False),
     ("rule:R12", False), ("preview", False), ("collection", False), ("", False), (None, False)],
)  # fmt: skip
def test_whose_verdict_it_is_follows_from_the_source(source, expected):
    assert by_person(source) is expected


LABELS = st.builds(
    lambda who, loan, on, fraud, source: Label(
        label=FRAUD if fraud else GOOD, known_at=day(on), source=source,
        **({"application_id": f"{who}@1"} if loan else {"applicant_id": who})
    ),
    st.sampled_from(("ann", "bob")), st.booleans(), st.integers(2, 6), st.booleans(),
    st.sampled_from(("rule", "review", "desk")),
)  # fmt: skip


def unique(labels):
    """As a store keeps them: one label of a source on a matter at a moment."""
    return list({(x.application_id, x.applicant_id, x.known_at, x.source): x for x in labels}.values())


def about(labels, who):
    return [x for x in labels if x.applicant_id == who or x.application_id == f"{who}@1"]


@given(st.lists(LABELS, max_size=12).map(unique), st.integers(2, 8))
def test_columns_say_of_everybody_at_any_moment_what_their_labels_say(tmp_path_factory, labels, on):
    with open_store(tmp_path_factory.mktemp("test_verdicts") / "s.db") as store:
        store.add(
            Facts(
                platforms=PLATFORMS, applications=(applies("ann", 1), applies("bob", 1)), labels=tuple(labels)
            )
        )
        now, whole = fraud_spells(store.view(day(on)).tables()), fraud_spells(store.view(day(99)).tables())
    for row, who in enumerate(("ann", "bob")):
        mine = about([x for x in labels if x.known_at < day(on)], who)
        expected = fraud_status(mine)
        assert (now.fraud[row], now.good[row]) == (expected.fraud, expected.good)
        assert now.since[row] == (NEVER if expected.since is None else micros(expected.since))
        assert now.cleared[row] == (not expected.fraud and any(x.label is FRAUD for x in mine))
        t, spell = micros(day(on)), whole.who == row
        assert np.any((whole.start[spell] < t) & (t <= whole.end[spell])) == expected.fraud


@given(st.lists(LABELS, max_size=8).map(unique), st.randoms())
def test_the_order_in_which_labels_come_means_nothing(labels, random):
    shuffled = random.sample(labels, len(labels))
    renamed = [
        dataclasses.replace(x, source={"review": "desk", "desk": "review"}.get(x.source or "", x.source))
        for x in labels
    ]
    assert (
        fraud_status(about(labels, "ann"))
        == fraud_status(about(shuffled, "ann"))
        == fraud_status(about(renamed, "ann"))
    )


WORDS = st.builds(
    lambda loan, on, word, source: said(word, on, loan, source) if loan else of_person(word, on,
        source=source), st.sampled_from((None, "ann@1", "ann@2", "ann@3")), st.integers(2, 6),
    st.sampled_from((FRAUD, GOOD)), st.sampled_from(("rule", "review", "desk")),
)  # fmt: skip


@pytest.mark.same_examples
@settings(max_examples=300)
@given(st.lists(WORDS, max_size=12).map(unique), st.integers(0, 2), st.booleans())
def test_compiled_code_says_of_a_person_what_their_labels_say(mine, first, in_order):
    mine = sorted(mine, key=lambda x: x.known_at) if in_order else mine
    loans = sorted({x.application_id for x in mine if x.application_id})
    rows = [
        (
            micros(x.known_at),
            loans.index(x.application_id) if x.application_id else -1,
            x.label is FRAUD,
            by_person(x.source),
        )
        for x in mine
    ]
    table = np.array([(0, 0, True, True)] * first + rows + [(0, 1, True, True)], LABEL)
    result, expected = compiled_fraud_status(table, first, len(rows)), fraud_status(mine)
    assert (result.fraud, result.good, result.fraud_count) == (
        expected.fraud,
        expected.good,
        expected.fraud_count,
    )
    assert result.since == (NEVER if expected.since is None else micros(expected.since))
    assert {
        loan for n, loan in enumerate(loans) if is_fraud_loan(table, first, len(rows), n)
    } == expected.loans
