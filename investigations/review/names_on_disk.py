"""Very many names, of which one asks whether one is there, or is there twice."""

from __future__ import annotations

import weakref
from itertools import pairwise
from tempfile import TemporaryFile

import numpy as np
import pyarrow as pa

from graph.facts.tables import Column

_AT_ONCE = 1 << 20  # names that are compared at once


class NamesOnDisk:
    """Names as eight bytes each in a file without a name, which goes with this object or with the process:
    nobody holds all of them. Add all, `sort` them, then ask. Once in very many millions an answer says yes
    for no.
    """

    def __init__(self) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 - it goes with this object
        weakref.finalize(self, self._file.close)
        self._sorted: Column = np.zeros(0, np.int64)

    def add(self, names: pa.Array) -> None:
        """Keep these texts (N,)."""
        self._file.write(_digests(names).tobytes())

    def sort(self) -> None:
        """All of them are there."""
        self._file.flush()
        if self._file.tell():
            self._sorted = np.memmap(self._file, np.int64, "r+")
            self._sorted.sort()

    def some_twice(self) -> bool:
        """Whether any of them is there twice."""
        begins = [*range(0, len(self._sorted), _AT_ONCE), len(self._sorted)]
        parts = (self._sorted[begin : end + 1] for begin, end in pairwise(begins))
        return any(bool((part[1:] == part[:-1]).any()) for part in parts)

    def times(self, names: pa.Array) -> Column:
        """How many times each of these texts (N,) is there."""
        wanted = _digests(names)
        first, end = (np.searchsorted(self._sorted, wanted, side) for side in ("left", "right"))
        return np.asarray(end - first)


def _digests(names: pa.Array) -> Column:
    return np.fromiter(map(hash, names.to_pylist()), np.int64, len(names))
