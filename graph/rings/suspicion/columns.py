"""Feature matrices with named columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graph.facts.tables import Column


@dataclass(frozen=True)
class Features:
    """A matrix with named columns: values (rows, len(names)) float32, NaN = not known."""

    names: tuple[str, ...]
    values: Column

    def column(self, name: str) -> Column:
        """One column (rows,)."""
        return self.values[:, self.names.index(name)]

    def only(self, names: Sequence[str]) -> Features:
        """These columns alone, in this order. Raises ValueError for one that is not there."""
        return Features(tuple(names), self.values[:, [self.names.index(name) for name in names]])

    def of(self, rows: Column) -> Features:
        """These rows alone."""
        return Features(self.names, self.values[rows])

    def beside(self, *others: Features) -> Features:
        """All matrices, side by side."""
        parts = (self, *others)
        return Features(
            sum((part.names for part in parts), ()), np.concatenate([part.values for part in parts], axis=1)
        )


def features(columns: dict[str, Column]) -> Features:
    """Named columns of equal length as one matrix."""
    return Features(tuple(columns), np.stack([c.astype(np.float32) for c in columns.values()], axis=1))


def total(value: Column, of: Column, size: int) -> Column:
    """The sum of `value` (rows,) by owner `of` (rows,), float64 (size,)."""
    return np.bincount(of, weights=value, minlength=size).astype(np.float64, copy=False)


def most(value: Column, of: Column, size: int) -> Column:
    """The most of `value` (rows,) by owner `of` (rows,), of its own type, whole numbers as int64 (size,); 0
    where an owner has none above it.
    """
    out = np.zeros(size, np.int64 if value.dtype.kind in "biu" else value.dtype)
    np.maximum.at(out, of, value.astype(out.dtype, copy=False))
    return out
