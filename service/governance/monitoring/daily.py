"""The daily monitoring of what serves: looks at the days since the last look, and keeps what it finds."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from graph.store.port import GraphStore
from ingestion.parse_context import time_zone
from investigations.casebook import Casebook
from investigations.monitoring.alarms import DRIFTS, Alarm, AlarmCode, AlarmLimits
from investigations.monitoring.periods import SCORE
from investigations.monitoring.record import Kept, KeptKind, MonitorRun
from service.governance.monitoring import values
from service.governance.monitoring.model import MonitoredModel, model_that_serves
from service.governance.monitoring.periods import Monitored, MonitorPlan, monitored
from service.settings import Settings

log = logging.getLogger("ringfence.monitoring")

DAY = timedelta(days=1)
LOOKS_BACK = 35 * DAY  # at days that nobody has looked at yet
JUDGES_BACK = 92 * DAY  # before the last assessments whose horizon has passed: labels come late


@dataclass(frozen=True, slots=True)
class DailyRun:
    """What a run found, and which of its alarms are new."""

    found: Monitored
    new: tuple[Alarm, ...]


def monitor_and_keep(
    settings: Settings, casebook: Casebook, store: GraphStore, now: datetime
) -> DailyRun | None:
    """Look at the whole days (of the settings' time zone) before `now` and at the months whose labels have
    come, and keep it; None where no model serves.

    Raises InputError where nothing says what is usual, StoreError, BundleError and RegistryError.
    """
    model = model_that_serves(settings, store)
    if model is None:
        log.info("no model serves: there is nothing to monitor")
        return None
    plan = _plan(settings, casebook, model, now)
    found = monitored(casebook, store, plan)
    new = casebook.monitoring.keep(_run(found, model, plan))
    for one in new:
        log.warning("alarm %s: %s", one.code.value, one.sentence)
    return DailyRun(found, new)


def limits(settings: Settings) -> AlarmLimits:
    """From where on something is an alarm, as the settings say."""
    return AlarmLimits(
        index=settings.drift_index,
        periods=settings.drift_days,
        model_age=timedelta(days=settings.model_age_days),
        recall=settings.recall_fall,
    )


def _plan(settings: Settings, casebook: Casebook, model: MonitoredModel, now: datetime) -> MonitorPlan:
    midnight = now.astimezone(time_zone(settings.timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
    plan = MonitorPlan(
        since=midnight - LOOKS_BACK,
        until=midnight,
        now=now,
        judged_since=now - timedelta(days=model.horizon_days) - JUDGES_BACK,
        model=model,
        limits=limits(settings),
    )
    last = casebook.monitoring.latest(KeptKind.DAY, now, model.version)
    if not plan.by_model:
        return replace(plan, since=plan.since - plan.usual)
    if last is None:
        return plan
    still = midnight - DAY * plan.limits.periods  # days that count for an alarm, looked at or not
    return replace(plan, since=max(plan.since, min(last.since + DAY, still)))


def _run(found: Monitored, model: MonitoredModel, plan: MonitorPlan) -> MonitorRun:
    now, periods = plan.now, plan.limits.periods
    usual = found.reference.get(SCORE)
    about = {
        "reference": found.reference_from,
        "score": usual.as_json() if usual else None,
        "label_delay": values.rounded(asdict(found.delay)) if found.delay else None,
    }
    kept = [
        *((KeptKind.DAY, one.since, values.period(one)) for one in found.periods),
        *((KeptKind.MONTH, one.since, values.judged_month(one)) for one in found.judged),
        (KeptKind.RUN, now, about),
    ]
    return MonitorRun(
        at=now,
        model_version=model.version,
        rows=[
            Kept(kind=kind, since=since, model_version=model.version, content=content)
            for kind, since, content in kept
        ],
        alarms=found.alarms,
        looked_at=_looked_at(found, periods),
    )


def _looked_at(found: Monitored, periods: int) -> frozenset[AlarmCode]:
    """Which alarms a run could raise: of drift where enough days had assessments, of performance where a
    month was judged.
    """
    drift: Sequence[AlarmCode] = DRIFTS if len(found.periods) >= periods else ()
    judged = (AlarmCode.CALIBRATION, AlarmCode.RECALL) if found.judged else ()
    return frozenset({AlarmCode.MODEL_AGE, *drift, *judged})
