"""What is served is compared with what was usual: chance raises no alarm, a change does, and what comes later
changes nothing of what was.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from investigations.assessments import Decision, Stage
from investigations.monitoring.alarms import MODEL_AGE, AlarmCode, age_alarm, calibration_alarm, drift_alarms
from investigations.monitoring.distributions import Distribution, Stability, shift
from investigations.monitoring.periods import SCORE, Served, periods, reference_of, served
from tests.support.casebooks import assessment
from tests.support.small_worlds import day

NAMES = tuple(f"signal_{n}" for n in range(20))
DAY = timedelta(days=1)


def rows(since: datetime, days: int, a_day: int, seed: int, raised: float = 0.0) -> list[Served]:
    """So many assessments a day of twenty signals; `raised`: by how much the score is higher than usual."""
    lot, out = np.random.default_rng(seed), []
    for number in range(days * a_day):
        score = float(np.clip(lot.beta(1, 20) + raised, 0, 1))
        values = dict(zip(NAMES, lot.normal(size=len(NAMES)).tolist(), strict=True))
        out.append(
            Served(
                at=since + DAY * (number // a_day),
                application_id=f"a{number}",
                applicant_id=f"p{number}",
                decision=Decision.REVIEW if score > 0.2 else Decision.APPROVE,
                probability=score,
                model_version="m",
                values={SCORE: score, **values},
            )
        )
    return out


def test_of_twenty_signals_over_a_hundred_steady_days_hardly_any_is_called_drifted() -> None:
    usual = reference_of(rows(day(0), 20, 50, seed=1))
    steady = periods(rows(day(20), 100, 50, seed=2), usual, day(20), DAY)
    assert len(steady) == 100
    raw = sum(one.index >= 0.25 for period in steady for one in period.shifts.values())
    assert raw > 100, "the index alone would cry wolf: fifty values in ten bins move it by chance"
    assert sum(len(period.drifted(Stability.MOVED)) for period in steady) <= 3


def test_a_score_that_rises_is_called_drifted_on_its_first_day_and_said_since_when() -> None:
    usual = reference_of(rows(day(0), 20, 100, seed=1))
    changed = [*rows(day(20), 5, 100, seed=3), *rows(day(25), 3, 100, seed=4, raised=0.1)]
    found = periods(changed, usual, day(20), DAY)
    assert [SCORE in one.drifted() for one in found] == [False] * 5 + [True] * 3
    (alarm,) = drift_alarms(found)
    assert (alarm.code, alarm.since) == (AlarmCode.SCORE_DRIFT, day(25))
    assert "probability" in alarm.sentence
    assert drift_alarms(found[:5]) == []


def test_what_is_served_later_changes_no_period_before() -> None:
    usual = reference_of(rows(day(0), 20, 100, seed=1))
    first, later = rows(day(20), 5, 40, seed=3), rows(day(25), 9, 40, seed=4, raised=0.3)
    whole = periods(list(reversed(first + later)), usual, day(20), DAY)
    assert [one.assessments for one in whole[:5]] == [40] * 5
    for alone, among in zip(periods(first, usual, day(20), DAY), whole, strict=False):
        assert alone.decisions == among.decisions
        assert alone.missing == among.missing
        assert [one.index for one in alone.shifts.values()] == pytest.approx(
            [one.index for one in among.shifts.values()]
        )


def test_a_signal_that_is_not_known_any_more_has_drifted() -> None:
    usual = reference_of(rows(day(0), 20, 50, seed=1))
    lost = [replace(one, values={SCORE: one.probability}) for one in rows(day(20), 1, 100, seed=2)]
    (period,) = periods(lost, usual, day(20), DAY)
    assert period.missing["signal_0"] == 1.0
    assert set(period.drifted()) == set(NAMES)


def test_a_distribution_is_the_same_after_it_was_kept() -> None:
    values = np.array([1.0, 2.0, np.nan, 2.0, 5.0])
    one = Distribution.of(values)
    assert Distribution.from_json(one.as_json()) == one
    assert one.missing == 0.2
    assert sum(one.shares) == pytest.approx(1.0)
    assert shift(one, one.filled(values)).index == 0.0
    with pytest.raises(ValueError, match="shares"):
        Distribution.from_json({"edges": [1.0], "shares": [1.0], "count": 3})


def test_an_index_is_what_its_definition_says() -> None:
    usual = Distribution((0.5,), (0.5, 0.5, 0.0), 1000)
    now = Distribution((0.5,), (0.8, 0.2, 0.0), 1000)
    expected = (0.8 - 0.5) * np.log(0.8 / 0.5) + (0.2 - 0.5) * np.log(0.2 / 0.5)
    assert shift(usual, now).index == pytest.approx(expected, rel=0.01)
    assert shift(usual, now).stability() is Stability.DRIFTED
    assert shift(replace(usual, count=5), replace(now, count=5)).stability() is Stability.STEADY, "ten people"


def test_a_model_older_than_ninety_days_and_one_that_is_not_calibrated_are_said() -> None:
    assert age_alarm(day(0), day(0) + MODEL_AGE) == []
    (old,) = age_alarm(day(0), day(0) + MODEL_AGE + DAY)
    assert (old.code, old.since) == (AlarmCode.MODEL_AGE, day(0) + MODEL_AGE)
    assert calibration_alarm(day(0), 0.02, 0.01, 0.03) == []
    assert "2.0% were expected" in calibration_alarm(day(0), 0.02, 0.05, 0.07)[0].sentence


def test_first_scans_alone_count_as_served() -> None:
    first, again = assessment(1), assessment(2, stage=Stage.DISBURSEMENT)
    (one,) = served([first, again])
    assert one.values == {SCORE: 0.183, "a": 1.5, "b": None}
