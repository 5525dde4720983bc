"""The inputs of an ensemble of trees, kept as the arrays they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ColumnBlocks:
    """The inputs of an ensemble (N, columns), kept as the arrays they come from, side by side: together they
    are made for some rows at a time.
    """

    arrays: tuple[Floats, ...]

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, rows: Any) -> Floats:
        """Those rows (a slice, a mask or positions)."""
        return np.hstack([one[rows] for one in self.arrays])
