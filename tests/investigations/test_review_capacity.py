"""Review capacity holds when what comes changes: the threshold follows the scores, and an alarm says so."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from investigations.policy import Thresholds
from investigations.review_capacity import (
    HIGH,
    LEAST,
    LOW,
    SETTLED,
    Following,
    Outside,
    ScoreWindow,
    in_force,
)

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = datetime(2025, 3, 1, tzinfo=ZONE)
CAPACITY, A_DAY, CHANGES, DAYS = 0.02, 400, 10, 20
OWN = Thresholds(review=0.05, decline=0.6, approve=0.2)
Floats = npt.NDArray[np.float64]


def stream(seed: int = 1) -> Floats:
    """Scores in the order of their applications: 2 % reach the model's threshold, from the day CHANGES on
    58 %, and none the ceiling.
    """
    lots = np.random.default_rng(seed).random(DAYS * A_DAY)
    before, after = (
        np.where(lots < low, 0.05 * lots / low, 0.05 + 0.14 * (lots - low) / (1 - low))
        for low in (0.98, 0.42)
    )
    return np.where(np.arange(DAYS * A_DAY) < CHANGES * A_DAY, before, after)


def following(scores: Floats, own: Thresholds = OWN) -> Following:
    """What follows these scores, A_DAY of them a day."""
    at = [FIRST + timedelta(days=n / A_DAY) for n in range(len(scores))]

    def of(window: ScoreWindow) -> Floats:
        there = np.array([window.first <= one < window.until for one in at])
        usual = sum(window.usual <= one < window.until for one in at)
        kept: Floats = scores[there][-max(usual, window.least) :]
        return kept

    return Following(own, CAPACITY, ZONE, of)


def noon(day: int) -> datetime:
    return FIRST + timedelta(days=day, hours=12)


def sent(scores: Floats, day: int, thresholds: Thresholds) -> float:
    """Of that day's applications the share that is not approved."""
    today = scores[day * A_DAY : (day + 1) * A_DAY]
    return float(np.mean(today >= thresholds.from_here_a_person))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_a_change_of_regime_people_still_get_what_they_can_review(
    seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    scores, alarms = stream(seed), list[tuple[int, Outside]]()
    follow = following(scores)
    shares = {}
    for day in range(DAYS):
        follow.alarm = lambda side, day=day: alarms.append((day, side))
        with caplog.at_level(logging.WARNING, "ringfence.capacity"):
            shares[day] = sent(scores, day, follow.at(noon(day)).thresholds)
    assert sent(scores, DAYS - 1, OWN) > 0.5  # what the model's own threshold would send
    settled = [shares[day] for day in range(DAYS) if not CHANGES <= day < CHANGES + 3]
    assert max(settled) <= 3 * CAPACITY  # of 400: chance alone makes twice the capacity of some day
    assert np.mean(settled) == pytest.approx(CAPACITY, rel=0.4)
    assert (CHANGES + 1, Outside.ABOVE) in alarms
    assert all(CHANGES < day <= CHANGES + 4 for day, _ in alarms)
    assert "what comes has changed" in caplog.text


def test_a_day_is_decided_by_what_came_before_it_alone() -> None:
    scores = stream()
    later = scores.copy()
    later[CHANGES * A_DAY :] = np.random.default_rng(5).permutation(later[CHANGES * A_DAY :])
    cut = scores[: CHANGES * A_DAY]
    for day in range(CHANGES + 1):
        assert (
            following(scores).at(noon(day)) == following(later).at(noon(day)) == following(cut).at(noon(day))
        )


def test_the_thresholds_stay_all_day_and_are_the_same_whenever_one_begins_to_look() -> None:
    scores = stream()
    follow = following(scores)
    midnight = FIRST + timedelta(days=CHANGES + 2)
    day = {follow.at(midnight + timedelta(hours=hour)).thresholds for hour in (0, 1, 13, 23)}
    assert day == {following(scores).at(midnight + timedelta(hours=20)).thresholds}


def test_answers_of_the_last_minutes_before_midnight_wait_for_the_next_day() -> None:
    window = following(stream())  # the default is asked for its window below
    seen = list[ScoreWindow]()
    Following(OWN, CAPACITY, ZONE, lambda one: seen.append(one) or np.zeros(0)).at(noon(5))
    assert window.at(noon(5)).followed
    assert max(one.until for one in seen) == FIRST + timedelta(days=5) - SETTLED


def test_with_too_few_answers_the_models_own_thresholds_hold() -> None:
    assert in_force(np.full(LEAST // 2 - 1, 0.9), CAPACITY, OWN, OWN).thresholds == OWN


def test_above_the_ceiling_nothing_is_approved_however_many_there_are() -> None:
    now = in_force(np.full(LEAST, 0.5), CAPACITY, OWN, OWN)
    assert now.thresholds.from_here_a_person == OWN.approve
    assert now.outside(CAPACITY) is Outside.ABOVE


@given(
    st.lists(st.floats(0.0, 1.0), min_size=LEAST // 2, max_size=LEAST // 2 + 50),
    st.floats(0.005, 0.2),
)
def test_no_more_scores_reach_the_review_threshold_than_people_can_review(
    drawn: list[float], capacity: float
) -> None:
    scores = np.array(drawn)
    now = in_force(scores, capacity, OWN, OWN)
    fits = np.mean(scores >= now.thresholds.review) <= capacity
    assert fits or (now.thresholds.review == 1.0 and np.mean(scores == 1.0) > capacity)
    assert now.thresholds.review <= now.thresholds.decline


@pytest.mark.parametrize(
    ("reached", "side"),
    [(CAPACITY, None), (HIGH * CAPACITY * 1.1, Outside.ABOVE), (LOW * CAPACITY * 0.9, Outside.BELOW)],
)
def test_the_alarm_is_for_a_share_outside_its_band(reached: float, side: Outside | None) -> None:
    scores = np.where(np.arange(10_000) < reached * 10_000, 0.1, 0.01)
    assert in_force(scores, CAPACITY, OWN, OWN).outside(CAPACITY) is side
