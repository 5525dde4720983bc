"""Find the rings as of a moment, compare them with the last snapshot, save them, open cases, write the
files.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from graph.model.errors import SettingError
from graph.rings.groups.budget import HONEST_BUDGET
from graph.rings.suspicion.store_habits import FALSE_ALARMS
from graph.store.port import GraphStore
from ingestion.parse_context import time_zone
from investigations.casebook import Casebook, file_of, name_of
from investigations.review.result import ReviewResult
from investigations.review.week_fairness import UnfairRingsError, unfair_to
from investigations.review.weekly import ReviewPlan, review, week_of
from investigations.users import AuditAction, AuditEntry
from scripts.cli.cluster_arguments import add_engine, add_keep_stages, cluster_plan
from scripts.cli.command import Command, Result
from scripts.cli.delivered import figures_of, rings_of_delivery
from scripts.cli.forced import Deliberate, add_force, deliberate
from scripts.cli.looks import add_purpose, keep_look, purpose_given
from scripts.cli.said_steps import say_steps
from scripts.cli.settings_given import settings_given
from scripts.cli.usual_arguments import add_casebook, add_store
from service.clock import system_clock
from service.engines.ring_engine import ring_engine
from service.folders import folder_for
from service.opening import as_of_given, casebook_given, open_casebook, open_existing
from service.settings import NO_FRAME, Settings

log = logging.getLogger("ringfence.rings")

EXAMPLE = """example:
  COMMAND --store sqlite:///ringfence.db --as-of 2026-01-05 --out var/rings/2026-W01"""
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


def _run(options: argparse.Namespace) -> Result:
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


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_store(parser)
    parser.add_argument(
        "--delivery",
        metavar="DIR",
        help="instead of a store a delivery, in a folder that every executor sees or at an address "
        "(s3://bucket/week), for --engine spark: rings of it alone; nothing is saved, and no case opened",
    )
    parser.add_argument(
        "--mapping",
        metavar="FILE",
        help="of the delivery, or the name of one shipped (default: mapping.yaml in it)",
    )
    parser.add_argument(
        "--previous",
        type=Path,
        metavar="DIR",
        help="of a --delivery: the --out of an earlier week, with which its rings are compared "
        "(default: none, every ring is new)",
    )
    add_casebook(parser, "casebook in which cases are opened")
    parser.add_argument(
        "--new-casebook",
        action="store_true",
        help="make the casebook that --casebook names where it is not there",
    )
    parser.add_argument(
        "--as-of", required=True, metavar="T", help="the moment, not after now: nothing from then on is seen"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the four files")
    add_purpose(parser)
    add_engine(parser, of="links, first cut and features are computed", same="rings")
    add_keep_stages(parser)
    parser.add_argument(
        "--honest-budget",
        type=_share,
        default=HONEST_BUDGET,
        metavar="SHARE",
        help=f"of the honest that may be flagged (default: {HONEST_BUDGET:g})",
    )
    parser.add_argument(
        "--false-alarms",
        type=_share,
        default=FALSE_ALARMS,
        metavar="SHARE",
        help="of the groups that only the store's habits speak against, as many may be there by chance "
        f"(default: {FALSE_ALARMS:g})",
    )
    parser.add_argument("--by", help="who does it, for the audit trail (default: the user's name)")
    add_force(parser, "other shares than the usual ones: ")
    parser.add_argument(
        "--back-steps",
        type=_steps,
        default=3,
        metavar="N",
        help="earlier moments of the back-test, 28 days apart (default: 3)",
    )


def _steps(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of moments: 0 or more")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is no share: a number from 0 to 1")
    return share


COMMAND = Command(
    name="rings", script="detect_rings", description=__doc__, example=EXAMPLE, arguments=_arguments, run=_run
)
