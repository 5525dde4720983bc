"""Watch what was served: drift of scores and signals by period, the model's age, and how right it was once
labels came.
"""

from __future__ import annotations

import argparse
import dataclasses
from datetime import timedelta

from investigations.monitoring.periods import SCORE, ServedPeriod
from investigations.monitoring.stability import Stability
from scripts.cli.command import Command, Result
from scripts.cli.settings_given import settings_given
from service.clock import system_clock
from service.monitored_model import monitored_model
from service.monitoring import Monitored, MonitorPlan, monitored
from service.opening import casebook_given, load_scorer, moment_given, open_casebook, open_existing
from service.performance import Judged

EXAMPLE = """example:
  COMMAND --casebook sqlite:///casebook.db --store sqlite:///ringfence.db --model models/first \\
    --since 2025-07-01"""
_SHOWN = 14  # periods on a terminal


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--casebook", metavar="URL", help="where assessments are recorded (default: RINGFENCE_CASEBOOK)"
    )
    parser.add_argument("--store", metavar="URL", help="graph store (default: RINGFENCE_STORE)")
    parser.add_argument(
        "--model", metavar="DIR", help="folder of the model that serves (default: RINGFENCE_MODEL)"
    )
    parser.add_argument("--since", required=True, metavar="T", help="first moment to look at, ISO-8601")
    parser.add_argument("--until", metavar="T", help="first moment after (default: the clock)")
    parser.add_argument("--days", type=int, default=1, help="length of a period in days (default 1)")
    parser.add_argument(
        "--usual-days",
        type=int,
        default=28,
        help="where the model does not say what is usual: what was served in so many days from --since "
        "(default 28)",
    )


def _run(options: argparse.Namespace) -> Result:
    settings = settings_given(options)
    now = moment_given(settings, options.until) if options.until else system_clock()
    plan = MonitorPlan(
        since=moment_given(settings, options.since),
        until=now,
        now=now,
        length=timedelta(days=options.days),
        usual=timedelta(days=options.usual_days),
        model=monitored_model(load_scorer(settings.model, settings.model_digest)) if settings.model else None,
    )
    with (
        open_casebook(casebook_given(settings.casebook)) as casebook,
        open_existing(settings.store, zone=settings.timezone) as store,
    ):
        found = monitored(casebook, store, plan)
    return Result(_figures(found), brief=_brief(found))


def _figures(found: Monitored) -> dict[str, object]:
    return {
        "reference": found.reference_from,
        "periods": [_period(one) for one in found.periods],
        "judged": [_judged(one) for one in found.judged],
        "alarms": [
            {
                "code": one.code.value,
                "name": one.name,
                "since": one.since.isoformat(),
                "sentence": one.sentence,
            }
            for one in found.alarms
        ],
    }


def _period(one: ServedPeriod) -> dict[str, object]:
    return {
        "since": one.since.isoformat(),
        "until": one.until.isoformat(),
        "assessments": one.assessments,
        "decisions": {name: round(share, 6) for name, share in one.decisions.items()},
        "drifted": one.drifted(),
        "stability": {
            name: {"index": round(moved.index, 6), "says": moved.stability(len(one.shifts)).value}
            for name, moved in one.shifts.items()
        },
        "population": {
            name: {
                key: value if value is None else round(value, 6)
                for key, value in dataclasses.asdict(spread).items()
            }
            for name, spread in one.population.items()
        },
    }


def _judged(one: Judged) -> dict[str, object]:
    return {
        "month": one.month,
        "assessments": one.assessments,
        "frauds": one.frauds,
        "expected": round(one.expected, 6),
        "happened_low": round(one.low, 6),
        "happened_high": round(one.high, 6),
        "recall_high": one.recall_high and round(one.recall_high, 6),
        **one.figures,
    }


def _brief(found: Monitored) -> dict[str, object]:
    """The last periods and months as tables, and the alarms as sentences."""
    return {
        "usual is": found.reference_from,
        "periods": {
            f"{one.since:%Y-%m-%d}": {
                "assessments": one.assessments,
                "approve": f"{one.decisions['approve']:.1%}",
                "review": f"{one.decisions['review']:.1%}",
                "decline": f"{one.decisions['decline']:.1%}",
                "score": _stability(one, SCORE),
                "others drifted": len([name for name in one.drifted() if name != SCORE]),
            }
            for one in found.periods[-_SHOWN:]
        },
        "performance": {one.month: _without_month(_judged(one)) for one in found.judged},
        "alarms": [one.sentence for one in found.alarms] or "none",
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
