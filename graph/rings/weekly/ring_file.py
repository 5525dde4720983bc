"""Rings that wait in a file until they are asked for, so that nobody holds all of them."""

from __future__ import annotations

import os
import weakref
from array import array
from tempfile import TemporaryFile

from graph.journal.snapshots import ring_from, ring_text
from graph.model.types import Ring


class RingFile:
    """A file without a name, which goes with this object or with the process."""

    def __init__(self) -> None:
        self._file = TemporaryFile(buffering=1 << 20)  # noqa: SIM115 - it goes with this object
        self._ends = array("q", [0])
        weakref.finalize(self, self._file.close)

    def add(self, ring: Ring) -> int:
        """Keep a ring; its place, for `ring`."""
        self._ends.append(self._ends[-1] + self._file.write(ring_text(ring)))
        return len(self._ends) - 2

    def ring(self, place: int) -> Ring:
        """The ring at that place."""
        self._file.flush()
        begin, end = self._ends[place], self._ends[place + 1]
        return ring_from(os.pread(self._file.fileno(), end - begin, begin))
