"""What an assessment costs where the frame is larger than memory: pages that it touches, each read from the
disk, and how many are not at hand with so much memory, in the order of the store's latest applications.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import mmap
import os
import resource
import sys
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graph.facts.tables import Column
from graph.features.compute import FeatureExtractor, Walker
from graph.frame.layout import NAMES, Arrays
from graph.frame.query import SubjectQuery, query_for
from graph.store.evidence import Subject
from scripts.bench.frozen_copy import frozen_copy, latest_subjects

MEMORY = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0)  # shares of the frame's pages that memory holds
_PAGE = mmap.PAGESIZE
_LIBC = ctypes.CDLL(None, use_errno=True)
_RANDOM, _DONT_NEED = 1, 4  # advice of madvise(2)


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path, help="a SQLite store, which nobody writes to meanwhile")
    parser.add_argument("--folder", type=Path, default=Path("var/bench_shards"), help="where the copy goes")
    parser.add_argument("--assessments", type=int, default=2_000, help="how many (default 2000)")
    options = parser.parse_args(arguments)
    with frozen_copy(options.store, options.folder) as frozen, frozen.reading() as arrays:
        asked = list(latest_subjects(arrays, options.assessments, frozen))
        walker = _Asked(Walker(frozen.zone), FeatureExtractor(), arrays, frozen.revision)
        walker.answer(*asked[0])  # the machine code is at hand from now on
        warm = [walker.answer(*one) for one in asked]
        maps = [_Map(getattr(arrays, name), options.folder / "frozen" / name) for name in NAMES]
        cold = [_cold(walker, one, maps) for one in asked]
    figures = {
        "frame_mb": round(sum(one.size for one in maps) / 1e6),
        "pages": sum(one.size // _PAGE for one in maps),
        "assessments": len(asked),
        "warm_us": _quantiles([seconds * 1e6 for seconds in warm]),
        "cold_ms": _quantiles([one.seconds * 1e3 for one in cold]),
        "pages_touched": _quantiles([len(one.pages) for one in cold]),
        "reads": _quantiles([one.reads for one in cold]),
        "read_us": round(sum(one.seconds for one in cold) / sum(one.reads for one in cold) * 1e6, 1),
        "misses_by_memory": {
            str(share): _quantiles(list(misses([one.pages for one in cold], int(share * _total(maps)))))
            for share in MEMORY
        },
    }
    print(json.dumps(figures, indent=1))
    return 0


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
class _Asked:
    walker: Walker
    observer: FeatureExtractor
    arrays: Arrays
    revision: int

    def answer(self, subject: Subject, as_of: int) -> float:
        """Seconds by the clock for the neighbourhood and its features."""
        began = time.perf_counter()
        question: SubjectQuery = query_for(self.arrays, subject, np.int64(as_of), np.int64(self.revision))
        self.observer.row(self.walker.of(self.arrays, question))
        return time.perf_counter() - began


class _Map:
    """One file of the copy, mapped."""

    def __init__(self, rows: Column, path: Path) -> None:
        self.address, self.size, self.path = rows.ctypes.data, -(-rows.nbytes // _PAGE) * _PAGE, path

    def forget(self) -> None:
        """Nothing of it is in memory, and reads bring single pages."""
        for advice in (_RANDOM, _DONT_NEED):
            if _LIBC.madvise(ctypes.c_void_p(self.address), ctypes.c_size_t(self.size), advice):
                raise OSError(ctypes.get_errno(), f"madvise {advice} of {self.path}")
        descriptor = os.open(self.path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)

    def in_memory(self) -> Column:
        """The numbers of its pages that are in memory."""
        held = (ctypes.c_ubyte * (self.size // _PAGE))()
        if _LIBC.mincore(ctypes.c_void_p(self.address), ctypes.c_size_t(self.size), held):
            raise OSError(ctypes.get_errno(), f"mincore of {self.path}")
        return np.flatnonzero(np.frombuffer(bytes(held), np.uint8) & 1)


@dataclass(frozen=True)
class _Cold:
    seconds: float
    reads: int
    pages: Sequence[int]


def _cold(walker: _Asked, one: tuple[Subject, int], maps: Sequence[_Map]) -> _Cold:
    """One answer where nothing is in memory."""
    for each in maps:
        each.forget()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_majflt
    seconds = walker.answer(*one)
    reads = resource.getrusage(resource.RUSAGE_SELF).ru_majflt - before
    first, pages = 0, []
    for each in maps:
        pages += (each.in_memory() + first).tolist()
        first += each.size // _PAGE
    return _Cold(seconds, reads, pages)


def _total(maps: Sequence[_Map]) -> int:
    return sum(one.size // _PAGE for one in maps)


def _quantiles(values: Sequence[float]) -> dict[str, float]:
    return {f"p{q}": round(float(np.percentile(values, q)), 1) for q in (50, 90, 99)}


if __name__ == "__main__":
    sys.exit(main())
