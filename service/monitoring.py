"""Monitoring of what was served: drift by period, and performance once labels came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np

from graph.facts.distributions import Distribution
from graph.facts.linked_kinds import linked_kinds
from graph.facts.tables import Tables
from graph.model.errors import InputError
from graph.model.moments import micros
from graph.store.port import GraphStore
from investigations.casebook import Casebook
from investigations.monitoring.alarms import (
    Alarm,
    AlarmLimits,
    age_alarm,
    calibration_alarm,
    drift_alarms,
    recall_alarm,
)
from investigations.monitoring.periods import LINKING, Served, ServedPeriod, periods, reference_of, served
from service.monitored_model import MonitoredModel
from service.performance import Judged, judged

LEAST_REFERENCE = 200  # assessments: of fewer nothing is usual


@dataclass(frozen=True, kw_only=True)
class MonitorPlan:
    """What to look at: the assessments with since <= as_of < until in periods of `length`, against the
    model's training slice, or where it has none, against those of the first `usual` of them; labels as known
    by `now`.
    """

    since: datetime
    until: datetime
    now: datetime
    length: timedelta = timedelta(days=1)
    usual: timedelta = timedelta(days=28)
    model: MonitoredModel | None = None
    limits: AlarmLimits = field(default_factory=AlarmLimits)


@dataclass(frozen=True, kw_only=True)
class Monitored:
    """What was found. `reference`: what it was compared with, by name, and `reference_from` in words."""

    periods: Sequence[ServedPeriod]
    judged: Sequence[Judged]
    alarms: Sequence[Alarm]
    reference: Mapping[str, Distribution]
    reference_from: str


def monitored(casebook: Casebook, store: GraphStore, plan: MonitorPlan) -> Monitored:
    """Drift by period and performance by month. Raises InputError where too little was served to say what is
    usual, BundleError and StoreError.
    """
    tables = store.view(plan.now).tables()
    rows = _linked(tables, list(served(casebook.between(plan.since, plan.until))))
    reference, since, said = _reference(rows, plan)
    compared = [one for one in rows if plan.model is None or one.model_version in (None, plan.model.version)]
    found = periods(compared if plan.model and plan.model.usual else rows, reference, since, plan.length)
    months = judged(rows, tables, plan.now, plan.model)
    return Monitored(
        periods=found,
        judged=months,
        alarms=[*drift_alarms(found, plan.limits), *_of_model(months, plan)],
        reference=reference,
        reference_from=said,
    )


def _linked(tables: Tables, rows: Sequence[Served]) -> list[Served]:
    """The same rows with, by kind of identifier, whether it links them to somebody else."""
    places = {who: place for place, who in enumerate(tables.applicant_ids.tolist())}
    person = np.array([places.get(one.applicant_id, -1) for one in rows], np.int64)
    linked = linked_kinds(tables, person, np.array([micros(one.at) for one in rows], np.int64))
    columns = {f"{LINKING}{kind}": column.tolist() for kind, column in linked.items()}
    return [
        replace(one, values={**one.values, **{name: column[n] for name, column in columns.items()}})
        for n, one in enumerate(rows)
    ]


def _reference(rows: Sequence[Served], plan: MonitorPlan) -> tuple[dict[str, Distribution], datetime, str]:
    """What is usual, from when on what was served is compared with it, and where it is from."""
    if plan.model is not None and (kept := plan.model.distributions()):
        usual = plan.model.usual
        said = f"the training slice of {plan.model.version}, {usual['from'][:10]} to {usual['until'][:10]}"
        return kept, plan.since, said
    begin = plan.since + plan.usual
    first = [one for one in rows if one.at < begin]
    if len(first) < LEAST_REFERENCE:
        raise InputError(
            f"{len(first)} applications were assessed in the first {plan.usual.days} days, too few to say "
            f"what is usual ({LEAST_REFERENCE} are needed): give --usual-days or an earlier --since"
        )
    return reference_of(first), begin, f"what was served from {plan.since:%Y-%m-%d} to {begin:%Y-%m-%d}"


def _of_model(months: Sequence[Judged], plan: MonitorPlan) -> list[Alarm]:
    """The alarms about the model: its age, and how right it was in the last month that is judged."""
    alarms = age_alarm(plan.model.trained_as_of, plan.now, plan.limits) if plan.model else []
    if not months:
        return alarms
    last = months[-1]
    since = datetime.strptime(last.month, "%Y-%m").replace(tzinfo=plan.now.tzinfo)
    alarms += calibration_alarm(since, last.expected, last.low, last.high)
    if plan.model is not None and plan.model.recall is not None and last.recall_high is not None:
        alarms += recall_alarm(since, last.recall_high, plan.model.recall, plan.limits)
    return alarms
