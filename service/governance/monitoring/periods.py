"""Monitoring of what was served: drift by period, and performance once labels came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby

import numpy as np

from graph.facts.distributions import Distribution
from graph.facts.linked_kinds import LinkedKinds
from graph.facts.tables import Tables
from graph.model.errors import InputError
from graph.model.moments import micros
from graph.quantities import quantity
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
from service.governance.monitoring.model import MonitoredModel
from service.governance.monitoring.performance import Judged, LabelDelay, judged, label_delay

LEAST_REFERENCE = 200  # assessments: of fewer nothing is usual


@dataclass(frozen=True, kw_only=True)
class MonitorPlan:
    """What to look at: the assessments with since <= as_of < until in periods of `length`, against the
    model's training slice, or where it has none, against those of the first `usual` of them; months from
    `judged_since` (default: `since`) on by labels as known by `now`. Dates in sentences are those of the time
    zone of `since`.
    """

    since: datetime
    until: datetime
    now: datetime
    length: timedelta = timedelta(days=1)
    usual: timedelta = timedelta(days=28)
    judged_since: datetime | None = None
    model: MonitoredModel | None = None
    limits: AlarmLimits = field(default_factory=AlarmLimits)

    @property
    def by_model(self) -> bool:
        """Whether the model says what is usual."""
        return self.model is not None and bool(self.model.usual)

    def date(self, moment: datetime) -> str:
        """The date of a moment, as sentences have it."""
        return f"{moment.astimezone(self.since.tzinfo):%Y-%m-%d}"


@dataclass(frozen=True, kw_only=True)
class Monitored:
    """What was found. `no_periods`: where there are none, why; `reference`: what they were compared with, by
    name, and `reference_from` in words. `delay` is None where no fraud became known lately.
    """

    periods: Sequence[ServedPeriod]
    no_periods: str | None
    judged: Sequence[Judged]
    alarms: Sequence[Alarm]
    reference: Mapping[str, Distribution]
    reference_from: str
    delay: LabelDelay | None


def monitored(casebook: Casebook, store: GraphStore, plan: MonitorPlan) -> Monitored:
    """Drift by period and performance by month. Raises InputError where too little was served to say what is
    usual, BundleError and StoreError.
    """
    tables = store.view(plan.now).tables()
    linking = _Linking(tables)
    reference, begin, said = _reference(casebook, linking, plan)
    found = [
        period
        for rows in _by_period(served(casebook.between(begin, plan.until)), begin, plan)
        for period in periods(linking.of(rows), reference, begin, plan.length)
    ]
    scores = casebook.scores.answered(plan.judged_since or plan.since, plan.until)
    months = judged(scores, tables, plan.now, plan.model)
    return Monitored(
        periods=found,
        no_periods=None if found else _why_none(begin, plan),
        judged=months,
        alarms=[*drift_alarms(found, plan.limits), *_of_model(months, plan)],
        reference=reference,
        reference_from=said,
        delay=label_delay(tables),
    )


def _why_none(begin: datetime, plan: MonitorPlan) -> str:
    if begin < plan.until:
        by = f" by {plan.model.version}" if plan.model is not None and plan.by_model else ""
        return f"nothing was assessed{by} from {plan.date(begin)} to {plan.date(plan.until)}"
    return (
        f"the first one begins on {plan.date(begin)}: the {quantity(plan.usual.days, 'day')} before it say "
        "what is usual (--usual-days changes how many)"
    )


def _by_period(rows: Iterable[Served], begin: datetime, plan: MonitorPlan) -> Iterator[list[Served]]:
    """The rows (by time) of each period, a period at a time; those alone that the model scored, or none did,
    where it says what is usual.
    """
    version = plan.model.version if plan.model is not None and plan.by_model else None
    wanted = (one for one in rows if version is None or one.model_version in (None, version))
    for _, some in groupby(wanted, key=lambda one: (one.at - begin) // plan.length):
        yield list(some)


class _Linking:
    """Whether what people name links them to somebody else, as the `tables` know it."""

    def __init__(self, tables: Tables) -> None:
        self._places = {who: place for place, who in enumerate(tables.applicant_ids.tolist())}
        self._kinds = LinkedKinds(tables)

    def of(self, rows: Sequence[Served]) -> list[Served]:
        """The same rows with that, by kind of identifier."""
        person = np.array([self._places.get(one.applicant_id, -1) for one in rows], np.int64)
        linked = self._kinds.of(person, np.array([micros(one.at) for one in rows], np.int64))
        columns = {f"{LINKING}{kind}": column.tolist() for kind, column in linked.items()}
        return [
            replace(one, values={**one.values, **{name: column[n] for name, column in columns.items()}})
            for n, one in enumerate(rows)
        ]


def _reference(
    casebook: Casebook, linking: _Linking, plan: MonitorPlan
) -> tuple[dict[str, Distribution], datetime, str]:
    """What is usual, from when on what was served is compared with it, and where it is from."""
    if plan.model is not None and plan.by_model:
        usual = plan.model.usual
        learned = " to ".join(plan.date(datetime.fromisoformat(usual[name])) for name in ("from", "until"))
        said = f"the training slice of {plan.model.version}, {learned}"
        return plan.model.distributions(), plan.since, said
    begin = plan.since + plan.usual
    first = list(served(casebook.between(plan.since, min(begin, plan.until))))
    if len(first) < LEAST_REFERENCE:
        raise InputError(
            f"{quantity(len(first), 'application')} assessed in the first "
            f"{quantity(plan.usual.days, 'day')}: too few to say "
            f"what is usual ({LEAST_REFERENCE} are needed): give --usual-days or an earlier --since"
        )
    said = f"what was served from {plan.date(plan.since)} to {plan.date(begin)}"
    return reference_of(linking.of(first)), begin, said


def _of_model(months: Sequence[Judged], plan: MonitorPlan) -> list[Alarm]:
    """The alarms about the model: its age, and how right it was in the last month that is judged."""
    alarms = age_alarm(plan.model.trained_as_of, plan.now, plan.limits) if plan.model else []
    if not months:
        return alarms
    last = months[-1]
    alarms += calibration_alarm(last.since, last.expected, last.low, last.high)
    if plan.model is not None and plan.model.recall is not None and last.recall_high is not None:
        alarms += recall_alarm(last.since, last.recall_high, plan.model.recall, plan.limits)
    return alarms
