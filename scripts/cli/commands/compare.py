"""Compare two stores: the same evidence, signals, variables, probabilities and rings from both, counted."""

from __future__ import annotations

import argparse

from scripts.cli.command import DONE, FAILED, Command, Result
from service.assessment.repeats.comparison import Comparison, compared
from service.opening import as_of_given, load_scorer, open_existing
from service.settings import Settings

EXAMPLE = """example, after `ringfence copy`:
  COMMAND sqlite:///graph.db neo4j://neo4j:secret@localhost:7687/neo4j --as-of 2026-01-01 --model models/first

Exit status 1 where something differs."""


def _run(options: argparse.Namespace) -> Result:
    plan = Comparison(
        as_of=as_of_given(Settings.from_environment(), options.as_of),
        subjects=options.subjects,
        scorer=load_scorer(options.model) if options.model else None,
    )
    with open_existing(options.one) as one, open_existing(options.other) as other:
        figures = compared(one, other, plan)
    return Result(figures, DONE if figures["equal"] else FAILED)


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("one", metavar="ONE", help="URL of a store")
    parser.add_argument("other", metavar="OTHER", help="URL of another one with the same facts")
    parser.add_argument(
        "--as-of",
        required=True,
        metavar="T",
        help="the moment of the rings, the columns and the applicants' assessments",
    )
    parser.add_argument(
        "--subjects",
        type=int,
        default=1000,
        metavar="N",
        help="applications to compare, and as many applicants (default 1000)",
    )
    parser.add_argument("--model", metavar="DIR", help="a model bundle, to compare its probabilities as well")


COMMAND = Command(
    name="compare",
    script="compare_stores",
    description=__doc__,
    example=EXAMPLE,
    arguments=_arguments,
    run=_run,
)
