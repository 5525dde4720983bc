"""Writes graphs in the form that `benchmark_model.py` reads, with sums over each row's past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


def write(folder: Path, nodes: Mapping[str, object], edges: Sequence[Mapping[str, object]]) -> None:
    """`nodes.parquet` from columns, `edges.parquet` from pieces with the same columns."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(dict(nodes)), folder / "nodes.parquet")
    pq.write_table(
        pa.concat_tables([pa.table(dict(piece)) for piece in edges], promote_options="default"),
        folder / "edges.parquet",
    )


class Past:
    """Rows in order of time, by the `groups` (N,) that they belong to: sums over a group's earlier rows."""

    def __init__(self, groups: npt.ArrayLike) -> None:
        self.codes = np.unique(np.asarray(groups), return_inverse=True)[1].astype(np.int64)
        self.order = np.argsort(self.codes, kind="stable")
        sizes = np.bincount(self.codes)
        self._start = np.repeat(np.cumsum(sizes) - sizes, sizes)  # in order: where a row's group begins
        self._place = np.arange(len(self.order))

    @property
    def count(self) -> Floats:
        """How many earlier rows there are."""
        return self._back((self._place - self._start).astype(np.float64))

    def total(self, values: Floats, last: int | None = None) -> Floats:
        """The sum over earlier rows, or the `last` few of them."""
        sums = np.concatenate([[0.0], np.cumsum(values[self.order])])
        begin = self._start if last is None else np.maximum(self._start, self._place - last)
        return self._back(sums[self._place] - sums[begin])

    def mean(self, values: Floats, last: int | None = None) -> Floats:
        """The mean over earlier rows, NaN where there are none."""
        count = self.count if last is None else np.minimum(self.count, last)
        total, unknown = self.total(values, last), np.full(len(count), np.nan)
        return np.asarray(np.divide(total, count, out=unknown, where=count > 0), dtype=np.float64)

    def before(self, values: Floats, steps: int = 1) -> Floats:
        """The value so many rows earlier, NaN where there is none."""
        taken = values[self.order][np.maximum(self._place - steps, 0)]
        return self._back(np.where(self._place - steps >= self._start, taken, np.nan))

    def pairs(self, steps: int) -> tuple[Index, Index]:
        """Each row with the one so many rows earlier, where there is one."""
        later = self._place[self._place - steps >= self._start]
        return self.order[later], self.order[later - steps]

    def window(self, at: Floats, values: Floats, long: float, delay: float = 0.0) -> Floats:
        """The sum over rows with a time in [t - delay - long, t - delay), t being a row's own."""
        moments = at[self.order]
        shifted = moments + self.codes[self.order] * (np.ptp(at) + long + delay + 1.0)
        sums = np.concatenate([[0.0], np.cumsum(values[self.order])])
        high = np.maximum(np.searchsorted(shifted, shifted - delay, side="left"), self._start)
        low = np.maximum(np.searchsorted(shifted, shifted - delay - long, side="left"), self._start)
        return self._back(sums[high] - sums[low])

    def _back(self, values: Floats) -> Floats:
        out = np.empty(len(values))
        out[self.order] = values
        return out
