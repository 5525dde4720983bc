"""Assess the stored applications of a period, each as of its own moment, with the same code as /risk; or people, where there are none."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

from service.arguments import Arguments
from service.assessment.batch import Period, score
from service.command import ended
from service.settings import Settings
from service.wiring import moment_given

EXAMPLE = """example:
  .venv/bin/python scripts/score.py --store sqlite:///ringfence.db --model models/first --since 2025-12-01 --until 2026-01-01 --out scores.parquet

A store that holds no applications (a payment platform's) has its people assessed instead: everybody with an event in the period, as of --until."""


def main() -> int:
    """Exit status: 0 done, 1 failed on the way, 2 unusable settings, arguments or model."""
    parser = Arguments(__doc__, EXAMPLE)
    parser.add_argument("--store", help="URL of the graph store (default: RINGFENCE_STORE)")
    parser.add_argument("--model", help="folder of the model bundle (default: RINGFENCE_MODEL)")
    parser.add_argument("--since", required=True, help="first moment of the period, ISO-8601")
    parser.add_argument("--until", required=True, help="first moment after the period, ISO-8601")
    parser.add_argument("--out", required=True, type=Path, help="parquet file to write (.parquet)")
    parser.add_argument("--processes", type=int, default=min(os.cpu_count() or 1, 8), help="processes that assess (default: one a core, at most 8)")
    options = parser.parse_args()
    given = {name: getattr(options, name) for name in ("store", "model") if getattr(options, name) is not None}

    def run() -> dict[str, object]:
        settings = dataclasses.replace(Settings.from_environment(), **given)
        period = Period(since=moment_given(settings, options.since), until=moment_given(settings, options.until))
        return score(settings, period, options.out, processes=options.processes)

    return ended("score", run)


if __name__ == "__main__":
    sys.exit(main())
