"""Models in shadow: let them answer what they have not answered yet, and report what they say beside what was
served.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from graph.model.errors import SettingError
from investigations.casebook import Casebook
from scripts.cli.command import Command, Result
from scripts.cli.settings_given import settings_given
from service.clock import system_clock
from service.opening import casebook_given, moment_given, open_casebook, open_existing, open_keyring
from service.registered_models import RegisteredModels, open_models
from service.settings import Settings
from service.wiring import wire

if TYPE_CHECKING:
    from gnn.registry.history import RegisteredModel
    from gnn.scorer import Scorer
    from graph.store.port import GraphStore
    from investigations.estimates import Estimate
    from investigations.shadow.report import Became, ReviewSet
    from service.shadow_report import JudgedPair, ShadowReport

EXAMPLE = """example:
  COMMAND run --registry models/registry
  COMMAND report 3f9c --registry models/registry --since 2025-12-01

`run` answers what waits and ends; while `serve` runs, a process beside the workers does the same. A version
may be given by its first characters."""


class _Opened(NamedTuple):
    """What both parts work with."""

    options: argparse.Namespace
    settings: Settings
    models: RegisteredModels
    store: GraphStore


def _run(options: argparse.Namespace) -> Result:
    settings = settings_given(options)
    casebook_given(settings.casebook)
    with open_existing(settings.store, settings.timezone) as store:
        models = open_models(settings, open_keyring(settings, store).keys)
        if models is None:
            raise SettingError("no registry: give --registry, a folder or a bucket, or RINGFENCE_REGISTRY")
        return _WHAT[options.what](_Opened(options, settings, models, store))


def _answer(opened: _Opened) -> Result:
    """Answer everything that waits, model after model."""
    from service.assessment.in_shadow import challenger_of  # here, because a model is loaded with it
    from service.jobs.shadows import Answering

    figures: dict[str, object] = {}
    with closing(wire(dataclasses.replace(opened.settings, model="", registry=""))) as context:
        for model in _chosen(opened):
            since, started, said = _since(opened, model), perf_counter(), []
            challenger = challenger_of(context, opened.models, model.version, since)
            answering = Answering(challenger)
            while answered := answering.step():
                said += answered
            seconds = perf_counter() - started
            figures[model.version] = {
                "since": challenger.since.isoformat(timespec="seconds"),
                "answered": len(said),
                "failed": sum(one.failure is not None for one in said),
                "lag_seconds": context.casebook.shadows.lag(model.version, since).total_seconds(),
                "seconds": round(seconds, 2),
            }
    return Result({"shadows": len(figures), **figures})


def _report(opened: _Opened) -> Result:
    from service.shadow_report import ShadowPlan, shadow_report

    options, now = opened.options, system_clock()
    (model, *others) = _chosen(opened)
    if others:
        raise SettingError(
            f"several models are in shadow: name one of {', '.join(m.version for m in [model, *others])}"
        )
    scorer = opened.models.scorer(model.version)
    until = moment_given(opened.settings, options.until) if options.until else now
    plan = ShadowPlan(
        challenger=model.version,
        since=max(_since(opened, model), datetime.fromisoformat(scorer.trained_as_of)),
        until=until,
        now=now,
        horizon_days=scorer.horizon_days,
        capacity=_capacity(opened, scorer),
    )
    with open_casebook(opened.settings.casebook) as casebook:
        found = shadow_report(casebook, opened.store, plan)
        figures = _figures(casebook, plan.challenger, found)
    head = {"version": model.version, "since": plan.since.isoformat(), "until": until.isoformat()}
    return Result({**head, "capacity": plan.capacity, "horizon_days": plan.horizon_days, **figures})


def _chosen(opened: _Opened) -> list[RegisteredModel]:
    """The model of the argument, else all in shadow. Raises SettingError where there is none."""
    registry = opened.models.registry
    if opened.options.version:
        return [registry.named(opened.options.version)]
    if not (shadows := list(registry.shadows())):
        raise SettingError("no model is in shadow: ringfence models shadow VERSION puts one there")
    return shadows


def _since(opened: _Opened, model: RegisteredModel) -> datetime:
    given = opened.options.since
    return moment_given(opened.settings, given) if given else model.since


def _capacity(opened: _Opened, scorer: Scorer) -> float:
    given = opened.options.capacity
    if given is None:
        return scorer.capacity
    if not 0 < given < 1:
        raise SettingError(f"--capacity {given:g} is no share of applications: .02 is two in a hundred")
    return float(given)


def _figures(casebook: Casebook, challenger: str, found: ShadowReport) -> dict[str, object]:
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
        "version", nargs="?", metavar="VERSION", help="of which model (default: those that are in shadow)"
    )
    parser.add_argument("--registry", metavar="URL", help="the registry (default: RINGFENCE_REGISTRY)")
    parser.add_argument("--store", metavar="URL", help="graph store (default: RINGFENCE_STORE)")
    parser.add_argument(
        "--casebook", metavar="URL", help="casebook with the assessments (default: RINGFENCE_CASEBOOK)"
    )
    parser.add_argument(
        "--since",
        metavar="T",
        help="assessments from this moment on, ISO-8601, and never from before the model learned (default: "
        "since it is in shadow)",
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
