"""Compiled sums round once, as math.fsum does: the order in which the numbers come changes no bit."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graph.facts.tables import Column
from graph.features.sums import PARTS, exact_add, exact_total
from graph.kernels.compiled import compiled

ANY = st.floats(allow_nan=False, allow_infinity=False)
HALVES = st.builds(math.ldexp, st.sampled_from((-1.0, 1.0, 3.0, -3.0, 0.1)), st.integers(-1070, 1000))


@compiled
def exact_sum(values: Column) -> float:
    parts = np.empty(PARTS)
    used = 0
    for value in values:
        used = exact_add(parts, used, value)
    return exact_total(parts, used)


def bits(value: float) -> bytes:
    return struct.pack("d", value)


@pytest.mark.same_examples
@given(st.lists(ANY | HALVES, max_size=200))
@example([1e16, 1.0, 1e-16])
@example([1.0, 2.0**-53, 2.0**-200])
@example([1.0, -(2.0**-54), -(2.0**-200)])
@example([-0.0])
@settings(max_examples=500, deadline=None)
def test_a_sum_is_rounded_as_math_fsum_rounds_it(values: list[float]) -> None:
    try:
        wanted = math.fsum(values)
    except OverflowError:
        assert not math.isfinite(exact_sum(np.array(values)))
        return
    assert bits(exact_sum(np.array(values, dtype=np.float64))) == bits(wanted)


@given(st.permutations([1e100, 1.0, -1e100, 1e-300, 3.0, 0.1, 0.2, 2.0**60, -0.7]))
@settings(deadline=None)
def test_the_order_changes_no_bit(values: list[float]) -> None:
    assert bits(exact_sum(np.array(values))) == bits(exact_sum(np.array(sorted(values))))


def test_a_running_sum_of_everything_a_double_can_be_fits_its_room() -> None:
    parts, used, most = np.empty(PARTS), 0, 0
    powers = [math.ldexp(1.0, power) for power in range(1022, -1075, -1)]
    values = [*powers, *powers[::-7]]
    for value in values:
        used = exact_add(parts, used, value)
        most = max(most, used)
    assert exact_total(parts, used) == math.fsum(values)
    assert 200 < most < PARTS


@pytest.mark.parametrize(
    "values", [[math.inf, 1.0], [1.0, math.inf, 2.0], [-math.inf, 5.0], [1e308, 1e308, -1e308]]
)
def test_an_infinite_sum_stays_infinite(values: list[float]) -> None:
    assert math.isinf(exact_sum(np.array(values)))


@pytest.mark.parametrize("values", [[math.nan, 1.0], [1.0, math.nan, 2.0], [math.inf, -math.inf]])
def test_what_is_no_number_stays_none(values: list[float]) -> None:
    assert math.isnan(exact_sum(np.array(values)))
