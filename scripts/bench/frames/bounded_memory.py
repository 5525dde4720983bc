"""Answers by the clock in a process that may keep only so much of a frame in memory: what `cold_frame` starts
for each bound.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graph.features.compute import FeatureExtractor, Walker
from graph.frame.columns.pages import advise
from graph.frame.frozen import FrozenFrame
from graph.store.evidence import Subject
from scripts.bench.frames.frozen_copy import AnswerTimer, forget, latest_subjects, quantiles
from scripts.bench.frames.memory_cgroups import limit_memory, memory_group

MOST_S = 60.0  # for so long at most answers are timed, and earlier ones bring memory to what is asked for
EARLIER = 10  # of those there are so many times as many as are timed
_PIECE = 1 << 20


@dataclass(frozen=True)
class Bound:
    """`cgroup` is a memory cgroup that this process may write to; `most` how many bytes of the frame there is
    memory for (0: all); `ahead` whether the system reads ahead.
    """

    cgroup: Path
    most: int
    ahead: bool


def timed_in_a_process(copy: Path, zone: str, count: int, bound: Bound) -> dict[str, object]:
    """Figures of so many answers of the copy in a process of its own, which is killed beyond its bound."""
    command = [sys.executable, "-m", "scripts.bench.frames.bounded_memory", str(copy), zone, str(count)]
    command += ["--cgroup", str(bound.cgroup), "--most", str(bound.most)] + ["--ahead"] * bound.ahead
    result: dict[str, object] = json.loads(subprocess.check_output(command))
    return result


def main() -> int:
    """Exit status 0: measured; the figures as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("copy", type=Path, help="the folder of a copy of a frame")
    parser.add_argument("zone", help="the store's time zone")
    parser.add_argument("count", type=int, help="answers that are timed")
    parser.add_argument("--cgroup", type=Path, required=True, help="a memory cgroup")
    parser.add_argument("--most", type=int, default=0, help="bytes in memory (default: all)")
    parser.add_argument("--ahead", action="store_true", help="the system reads ahead")
    options = parser.parse_args()
    bound = Bound(options.cgroup, options.most, options.ahead)
    print(json.dumps(_timed(options.copy, options.zone, options.count, bound)))
    return 0


def _timed(copy: Path, zone: str, count: int, bound: Bound) -> dict[str, object]:
    frozen = FrozenFrame(copy, zone)
    with frozen.reading() as arrays:
        asked = list(latest_subjects(arrays, count * (EARLIER + 1), frozen))
        timer = AnswerTimer(Walker(zone), FeatureExtractor(), arrays, frozen.revision)
        timer.answer(*asked[0])  # the machine code is at hand before memory is bounded
        forget(arrays, copy)
        if bound.ahead:
            advise(arrays, mmap.MADV_NORMAL)
        with _bounded(bound):
            _read_through(copy)
            earlier = len(_answered(timer, asked[:-count]))
            before = _bytes_read()
            seconds, reads = np.array(_answered(timer, asked[-count:])).T
    return {
        "earlier": earlier,
        "answers": len(seconds),
        "ms": quantiles(seconds * 1e3, 2),
        "reads": quantiles(reads),
        "mb_read": round((_bytes_read() - before) / 1e6 / len(seconds), 3),
    }


def _answered(timer: AnswerTimer, asked: Sequence[tuple[Subject, int]]) -> list[tuple[float, int]]:
    """Seconds and reads of each, as far as there is time."""
    until, done = time.perf_counter() + MOST_S, list[tuple[float, int]]()
    for one in asked:
        if time.perf_counter() > until:
            break
        done.append(timer.answer_with_reads(*one))
    return done


def _read_through(copy: Path) -> None:
    """Memory is full of the frame, as far as it goes."""
    for path in sorted(copy.iterdir()):
        with path.open("rb", buffering=0) as file:
            while file.read(_PIECE):
                pass


def _bytes_read() -> int:
    """From the disk, by this process."""
    counted = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(counted["read_bytes"])


@contextmanager
def _bounded(bound: Bound) -> Iterator[None]:
    """What this process reads and allocates from now on takes at most so many bytes."""
    if not bound.most:
        yield
        return
    with memory_group(bound.cgroup) as group:
        limit_memory(group, bound.most)
        (group / "cgroup.procs").write_text(str(os.getpid()))
        try:
            yield
        finally:
            (bound.cgroup / "cgroup.procs").write_text(str(os.getpid()))


if __name__ == "__main__":
    sys.exit(main())
