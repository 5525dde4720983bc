"""Gathering by owner says what numpy's own, slower words say."""

from __future__ import annotations

import numpy as np
import pytest

from graph.rings.gathered import lowered, raised, summed


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.bool_])
def test_sums_and_extremes_are_those_of_numpy(dtype: type) -> None:
    rng = np.random.default_rng(5)
    a, b = rng.integers(0, 40, 500).astype(np.int32), rng.integers(0, 40, 500).astype(np.int32)
    value = (rng.random(500) * 9 - 3).astype(dtype)
    twice, both = np.r_[value, value], np.r_[a, b]
    np.testing.assert_array_equal(summed(value, a, b, size=50), np.bincount(both, weights=twice.astype(np.float64), minlength=50))
    most, least = np.full(50, -1.0), np.full(50, 1.0)
    np.maximum.at(most, both, twice.astype(np.float64))
    np.minimum.at(least, both, twice.astype(np.float64))
    np.testing.assert_array_equal(raised(np.full(50, -1.0), value, a, b), most)
    np.testing.assert_array_equal(lowered(np.full(50, 1.0), value, a, b), least)


def test_whole_numbers_keep_every_digit() -> None:
    first = lowered(np.full(2, 2**62, np.int64), np.array([2**61 + 1, 2**61 + 3]), np.array([1, 1]))
    assert first.tolist() == [2**62, 2**61 + 1]
