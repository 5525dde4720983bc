"""Load a delivery of records into a graph store."""

from __future__ import annotations

import argparse
import hashlib
import secrets
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from graph.progress import bar
from graph.store.replication import copy_refusal
from ingestion.identifiers.pseudonymise import Keyring
from ingestion.loading.check_page import page
from ingestion.loading.checking import check
from ingestion.loading.delivery import Delivery, open_delivery
from ingestion.loading.found import REJECTS
from ingestion.loading.load import load
from ingestion.loading.report import Report
from ingestion.parse_context import ParseContext, Pseudonymiser, time_zone
from ingestion.sources.databases import is_url, name_of
from ingestion.sources.remote import is_address
from scripts.cli.command import DONE, INCOMPLETE, Command, Result
from scripts.cli.loaded import say, say_doubts
from scripts.cli.settings_given import settings_given
from scripts.cli.usual_arguments import add_store
from service.clock import system_clock
from service.folders import folder_for
from service.opening import (
    known_keys,
    moment_given,
    open_existing,
    open_keyring,
    open_store,
    sqlite_path,
)
from service.settings import Settings

_TOTALS = ("read", "accepted", "known", "rejected", "seconds")  # what is left to say beside a page

EXAMPLE = """examples:
  COMMAND deliveries/2026-01-05 --store sqlite:///ringfence.db
  COMMAND p2p_payment_fraud --mapping p2p_payment_fraud --store sqlite:///p2p.db
  COMMAND mine --check
  COMMAND postgresql://reader@db/lending --mapping lending.yaml --store sqlite:///ringfence.db

The report and rejects.jsonl go to --report, by default into a folder of their own under var/loads; the last
line names both files."""


def _run(options: argparse.Namespace) -> Result:
    if options.check:
        return _check(options)
    settings, delivery, now = _given(options)
    zone = time_zone(settings.timezone)
    folder = folder_for(options.report or _report_folder(options.delivery, settings.store))
    with (
        open_store(settings.store, zone=settings.timezone) as store,
        bar("load", delivery.rows, " rows") as progress,
    ):
        keys = open_keyring(settings, store)
        knows = (
            (lambda node: store.view(system_clock()).identifier(node) is not None)
            if len(keys.keys) > 1
            else None
        )
        report = load(
            delivery,
            store,
            ParseContext(Pseudonymiser(keys, knows), now, zone),
            report_to=folder,
            step=progress.update,
        )
        # rows that the mapping's `where` passes over
        progress.update((progress.total or progress.n) - progress.n)
    say(report)
    files = {"report": str(folder / "report.json"), "rejects_file": str(folder / REJECTS)}
    figures = report.as_json()
    return Result({**figures, **files}, _status(report), {**_brief(figures), **files})


def _brief(figures: Mapping[str, Any]) -> dict[str, Any]:
    """What became of the rows."""
    totals = ("read", "accepted", "known", "rejected", "unmatched", "seconds")
    return {
        name: figures[name] for name in (*totals, "tables", *(("rejects",) if figures["rejects"] else ()))
    }


def _status(report: Report) -> int:
    return INCOMPLETE if report.wholly_rejected else DONE


def _given(options: argparse.Namespace) -> tuple[Settings, Delivery, datetime]:
    """What the arguments mean: the settings, the delivery, and the load's clock."""
    settings = settings_given(options)
    now = moment_given(settings, options.now) if options.now else system_clock()
    delivery = open_delivery(options.delivery, options.mapping, settings.delivery)
    say_doubts(delivery)
    return settings, delivery, now


def _check(options: argparse.Namespace) -> Result:
    """Load into a store of its own that is thrown away, under a key that nobody knows, and print what became
    of it.
    """
    settings, delivery, now = _given(options)
    naming = Pseudonymiser(Keyring.parse(secrets.token_hex(32)))
    with ExitStack() as open_for_now:
        aside = Path(open_for_now.enter_context(TemporaryDirectory(prefix="ringfence-check-")))
        there = not settings.store.startswith("sqlite:") or sqlite_path(settings.store).exists()
        beside = (
            open_for_now.enter_context(open_existing(settings.store, settings.timezone)) if there else None
        )
        store = open_for_now.enter_context(open_store(f"sqlite:///{aside}/check.db", zone=settings.timezone))
        if beside is not None:
            copy_refusal(beside, store)
            store.refusal.open_with(known_keys(settings))
        progress = open_for_now.enter_context(bar("check", delivery.rows, " rows"))
        parse_context = ParseContext(naming, now, time_zone(settings.timezone))
        checked = check(delivery, store, parse_context, beside=beside, report_to=aside, step=progress.update)
    result = checked.as_json()
    if not options.json:
        print("\n".join(page(result)), end="\n\n")
    on_the_page = sys.stdout.isatty() and not options.json
    return Result(
        {name: result[name] for name in _TOTALS} if on_the_page else result, _status(checked.report)
    )


def _report_folder(delivery: str, store: str) -> Path:
    """The same delivery into the same store reports to the same place; two that only share a name do not."""
    database = is_url(delivery) and not is_address(delivery)
    whole = delivery if is_url(delivery) else str(Path(delivery).resolve())
    mark = hashlib.sha256(f"{whole} {store}".encode()).hexdigest()[:8]
    return Path("var") / "loads" / f"{name_of(delivery) if database else Path(whole).name}-{mark}"


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "delivery",
        metavar="DELIVERY",
        help="folder with the tables, its address (s3://bucket/week), or the URL of a database",
    )
    parser.add_argument("--check", action="store_true", help="say what would happen, and write nothing")
    add_store(parser)
    parser.add_argument(
        "--mapping",
        metavar="FILE",
        help="mapping, or the name of one shipped (default: mapping.yaml in the delivery)",
    )
    parser.add_argument("--report", type=Path, metavar="DIR", help="folder for report.json and rejects.jsonl")
    parser.add_argument(
        "--now", metavar="T", help="the load's clock: later times are rejected (default: now)"
    )


COMMAND = Command(
    name="load", script="load_records", description=__doc__, example=EXAMPLE, arguments=_arguments, run=_run
)
