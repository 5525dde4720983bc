"""Delete rows of the casebook that are older than their table's period, or say what would go."""

from __future__ import annotations

import argparse
from datetime import timedelta

from graph.model.errors import SettingError
from investigations.casebook.retention import RETAINABLE, retainable
from scripts.cli.command import Command, Result
from scripts.cli.settings_given import settings_given
from scripts.cli.usual_arguments import add_casebook
from service.clock import clock_of
from service.opening import casebook_given, open_casebook

EXAMPLE = """example:
  COMMAND --keep saved_views=365 --keep deliveries=90 --dry-run
  COMMAND --keep saved_views=365 --keep deliveries=90

Idempotency keys and sessions that have lapsed by the settings go always."""
_MOST_DAYS = 36_500


def _run(options: argparse.Namespace) -> Result:
    settings = settings_given(options)
    lapsed = {
        "claims": timedelta(hours=settings.idempotency_hours),
        "user_sessions": timedelta(hours=settings.session_hours),
    }
    periods = {**lapsed, **dict(map(_period, options.keep))}
    for table, least in lapsed.items():
        if periods[table] < least:
            raise SettingError(f"{table} still count for {least}: keep them as long, or change the setting")
    casebook_given(settings.casebook)
    with open_casebook(settings.casebook, settings.casebook_sync) as casebook:
        act = casebook.retention.due if options.dry_run else casebook.retention.forget
        rows = act(periods, clock_of(casebook)())
    return Result({"dry_run": options.dry_run, "rows": rows, "total": sum(rows.values())})


def _period(text: str) -> tuple[str, timedelta]:
    """TABLE=DAYS. Raises SettingError."""
    table, _, days = text.partition("=")
    if not days.isdecimal() or not 0 < int(days) <= _MOST_DAYS:
        raise SettingError(f"{text!r} is no TABLE=DAYS with 1 to {_MOST_DAYS} days")
    return retainable(table), timedelta(days=int(days))


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keep",
        metavar="TABLE=DAYS",
        action="append",
        default=[],
        help=f"keep the rows of a table so long ({', '.join(RETAINABLE)}); may be given again",
    )
    parser.add_argument("--dry-run", action="store_true", help="delete nothing, say how many rows would go")
    add_casebook(parser)


COMMAND = Command(
    name="retain", script="", description=__doc__, example=EXAMPLE, arguments=_arguments, run=_run
)
