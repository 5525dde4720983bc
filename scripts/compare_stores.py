"""Hold two stores side by side: the same evidence, signals, variables, probabilities and rings from both, counted."""

from __future__ import annotations

import argparse
import sys

from service.arguments import Arguments
from service.assessment.comparison import Comparison, compared
from service.command import FAILED, ended
from service.settings import Settings
from service.wiring import as_of_given, load_scorer, open_existing

EXAMPLE = """example, after copy_store.py:
  .venv/bin/python scripts/compare_stores.py sqlite:///graph.db neo4j://neo4j:secret@localhost:7687/neo4j --as-of 2026-01-01 --model models/first"""


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 equal, 1 something differs or it failed on the way, 2 unusable arguments."""
    options = _parser().parse_args(arguments)
    figures: dict[str, object] = {}

    def run() -> dict[str, object]:
        plan = Comparison(
            as_of=as_of_given(Settings.from_environment(), options.as_of),
            subjects=options.subjects,
            scorer=load_scorer(options.model) if options.model else None,
        )
        with open_existing(options.one) as one, open_existing(options.other) as other:
            figures.update(compared(one, other, plan))
        return figures

    return ended("compare_stores", run) or (0 if figures["equal"] else FAILED)


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(__doc__, EXAMPLE)
    parser.add_argument("one", metavar="ONE", help="URL of a store")
    parser.add_argument("other", metavar="OTHER", help="URL of another one that was told the same")
    parser.add_argument("--as-of", required=True, metavar="T", help="the moment of the rings, the columns and the applicants' assessments")
    parser.add_argument("--subjects", type=int, default=1000, metavar="N", help="applications to compare, and as many applicants (default 1000)")
    parser.add_argument("--model", metavar="DIR", help="a model bundle, to compare its probabilities as well")
    return parser


if __name__ == "__main__":
    sys.exit(main())
