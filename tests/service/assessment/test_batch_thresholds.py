"""A batch decides by the thresholds of each day, as the counter does, and never by scores that came later."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from investigations.policy import Thresholds
from investigations.review_capacity import ScoreWindow
from service.assessment.batches.thresholds import ScoresSoFar, followed

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = datetime(2025, 3, 1, tzinfo=ZONE)
OWN = Thresholds(review=0.05, decline=0.6, approve=0.2)
A_DAY, CHANGES, DAYS, CAPACITY = 600, 4, 9, 0.02
Rows = list[dict[str, Any]]


def rows(days: int = DAYS) -> Rows:
    """Applications of which 2 % reach the model's threshold, and from the day CHANGES on 58 %."""
    lots = np.random.default_rng(3).random(days * A_DAY)
    out = []
    for n, lot in enumerate(lots.tolist()):
        low = 0.98 if n < CHANGES * A_DAY else 0.42
        probability = 0.05 * lot / low if lot < low else 0.05 + 0.14 * (lot - low) / (1 - low)
        at = FIRST + timedelta(days=n / A_DAY)
        out.append({"as_of": at, "probability": probability, "asked": False, "decision": "approve"})
    return out


def decided(given: Rows) -> list[str]:
    chunks = (given[n : n + 250] for n in range(0, len(given), 250))
    return [row["decision"] for chunk in followed(chunks, OWN, CAPACITY, ZONE) for row in chunk]


def test_after_a_change_as_many_as_people_can_review_go_to_them_again() -> None:
    decisions = np.array(decided(rows())).reshape(DAYS, A_DAY) != "approve"
    assert decisions[1].mean() == pytest.approx(CAPACITY, abs=0.015)
    assert decisions[CHANGES].mean() > 0.4, "the day on which it changes"
    assert decisions[-1].mean() == pytest.approx(CAPACITY, abs=0.015)


def test_what_comes_later_changes_no_decision_of_a_batch() -> None:
    assert decided(rows())[: 5 * A_DAY] == decided(rows()[: 5 * A_DAY])


def test_who_has_no_probability_keeps_the_decision_that_was_made() -> None:
    kept = [{"as_of": FIRST, "probability": None, "asked": True, "decision": "review"}]
    assert decided(kept) == ["review"]


@pytest.mark.parametrize(
    ("least", "most", "kept"), [(0, 100, 24), (30, 100, 30), (30, 10, 10), (500, 900, 72)]
)
def test_a_window_is_the_day_before_or_as_many_of_the_days_before_it_as_are_needed(
    least: int, most: int, kept: int
) -> None:
    scores = ScoresSoFar()
    for hour in range(120):
        scores.add(FIRST + timedelta(hours=hour), float(hour))
    until = FIRST + timedelta(hours=96)
    window = ScoreWindow(until - timedelta(hours=72), until - timedelta(hours=24), until, least, most)
    assert scores.of(window).tolist() == [float(hour) for hour in range(96 - kept, 96)]
