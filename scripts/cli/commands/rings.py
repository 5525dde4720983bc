"""Find the rings as of a moment, compare them with the last snapshot, save them, open cases, write the
files.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from graph.rings.error_shares import FALSE_ALARMS, HONEST_BUDGET
from scripts.cli.cluster_arguments import add_engine, add_keep_stages
from scripts.cli.command import Command, Result
from scripts.cli.forced import add_force
from scripts.cli.usual_arguments import add_casebook, add_purpose, add_store

EXAMPLE = """example:
  COMMAND --store sqlite:///ringfence.db --as-of 2026-01-05 --out var/rings/2026-W01"""


def _run(options: argparse.Namespace) -> Result:
    from scripts.cli.weekly_rings import found_rings  # here: it loads two seconds, and help waits for none

    return found_rings(options)


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
