"""What all features of one subject cost once its neighbourhood is there: and how long a first compilation
takes.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter, process_time, thread_time

import numpy as np

from graph.facts.tables import KINDS, Column
from graph.features.compute import FeatureExtractor
from graph.features.extraction import extract, names
from graph.features.lending.multi_lending import CountingPlan, plan
from graph.features.workspace import Precomputed, workspace_for
from graph.frame.from_view import neighbourhood_of
from graph.frame.neighbourhood import Neighbourhood, empty_neighbourhood
from graph.kernels.compiled import compiled
from graph.model.moments import moment
from graph.store.evidence import subject_of
from graph.stores.sqlite import SqliteStore
from scripts import load_records, make_world

EXAMPLE = """example:
  .venv/bin/python -m scripts.bench.steps.features --applicants 3000 --subjects 400"""
_TIMES = 200  # a subject is observed so many times in one go: less than a microsecond is not measured
_LATER = 2**52  # microseconds: after everything


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: always 0."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--applicants", type=int, default=1500, help="of the made world")
    parser.add_argument("--subjects", type=int, default=300, help="applications of it that are observed")
    parser.add_argument("--compile", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.compile:
        print(json.dumps(first_answer()))
        return 0
    result = neighbourhoods(options.applicants, options.subjects)
    fast = spread([in_compiled_code(one) for one in result])
    called = spread([from_python(one) for one in result])
    summary = {
        "subjects": len(result),
        "features": len(names()),
        "us": {"compiled": fast, "compiled, called from Python": called},
    }
    print(
        json.dumps(
            summary
            | {
                "subjects_per_second": round(1e6 / fast["mean"]),
                "first_answer_seconds": {"cold": cold(True), "warm": cold(False)},
            }
        )
    )
    return 0


def neighbourhoods(applicants: int, subjects: int) -> list[Neighbourhood]:
    """What a view shows of that many applications of a made world, each as it came."""
    os.environ.setdefault("RINGFENCE_HASH_KEY", "the key of a benchmark of features")
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/graph.db"
        make_world.main([f"{folder}/world", "--applicants", str(applicants), "--days", "180", "--seed", "3"])
        load_records.main([f"{folder}/world/records", "--store", url, "--report", folder])
        with SqliteStore(Path(folder) / "graph.db") as store:
            requested = random.Random(1).sample(
                list(store.view(moment(_LATER)).applications(moment(0))), subjects
            )
            return [neighbourhood_of(store.view(a.applied_at).evidence_of(subject_of(a))) for a in requested]


def spread(took: Sequence[float]) -> dict[str, float]:
    """Microseconds: the mean, the median and the 99th of a hundred."""
    return {
        "mean": round(statistics.fmean(took), 1),
        "p50": round(float(np.percentile(took, 50)), 1),
        "p99": round(float(np.percentile(took, 99)), 1),
    }


def in_compiled_code(n: Neighbourhood) -> float:
    """Microseconds of this thread's time for one subject, one after the other in one go."""
    work, wanted, row, why = workspace_for(n), plan(), np.empty(len(names())), np.empty(len(KINDS), np.int8)
    return _least(lambda: _again(n, work, wanted, (row, why)), _TIMES)


@compiled
def _again(n: Neighbourhood, work: Precomputed, wanted: CountingPlan, into: tuple[Column, Column]) -> None:
    for _ in range(_TIMES):
        extract(n, work, wanted, True, into[0], into[1])


def from_python(n: Neighbourhood) -> float:
    """The same where Python asks for each row."""
    observer = FeatureExtractor()
    observer.row(n)
    return _least(lambda: observer.row(n, unjudged=True), 1, times=20)


def _least(run: Callable[[], object], size: int, times: int = 3) -> float:
    """The least microseconds of this thread for one of `size`: whatever else runs on the machine only adds to
    it.
    """
    run()
    took = []
    for _ in range(times):
        start = thread_time()
        run()
        took.append((thread_time() - start) / size * 1e6)
    return min(took)


def first_answer() -> dict[str, float]:
    """Seconds, of the clock and of a core, until a new process has its first row."""
    start, busy = perf_counter(), process_time()
    n = empty_neighbourhood(np.zeros((2, 1), np.int64))
    n.subject[0]["people"] = 1
    FeatureExtractor().row(n)
    return {"clock": round(perf_counter() - start, 1), "core": round(process_time() - busy, 1)}


def cold(fresh: bool) -> dict[str, float]:
    """`first_answer` of a process that finds nothing compiled on disk, or everything."""
    with tempfile.TemporaryDirectory() as folder:
        kept = {"NUMBA_CACHE_DIR": folder} if fresh else {}
        ran = subprocess.run(
            [sys.executable, "-m", "scripts.bench.steps.features", "--compile"],
            env=os.environ | kept,
            check=True,
            capture_output=True,
        )
        return dict(json.loads(ran.stdout))


if __name__ == "__main__":
    sys.exit(main())
