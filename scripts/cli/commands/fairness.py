"""Measure how each group of people fares, and what ties by living or working together alone do to the
honest.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from investigations.estimates import Estimate
from investigations.fairness.measures import EVERYBODY, MEASURES
from investigations.review.evaluation import read_truth
from scripts.cli.command import Command, Result
from scripts.cli.settings_given import settings_given
from scripts.cli.usual_arguments import add_period, add_store
from service.assessment.batches.work import Period
from service.clock import system_clock
from service.folders import folder_for
from service.governance.fairness import MOST, measured_fairness, rows
from service.opening import moment_given
from service.table_files import writer_for

EXAMPLE = """example:
  COMMAND --store sqlite:///ringfence.db --model models/first \\
    --since 2025-07-01 --until 2025-10-01 --out fairness.csv"""
_SHOWN = (
    "approved", "honest_held_up", "times_the_same", "honest_in_flagged_rings", "expected_bad", "bad",
    "association_alone",
)  # fmt: skip
_COLUMNS = pa.schema(
    [("group", pa.string()), ("measure", pa.string()), ("value", pa.float64()), ("low", pa.float64()),
     ("high", pa.float64()), ("people", pa.int64())]
)  # fmt: skip


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_store(parser)
    parser.add_argument(
        "--model", metavar="DIR", help="folder of the model bundle (default: the model that serves)"
    )
    add_period(parser)
    parser.add_argument(
        "--truth",
        type=Path,
        metavar="DIR",
        help="folder with applicants.csv, which says who is bad: applicant_id, kind, ring, bad (default: "
        "the labels and outcomes of the store)",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="file for every figure: .parquet or .csv")
    parser.add_argument(
        "--most", type=int, default=MOST, help=f"people at most, drawn by lot (default {MOST})"
    )
    parser.add_argument("--now", metavar="T", help="by when labels are known (default: the clock)")


def _run(options: argparse.Namespace) -> Result:
    settings = settings_given(options)
    period = Period(since=moment_given(settings, options.since), until=moment_given(settings, options.until))
    now = moment_given(settings, options.now) if options.now else system_clock()
    truth = read_truth(options.truth, period.until) if options.truth else None
    measured = measured_fairness(settings, period, now, most=options.most, truth=truth)
    people = measured[EVERYBODY]["approved"].people
    if options.out is not None:
        _write(options.out, measured)
    return Result(
        {"people": people, "groups": _figures(measured)},
        brief={
            "people": people,
            "fairness": {
                name: {"people": one["approved"].people} | {m: _shown(m, one[m]) for m in _SHOWN}
                for name, one in measured.items()
            },
            "what the columns say": {
                "shares": {"": "in per cent, with 95 % intervals; of fewer than 30 people none"},
                **{name: {"": MEASURES[name]} for name in _SHOWN},
            },
        },
    )


def _write(path: Path, measured: Mapping[str, Mapping[str, Estimate]]) -> None:
    folder_for(path.absolute().parent)
    with writer_for(path, _COLUMNS) as write:
        write(pa.Table.from_pylist(list(rows(measured)), _COLUMNS))


def _figures(measured: Mapping[str, Mapping[str, Estimate]]) -> dict[str, object]:
    return {group: {name: e.rounded() for name, e in one.items()} for group, one in measured.items()}


def _shown(measure: str, one: Estimate) -> str:
    if measure != "times_the_same" or one.value is None or one.low is None or one.high is None:
        return one.in_percent()
    return f"{one.value:.1f} ({one.low:.1f}-{one.high:.1f})"


COMMAND = Command(
    name="fairness",
    script="",
    description=__doc__,
    example=EXAMPLE,
    arguments=_arguments,
    run=_run,
)
