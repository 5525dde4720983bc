"""Everybody in a frame by name, for whoever reads them by ranges."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from graph.facts.people_range import PeopleRange
from graph.facts.tables import Column
from graph.frame.columns.layout import PEOPLE, USED
from graph.frame.views.read import FactReader


@dataclass(frozen=True)
class Inside:
    """The people of a range: which rows (rows,) bool, and whether the range is the first."""

    people: Column
    is_first: bool


class PeopleOrder:
    """The rows of all people that a frame had when this was made, by name: 4 bytes a person."""

    def __init__(self, r: FactReader) -> None:
        names = [_name(r, row) for row in range(r.arrays.header[USED + PEOPLE])]
        self._rows = np.array(sorted(range(len(names)), key=names.__getitem__), np.int32)

    def ranges(self, r: FactReader, size: int) -> Iterator[PeopleRange]:
        """`GraphView.people_ranges`."""
        after = ""
        for row in self._rows[size - 1 :: size].tolist():
            yield PeopleRange(after, last := _name(r, row))
            after = last
        yield PeopleRange(after)

    def inside(self, r: FactReader, within: PeopleRange) -> Inside:
        """Who is in a range."""
        start, end = (self._up_to(r, name) for name in (within.after, within.last))
        out = np.zeros(len(r.arrays.people), bool)
        out[self._rows[start : end if within.last else None]] = True
        return Inside(out, within.is_first)

    def _up_to(self, r: FactReader, name: str) -> int:
        return bisect_right(self._rows, name, key=lambda row: _name(r, row))


def _name(r: FactReader, row: int) -> str:
    return r.text(r.arrays.people["name"][row]) or ""
