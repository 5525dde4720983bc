"""How right what was served was, month by month, once the horizon of its assessments had passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from gnn.evaluate import measures, precision_at
from graph.facts.fraud_labels import fraud_spells
from graph.facts.tables import Tables
from graph.model.moments import DAY, micros
from investigations.estimates import wilson
from investigations.monitoring.periods import Served
from service.monitored_model import MonitoredModel

LEAST_JUDGED = 200  # assessments with labels: of fewer a month is not judged
SURE = 0.99  # of the intervals: each month is looked at anew
HORIZON_DAYS, CAPACITY = 90.0, 0.02  # where there is no model


@dataclass(frozen=True, kw_only=True)
class Judged:
    """How right a month's assessments of people not known for fraud were, once their horizon had passed.

    `expected` and `low` to `high`: the share that was expected to go bad, and the interval of the share that
    did. `recall_high`: the upper end of the interval of recall at review capacity. `figures`: `auc`, `ap`,
    `ece`, `recall_at_capacity` and `precision_at_capacity`; None where there were no frauds.
    """

    month: str
    assessments: int
    frauds: int
    expected: float
    low: float
    high: float
    recall_high: float | None
    figures: Mapping[str, float | None]


def judged(
    rows: Sequence[Served], tables: Tables, now: datetime, model: MonitoredModel | None
) -> list[Judged]:
    """By month, of assessments whose horizon has passed by `now`, of people not known for fraud at the
    moment, as the `tables` as of `now` know it; months of fewer than LEAST_JUDGED are left out.
    """
    spells = fraud_spells(tables)
    since = {
        who: int(at)
        for who, at, fraud in zip(tables.applicant_ids.tolist(), spells.since, spells.fraud, strict=True)
        if fraud
    }
    horizon = int((model.horizon_days if model else HORIZON_DAYS) * DAY)
    by_month: dict[str, list[tuple[float, bool]]] = {}
    for one in rows:
        at, known = micros(one.at), since.get(one.applicant_id)
        if one.probability is None or at > micros(now) - horizon or (known is not None and known <= at):
            continue
        bad = known is not None and known <= at + horizon
        by_month.setdefault(f"{one.at:%Y-%m}", []).append((one.probability, bad))
    capacity = model.capacity if model else CAPACITY
    return [
        _month(month, pairs, capacity)
        for month, pairs in sorted(by_month.items())
        if len(pairs) >= LEAST_JUDGED
    ]


def _month(month: str, pairs: Sequence[tuple[float, bool]], capacity: float) -> Judged:
    probability = np.array([p for p, _ in pairs])
    bad = np.array([b for _, b in pairs], bool)
    every, frauds = np.ones(len(bad)), int(bad.sum())
    low, high = wilson(frauds, len(bad), SURE)
    figures = measures(probability, bad, every, every, capacity)
    recall = figures["recall_at_capacity"]
    return Judged(
        month=month,
        assessments=len(bad),
        frauds=frauds,
        expected=float(probability.mean()),
        low=low,
        high=high,
        recall_high=None if recall is None else wilson(round(recall * frauds), frauds, SURE)[1],
        figures=figures
        | {"precision_at_capacity": round(precision_at(probability, bad, every, capacity), 4)},
    )
