"""Write what a model reads of the stored applications of a period, each as of its own moment: for whoever
learns from it with tools of their own.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from scripts.cli.cluster_arguments import add_engine, add_keep_stages, cluster_plan
from scripts.cli.command import Command, Result
from scripts.cli.settings_given import settings_given
from scripts.cli.usual_arguments import add_period, add_store
from service.assessment.batches.feature_table import FeaturesOut, write_features
from service.assessment.batches.work import Period
from service.opening import moment_given

EXAMPLE = """example:
  COMMAND --store sqlite:///ringfence.db --since 2025-07-01 --until 2025-10-01 --out features.parquet

What anybody has said of the subject itself is left out, as in training. Labels are not in the file: join
those that were known by your moment."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_store(parser)
    add_period(parser)
    parser.add_argument(
        "--out", required=True, type=Path, metavar="FILE", help="file to write: .parquet, or .csv"
    )
    add_engine(parser, of="features are computed", same="features")
    add_keep_stages(parser)


def _run(options: argparse.Namespace) -> Result:
    settings = settings_given(options)
    period = Period(since=moment_given(settings, options.since), until=moment_given(settings, options.until))
    out = FeaturesOut(options.out, options.engine, cluster_plan(options))
    return Result(write_features(settings, period, out))


COMMAND = Command(
    name="features", script="", description=__doc__, example=EXAMPLE, arguments=_arguments, run=_run
)
