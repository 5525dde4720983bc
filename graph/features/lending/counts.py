"""Counting of the multi-lending variables in compiled code: what each window holds under a key and in a
segment.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

import numpy as np

from graph.facts.fraud_labels import NEVER
from graph.facts.loans import (
    APPROVED,
    DISBURSED,
    REJECTED,
    first_step,
    payout,
    was_returned_in_cooling_off,
)
from graph.facts.local_time import night, small_hours, weekend
from graph.facts.tables import KINDS, Column
from graph.features.lending.grammar import KEYS, SEGMENTS, STATS, WINDOWS, Variable
from graph.features.lending.keys import PERSON, RING
from graph.frame.neighbourhood import LENDER_BANK, LENDER_KNOWN, LENDER_OWN, NOBODY, Neighbourhood
from graph.kernels.by_address import by_address
from graph.kernels.compiled import inner

MARKS = ("applied", "approved", "rejected", "disbursed")
"""What an application counts as, each at a moment of its own."""
_APPLIED, _APPROVED, _REJECTED, _DISBURSED = range(len(MARKS))
_HOWS = ("each", "lenders", "new_lenders", "amount")
_EACH, _LENDERS, _NEW_LENDERS, _AMOUNT = range(len(_HOWS))
_NOT_KNOWN = np.int64(-1)  # of an amount
_FEN = 100.0  # in a yuan


def segment_bit(segment: str) -> int:
    """The bit of a segment."""
    return 1 << SEGMENTS.index(segment)


_ALL, _OTHERS, _BANK, _NBANK, _OWN, _WEEK, _NIGHT, _SMALL_HOURS = map(
    segment_bit, ("all", "others", "bank", "nbank", "own", "week", "night", "small_hours")
)


def key_bit(key: str) -> int:
    """The bit of a key, as `lending.keys.counted` sets it."""
    kind = KEYS[key]
    if kind is None:
        return RING if key == "ring" else PERSON
    return 1 << KINDS.index(kind)


@by_address(windows="i8", keys="i4", segments="i4", of="i1", how="i1", columns="i4", key_of="i4")
class CountingPlan(NamedTuple):
    """Which variables are wanted, as tables: their number in each is the variable's place in a cube of
    counts.

    windows (W,) int64 microseconds, shortest first; keys (K,) int32 bits as `lending.keys.counted`
    sets them, several in one key are their union; segments (S,) int32, the one bit of each; of (T,) int8
    position in MARKS of what a statistic counts, and how (T,) int8: each, lenders, new lenders, or the amount
    in CNY; columns (V,) int32 place of each variable wanted in the cube (keys, segments, statistics,
    windows), and key_of (V,) int32 the bits of its key.
    """

    windows: Column
    keys: Column
    segments: Column
    of: Column
    how: Column
    columns: Column
    key_of: Column


def counting_plan(wanted: Sequence[Variable]) -> CountingPlan:
    """The plan of variables of the family `count`, in that order."""
    parts = [(one.key, one.segment, one.stat, one.window) for one in wanted]
    tables = (tuple(KEYS), SEGMENTS, tuple(STATS), tuple(WINDOWS))
    used = [
        [part for part in table if any(part == each[n] for each in parts)] for n, table in enumerate(tables)
    ]
    keys, segments, stats, windows = used
    places = [[table.index(part) for table, part in zip(used, each, strict=True)] for each in parts]
    shape = tuple(len(table) for table in used)
    return CountingPlan(
        windows=np.array([WINDOWS[window] // timedelta(microseconds=1) for window in windows], np.int64),
        keys=np.array([key_bit(key) for key in keys], np.int32),
        segments=np.array([segment_bit(segment) for segment in segments], np.int32),
        of=np.array([MARKS.index(STATS[stat].of) for stat in stats], np.int8),
        how=np.array([_HOWS.index(STATS[stat].how) for stat in stats], np.int8),
        columns=np.array([np.ravel_multi_index(place, shape) for place in places], np.int32),
        key_of=np.array([key_bit(each[0]) for each in parts], np.int32),
    )


@inner
def fill_counts(wanted: CountingPlan, n: Neighbourhood, under: Column, by_words: Column, row: Column) -> int:
    """Write the variables into `row` (V,) float64: NaN where nothing at all is known under the key, 0 where
    nothing is in the window; under which keys anything is known, as bits.

    `under` (N,) int32 are the keys of each application; `by_words` (N,) int32, or nothing, the bits of those
    of its segments that words tell (type of lender, product).
    """
    known = 0
    for bits in under:
        known |= bits
    if len(wanted.columns):
        cube = _cube(wanted, under, _marks(n, under, wanted, by_words))
        for column in range(len(wanted.columns)):
            row[column] = cube[wanted.columns[column]] if known & wanted.key_of[column] else np.nan
    return known


@inner
def applied_at(n: Neighbourhood, row: int) -> int:
    """When an application was made; NEVER for a loan given back within the cooling-off period, which is
    neither shopping nor stacking.
    """
    one = n.applications[row]
    returned = was_returned_in_cooling_off(n.outcomes, one.outcome, one.outcomes)
    return int(NEVER) if returned else int(one.at)


class _Marks(NamedTuple):
    """What applications count as: by application the shortest window that holds each of MARKS (N, MARKS)
    int8, the number of windows where none does, one more where it never came; its lender (N,) int32, numbered
    without gaps; its segments (N,) int32 as bits; what was asked for and what was paid out (N, 2) int64 fen,
    where amounts are wanted; and how many lenders there are.
    """

    window: Column
    lender: Column
    segments: Column
    fen: Column
    lenders: int


@inner
def _cube(wanted: CountingPlan, under: Column, marks: _Marks) -> Column:
    """What each window holds of everything counted `under` the keys (N,): float64 (keys x segments x
    statistics x windows,).

    Each mark is counted in the shortest window that holds it, and a lender in the shortest that holds any
    mark of theirs; what a window holds, the longer ones hold too. Amounts are added up in fen, exactly.
    """
    segments, stats, width = len(wanted.segments), len(wanted.of), len(wanted.windows)
    cells = len(wanted.keys) * segments * stats
    cube, nearest = np.zeros((cells, width), np.int64), np.full((cells, marks.lenders), width, np.int8)
    unknown = np.zeros((cells if _wants_amounts(wanted) else 0, width, 2), np.int64)
    for row in range(len(under)):
        if not under[row]:
            continue
        for part in range(cells // stats):
            if not (
                wanted.keys[part // segments] & under[row]
                and wanted.segments[part % segments] & marks.segments[row]
            ):
                continue
            for stat in range(stats):
                cell, window, how = part * stats + stat, marks.window[row, wanted.of[stat]], wanted.how[stat]
                if how == _AMOUNT:
                    if window < width:
                        fen = marks.fen[row, int(wanted.of[stat] == _DISBURSED)]
                        unknown[cell, window, int(fen != _NOT_KNOWN)] += 1
                        cube[cell, window] += max(fen, np.int64(0))
                elif window < width and how == _EACH:
                    cube[cell, window] += 1
                elif window < nearest[cell, marks.lender[row]]:
                    nearest[cell, marks.lender[row]] = window
    _count_lenders(wanted, under, marks, nearest, cube)
    out = np.empty((cells, width), np.float64)
    for cell in range(cells):
        amount = wanted.how[cell % stats] == _AMOUNT
        for window in range(width):
            if window:
                cube[cell, window] += cube[cell, window - 1]
                if amount:
                    unknown[cell, window] += unknown[cell, window - 1]
            out[cell, window] = cube[cell, window]
            if amount:
                lacks = unknown[cell, window, 0] > 0 and unknown[cell, window, 1] == 0
                out[cell, window] = np.nan if lacks else cube[cell, window] / _FEN
    return out.reshape(cells * width)


@inner
def _count_lenders(wanted: CountingPlan, under: Column, marks: _Marks, nearest: Column, cube: Column) -> None:
    """Count each lender of a cell in the shortest window that holds a mark of theirs; a new one in the
    shortest that holds their first application under the key.
    """
    width, stats = len(wanted.windows), len(wanted.of)
    of_key = len(wanted.segments) * stats
    anew = False
    for stat in range(stats):
        anew |= wanted.how[stat] == _NEW_LENDERS
    first = np.full((len(wanted.keys) if anew else 0, marks.lenders), -1, np.int8)
    if anew:
        for row in range(len(under)):
            window = marks.window[row, _APPLIED]
            for key in range(len(wanted.keys)):
                if wanted.keys[key] & under[row] and window <= width:
                    first[key, marks.lender[row]] = max(first[key, marks.lender[row]], window)
    for cell in range(len(nearest)):
        how = wanted.how[cell % stats]
        for lender in range(marks.lenders):
            window = nearest[cell, lender]
            if window < width and how == _NEW_LENDERS:
                window = first[cell // of_key, lender]
            if window < width:
                cube[cell, window] += 1


@inner
def _marks(n: Neighbourhood, under: Column, wanted: CountingPlan, by_words: Column) -> _Marks:
    """The marks of everything counted."""
    applications, as_of, size = n.applications, n.subject[0].as_of, len(under)
    asking = applications[0].platform if n.subject[0].asked else NOBODY
    window, moments = np.empty((size, len(MARKS)), np.int8), np.empty(len(MARKS), np.int64)
    segments, windows = np.empty(size, np.int32), len(wanted.windows)
    amounts, approvals = _wants_amounts(wanted), False
    for stat in range(len(wanted.of)):
        approvals |= wanted.of[stat] == _APPROVED
    fen = np.empty((size if amounts else 0, 2), np.int64)
    for row in range(size):
        if not under[row]:
            continue
        first, steps, lender = applications[row].outcome, applications[row].outcomes, applications[row].lender
        returned = was_returned_in_cooling_off(n.outcomes, first, steps)
        moments[_APPLIED] = NEVER if returned else applications[row].at
        moments[_APPROVED] = (
            first_step(n.outcomes, first, steps, APPROVED) if approvals and not returned else NEVER
        )
        moments[_REJECTED] = first_step(n.outcomes, first, steps, REJECTED)
        moments[_DISBURSED] = NEVER if returned else first_step(n.outcomes, first, steps, DISBURSED)
        for mark in range(len(MARKS)):
            within = windows + 1 if moments[mark] == NEVER else 0
            while within < windows and moments[mark] < as_of - wanted.windows[within]:
                within += 1
            window[row, mark] = within
        is_asking = applications[row].platform == asking if n.subject[0].asked else lender & LENDER_OWN != 0
        segments[row] = _ALL | _OWN if is_asking else _ALL | _OTHERS
        if lender & LENDER_BANK:
            segments[row] |= _BANK
        elif lender & LENDER_KNOWN:
            segments[row] |= _NBANK
        if len(by_words):
            segments[row] |= by_words[row] | _times(applications[row].at, n.zone)
        if amounts:
            fen[row, 0] = _fen(applications[row].amount)
            fen[row, 1] = _fen(payout(n.outcomes, first, steps, applications[row].amount))
    number_of, lenders = _lenders(applications, under)
    return _Marks(window, number_of, segments, fen, lenders)


@inner
def _wants_amounts(wanted: CountingPlan) -> bool:
    """Whether any amount is wanted. Of nobody's applications too: then there is nothing to tell it by."""
    amounts = False
    for how in wanted.how:
        amounts |= how == _AMOUNT
    return amounts


@inner
def _times(at: int, clocks: Column) -> int:
    """The segments of a moment, by the borrowers' clocks."""
    bits = _WEEK if weekend(at, clocks) else 0
    bits |= _NIGHT if night(at, clocks) else 0
    return bits | (_SMALL_HOURS if small_hours(at, clocks) else 0)


@inner
def _fen(amount: float) -> int:
    return int(_NOT_KNOWN) if np.isnan(amount) else int(np.rint(amount * _FEN))


@inner
def _lenders(applications: Column, under: Column) -> tuple[Column, int]:
    """The lender of each application counted (N,) int32, numbered from 0 without gaps, and how many there
    are.
    """
    size, lenders = 16, 0
    while size < 2 * len(under):
        size *= 2
    table, number_of, words = (
        np.full(size, -1, np.int32),
        np.empty(len(under), np.int32),
        np.empty(len(under), np.int32),
    )
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
