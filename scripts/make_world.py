"""Makes a world to try Ringfence on: records with their truth beside them."""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from graph import private
from ingestion.simulation.build import make_world
from ingestion.simulation.recipe import MANNERS, Recipe


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0 when the world stands, 1 when it could not be written, 2 for unusable arguments."""
    options = _parser().parse_args(arguments)
    began = time.perf_counter()
    try:
        recipe = Recipe(
            applicants=options.applicants, days=options.days, seed=options.seed, until=options.until,
            guilty_share=options.guilty_share, manner=options.manner, dirty=options.dirty, format=options.format,
        )  # fmt: skip
        with private.owner_only():
            counts = make_world(recipe, options.out)
    except ValueError as error:
        print(f"make_world: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"make_world: cannot write {options.out}: {error}", file=sys.stderr)
        return 1
    print(json.dumps({**counts, "seconds": round(time.perf_counter() - began, 2)}))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="example: .venv/bin/python scripts/make_world.py worlds/small --applicants 3000 --days 365 --seed 1",
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write records/ and truth/ into")
    parser.add_argument("--applicants", type=int, default=3_000, help="how many people (default 3000)")
    parser.add_argument("--days", type=int, default=365, help="length of the time frame (default 365)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same world (default 1)")
    parser.add_argument("--until", type=_moment, default=_moment("2026-01-01"), metavar="DATE",
                        help="end of the time frame (default 2026-01-01)")  # fmt: skip
    parser.add_argument("--guilty-share", type=float, default=0.045, help="share of guilty people (default 0.045)")
    parser.add_argument("--manner", default="mixed", help=f"how the crews work: {', '.join(MANNERS)} (default mixed)")
    parser.add_argument("--format", default="parquet", help="parquet or csv (gzipped; default parquet)")
    parser.add_argument("--dirty", action="store_true", help="also write rows that a careful reader must reject")
    return parser


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not an ISO-8601 date: {text!r}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("Asia/Shanghai"))


if __name__ == "__main__":
    sys.exit(main())
