"""What is served is compared with what was usual: chance raises no alarm, a change does, and what comes later
changes nothing of what was.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from graph.facts.distributions import Distribution
from investigations.assessments import Decision, Stage
from investigations.monitoring.alarms import (
    AlarmCode,
    AlarmLimits,
    age_alarm,
    calibration_alarm,
    drift_alarms,
    recall_alarm,
)
from investigations.monitoring.periods import DECISION, SCORE, Served, periods, reference_of, served
from investigations.monitoring.stability import Stability, shift
from tests.support.casebooks import assessment
from tests.support.small_worlds import day

LIMITS = AlarmLimits()
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
    (alarm,) = drift_alarms(found, LIMITS)
    assert (alarm.code, alarm.name, alarm.since) == (AlarmCode.SCORE_DRIFT, SCORE, day(25))
    assert "probability" in alarm.sentence
    assert drift_alarms(found[:6], LIMITS) == [], "a day of its own is no drift yet"
    assert drift_alarms(found[:6], AlarmLimits(periods=1))[0].since == day(25)
    assert drift_alarms(found, AlarmLimits(index=99.0)) == []


def test_what_is_served_later_changes_no_period_before() -> None:
    usual = reference_of(rows(day(0), 20, 100, seed=1))
    first, later = rows(day(20), 5, 40, seed=3), rows(day(25), 9, 40, seed=4, raised=0.3)
    whole = periods(list(reversed(first + later)), usual, day(20), DAY)
    assert [one.assessments for one in whole[:5]] == [40] * 5
    for alone, among in zip(periods(first, usual, day(20), DAY), whole, strict=False):
        assert alone.decisions == among.decisions
        assert alone.population == among.population
        assert [one.index for one in alone.shifts.values()] == pytest.approx(
            [one.index for one in among.shifts.values()]
        )


def test_a_signal_that_is_not_known_any_more_has_drifted() -> None:
    usual = reference_of(rows(day(0), 20, 50, seed=1))
    lost = [replace(one, values={SCORE: one.probability}) for one in rows(day(20), 1, 100, seed=2)]
    (period,) = periods(lost, usual, day(20), DAY)
    assert period.population["signal_0"].missing == 1.0
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


def test_days_that_always_differed_raise_no_index_to_a_drift() -> None:
    lot = np.random.default_rng(8)
    days = np.repeat(np.arange(90), 50)
    crowded = (lot.random(90) < 0.1).repeat(50) * (lot.random(90 * 50) < 0.4)  # a crowd every tenth day
    known, blind = Distribution.of(crowded * 1.0, days), Distribution.of(crowded * 1.0)
    assert known.varies > 3
    assert Distribution.from_json(known.as_json()).varies == pytest.approx(known.varies, abs=1e-4)
    another = known.filled(np.r_[np.ones(12), np.zeros(38)])
    assert shift(blind, another).stability(100) is Stability.DRIFTED
    assert shift(known, another).stability(100) is Stability.STEADY
    assert shift(known, known.filled(np.ones(50))).stability(100) is Stability.DRIFTED
    alike = Distribution.of(lot.random(90 * 50), days)
    assert alike.varies < 1.3


def test_an_index_is_what_its_definition_says() -> None:
    usual = Distribution((0.5,), (0.5, 0.5, 0.0), 1000)
    now = Distribution((0.5,), (0.8, 0.2, 0.0), 1000)
    expected = (0.8 - 0.5) * np.log(0.8 / 0.5) + (0.2 - 0.5) * np.log(0.2 / 0.5)
    assert shift(usual, now).index == pytest.approx(expected, rel=0.01)
    assert shift(usual, now).stability() is Stability.DRIFTED
    assert shift(replace(usual, count=5), replace(now, count=5)).stability() is Stability.STEADY, "ten people"


def test_a_model_older_than_ninety_days_and_one_that_is_not_calibrated_are_said() -> None:
    assert age_alarm(day(0), day(90), LIMITS) == []
    (old,) = age_alarm(day(0), day(91), LIMITS)
    assert (old.code, old.since) == (AlarmCode.MODEL_AGE, day(90))
    assert calibration_alarm(day(0), 0.02, 0.01, 0.03) == []
    assert "2.0% were expected" in calibration_alarm(day(0), 0.02, 0.05, 0.07)[0].sentence


def test_first_scans_alone_count_as_served() -> None:
    first, again = assessment(1), assessment(2, stage=Stage.DISBURSEMENT)
    (one,) = served([first, again])
    assert one.values == {SCORE: 0.183, DECISION: 1.0, "a": 1.5, "b": None}


def test_a_value_that_everybody_had_drifts_whether_it_rises_or_falls() -> None:
    usual = Distribution.of(np.ones(500))
    for other in (0.0, 2.0):
        assert shift(usual, usual.filled(np.full(500, other))).stability() is Stability.DRIFTED
    seldom = Distribution.of(np.r_[np.zeros(20), np.ones(480)])
    assert shift(seldom, seldom.filled(np.zeros(500))).stability() is Stability.DRIFTED


def test_a_period_says_how_its_values_were_spread() -> None:
    usual = reference_of(rows(day(0), 20, 100, seed=1))
    (period,) = periods(rows(day(20), 1, 100, seed=3), usual, day(20), DAY)
    spread = period.population["signal_3"]
    assert spread.assessments == 100
    assert spread.q05 < spread.q25 < spread.q50 < spread.q75 < spread.q95  # type: ignore[operator]
    assert abs(spread.mean or 9.0) < 0.4
    assert periods(rows(day(20), 1, 9, seed=3), {}, day(20), DAY)[0].population.keys() == {SCORE, *NAMES}


def test_recall_that_stays_behind_the_models_own_test_is_said_and_chance_is_not() -> None:
    assert recall_alarm(day(0), 0.55, 0.6, LIMITS) == []
    (behind,) = recall_alarm(day(0), 0.45, 0.6, LIMITS)
    assert behind.code is AlarmCode.RECALL
    assert "45%" in behind.sentence
    assert recall_alarm(day(0), 0.45, 0.6, AlarmLimits(recall=0.2)) == []
