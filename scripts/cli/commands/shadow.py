"""Models and policies in shadow: let them answer what they have not answered yet, and report what they say
beside what was served.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from graph.model.errors import SettingError
from investigations.shadow.answers import OUT_OF_SCOPE, ShadowAnswer
from scripts.cli.command import Command, Result
from scripts.cli.settings_given import settings_given
from scripts.cli.usual_arguments import add_casebook, add_store
from service.assessment.context import AppContext
from service.assessment.repeats.in_shadow import Tried, challenger_of, tried
from service.assessment.repeats.reading import refuse_another_store
from service.clock import system_clock
from service.opening import casebook_given, moment_given, open_existing, refuse_empty
from service.settings import Settings
from service.wiring import wire

if TYPE_CHECKING:
    from gnn.scoring.scorer import Scorer
    from investigations.estimates import Estimate
    from investigations.shadow.report import Became, ReviewSet
    from service.governance.shadow_report import JudgedPair, ShadowReport

EXAMPLE = """example:
  COMMAND run --registry models/registry
  COMMAND report 3f9c --registry models/registry --since 2025-12-01

`run` answers what waits and ends; while `serve` runs with a registry, a process beside the workers does the
same."""


class _Opened(NamedTuple):
    """What both parts work with."""

    options: argparse.Namespace
    settings: Settings
    context: AppContext


def _run(options: argparse.Namespace) -> Result:
    settings = settings_given(options)
    casebook_given(settings.casebook)
    open_existing(settings.store).close()  # neither it nor a casebook is made by looking
    with closing(wire(settings)) as context:
        return _WHAT[options.what](_Opened(options, settings, context))


def _answer(opened: _Opened) -> Result:
    """Answer everything that waits, challenger after challenger."""
    from service.jobs.shadows import Answering

    figures: dict[str, object] = {}
    context = opened.context
    refuse_another_store(context.casebook, context.store)
    for one in _chosen(opened):
        since, started, said = _since(opened, one), perf_counter(), list[ShadowAnswer]()
        challenger = challenger_of(context, context.models, one, since)
        answering = Answering(challenger)
        while answered := answering.step():
            said += (answer for answer in answered if answer.failure != OUT_OF_SCOPE)
        figures[one.name] = {
            "since": challenger.since.isoformat(timespec="seconds"),
            "answered": len(said),
            "failed": sum(answer.failure is not None for answer in said),
            "lag_seconds": context.casebook.shadows.lag(one.name, since).total_seconds(),
            "seconds": round(perf_counter() - started, 2),
        }
    return Result({"shadows": len(figures), **figures})


def _report(opened: _Opened) -> Result:
    from service.governance.shadow_report import ShadowPlan, shadow_report

    options, context, now = opened.options, opened.context, system_clock()
    (one, *others) = _chosen(opened)
    if others:
        raise SettingError(
            f"several are in shadow: name one of {', '.join(each.name for each in [one, *others])}"
        )
    challenger = challenger_of(context, context.models, one, _since(opened, one))
    scorer = challenger.context.scorer
    if scorer is None:
        raise SettingError("no model serves: the registry has no champion yet, and no --model is given")
    until = moment_given(opened.settings, options.until) if options.until else now
    refuse_empty(challenger.since, until)
    plan = ShadowPlan(
        challenger=one.name,
        since=challenger.since,
        until=until,
        now=now,
        horizon_days=scorer.horizon_days,
        capacity=_capacity(opened, scorer),
    )
    found = shadow_report(context.casebook, context.store, plan)
    head = {"challenger": one.name, "since": plan.since.isoformat(), "until": until.isoformat()}
    return Result({**head, "capacity": plan.capacity, "horizon_days": plan.horizon_days, **_figures(found)})


def _chosen(opened: _Opened) -> list[Tried]:
    """The challenger of the argument, else all that is in shadow. Raises SettingError where there is none."""
    name, context = opened.options.challenger, opened.context
    there = list(tried(context.models, context.casebook))
    if name and (found := [one for one in there if one.name.startswith(name)]):
        return found
    if name and context.models is not None:
        model = context.models.registry.named(name)
        return [Tried(model.version, model.since)]
    if name or not there:
        raise SettingError(
            f"nothing {f'named {name!r} ' if name else ''}is in shadow: ringfence models shadow VERSION or "
            "ringfence policy shadow FILE puts something there"
        )
    return there


def _since(opened: _Opened, one: Tried) -> datetime:
    given = opened.options.since
    if given:
        return moment_given(opened.settings, given)
    return max(one.since, opened.context.casebook.shadows.kept_since())


def _capacity(opened: _Opened, scorer: Scorer) -> float:
    given = opened.options.capacity
    if given is None:
        return scorer.capacity
    if not 0 < given < 1:
        raise SettingError(f"--capacity {given:g} is no share of applications: .02 is two in a hundred")
    return float(given)


def _figures(found: ShadowReport) -> dict[str, object]:
    agreed = found.agreement
    return {
        "assessments": found.period.assessments,
        "answered": found.period.answered,
        "failed": found.period.failed,
        "same_decision": _estimate(agreed.same),
        "other_decisions": {
            f"{then.value}_to_{now.value}": _became(one) for (then, now), one in agreed.changes.items()
        },
        "at_capacity": {"served": _review_set(agreed.served), "shadow": _review_set(agreed.shadow)},
        "reviewed_by": {
            "both": _became(agreed.both),
            "served_alone": _became(agreed.only_served),
            "shadow_alone": _became(agreed.only_shadow),
        },
        "judged": _judged(found.judged) if found.judged else None,
    }


def _judged(one: JudgedPair) -> dict[str, object]:
    gain = {name: _rounded(more._asdict()) for name, more in one.gain.items()}
    return {
        "assessments": one.assessments,
        "frauds": one.frauds,
        "served": one.served,
        "shadow": one.shadow,
        "gain": gain,
    }


def _review_set(one: ReviewSet) -> dict[str, object]:
    return {
        "assessments": one.assessments,
        "from_probability": round(one.threshold, 6),
        **{f"precision{end}": value for end, value in _ends(one.precision).items()},
        **{f"recall{end}": value for end, value in _ends(one.recall).items()},
    }


def _became(one: Became) -> dict[str, object]:
    ends = {f"bad{end}": value for end, value in _ends(one.bad).items()}
    return {"assessments": one.assessments, "matured": one.matured, **ends}


def _estimate(one: Estimate) -> dict[str, float | None]:
    return {end.lstrip("_") or "share": value for end, value in _ends(one).items()}


def _ends(one: Estimate) -> dict[str, float | None]:
    return _rounded({"": one.value, "_low": one.low, "_high": one.high})


def _rounded(values: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: None if value is None else round(value, 4) for name, value in values.items()}


_WHAT = {"run": _answer, "report": _report}


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=tuple(_WHAT), help="what to do")
    parser.add_argument(
        "challenger",
        nargs="?",
        metavar="NAME",
        help="a model's version or `policy:DIGEST`, or the first characters (default: all that is in shadow)",
    )
    parser.add_argument("--model", metavar="DIR", help="the model that serves without a registry")
    parser.add_argument("--registry", metavar="URL", help="the registry (default: RINGFENCE_REGISTRY)")
    add_store(parser)
    add_casebook(parser, "casebook with the assessments")
    parser.add_argument(
        "--since",
        metavar="T",
        help="assessments from this moment on, ISO-8601, and never from before the model learned (default: "
        "since it is in shadow, and its answers are kept)",
    )
    parser.add_argument("--until", metavar="T", help="report: assessments before this moment (default: now)")
    parser.add_argument(
        "--capacity",
        type=float,
        metavar="C",
        help="report: the share people can review (default: the model's)",
    )


COMMAND = Command(
    name="shadow", script="", description=__doc__, example=EXAMPLE, arguments=_arguments, run=_run
)
