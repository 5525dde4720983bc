"""Where each of some keys of a store stands."""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column

_FEW = 8  # a table may have so many places a key; of keys that lie further apart, each is searched for


class Positions:
    """Positions of distinct keys (K,), of which none is negative: by a table where they are many of all, else
    by search, so that a few keys of a large store cost what a few cost.
    """

    def __init__(self, keys: Column) -> None:
        size = int(keys.max(initial=-1)) + 1
        self._dense = size <= _FEW * len(keys)
        if self._dense:
            self._table = np.full(size + 1, -1, np.int32)
            self._table[keys] = np.arange(len(keys), dtype=np.int32)
        else:
            self._order = np.argsort(keys).astype(np.int32)
            self._keys = keys[self._order]

    def __getitem__(self, asked: Column) -> Column:
        """The position of each key (N,) int32, -1 for one that is not among them."""
        if self._dense:
            last = len(self._table) - 1  # nobody's
            return self._table[np.where((asked < 0) | (asked > last), last, asked)]
        if not len(self._keys):
            return np.full(len(asked), -1, np.int32)
        at = np.minimum(np.searchsorted(self._keys, asked), len(self._keys) - 1)
        return np.where(self._keys[at] == asked, self._order[at], np.int32(-1))
