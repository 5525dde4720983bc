"""Makes a world to try Ringfence on: records with their truth beside them."""

from __future__ import annotations

import argparse
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from graph.model.moments import iso_moment
from ingestion.simulation.build import make_world
from ingestion.simulation.world_spec import MANNERS, WorldSpec
from scripts.cli.command import Command, Result

EXAMPLE = """example:
  COMMAND worlds/small --applicants 3000 --days 365 --seed 1"""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write records/ and truth/ into")
    parser.add_argument("--applicants", type=int, default=3_000, help="how many people (default 3000)")
    parser.add_argument("--days", type=int, default=365, help="length of the time frame (default 365)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same world (default 1)")
    parser.add_argument("--until", type=_moment, default=_moment("2026-01-01"), metavar="DATE",
                        help="end of the time frame (default 2026-01-01)")  # fmt: skip
    parser.add_argument(
        "--guilty-share", type=float, default=0.045, help="share of guilty people (default 0.045)"
    )
    parser.add_argument(
        "--manner", default="mixed", help=f"how the crews work: {', '.join(MANNERS)} (default mixed)"
    )
    parser.add_argument("--format", default="parquet", help="parquet or csv (gzipped; default parquet)")
    parser.add_argument(
        "--dirty", action="store_true", help="also write rows that a careful reader must reject"
    )


def _run(options: argparse.Namespace) -> Result:
    began = time.perf_counter()
    names = ("applicants", "days", "seed", "until", "guilty_share", "manner", "dirty", "format")
    counts = make_world(WorldSpec(**{name: getattr(options, name) for name in names}), options.out)
    return Result({**counts, "seconds": round(time.perf_counter() - began, 2)})


def _moment(text: str) -> datetime:
    try:
        moment = iso_moment(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not an ISO-8601 date: {text!r}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("Asia/Shanghai"))


COMMAND = Command(
    name="world", script="make_world", description=__doc__, example=EXAMPLE, arguments=_arguments, run=_run
)
