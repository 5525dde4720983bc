"""Watch what was served: drift of scores and signals by period, the model's age, and how right it was once
labels came.
"""

from __future__ import annotations

import argparse
import dataclasses
from datetime import timedelta

from graph.model.errors import SettingError
from ingestion.parse_context import time_zone
from investigations.monitoring.periods import SCORE, ServedPeriod
from investigations.monitoring.stability import Stability
from scripts.cli.command import Command, Result
from scripts.cli.settings_given import settings_given
from scripts.cli.usual_arguments import add_casebook, add_store
from service.assessment.repeats.reading import refuse_another_store
from service.clock import system_clock
from service.governance.monitoring.daily import DailyRun, limits, monitor_and_keep
from service.governance.monitoring.model import model_that_serves
from service.governance.monitoring.periods import Monitored, MonitorPlan, monitored
from service.governance.monitoring.values import alarm, figures, judged_month
from service.opening import casebook_given, moment_given, open_casebook, open_existing, refuse_empty

EXAMPLE = """example:
  COMMAND --casebook sqlite:///casebook.db --store sqlite:///ringfence.db --model models/first \\
    --since 2025-07-01"""
_SHOWN = 14  # periods on a terminal


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_casebook(parser, "where assessments are recorded")
    add_store(parser)
    parser.add_argument(
        "--model",
        metavar="DIR",
        help="folder of the model that serves (default: RINGFENCE_REGISTRY's champion, or RINGFENCE_MODEL)",
    )
    parser.add_argument(
        "--since", metavar="T", help="first moment to look at, ISO-8601 (required but with --keep)"
    )
    parser.add_argument("--until", metavar="T", help="first moment after (default: the clock)")
    parser.add_argument("--days", type=int, default=1, help="length of a period in days (default 1)")
    parser.add_argument(
        "--keep",
        action="store_true",
        help="look at the whole days since the last look, and keep what is found, with its alarms, in the "
        "casebook: what the service does daily, for a timetable",
    )
    parser.add_argument(
        "--usual-days",
        type=int,
        default=28,
        help="where the model does not say what is usual: what was served in so many days from --since "
        "(default 28)",
    )


def _run(options: argparse.Namespace) -> Result:
    settings = settings_given(options)
    if options.model:
        settings = dataclasses.replace(settings, registry="")
    if not options.keep and not options.since:
        raise SettingError("give --since, the first moment to look at, or --keep")
    zone = time_zone(settings.timezone)
    now = (moment_given(settings, options.until) if options.until else system_clock()).astimezone(zone)
    since = moment_given(settings, options.since).astimezone(zone) if options.since else None
    if since is not None:
        refuse_empty(since, now)
    with (
        open_casebook(casebook_given(settings.casebook)) as casebook,
        open_existing(settings.store, zone=settings.timezone) as store,
    ):
        refuse_another_store(casebook, store)
        if options.keep or since is None:
            return _kept(monitor_and_keep(settings, casebook, store, now))
        plan = MonitorPlan(
            since=since,
            until=now,
            now=now,
            length=timedelta(days=options.days),
            usual=timedelta(days=options.usual_days),
            model=model_that_serves(settings, store),
            limits=limits(settings),
        )
        found = monitored(casebook, store, plan)
    return Result(figures(found), brief=_brief(found))


def _kept(run: DailyRun | None) -> Result:
    if run is None:
        raise SettingError("no model serves: give --model, or RINGFENCE_REGISTRY with a champion")
    new = [alarm(one) for one in run.new]
    return Result({**figures(run.found), "new_alarms": new}, brief=_brief(run.found))


def _brief(found: Monitored) -> dict[str, object]:
    """The last periods and months as tables, and the alarms as sentences."""
    return {
        "usual is": found.reference_from,
        "periods": f"none: {found.no_periods}"
        if found.no_periods
        else {f"{one.since:%Y-%m-%d}": _period(one) for one in found.periods[-_SHOWN:]},
        "performance": {one.month: _without_month(judged_month(one)) for one in found.judged},
        "alarms": [one.sentence for one in found.alarms] or "none",
    }


def _period(one: ServedPeriod) -> dict[str, object]:
    return {
        "assessments": one.assessments,
        **{name: f"{share:.1%}" for name, share in one.decisions.items()},
        "score": _stability(one, SCORE),
        "others drifted": len([name for name in one.drifted() if name != SCORE]),
    }


def _without_month(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name != "month"}


def _stability(one: ServedPeriod, name: str) -> str:
    moved = one.shifts.get(name)
    if moved is None:
        return "not known"
    says = moved.stability(len(one.shifts))
    return f"{moved.index:.2f}" + ("" if says is Stability.STEADY else f" {says.value}")


COMMAND = Command(
    name="monitor", script="", description=__doc__, example=EXAMPLE, arguments=_arguments, run=_run
)
