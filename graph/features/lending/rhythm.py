"""The rhythm of applications under a key in compiled code: months, gaps, runs of days, bursts."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from graph.facts.fraud_labels import NEVER
from graph.facts.local_time import calendar_day
from graph.facts.tables import Column
from graph.features.lending.counts import applied_at, key_bit
from graph.features.lending.grammar import BURSTS, RHYTHMS, WINDOWS, Variable
from graph.features.workspace import DAY, MONTH
from graph.frame.neighbourhood import Neighbourhood
from graph.kernels.compiled import inner

_MEASURES = (*RHYTHMS, "acceleration", "burst")
(
    _ACTIVE_MONTHS,
    _MEAN_PER_ACTIVE_MONTH,
    _MAX_MONTH,
    _MIN_MONTH,
    _MAX_GAP_DAYS,
    _MIN_GAP_DAYS,
    _FIRST_DAYS_AGO,
    _LAST_DAYS_AGO,
    _RUN_LENGTH,
    _RUN_DAYS,
    _ACCELERATION,
    _BURST,
) = range(len(_MEASURES))
_WEEK, _BURSTS_WITHIN = 7 * DAY, 14 * DAY


def rhythm_plan(wanted: list[Variable]) -> Column:
    """The plan (V, 3) int64 of variables of the families `rhythm` and `windowless`: bit of the key, measure,
    and its span in microseconds.
    """
    rows = []
    for one in wanted:
        burst = BURSTS.get(one.stat)
        span = burst if burst is not None else WINDOWS.get(one.window, timedelta())
        measure = _MEASURES.index("burst" if burst is not None else one.stat)
        rows.append((key_bit(one.key), measure, span // timedelta(microseconds=1)))
    return np.array(rows, np.int64).reshape(-1, 3)


@inner
def fill_rhythm(wanted: Column, n: Neighbourhood, under: Column, row: Column) -> None:
    """Write the variables into `row` (V,) float64. NaN: nothing at all is known under the key; or, of days,
    the window holds too few applications.
    """
    key, at = np.int64(0), np.empty(0, np.int64)
    for place in range(len(wanted)):
        if wanted[place, 0] != key:
            key = wanted[place, 0]
            at = _moments(n, under, key)
        known = False
        for bits in under:
            known |= bits & key != 0
        row[place] = (
            _measure(at, n.subject[0].as_of, wanted[place, 1], wanted[place, 2], n.zone) if known else np.nan
        )


@inner
def _moments(n: Neighbourhood, under: Column, key: int) -> Column:
    """When the applications under a key were made, oldest first."""
    at, count = np.empty(len(under), np.int64), 0
    for row in range(len(under)):
        if under[row] & key:
            made = applied_at(n, row)
            if made != NEVER:
                at[count] = made
                count += 1
    return np.sort(at[:count])


@inner
def _measure(at: Column, as_of: int, measure: int, span: int, clocks: Column) -> float:
    if measure == _ACCELERATION:
        month = len(at) - _first_since(at, as_of - MONTH)
        return (len(at) - _first_since(at, as_of - _WEEK)) / month if month else 0.0
    if measure == _BURST:
        return float(_burst(at[_first_since(at, as_of - _BURSTS_WITHIN) :], span))
    within = at[_first_since(at, as_of - span) :]
    if measure <= _MIN_MONTH:
        return _months(within, as_of, measure, span // MONTH)
    if measure <= _MIN_GAP_DAYS:
        return _gap(within, measure)
    if measure <= _LAST_DAYS_AGO:
        if len(within) == 0:
            return np.nan
        one = within[0] if measure == _FIRST_DAYS_AGO else within[len(within) - 1]
        return float((as_of - one) // DAY)
    return float(_run(within, measure, clocks))


@inner
def _first_since(at: Column, moment: int) -> int:
    """The position of the first that is not before a moment."""
    first = 0
    while first < len(at) and at[first] < moment:
        first += 1
    return first


@inner
def _months(at: Column, as_of: int, measure: int, months: int) -> float:
    """Of months of 30 days, counted back from the moment: how many hold any, and how many those hold."""
    counts: Column = np.zeros(months, np.int64)
    for one in at:
        counts[(as_of - one - 1) // MONTH] += 1
    active, most, fewest = 0, 0, 0
    for count in counts:
        if count:
            active += 1
            most = max(most, count)
            fewest = count if fewest == 0 else min(fewest, count)
    if measure == _ACTIVE_MONTHS:
        return float(active)
    if measure == _MEAN_PER_ACTIVE_MONTH:
        return len(at) / active if active else 0.0
    return float(most if measure == _MAX_MONTH else fewest)


@inner
def _gap(at: Column, measure: int) -> float:
    """The longest or the shortest time between one and the next, in whole days; NaN where there are no
    two.
    """
    chosen = np.int64(-1)
    for place in range(1, len(at)):
        gap = at[place] - at[place - 1]
        if chosen < 0 or (gap > chosen if measure == _MAX_GAP_DAYS else gap < chosen):
            chosen = gap
    return np.nan if chosen < 0 else float(chosen // DAY)


@inner
def _run(at: Column, measure: int, clocks: Column) -> int:
    """The last days in a row with applications: how many these are, or the days."""
    length, days, day = 0, 0, 0
    for place in range(len(at) - 1, -1, -1):
        on = calendar_day(at[place], clocks)
        if length and on < day - 1:
            break
        days += length == 0 or on < day
        length, day = length + 1, on
    return days if measure == _RUN_DAYS else length


@inner
def _burst(at: Column, span: int) -> int:
    """The most within any half-open slice of that length."""
    most, first = 0, 0
    for last in range(len(at)):
        while at[last] - at[first] >= span:
            first += 1
        most = max(most, last - first + 1)
    return most
