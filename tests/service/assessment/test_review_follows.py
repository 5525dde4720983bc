"""The review threshold of the service follows its answers: recorded, replayed, the same after a restart."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from graph.model.errors import SettingError, StoreUnavailableError
from investigations import review_capacity
from service.app import create_app
from service.assessment.context import AppContext
from service.assessment.repeats.replay import replay
from service.assessment.repeats.replays import replay_latest
from service.settings import Settings
from service.wiring import wire
from tests.support.small_service import Clock, PlainModel, body, risk, service
from tests.support.small_worlds import day

MODEL = PlainModel(capacity=0.25)
TODAY, NEXT = day(70), day(71)


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppContext]:
    """A service that has answered twelve applications yesterday, ten of them are enough for a threshold."""
    monkeypatch.setattr(review_capacity, "LEAST", 10)
    context = service(tmp_path, scorer=MODEL)
    for n in range(12):
        risk(context, body(f"old-{n}", applicant_id=f"p{n:03d}"), at=TODAY + timedelta(minutes=n))
    yield context
    context.close()


def test_the_next_day_as_many_reach_the_threshold_as_people_can_review(context: AppContext) -> None:
    thresholds = context.policies.at(NEXT).thresholds
    rows = [context.casebook.assessment(one) for one in context.casebook.latest_ids(100)]
    scores = [row.probability for row in rows]
    reached = [one for one in scores if one is not None and one >= thresholds.review]
    assert 0 < len(reached) <= 0.25 * len(scores)
    assert (
        context.policies.at(TODAY).thresholds == context.policy.thresholds
    )  # nobody had been answered before


def test_an_answer_keeps_the_thresholds_of_its_day_and_is_replayed_by_them(context: AppContext) -> None:
    first = context.casebook.latest_ids(1)[0]
    answer = risk(context, body("new", applicant_id="p020"), at=NEXT)
    row = context.casebook.assessment(answer["assessment_id"])
    assert row.audit["thresholds"] == dataclasses.asdict(context.policies.at(NEXT).thresholds)
    settled = context.casebook.assessment(first).audit["thresholds"]
    assert settled == dataclasses.asdict(context.policy.thresholds)
    assert answer["policy_version"] == context.policies.at(NEXT).version != context.policy.version
    assert replay(context, answer["assessment_id"])["equal"]
    assert replay_latest(context, 100)["different"] == 0


def test_a_service_that_starts_again_goes_on_with_the_same_policy(context: AppContext) -> None:
    before = context.policies.at(NEXT).version
    with closing(wire(context.settings, scorer=MODEL, clock=Clock(NEXT))) as again:
        assert again.policies.at(NEXT).version == before
        assert create_app(again).test_client().get("/version").get_json()["policy_version"] == before


def test_answers_of_another_model_set_no_threshold(context: AppContext) -> None:
    other = dataclasses.replace(MODEL, version="2")
    with closing(wire(context.settings, scorer=other, clock=Clock(NEXT))) as again:
        assert again.policies.at(NEXT) == again.policy


@pytest.mark.parametrize("fixed", [{"review_follows": "off"}, {"review_probability": 0.3}])
def test_a_threshold_that_the_settings_hold_does_not_move(context: AppContext, fixed: dict[str, str]) -> None:
    settings = dataclasses.replace(context.settings, **fixed)  # type: ignore[arg-type]
    with closing(wire(settings, scorer=MODEL, clock=Clock(NEXT))) as again:
        assert again.policies.at(NEXT) is again.policy


def test_without_its_casebook_the_policy_stays_as_it_was(
    context: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = context.policies.at(NEXT)

    def away(*_: object) -> None:
        raise StoreUnavailableError("the casebook is away")

    monkeypatch.setattr(type(context.casebook.scores), "of", away)
    assert context.policies.at(NEXT + timedelta(days=1)) is before


def test_a_word_that_says_neither_on_nor_off_is_refused() -> None:
    with pytest.raises(SettingError, match="RINGFENCE_REVIEW_FOLLOWS"):
        Settings(review_follows="perhaps")
