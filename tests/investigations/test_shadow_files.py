"""Shadow answers in both databases: each once, beside the assessment that they are about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from graph.model.erasure import Renaming, surrogate
from investigations.assessments import Decision, Level, Stage
from investigations.casebook import Casebook
from investigations.casebook.erasure.erasing import ErasedPeople
from investigations.erased_names import ErasedNames
from investigations.review_capacity import ScoreWindow
from investigations.shadow.answers import AnsweredPeriod, Proposed, ShadowAnswer
from tests.investigations.test_seals import KEYS
from tests.support.casebooks import NOW, assessment

LATER = NOW + timedelta(hours=1)
MINUTE = timedelta(minutes=1)
WANG = "C-Wang-884171"


def said(number: int, challenger: str = "m2", probability: float = 0.3) -> ShadowAnswer:
    return ShadowAnswer(
        assessment_id=f"A-{number}",
        challenger=challenger,
        as_of=NOW + number * MINUTE,
        answered_at=LATER,
        model_version="m2",
        policy_version="p2",
        decision=Decision.APPROVE,
        score=400,
        probability=probability,
    )


def failed(number: int) -> ShadowAnswer:
    return ShadowAnswer(
        assessment_id=f"A-{number}",
        challenger="m2",
        as_of=NOW + number * MINUTE,
        answered_at=LATER,
        failure="model_failed",
    )


@pytest.fixture
def book(casebook_url: str) -> Iterator[Casebook]:
    """Five assessments, a minute apart; the fourth was made without a model, the fifth is a second scan."""
    with Casebook(casebook_url) as opened:
        for number in (2, 0, 1):
            opened.record(assessment(number))
        opened.record(assessment(3, level=Level.NO_MODEL, probability=None))
        opened.record(assessment(4, stage=Stage.DISBURSEMENT))
        yield opened


def waiting(book: Casebook, challenger: str = "m2", minutes: int = 0, limit: int = 10) -> list[str]:
    return [name for name, _ in book.shadows.waiting(challenger, NOW + minutes * MINUTE, limit)]


def test_whole_assessments_wait_for_each_challenger_the_oldest_first(book: Casebook) -> None:
    assert waiting(book) == ["A-0", "A-1", "A-2", "A-4"]
    book.shadows.keep([said(1), failed(2)])
    assert waiting(book) == ["A-0", "A-4"]
    assert waiting(book, "m3", limit=2) == ["A-0", "A-1"]
    assert waiting(book, minutes=1) == ["A-4"]


def test_an_answer_that_is_there_stays_as_it_is(book: Casebook) -> None:
    book.shadows.keep([said(1)])
    book.shadows.keep([said(1, probability=0.9), said(2)])
    assert book.shadows.of("A-1") == (said(1),)
    assert book.shadows.of("A-2") == (said(2),)
    assert book.shadows.of("A-0") == ()


def test_the_lag_is_how_much_older_the_latest_answered_is_than_the_latest(book: Casebook) -> None:
    assert book.shadows.lag("m2", NOW) == 4 * MINUTE
    book.shadows.keep([said(1), said(2, challenger="m3")])
    assert book.shadows.lag("m2", NOW) == 3 * MINUTE
    assert book.shadows.lag("m2", NOW + 2 * MINUTE) == 2 * MINUTE
    book.shadows.keep([said(4)])
    assert book.shadows.lag("m2", NOW) == timedelta(0)
    assert book.shadows.lag("m2", LATER) == timedelta(0)


def test_first_scans_stand_beside_what_the_challenger_says_of_them(book: Casebook) -> None:
    book.shadows.keep([said(0), said(1, challenger="m3"), failed(2), said(4)])
    (pair,) = book.shadows.pairs("m2", NOW, LATER)
    assert (pair.assessment_id, pair.at, pair.applicant_id) == ("A-0", NOW, "p1")
    assert (pair.served, pair.shadow) == (Proposed(Decision.REVIEW, 0.183), Proposed(Decision.APPROVE, 0.3))
    assert book.shadows.period("m2", NOW, LATER) == AnsweredPeriod(assessments=3, answered=2, failed=1)
    assert book.shadows.period("m2", NOW + MINUTE, LATER) == AnsweredPeriod(2, 1, 1)


def test_thresholds_of_a_challenger_follow_what_it_said_itself(book: Casebook) -> None:
    book.shadows.keep([said(0, probability=0.1), said(1, probability=0.2), failed(2), said(4)])
    window = ScoreWindow(first=NOW, usual=NOW, until=LATER, least=1, most=10)
    assert book.scores.in_shadow(window, "m2").tolist() == [0.2, 0.1]
    assert book.scores.of(window, "m").tolist() == [0.183] * 3
    assert np.array_equal(book.scores.in_shadow(replace(window, most=1), "m2"), [0.2])


def forgotten(book: Casebook) -> dict[str, int]:
    """Wang is erased: how many rows of which table."""
    renaming = Renaming(people={WANG: surrogate("Q", "71")}, applications={}, events={}, identifiers={})
    names = ErasedNames(renaming)
    whom = ErasedPeople(names=names, certificate="ER-1", until=NOW + timedelta(days=9), keys=KEYS)
    return dict(book.erasing.erase(whom, LATER))


def test_what_challengers_said_of_the_erased_goes_and_counts_no_more(book: Casebook) -> None:
    book.record(assessment(5, applicant_id=WANG))
    book.shadows.keep([said(1), said(5), said(5, "m3", probability=0.9)])
    until = NOW + 10 * MINUTE
    assert len(list(book.shadows.pairs("m2", NOW, until))) == 2
    assert forgotten(book)["shadow_answers"] == 2
    assert (book.shadows.of("A-5"), book.shadows.of("A-1")) == ((), (said(1),))
    assert [one.assessment_id for one in book.shadows.pairs("m2", NOW, until)] == ["A-1"]
    assert book.shadows.period("m2", NOW, until) == AnsweredPeriod(assessments=3, answered=1, failed=0)


def test_nobody_who_was_erased_waits_for_a_challenger_or_is_given_an_answer(book: Casebook) -> None:
    book.record(assessment(5, applicant_id=WANG))
    before = waiting(book)
    forgotten(book)
    assert (before, waiting(book)) == (["A-0", "A-1", "A-2", "A-4", "A-5"], ["A-0", "A-1", "A-2", "A-4"])
    book.shadows.keep([said(4), said(5)])  # it was under way when they were erased
    assert (book.shadows.of("A-5"), book.shadows.of("A-4")) == ((), (said(4),))
    assert book.shadows.lag("m2", NOW) == timedelta(0)
