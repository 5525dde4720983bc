"""Every value of an identifier is first a number, its key; two people share a value when they hold the same
key.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

NONE = -1
"""The key of a value that is not known."""

GLOBAL_KEYS = 1 << 24
"""Keys below this belong to the whole world (carrier addresses, employers); those above to one cohort."""

CITY_RADIX = 64
LANDLINE = 1 << 40
"""A phone key from here on is a landline: LANDLINE + key * CITY_RADIX + city."""

_PER_COHORT = 1 << 17


class Mint:
    """Gives out keys that nobody holds yet, one sequence a kind, apart for each cohort."""

    def __init__(self, cohort: int) -> None:
        self._cohort = cohort
        self._used: dict[str, int] = {}

    def fresh(self, kind: str, count: int) -> IntArray:
        """`count` new keys of a kind; raises OverflowError when a cohort has used up its range."""
        used = self._used.get(kind, 0)
        if used + count > _PER_COHORT:
            raise OverflowError(f"cohort {self._cohort} has no {kind} keys left")
        self._used[kind] = used + count
        base = GLOBAL_KEYS + self._cohort * _PER_COHORT + used
        return np.arange(base, base + count, dtype=np.int64)


def in_city(keys: IntArray, city: IntArray) -> IntArray:
    """Keys of values whose text names a city (addresses, employers)."""
    return keys * CITY_RADIX + city


def landline(keys: IntArray, city: IntArray) -> IntArray:
    """Phone keys that are rendered as a landline of the city."""
    return in_city(keys, city) + LANDLINE


def scatter(keys: IntArray, size: int, salt: int) -> IntArray:
    """A bijection of [0, size) that looks random: a four-round Feistel network with cycle walking."""
    half = max(1, (int(size - 1).bit_length() + 1) // 2)
    out = _feistel(keys.astype(np.uint64), half, salt)
    while True:
        beyond = out >= np.uint64(size)
        if not beyond.any():
            return out.astype(np.int64)
        out[beyond] = _feistel(out[beyond], half, salt)


def hashed(keys: IntArray, salt: int) -> npt.NDArray[np.uint64]:
    """64 well-mixed bits for each key (splitmix64); equal keys give equal bits."""
    with np.errstate(over="ignore"):
        x = keys.astype(np.uint64) + np.uint64(salt) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


def _feistel(x: npt.NDArray[np.uint64], half: int, salt: int) -> npt.NDArray[np.uint64]:
    shift, mask = np.uint64(half), np.uint64((1 << half) - 1)
    left, right = x >> shift, x & mask
    for turn in range(4):
        mixed = hashed(right.astype(np.int64), salt * 8 + turn) & mask
        left, right = right, left ^ mixed
    return (left << shift) | right
