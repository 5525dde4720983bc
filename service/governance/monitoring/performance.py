"""How right what was served was, month by month, once the horizon of its assessments had passed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from gnn.training.evaluate import measures, precision_at
from graph.facts.tables import Tables
from graph.model.moments import DAY
from investigations.casebook.answer_scores import AnsweredScore
from investigations.estimates import wilson
from investigations.monitoring.maturation import Maturation
from service.governance.monitoring.model import MonitoredModel

LEAST_JUDGED = 200  # assessments with labels: of fewer a month is not judged
SURE = 0.99  # of the intervals: each month is looked at anew
DELAYS_OF = 90  # days
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

    @property
    def since(self) -> datetime:
        """The month's begin, UTC."""
        return datetime.strptime(self.month, "%Y-%m").replace(tzinfo=UTC)


def judged(
    scores: Iterable[AnsweredScore], tables: Tables, now: datetime, model: MonitoredModel | None
) -> list[Judged]:
    """By month (UTC), of assessments whose horizon has passed by `now`, of people not known for fraud at the
    moment, as the `tables` as of `now` know it; months of fewer than LEAST_JUDGED are left out.

    Where there is a model, its own scores alone.
    """
    matured = Maturation.of(tables, now, model.horizon_days if model else HORIZON_DAYS)
    by_month: dict[str, list[tuple[float, bool]]] = {}
    for one in scores:
        bad = matured.bad(one.applicant_id, one.at)
        if bad is not None and (model is None or one.model_version == model.version):
            by_month.setdefault(f"{one.at:%Y-%m}", []).append((one.probability, bad))
    capacity = model.capacity if model else CAPACITY
    return [
        _month(month, pairs, capacity)
        for month, pairs in sorted(by_month.items())
        if len(pairs) >= LEAST_JUDGED
    ]


@dataclass(frozen=True, slots=True)
class LabelDelay:
    """After how many days a fraud became known, of those that did in the last DELAYS_OF days: the middle one,
    and what nine of ten stay under; of so many `labels`.
    """

    median_days: float
    p90_days: float
    labels: int


def label_delay(tables: Tables) -> LabelDelay | None:
    """Of the labels of applications in `tables`, as of their moment; None where there were none."""
    labels = tables.labels
    some = labels["fraud"] & (labels["application"] >= 0)
    some &= labels["known_at"] >= tables.as_of - DELAYS_OF * DAY
    if not some.any():
        return None
    applied = tables.applications["at"][labels["application"][some]]
    days = (labels["known_at"][some] - applied) / DAY
    return LabelDelay(float(np.median(days)), float(np.quantile(days, 0.9)), int(some.sum()))


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
