"""Monitoring of what was served: drift of scores and signals by period, and performance once labels came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from scipy.stats import binomtest

from gnn.evaluate import measures
from graph.facts.fraud_labels import fraud_spells
from graph.model.errors import InputError
from graph.model.moments import DAY, micros
from graph.store.port import GraphStore
from investigations.casebook import Casebook
from investigations.monitoring.alarms import Alarm, age_alarm, calibration_alarm, drift_alarms
from investigations.monitoring.periods import Served, ServedPeriod, periods, reference_of, served

LEAST_REFERENCE = 200  # assessments: of fewer nothing is usual
LEAST_JUDGED = 200  # assessments with labels: of fewer a month is not judged


@dataclass(frozen=True, kw_only=True)
class MonitorPlan:
    """What to look at: the assessments with since <= as_of < until in periods of `length`, against those of
    the first `usual` of them; labels as known by `now`, within `horizon_days` of an assessment.
    """

    since: datetime
    until: datetime
    now: datetime
    length: timedelta = timedelta(days=1)
    usual: timedelta = timedelta(days=28)
    horizon_days: float = 90.0
    capacity: float = 0.02
    trained_as_of: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Judged:
    """How right a month's assessments of people not known for fraud were, once their horizon had passed."""

    month: str
    assessments: int
    frauds: int
    expected: float
    low: float
    high: float
    figures: Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True)
class Monitored:
    """What was found."""

    periods: Sequence[ServedPeriod]
    judged: Sequence[Judged]
    alarms: Sequence[Alarm]
    reference_from: str


def monitored(casebook: Casebook, store: GraphStore | None, plan: MonitorPlan) -> Monitored:
    """Drift by period and performance by month. Raises InputError where too little was served to say what is
    usual, and StoreError.
    """
    rows = list(served(casebook.between(plan.since, plan.until)))
    begin = plan.since + plan.usual
    first = [one for one in rows if one.at < begin]
    if len(first) < LEAST_REFERENCE:
        raise InputError(
            f"{len(first)} applications were assessed in the first {plan.usual.days} days, too few to say "
            f"what is usual ({LEAST_REFERENCE} are needed): give --usual-days or an earlier --since"
        )
    usual, said = reference_of(first), f"{plan.since:%Y-%m-%d} to {begin:%Y-%m-%d}"
    found = periods(rows, usual, begin, plan.length)
    judged = _judged(rows, store, plan) if store is not None else []
    alarms = drift_alarms(found) if found else []
    if plan.trained_as_of is not None:
        alarms += age_alarm(plan.trained_as_of, plan.now)
    if judged:
        last = judged[-1]
        begin = datetime.strptime(last.month, "%Y-%m").replace(tzinfo=plan.now.tzinfo)
        alarms += calibration_alarm(begin, last.expected, last.low, last.high)
    return Monitored(periods=found, judged=judged, alarms=alarms, reference_from=said)


def _judged(rows: Sequence[Served], store: GraphStore, plan: MonitorPlan) -> list[Judged]:
    """By month, of assessments whose horizon has passed by `now`, of people not known for fraud at the
    moment.
    """
    tables = store.view(plan.now).tables()
    spells = fraud_spells(tables)
    since = {
        who: int(at)
        for who, at, fraud in zip(tables.applicant_ids.tolist(), spells.since, spells.fraud, strict=True)
        if fraud
    }
    horizon, ripe = int(plan.horizon_days * DAY), micros(plan.now) - int(plan.horizon_days * DAY)
    by_month: dict[str, list[tuple[float, bool]]] = {}
    for one in rows:
        at, known = micros(one.at), since.get(one.applicant_id)
        if one.probability is None or at > ripe or (known is not None and known <= at):
            continue
        bad = known is not None and known <= at + horizon
        by_month.setdefault(f"{one.at:%Y-%m}", []).append((one.probability, bad))
    return [
        _month(month, pairs, plan.capacity)
        for month, pairs in sorted(by_month.items())
        if len(pairs) >= LEAST_JUDGED
    ]


def _month(month: str, pairs: Sequence[tuple[float, bool]], capacity: float) -> Judged:
    probability = np.array([p for p, _ in pairs])
    bad = np.array([b for _, b in pairs], bool)
    every = np.ones(len(bad))
    interval = binomtest(int(bad.sum()), len(bad)).proportion_ci(0.99, method="wilson")
    return Judged(
        month=month,
        assessments=len(bad),
        frauds=int(bad.sum()),
        expected=float(probability.mean()),
        low=float(interval.low),
        high=float(interval.high),
        figures=measures(probability, bad, every, every, capacity),
    )
