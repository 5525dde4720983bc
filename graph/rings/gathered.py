"""Numbers of many rows gathered by what they belong to: sums and extremes, in one pass and without a copy of the rows."""

from __future__ import annotations

import numpy as np

from graph.compiled import compiled
from graph.tables import Column


def summed(value: Column, *of: Column, size: int) -> Column:
    """The sum of `value` (rows,) by each of the owners `of` (each (rows,)), as float64 (size,)."""
    out = np.zeros(size)
    for owner in of:
        _add(out, owner, value)
    return out


def raised(out: Column, value: Column, *of: Column) -> Column:
    """`out` itself, each place raised to the most `value` (rows,) that one of the owners `of` has."""
    for owner in of:
        _raise(out, owner, value)
    return out


def lowered(out: Column, value: Column, *of: Column) -> Column:
    """`out` itself, each place lowered to the least `value` (rows,) that one of the owners `of` has."""
    for owner in of:
        _lower(out, owner, value)
    return out


@compiled
def _add(out: Column, of: Column, value: Column) -> None:
    for row in range(len(of)):
        out[of[row]] += value[row]


@compiled
def _raise(out: Column, of: Column, value: Column) -> None:
    for row in range(len(of)):
        if value[row] > out[of[row]]:
            out[of[row]] = value[row]


@compiled
def _lower(out: Column, of: Column, value: Column) -> None:
    for row in range(len(of)):
        if value[row] < out[of[row]]:
            out[of[row]] = value[row]
