"""Seeds: many subjects by id, each with its own moment, looked up in the frame by compiled code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from graph.facts.tables import Column
from graph.frame.columns.layout import Arrays, Int
from graph.frame.columns.texts import A_PERSON, AN_APPLICATION, NO_KIND, find
from graph.kernels.by_address import by_address
from graph.kernels.compiled import lean

Bools = npt.NDArray[np.bool_]


@by_address(heap="u1", begins="i8", ends="i8", has_application="?", at="i8")
class Seeds(NamedTuple):
    """N subjects; found by compiled code.

    heap bytes, the UTF-8 of the ids one after the other; `begins` and `ends` (N,) int64 say where each lies.
    has_application (N,) bool: whether the id is an application's, looked at just before it was made or
    again later, or an applicant's, watched at `at`. at (N,) int64, microseconds.
    """

    heap: Column
    begins: Column
    ends: Column
    has_application: Bools
    at: Column

    def take(self, rows: Column) -> Seeds:
        """Those (a mask or positions)."""
        return Seeds(self.heap, self.begins[rows], self.ends[rows], self.has_application[rows], self.at[rows])

    def name(self, place: int) -> str:
        """The id of one of them."""
        return bytes(self.heap[self.begins[place] : self.ends[place]]).decode()


def seeds(ids: Sequence[str], requested: Bools, at: Column) -> Seeds:
    """Seeds by id: of applications where `requested` (N,), else of applicants, at microseconds `at` (N,)."""
    texts = [one.encode() for one in ids]
    ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
    begins = np.concatenate([np.zeros(1, np.int64), ends[:-1]])[: len(texts)]
    return Seeds(
        np.frombuffer(bytearray(b"".join(texts)), "u1"),
        begins,
        ends,
        requested,
        np.asarray(at, dtype=np.int64),
    )


@lean
def row_of(arrays: Arrays, s: Seeds, place: int, again: bool) -> Int:
    """The frame's row of a seed's application or applicant; -1 where it has none, or not at that moment:
    `again`, not made by then.
    """
    of = AN_APPLICATION if s.has_application[place] else A_PERSON
    row = find(arrays, of, NO_KIND, s.heap, s.begins[place], s.ends[place])
    if row >= 0 and s.has_application[place]:
        made = arrays.applications[row].at
        if made > s.at[place] or (made < s.at[place] and not again):
            return np.int64(-1)
    return row
