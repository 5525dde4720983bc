"""The latest recorded score of a person, from batches and answers, in both databases."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from investigations.assessments import Decision
from investigations.casebook import Casebook
from investigations.last_scores import RecordedScore, ScoreSource
from investigations.shadow.answers import ShadowAnswer
from tests.support.casebooks import NOW, assessment

HOUR = timedelta(hours=1)


def scored(who: str, as_of: datetime, score: int, scored_at: datetime = NOW) -> RecordedScore:
    return RecordedScore(
        applicant_id=who,
        application_id=None,
        as_of=as_of,
        scored_at=scored_at,
        source=ScoreSource.BATCH,
        model_version="b1",
        score=score,
        probability=score / 1000,
        decision="review",
    )


def test_of_many_recorded_scores_the_latest_moment_counts_whatever_it_came_from(casebook_url: str) -> None:
    with Casebook(casebook_url) as book:
        book.last_scores.keep([scored("p1", NOW - HOUR, 100), scored("p1", NOW - 2 * HOUR, 900)])
        book.last_scores.keep([scored("p2", NOW - HOUR, 300)])
        book.record(assessment(1))  # of p1, as of a minute after NOW, scored 712
        before = book.last_scores.latest(["p1", "p2", "p9"], NOW)
        after = book.last_scores.latest(["p1", "p2", "p9"], NOW + HOUR)
    assert {who: one.score for who, one in before.items()} == {"p1": 100, "p2": 300}
    assert {who: (one.score, one.source) for who, one in after.items()} == {
        "p1": (712, ScoreSource.RISK),
        "p2": (300, ScoreSource.BATCH),
    }
    assert before["p2"] == scored("p2", NOW - HOUR, 300), "as it was kept"


def test_a_score_counts_from_when_it_was_computed_not_from_its_moment(casebook_url: str) -> None:
    with Casebook(casebook_url) as book:
        book.last_scores.keep([scored("p1", NOW - HOUR, 100)])
        book.last_scores.keep([scored("p1", NOW - HOUR, 200, NOW + HOUR)])
        assert book.last_scores.latest(["p1"], NOW - HOUR) == {}, "nobody knew it by then"
        assert book.last_scores.latest(["p1"], NOW)["p1"].score == 100
        assert book.last_scores.latest(["p1"], NOW + HOUR)["p1"].score == 200


def test_of_two_batches_at_once_the_one_that_began_later_counts(casebook_url: str) -> None:
    with Casebook(casebook_url) as book:
        book.last_scores.keep([scored("p1", NOW - HOUR, 200, NOW)])
        book.last_scores.keep([scored("p1", NOW - HOUR, 100, NOW - HOUR)])  # slower: it is written later
        assert book.last_scores.latest(["p1"], NOW)["p1"].score == 200


def test_an_answer_that_holds_no_score_hides_no_earlier_one(casebook_url: str) -> None:
    with Casebook(casebook_url) as book:
        book.record(assessment(1))
        book.record(assessment(2, score=None, probability=None))
        assert book.last_scores.latest(["p1"], NOW + HOUR)["p1"].score == 712


def test_the_scores_of_more_people_than_one_query_takes_are_found(casebook_url: str) -> None:
    people = [f"p{n}" for n in range(1200)]
    with Casebook(casebook_url) as book:
        book.last_scores.keep(scored(who, NOW - HOUR, n % 1000) for n, who in enumerate(people))
        found = book.last_scores.latest(people, NOW)
        held = book.people.held("p7")
    assert [found[who].score for who in people] == [n % 1000 for n in range(1200)]
    assert [one.score for one in held.batch_scores] == [7]


def test_what_models_in_shadow_said_is_known_from_when_they_answered(casebook_url: str) -> None:
    with Casebook(casebook_url) as book:
        book.record(assessment(1))
        book.record(assessment(2))
        book.record(assessment(3, applicant_id="p2"))
        said = [
            ShadowAnswer(
                assessment_id=f"A-{number}",
                challenger=name,
                as_of=NOW + timedelta(minutes=number),
                answered_at=NOW + HOUR,
                model_version=name,
                policy_version="p",
                decision=Decision.APPROVE,
                score=score,
                probability=score / 1000,
                failure=None,
            )
            for number, name, score in ((1, "a", 100), (2, "a", 200), (2, "b", 300), (3, "a", 400))
        ]
        book.shadows.keep(said)
        assert book.last_scores.in_shadow("p1", NOW + HOUR / 2) == ()
        found = book.last_scores.in_shadow("p1", NOW + HOUR)
    assert [(one.model_version, one.score) for one in found] == [("a", 200), ("b", 300)]
    assert {(one.source, one.scored_at) for one in found} == {(ScoreSource.SHADOW, NOW + HOUR)}


@pytest.mark.parametrize("nobody", [[], ["p9"]])
def test_whoever_was_never_scored_has_no_score(casebook_url: str, nobody: list[str]) -> None:
    with Casebook(casebook_url) as book:
        assert book.last_scores.latest(nobody, NOW) == {}
