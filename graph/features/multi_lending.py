"""The ml_* variables over a neighbourhood, in one pass: each application is marked once, and each mark counted wherever it belongs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import product
from typing import NamedTuple

import numpy as np

from graph import multi_lending
from graph.compiled import compiled, inner
from graph.facts.hubs import REASONS
from graph.facts.loans import DISBURSED, REJECTED, first_step, went_back
from graph.facts.verdicts import NEVER
from graph.features.keys import PERSON, counted, named
from graph.frame.neighbourhood import LENDER_BANK, LENDER_KNOWN, LENDER_OWN, NOBODY, Neighbourhood
from graph.tables import KINDS, Column

NAMES = multi_lending.NAMES

_PARTS = {
    f"ml_{window}_{key}_{segment}_{stat}": (key, segment, stat, window)
    for key, segment, stat, window in product(multi_lending.KEYS, multi_lending.SEGMENTS, multi_lending.STATS, multi_lending.WINDOWS)
}
_ALL, _OTHERS, _BANK, _NBANK = (1 << multi_lending.SEGMENTS.index(segment) for segment in ("all", "others", "bank", "nbank"))
# What an application counts as, each at a moment of its own: what `multi_lending.STATS` are of.
MARKS = ("applied", "rejected", "disbursed")
_APPLIED, _REJECTED, _DISBURSED = range(len(MARKS))


class Plan(NamedTuple):
    """Which variables are wanted, as tables: their number in each is the variable's place in a cube of counts.

    windows (W,) int64 microseconds, shortest first; keys (K,) int32 bits as `graph.features.keys.counted` sets them, several in one key are
    their union; segments (S,) int32, the one bit of each; of (T,) int8 position in MARKS of what a statistic counts; by_lender (T,) bool: each
    lender once; columns (V,) int32 place of each variable wanted in the cube (keys, segments, statistics, windows), and key_of (V,) int32 the
    bits of its key.
    """

    windows: Column
    keys: Column
    segments: Column
    of: Column
    by_lender: Column
    columns: Column
    key_of: Column


def plan(names: Sequence[str] = NAMES) -> Plan:
    """The plan of variables by name, in that order. Raises KeyError for a name that is none."""
    wanted = [_PARTS[name] for name in names]
    tables = (multi_lending.KEYS, multi_lending.SEGMENTS, multi_lending.STATS, multi_lending.WINDOWS)
    used = [[part for part in table if any(part == each[n] for each in wanted)] for n, table in enumerate(tables)]
    keys, segments, stats, windows = used
    places = [[table.index(part) for table, part in zip(used, each, strict=True)] for each in wanted]
    shape = tuple(len(table) for table in used)
    return Plan(
        windows=np.array([multi_lending.WINDOWS[window] // timedelta(microseconds=1) for window in windows], np.int64),
        keys=np.array([_bits(key) for key in keys], np.int32),
        segments=np.array([1 << multi_lending.SEGMENTS.index(segment) for segment in segments], np.int32),
        of=np.array([MARKS.index(multi_lending.STATS[stat].of) for stat in stats], np.int8),
        by_lender=np.array([multi_lending.STATS[stat].distinct for stat in stats], np.bool_),
        columns=np.array([np.ravel_multi_index(place, shape) for place in places], np.int32),
        key_of=np.array([_bits(each[0]) for each in wanted], np.int32),
    )


def _bits(key: str) -> int:
    kind = multi_lending.KEYS[key]
    return PERSON if kind is None else 1 << KINDS.index(kind)


def left_out(why: Column) -> dict[str, str]:
    """Keys under which nothing was counted though they are named, with the reason; `why` (KINDS,) as `fill` writes it."""
    kinds = {key: kind for key, kind in multi_lending.KEYS.items() if kind is not None}
    return {key: REASONS[code] for key, kind in kinds.items() if (code := int(why[KINDS.index(kind)]))}


@compiled
def fill(wanted: Plan, n: Neighbourhood, selves: Column, row: Column, why: Column) -> None:
    """Write the variables into `row` (V,) float64: NaN where nothing at all is known under the key, 0 where nothing is in the window.

    `selves` (P,) bool: the people who are the subject. `why` (KINDS,) int8 gets what `left_out` reads.
    """
    chosen, reasons = named(n)
    why[:] = reasons
    if len(wanted.columns) == 0:
        return
    under = counted(n, selves, chosen)
    cube = _cube(wanted, under, _marks(n, under, wanted.windows))
    known = 0
    for bits in under:
        known |= bits
    for column in range(len(wanted.columns)):
        row[column] = cube[wanted.columns[column]] if known & wanted.key_of[column] else np.nan


class _Marks(NamedTuple):
    """What applications count as: by application the shortest window that holds each of MARKS (N, MARKS) int8, the number of windows where none
    does; its lender (N,) int32, numbered without gaps; its segments (N,) int32 as bits; and how many lenders there are."""

    window: Column
    lender: Column
    segments: Column
    lenders: int


@inner
def _cube(wanted: Plan, under: Column, marks: _Marks) -> Column:
    """What each window holds of everything counted `under` the keys (N,): int64 (keys x segments x statistics x windows,).

    Each mark is counted in the shortest window that holds it, and a lender in the shortest that holds any mark of theirs; what a window
    holds, the longer ones hold too.
    """
    segments, stats, width = len(wanted.segments), len(wanted.of), len(wanted.windows)
    cells = len(wanted.keys) * segments * stats
    cube, nearest = np.zeros((cells, width), np.int64), np.full((cells, marks.lenders), width, np.int8)
    for row in range(len(under)):
        if not under[row]:
            continue
        for part in range(cells // stats):
            if not (wanted.keys[part // segments] & under[row] and wanted.segments[part % segments] & marks.segments[row]):
                continue
            for stat in range(stats):
                cell, window = part * stats + stat, marks.window[row, wanted.of[stat]]
                if window < width and not wanted.by_lender[stat]:
                    cube[cell, window] += 1
                elif window < nearest[cell, marks.lender[row]]:
                    nearest[cell, marks.lender[row]] = window
    for cell in range(cells):
        for lender in range(marks.lenders):
            if nearest[cell, lender] < width:
                cube[cell, nearest[cell, lender]] += 1
        for window in range(1, width):
            cube[cell, window] += cube[cell, window - 1]
    return cube.reshape(cells * width)


@inner
def _marks(n: Neighbourhood, under: Column, windows: Column) -> _Marks:
    """The marks of everything counted. A loan given back within the cooling-off period is neither shopping nor stacking."""
    applications, outcomes, as_of = n.applications, n.outcomes, n.subject[0].as_of
    asking = applications[0].platform if n.subject[0].asked else NOBODY
    window, moments = np.empty((len(under), len(MARKS)), np.int8), np.empty(len(MARKS), np.int64)
    segments = np.empty(len(under), np.int32)
    for row in range(len(under)):
        if not under[row]:
            continue
        first, steps, lender = applications[row].outcome, applications[row].outcomes, applications[row].lender
        returned = went_back(outcomes, first, steps)
        moments[_APPLIED] = NEVER if returned else applications[row].at
        moments[_REJECTED] = first_step(outcomes, first, steps, REJECTED)
        moments[_DISBURSED] = NEVER if returned else first_step(outcomes, first, steps, DISBURSED)
        for mark in range(len(MARKS)):
            within = 0
            while within < len(windows) and (moments[mark] == NEVER or moments[mark] < as_of - windows[within]):
                within += 1
            window[row, mark] = within
        is_asking = applications[row].platform == asking if n.subject[0].asked else lender & LENDER_OWN != 0
        segments[row] = _ALL if is_asking else _ALL | _OTHERS
        if lender & LENDER_BANK:
            segments[row] |= _BANK
        elif lender & LENDER_KNOWN:
            segments[row] |= _NBANK
    number_of, lenders = _lenders(applications, under)
    return _Marks(window, number_of, segments, lenders)


@inner
def _lenders(applications: Column, under: Column) -> tuple[Column, int]:
    """The lender of each application counted (N,) int32, numbered from 0 without gaps, and how many there are."""
    size, lenders = 16, 0
    while size < 2 * len(under):
        size *= 2
    table, number_of, words = np.full(size, -1, np.int32), np.empty(len(under), np.int32), np.empty(len(under), np.int32)
    for row in range(len(under)):
        if under[row]:
            word = applications[row].platform
            place = (word * 40_503) & (size - 1)
            while table[place] >= 0 and words[table[place]] != word:
                place = (place + 1) & (size - 1)
            if table[place] < 0:
                table[place], words[lenders] = lenders, word
                lenders += 1
            number_of[row] = table[place]
    return number_of, lenders
