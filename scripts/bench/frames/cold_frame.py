"""What an assessment costs where the frame is larger than memory: pages that it touches, each read from the
disk, and how many are not at hand with so much memory, in the order of the store's latest applications.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import mmap
import sys
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from graph.facts.tables import Column
from graph.features.compute import FeatureExtractor, Walker
from graph.frame.columns.layout import Arrays
from graph.frame.frozen import FrozenFrame
from graph.store.evidence import Subject
from scripts.bench.frames.bounded_memory import Bound, timed_in_a_process
from scripts.bench.frames.frozen_copy import AnswerTimer, forget, frozen_copy, latest_subjects, quantiles
from scripts.bench.frames.memory_cgroups import is_memory_cgroup
from scripts.bench.processes import leave_on_sigterm

SHARES = (None, 0.5, 0.25, 0.125)  # of the frame that there is memory for; None: all
MEMORY = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0)  # shares of the frame's pages that memory holds
_PAGE = mmap.PAGESIZE
_LIBC = ctypes.CDLL(None, use_errno=True)


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path, help="a SQLite store, which nobody writes to meanwhile")
    parser.add_argument("--folder", type=Path, default=Path("var/bench_shards"), help="where the copy goes")
    parser.add_argument("--assessments", type=int, default=2_000, help="how many (default 2000)")
    parser.add_argument(
        "--cgroup",
        type=Path,
        help="a memory cgroup that this process may write to (as root /sys/fs/cgroup/memory): answers are "
        "timed with memory for all and for parts of the frame too, the system reading ahead or not",
    )
    options = parser.parse_args(arguments)
    if options.cgroup is not None and not is_memory_cgroup(options.cgroup):
        parser.error(f"{options.cgroup} is no memory cgroup that this process may write to")
    leave_on_sigterm()
    with frozen_copy(options.store, options.folder) as frozen:
        figures = _counted(frozen, options.folder / "frozen", options.assessments)
    print(json.dumps(figures, indent=1), flush=True)
    if options.cgroup is not None:
        for share, ahead in product(SHARES, (False, True)):
            bound = Bound(options.cgroup, int((share or 0) * figures["frame_mb"] * 1e6), ahead)
            timed = timed_in_a_process(options.folder / "frozen", frozen.zone, options.assessments, bound)
            print(json.dumps({"memory": share or "all", "reads_ahead": ahead} | timed), flush=True)
    return 0


def _counted(frozen: FrozenFrame, copy: Path, count: int) -> dict[str, Any]:
    """What answers touch, and what that costs with nothing in memory."""
    with frozen.reading() as arrays:
        asked = list(latest_subjects(arrays, count, frozen))
        timer = AnswerTimer(Walker(frozen.zone), FeatureExtractor(), arrays, frozen.revision)
        timer.answer(*asked[0])  # the machine code is at hand from now on
        warm = [timer.answer(*one) for one in asked]
        cold = [_cold(timer, one, copy) for one in asked]
        pages = sum(map(_pages, arrays))
    touched = [one.pages for one in cold]
    return {
        "frame_mb": round(pages * _PAGE / 1e6),
        "pages": pages,
        "assessments": len(asked),
        "warm_us": quantiles([seconds * 1e6 for seconds in warm]),
        "cold_ms": quantiles([one.seconds * 1e3 for one in cold]),
        "pages_touched": quantiles([len(one) for one in touched]),
        "reads": quantiles([one.reads for one in cold]),
        "read_us": round(sum(one.seconds for one in cold) / sum(one.reads for one in cold) * 1e6, 1),
        "misses_by_memory": {
            str(share): quantiles(list(misses(touched, int(share * pages)))) for share in MEMORY
        },
    }


def misses(touched: Sequence[Sequence[int]], room: int) -> Iterator[int]:
    """Pages of each of the later half that are not among the `room` pages touched last."""
    held: OrderedDict[int, None] = OrderedDict()
    for number, pages in enumerate(touched):
        missed = 0
        for page in pages:
            missed += page not in held
            held[page] = None
            held.move_to_end(page)
            if len(held) > room:
                held.popitem(last=False)
        if number >= len(touched) // 2:
            yield missed


@dataclass(frozen=True)
class _Cold:
    seconds: float
    reads: int
    pages: Sequence[int]


def _cold(timer: AnswerTimer, one: tuple[Subject, int], copy: Path) -> _Cold:
    """One answer where nothing is in memory."""
    forget(timer.arrays, copy)
    seconds, reads = timer.answer_with_reads(*one)
    return _Cold(seconds, reads, _in_memory(timer.arrays))


def _in_memory(arrays: Arrays) -> list[int]:
    """The numbers of the pages that are in memory, those of one array after those of the other."""
    first, numbers = 0, list[int]()
    for array in arrays:
        held = (ctypes.c_ubyte * _pages(array))()
        if _LIBC.mincore(ctypes.c_void_p(array.ctypes.data), ctypes.c_size_t(len(held) * _PAGE), held):
            raise OSError(ctypes.get_errno(), "mincore of a copy of a frame")
        numbers += (np.flatnonzero(np.frombuffer(bytes(held), np.uint8) & 1) + first).tolist()
        first += len(held)
    return numbers


def _pages(array: Column) -> int:
    return -(-array.nbytes // _PAGE)


if __name__ == "__main__":
    sys.exit(main())
