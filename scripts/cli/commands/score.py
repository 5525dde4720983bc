"""Assess the stored applications of a period, each as of its own moment, with the same code as /risk; or
people, where there are none.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from scripts.cli.cluster_arguments import add_engine, add_keep_stages, cluster_plan
from scripts.cli.command import Command, Result
from scripts.cli.looks import keep_look
from scripts.cli.settings_given import settings_given
from scripts.cli.usual_arguments import add_period, add_purpose, add_store
from service.assessment.batches.batch import BatchEngine, Scoring, score
from service.assessment.batches.output import ScoresOut
from service.assessment.batches.processes import InProcesses
from service.assessment.batches.work import Period
from service.engines.cluster import LOCAL
from service.opening import casebook_given, moment_given

EXAMPLE = """example:
  COMMAND --store sqlite:///ringfence.db --model models/first \\
    --since 2025-12-01 --until 2026-01-01 --out scores.parquet

A store that holds no applications (a payment platform's) has its people assessed instead: everybody with an
event in the period, as of --until."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_store(parser)
    parser.add_argument(
        "--model", metavar="DIR", help="folder of the model bundle (default: the model that serves)"
    )
    add_period(parser)
    parser.add_argument(
        "--out", required=True, type=Path, metavar="FILE", help="file to write: .parquet, or .csv"
    )
    parser.add_argument(
        "--casebook",
        metavar="URL",
        help="casebook that keeps the scores for the desk, beside the file (default: none)",
    )
    parser.add_argument(
        "--variables",
        type=_names,
        default=(),
        metavar="NAMES",
        help="multi-lending variables to write beside, separated by commas, or a .txt file with one a line "
        "(docs/variables.md)",
    )
    parser.add_argument(
        "--processes",
        type=int,
        default=min(os.cpu_count() or 1, 8),
        help="processes that assess (default: one a core, at most 8)",
    )
    add_purpose(parser)
    add_engine(parser, of="applications are assessed", same="scores")
    add_keep_stages(parser)


def _run(options: argparse.Namespace) -> Result:
    settings = settings_given(options)
    period = Period(since=moment_given(settings, options.since), until=moment_given(settings, options.until))
    casebook = casebook_given(options.casebook) if options.casebook else ""
    keep_look(settings, options, "scores")
    out = ScoresOut(options.out, casebook)
    return Result(score(settings, period, out, Scoring(_engine(options), options.variables)))


def _engine(options: argparse.Namespace) -> BatchEngine:
    if options.engine == LOCAL:
        return InProcesses(options.processes)
    from service.assessment.batches.cluster import OnCluster  # here, because it is an extra's

    return OnCluster(cluster_plan(options))


def _names(given: str) -> tuple[str, ...]:
    """The names in an option, or in the file that it names."""
    file = Path(given)
    try:
        text = file.read_text(encoding="utf-8") if file.suffix == ".txt" else given
    except (OSError, UnicodeDecodeError) as error:
        raise argparse.ArgumentTypeError(f"{file} cannot be read: {error}") from error
    return tuple(text.replace(",", " ").split())


COMMAND = Command(
    name="score", script="score", description=__doc__, example=EXAMPLE, arguments=_arguments, run=_run
)
