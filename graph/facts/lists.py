"""Values by key as two arrays: what each person holds, the rows of each group."""

from __future__ import annotations

from typing import Self

import numpy as np

from graph.facts.tables import Column


class Lists:
    """The values of each key, in the order in which they are given (ties: the oldest first). Keys are from 0
    to `size` - 1; what has a key below is in no list.
    """

    def __init__(self, keys: Column, values: Column, size: int) -> None:
        order = np.argsort(keys, kind="stable")
        self.values = values[order].astype(np.int64)
        self.ends = np.searchsorted(keys[order], np.arange(size + 1)).astype(np.int64)

    @classmethod
    def places(cls, keys: Column, size: int) -> Self:
        """The places at which each key stands."""
        result = cls.__new__(cls)
        result.values = np.argsort(keys, kind="stable")
        result.ends = np.searchsorted(keys, np.arange(size + 1), sorter=result.values)
        return result

    def __getitem__(self, key: int) -> Column:
        return self.values[self.ends[key] : self.ends[key + 1]]

    def of(self, keys: Column) -> Column:
        """The values of all these keys, one key after the other."""
        begins, lengths = self.ends[keys], self.ends[keys + 1] - self.ends[keys]
        before = np.cumsum(lengths) - lengths
        return self.values[np.repeat(begins - before, lengths) + np.arange(int(lengths.sum()))]
