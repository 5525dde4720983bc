"""Compute recorded assessments again from the store as it was then, and say how many come out equal."""

from __future__ import annotations

import argparse
from contextlib import closing

from scripts.cli.command import DONE, FAILED, Command, Result
from scripts.cli.settings_given import settings_given
from scripts.cli.usual_arguments import add_casebook, add_store
from service.assessment.repeats.replays import replay_latest
from service.opening import casebook_given, open_existing
from service.wiring import wire

EXAMPLE = """example:
  COMMAND --store sqlite:///graph.db --model models/first --casebook sqlite:///casebook.db --last 1000

Exit status 1 where some differ."""


def _run(options: argparse.Namespace) -> Result:
    settings = settings_given(options)
    # what is not there has no assessments, and neither it nor a store is made by looking
    casebook_given(settings.casebook)
    open_existing(settings.store).close()
    with closing(wire(settings)) as context:
        figures = replay_latest(context, options.last)
    return Result(figures, FAILED if figures["different"] else DONE)


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_store(parser)
    parser.add_argument(
        "--model", metavar="DIR", help="the model bundle that was served (default: RINGFENCE_MODEL)"
    )
    parser.add_argument(
        "--registry",
        metavar="URL",
        help="the registry whose models were served: each answer is computed by its own (default: "
        "RINGFENCE_REGISTRY)",
    )
    add_casebook(parser, "casebook with the assessments")
    parser.add_argument(
        "--last", type=int, default=1000, metavar="N", help="how many, the latest first (default: 1000)"
    )


COMMAND = Command(
    name="replay",
    script="replay_assessments",
    description=__doc__,
    example=EXAMPLE,
    arguments=_arguments,
    run=_run,
)
