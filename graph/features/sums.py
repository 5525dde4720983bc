"""Exactly rounded sums (as `math.fsum`), independent of the order of the numbers, in compiled code."""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column
from graph.kernels.compiled import shared

# room for the parts of any running sum: each has a binary place of its own, of which doubles have 2,098
PARTS = 2_100


@shared
def exact_add(parts: Column, used: int, value: float) -> int:
    """Add `value` to a running sum: the first `used` of `parts` (PARTS,) float64 are it, exactly. Returns how
    many are now.
    """
    kept = 0
    for n in range(used):
        part = parts[n]
        if abs(value) < abs(part):
            value, part = part, value
        total = value + part
        lost = part - (total - value)
        if lost != 0.0:
            parts[kept] = lost
            kept += 1
        value = total
    if value != 0.0:
        if not np.isfinite(value):  # no exact sum goes on from here, as a plain one does not
            kept = 0
        parts[kept] = value
        kept += 1
    return kept


@shared
def exact_total(parts: Column, used: int) -> float:
    """A running sum as one number, rounded half to even."""
    if used == 0:
        return 0.0
    n = used - 1
    total, lost = parts[n], 0.0
    while n > 0:
        before = total
        n -= 1
        total = before + parts[n]
        lost = parts[n] - (total - before)
        if lost != 0.0:
            break
    # what is lost lies half way, and the parts below say to which side
    if n > 0 and ((lost < 0.0 and parts[n - 1] < 0.0) or (lost > 0.0 and parts[n - 1] > 0.0)):
        rounded = total + lost * 2.0
        if lost * 2.0 == rounded - total:
            total = rounded
    return float(total)
