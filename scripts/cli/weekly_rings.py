"""The run of `ringfence rings`: a store's rings, or a delivery's, with the cases that it opens."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from graph.model.errors import SettingError
from graph.store.port import GraphStore
from ingestion.parse_context import time_zone
from investigations.casebook import Casebook, file_of, name_of
from investigations.review.result import ReviewResult
from investigations.review.week_fairness import UnfairRingsError, unfair_to
from investigations.review.weekly import ReviewPlan, review, week_of
from investigations.users import AuditAction, AuditEntry
from scripts.cli.cluster_arguments import cluster_plan
from scripts.cli.command import Result
from scripts.cli.delivered import figures_of, rings_of_delivery
from scripts.cli.forced import Deliberate, deliberate
from scripts.cli.looks import keep_look, purpose_given
from scripts.cli.said_steps import say_steps
from scripts.cli.settings_given import settings_given
from service.clock import system_clock
from service.engines.ring_engine import ring_engine
from service.folders import folder_for
from service.opening import as_of_given, casebook_given, open_casebook, open_existing
from service.settings import NO_FRAME, Settings

log = logging.getLogger("ringfence.rings")

BRIEF = (
    "applicants",
    "groups",
    "flagged",
    "members_flagged",
    "newly_flagged",
    "no_longer_flagged",
    "honest_expected",
    "cases_opened",
    "casebook",
    "seconds",
)
"""The figures that somebody at a terminal reads first."""


def found_rings(options: argparse.Namespace) -> Result:
    """What the options ask for, and its figures."""
    say_steps()
    settings = settings_given(options)
    if options.delivery:
        return rings_of_delivery(options, settings, partial(_plan, options, settings))
    if options.mapping:
        raise SettingError("--mapping says what the tables of a --delivery mean")
    if options.previous:
        raise SettingError("--previous is for a --delivery: a store has the rings of the weeks before itself")
    if options.casebook:
        casebook_given(options.casebook, new=options.new_casebook)
    plan, who = _plan(options, settings), deliberate(options)
    purpose_given(settings, options)
    with open_existing(settings.store, settings.timezone) as store:
        folder_for(options.out)
        if not options.casebook:
            _say_where_cases_begin(settings.casebook)
        with open_casebook(settings.casebook) as casebook:
            keep_look(settings, options, "weekly rings")
            with ring_engine(options.engine, cluster_plan(options), store.edition) as engine:
                plan = replace(plan, engine=engine, most_times=None if who.force else plan.most_times)
                result = _reviewed(store, casebook, plan, who)
            if who.force and (unfair := unfair_to(result.fairness, settings.gate_fairness)):
                casebook.audit.add([_kept(AuditAction.RINGS_USED, plan, who, unfair)])
            figures = {**figures_of(result), "casebook": name_of(settings.casebook)}
            return Result(figures, brief={name: figures[name] for name in BRIEF})


def _say_where_cases_begin(casebook: str) -> None:
    """The settings' casebook may be a file of the folder in which the command was given by mistake."""
    if (file := file_of(casebook)) is not None and not file.exists():
        log.warning(
            "cases are opened in a new casebook, %s: where the service has another, name it in "
            "RINGFENCE_CASEBOOK or with --casebook",
            file.absolute(),
        )


def _plan(options: argparse.Namespace, settings: Settings) -> ReviewPlan:
    return ReviewPlan(
        as_of=as_of_given(settings, options.as_of),
        out=options.out,
        now=system_clock(),
        zone=time_zone(settings.timezone),
        frame="" if settings.frame == NO_FRAME else settings.frame,
        desk=f"{settings.public_url.rstrip('/')}/desk" if settings.public_url else "",
        most_times=settings.gate_fairness,
        **{name: getattr(options, name) for name in ("back_steps", "honest_budget", "false_alarms")},
    )


def _reviewed(store: GraphStore, casebook: Casebook, plan: ReviewPlan, who: Deliberate) -> ReviewResult:
    """The review; one that is refused stands in the audit trail."""
    try:
        return review(store, casebook, plan)
    except UnfairRingsError as refused:
        casebook.audit.add([_kept(AuditAction.RINGS_REFUSED, plan, who, refused.unfair)])
        raise


def _kept(action: AuditAction, plan: ReviewPlan, who: Deliberate, unfair: Sequence[str]) -> AuditEntry:
    budgets = {"honest_budget": plan.honest_budget, "false_alarms": plan.false_alarms}
    found = {**budgets, "forced": who.force, "failed": list(unfair)}
    return who.entry(action, f"rings:{week_of(plan.as_of, plan.zone)}", plan.now, found)
