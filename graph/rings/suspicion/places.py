"""The value at a place among those of everybody, by counts: nobody holds all of them, and none is put in
order with all others.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from graph.facts.tables import Column
from graph.rings.applicants.everybody import Everybody, Rows, merged

Value = Callable[[Rows], Column]
"""From the columns of some people to a number for each (N,) float64, NaN: none. It can be sent to other
machines.
"""
FEW = 10_000  # so many values are looked at themselves
_BITS = 16  # of a value are decided by each look at all of them
_SIGN = np.uint64(1 << 63)


def least_of(everybody: Everybody, names: tuple[str, ...], value: Value, place: int) -> tuple[float, int]:
    """The value at a `place` (0: the least) among the values of everybody in ascending order, by the columns
    of these `names`, and how many are less than it.
    """
    below, begin, shift, among = 0, 0, 64, len(everybody)
    while among > FEW and shift:
        shift -= _BITS
        counts = np.zeros(1 << _BITS, np.int64)
        for rows in everybody.answers(partial(_counted, value=value, begin=begin, shift=shift), names):
            counts[rows["at"]] += rows["count"]
        ends = np.cumsum(counts)
        at = int(np.searchsorted(ends, place - below, side="right"))
        below, among = below + int(ends[at] - counts[at]), int(counts[at])
        begin += at << shift
    if not shift:
        return float(_value_of(begin)), below
    found = merged(everybody.answers(partial(_those, value=value, begin=begin, shift=shift), names))
    some = np.sort(found["value"])
    chosen = some[place - below]
    return float(chosen), below + int(np.searchsorted(some, chosen))


def _counted(rows: Rows, given: Rows, value: Value, begin: int, shift: int) -> Rows:
    """How many values begin with the bits of `begin` above the next _BITS, by these."""
    keys = _within(_keys(value(rows)), begin, shift + _BITS)
    at, count = np.unique((keys >> np.uint64(shift)) & np.uint64((1 << _BITS) - 1), return_counts=True)
    return {"at": at.astype(np.int32), "count": count}


def _those(rows: Rows, given: Rows, value: Value, begin: int, shift: int) -> Rows:
    return {"value": _value_of(_within(_keys(value(rows)), begin, shift))}


def _within(keys: Column, begin: int, shift: int) -> Column:
    """Those whose bits from `shift` on are those of `begin`."""
    if shift == 64:
        return keys
    return np.asarray(keys[keys >> np.uint64(shift) == np.uint64(begin >> shift)])


def _keys(values: Column) -> Column:
    """Numbers (M,) uint64 in the order of the values (N,) that are some."""
    bits = (values[~np.isnan(values)] + 0.0).view(np.uint64)  # no zero is less than another
    return np.asarray(np.where(bits & _SIGN, ~bits, bits | _SIGN))


def _value_of(keys: Column | int) -> Column:
    bits = np.asarray(keys, np.uint64)
    return np.where(bits & _SIGN, bits & ~_SIGN, ~bits).view(np.float64)
