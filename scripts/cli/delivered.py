"""`ringfence rings --delivery`: the rings of a delivery that no store takes."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from graph.model.errors import SettingError
from graph.model.rings_in_turn import RingsInTurn
from ingestion.identifiers.pseudonymise import Keyring
from ingestion.loading.delivery import Delivery
from ingestion.loading.found import REJECTS, find_delivery
from ingestion.parse_context import ParseContext, Pseudonymiser, keyring
from ingestion.sources.databases import is_url
from ingestion.sources.remote import is_address
from ingestion.spark.plan import DeliveryPlan, name_of_stages
from investigations.review.backtest import moments_before
from investigations.review.earlier_files import earlier_rings
from investigations.review.result import ReviewResult
from investigations.review.weekly import ReviewPlan, reviewed, week_of
from scripts.cli.cluster_arguments import cluster_plan
from scripts.cli.command import DONE, INCOMPLETE, Result
from scripts.cli.loaded import say, say_doubts
from service.engines.cluster import SPARK
from service.engines.delivered_rings import GivenDelivery, delivered_rings
from service.folders import folder_for, folder_named, of_this_machine
from service.settings import NO_FRAME, Settings

log = logging.getLogger("ringfence.rings")
_BRIEF = ("applicants", "groups", "flagged", "members_flagged", "honest_expected", "rows", "seconds")
_ROWS = ("read", "accepted", "known", "rejected", "unmatched")


def rings_of_delivery(
    options: argparse.Namespace, settings: Settings, plan: Callable[[], ReviewPlan]
) -> Result:
    """Find them as `plan` says. Raises SettingError for what only a store has, and DeliveryError where the
    delivery cannot be used; then nothing is written.
    """
    _refuse_what_needs_a_store(options)
    how = plan()
    keys = _keys(settings)
    place = options.delivery if is_address(options.delivery) else Path(options.delivery).absolute()
    found = find_delivery(place, options.mapping, settings.delivery)
    out, moments = folder_named(options.out), (*moments_before(how.as_of, how.back_steps), how.as_of)
    name = name_of_stages(found, options.mapping, keys, (settings.timezone, moments))

    def usable(delivery: Delivery) -> None:
        say_doubts(delivery)
        folder_for(out)

    given = GivenDelivery(
        found,
        ParseContext(Pseudonymiser(keys), how.now, how.zone),
        DeliveryPlan(moments=moments, zone=settings.timezone, name=name),
        usable,
        out,
        _previous(options, how),
        "" if settings.frame == NO_FRAME else settings.frame,
    )
    with delivered_rings(given, cluster_plan(options)) as (source, report):
        say(report)
        result = reviewed(source, None, how)
    loaded = report.as_json()
    figures = {
        **figures_of(result),
        "rows": {name: loaded[name] for name in _ROWS},
        "rejects": loaded["rejects"],
        "report": str(out / "report.json"),
        "rejects_file": str(out / REJECTS),
    }
    status = INCOMPLETE if report.wholly_rejected else DONE
    return Result(figures, status, {name: figures[name] for name in _BRIEF})


def _previous(options: argparse.Namespace, how: ReviewPlan) -> RingsInTurn | None:
    """The rings of an earlier week. Raises SettingError where they are of no earlier one."""
    if options.previous is None:
        return None
    previous = earlier_rings(of_this_machine(options.previous), how.zone)
    week = week_of(how.as_of, how.zone)
    if previous.as_of >= how.as_of or previous.name == week:
        raise SettingError(
            f"--previous {options.previous} has the rings of {previous.name}, as of "
            f"{previous.as_of.isoformat()}, and these are of {week}: name the files of an earlier week"
        )
    return previous


def figures_of(result: ReviewResult) -> dict[str, Any]:
    """The figures of a review, fairness included."""
    return {**result.figures, "fairness": {name: one.as_json() for name, one in result.fairness.items()}}


def _refuse_what_needs_a_store(options: argparse.Namespace) -> None:
    if options.store:
        raise SettingError("rings are of a --store or of a --delivery: name one of the two")
    if options.engine != SPARK:
        raise SettingError(
            "a --delivery needs --engine spark: on one machine load it (`ringfence load`) and name the store"
        )
    for name in ("casebook", "new_casebook", "force"):
        if getattr(options, name):
            raise SettingError(
                f"--{name.replace('_', '-')} needs a store: of a --delivery nothing is kept but the files"
            )
    if options.delivery.startswith("memory://"):
        raise SettingError(f"--delivery {options.delivery}: no executor reaches the memory of this process")
    if is_url(options.delivery) and not is_address(options.delivery):
        raise SettingError(
            "--delivery: executors read no database: name a folder that this process and every executor see "
            "under one path, or an address that fsspec reads (s3://bucket/folder)"
        )


def _keys(settings: Settings) -> Keyring:
    """The newest of the keys: no store knows anything by an older one."""
    if not settings.hash_key.strip():
        raise SettingError(
            "--delivery needs the key of the pseudonyms: set RINGFENCE_HASH_KEY or RINGFENCE_HASH_KEY_FILE"
        )
    named = ("hash_key", "hash_key_version", "hash_algorithm")
    keys = keyring({name: getattr(settings, name) for name in named}, None, log.warning, lambda: False)
    if (weak := keys.weakness()) is not None:
        raise SettingError(weak)
    return keys
