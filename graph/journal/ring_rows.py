"""Finds the rings in a snapshot's JSON, so that they are read one after the other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from graph.facts.tables import Column
from graph.kernels.compiled import compiled

_QUOTE, _BACKSLASH, _BEGIN, _END, _OPEN, _CLOSE = (np.uint8(ord(sign)) for sign in '"\\[]{}')


class RingRows(NamedTuple):
    """Where the list of rings begins and ends in the text, and each ring (R,), in bytes."""

    begin: int
    end: int
    begins: Column
    ends: Column


def ring_rows(body: Column) -> RingRows:
    """The first list inside the object that `body` (bytes,) is, and the lists inside it. Raises ValueError
    where there is none.
    """
    begin, end, rings = _looked_through(body, np.zeros(0, np.int64), np.zeros(0, np.int64))
    if end < 0:
        raise ValueError("this text is no ring snapshot")
    begins, ends = np.zeros(rings, np.int64), np.zeros(rings, np.int64)
    _looked_through(body, begins, ends)
    return RingRows(begin, end, begins, ends)


@compiled
def _looked_through(body: Column, begins: Column, ends: Column) -> tuple[int, int, int]:
    """Where the list begins and ends, and how many there are in it; -1 where it does not end. Fills in where
    each begins and ends, as far as there is room.
    """
    depth, rings, begin, inside, escaped = 0, 0, -1, False, False
    for at in range(len(body)):
        sign = body[at]
        if inside:
            if escaped:
                escaped = False
            elif sign == _BACKSLASH:
                escaped = True
            elif sign == _QUOTE:
                inside = False
        elif sign == _QUOTE:
            inside = True
        elif sign in (_BEGIN, _OPEN):
            depth += 1
            if depth == 2 and sign == _BEGIN:
                begin = at
            elif depth == 3 and begin >= 0 and rings < len(begins):
                begins[rings] = at
        elif sign in (_END, _CLOSE):
            depth -= 1
            if depth == 2 and begin >= 0:
                if rings < len(ends):
                    ends[rings] = at + 1
                rings += 1
            elif depth == 1 and begin >= 0:
                return begin, at + 1, rings
    return begin, -1, rings
