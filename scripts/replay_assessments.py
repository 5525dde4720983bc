"""Compute recorded assessments again from the store as it was then, and say how many come out equal."""

from __future__ import annotations

import argparse
import dataclasses
import sys

from service.arguments import Arguments
from service.assessment.replays import replay_latest
from service.command import FAILED, ended
from service.settings import Settings
from service.wiring import casebook_given, open_existing

EXAMPLE = """example:
  .venv/bin/python scripts/replay_assessments.py --store sqlite:///graph.db --model models/first --casebook sqlite:///casebook.db --last 1000"""


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 all are equal, 1 some differ or it failed on the way, 2 unusable arguments."""
    options = _parser().parse_args(arguments)
    given = {name: getattr(options, name) for name in ("store", "model", "casebook") if getattr(options, name) is not None}
    figures: dict[str, object] = {}

    def run() -> dict[str, object]:
        settings = dataclasses.replace(Settings.from_environment(), **given)
        casebook_given(settings.casebook)  # what is not there has no assessments, and neither it nor a store is made by looking
        open_existing(settings.store).close()
        figures.update(replay_latest(settings, options.last))
        return figures

    return ended("replay_assessments", run) or (FAILED if figures["different"] else 0)


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(__doc__, EXAMPLE)
    parser.add_argument("--store", metavar="URL", help="graph store (default: RINGFENCE_STORE)")
    parser.add_argument("--model", metavar="DIR", help="the model bundle that was served (default: RINGFENCE_MODEL)")
    parser.add_argument("--casebook", metavar="URL", help="casebook with the assessments (default: RINGFENCE_CASEBOOK)")
    parser.add_argument("--last", type=int, default=1000, metavar="N", help="how many, the latest first (default: 1000)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
