"""The ml_* variables: who asked how many lenders for money, by key, window and segment: their names, words
and counting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np

from graph.facts.fraud_labels import NEVER
from graph.facts.hubs import REASONS
from graph.facts.loans import DISBURSED, REJECTED, first_step, was_returned_in_cooling_off
from graph.facts.tables import KINDS, Column
from graph.features.keys import PERSON, counted, named
from graph.features.registry import render_text
from graph.frame.neighbourhood import LENDER_BANK, LENDER_KNOWN, LENDER_OWN, NOBODY, Neighbourhood
from graph.kernels.by_address import by_address
from graph.kernels.compiled import compiled, inner
from graph.model.types import IdentifierKind

WINDOWS: Mapping[str, timedelta] = MappingProxyType(
    {
        "24h": timedelta(hours=24),
        "7d": timedelta(days=7),
        "1m": timedelta(days=30),
        "3m": timedelta(days=90),
        "12m": timedelta(days=360),
    }
)
"""Half-open spans [t - w, t), shortest first; a month is 30 days."""

KEYS: Mapping[str, IdentifierKind | None] = MappingProxyType(
    {
        "id": IdentifierKind.NATIONAL_ID,
        "phone": IdentifierKind.PHONE,
        "device": IdentifierKind.DEVICE,
        "card": IdentifierKind.BANK_CARD,
        "person": None,
    }
)
"""Whose applications are counted: those that name the same identifier as their own, or (person) those of the
resolved person.
"""

SEGMENTS = ("all", "others", "bank", "nbank")
_ALL, _OTHERS, _BANK, _NBANK = (
    1 << SEGMENTS.index(segment) for segment in ("all", "others", "bank", "nbank")
)

MARKS = ("applied", "rejected", "disbursed")
"""What an application counts as, each at a moment of its own."""
_APPLIED, _REJECTED, _DISBURSED = range(len(MARKS))


class Stat(NamedTuple):
    """Which of MARKS are counted; `distinct`: by lender, once each. The texts are as
    `graph.features.registry.render_text` takes them.
    """

    of: str
    distinct: bool
    text_en: str
    text_zh: str


STATS: Mapping[str, Stat] = MappingProxyType(
    {
        "apps": Stat("applied", False, "[application|applications]", "申请次数"),
        "lenders": Stat("applied", True, "[lender|lenders] asked", "申请机构数"),
        "rejected": Stat("rejected", False, "[rejection|rejections]", "被拒次数"),
        "disbursed": Stat("disbursed", False, "[disbursement|disbursements]", "放款次数"),
    }
)

_PARTS = {
    f"ml_{window}_{key}_{segment}_{stat}": (key, segment, stat, window)
    for key, segment, stat, window in product(KEYS, SEGMENTS, STATS, WINDOWS)
}
NAMES: tuple[str, ...] = tuple(_PARTS)
"""All variables, in the order in which they are counted and given to the model."""

_WORDS = MappingProxyType(
    {
        "id": ("this national id", "同一身份证"), "phone": ("this number", "同一手机号"),
        "device": ("this device", "同一设备"), "card": ("this card", "同一银行卡"),
        "person": ("this person", "同一人"), "all": ("", ""), "others": (" at other lenders", "其他机构"),
        "bank": (" at banks", "银行"), "nbank": (" at non-banks", "非银机构"), "24h": ("24 hours", "24小时"),
        "7d": ("7 days", "7天"), "1m": ("1 month", "1个月"), "3m": ("3 months", "3个月"),
        "12m": ("12 months", "12个月"),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MultiLending:
    """All variables by name. None: nothing at all is known under that key; 0: something is, and nothing in
    the window.

    `left_out`: the keys under which nothing was counted though they are named, with the reason:
    `many_holders` (a hub), or `not_linking`.
    """

    status: Literal["found", "no_record"]
    variables: Mapping[str, float | None]
    left_out: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Description:
    """A variable in words: its reason code, and texts as `graph.features.registry.render_text` takes them."""

    code: str
    text_en: str
    text_zh: str

    def texts(self, value: float) -> tuple[str, str]:
        """The reason in English and in Chinese, its value filled in."""
        return render_text(self.text_en, value, "count"), render_text(self.text_zh, value, "count")


def describe(variable: str) -> Description:
    """The reason code and texts of a variable. Raises KeyError for a name that is not in NAMES."""
    key, segment, stat, window = _PARTS[variable]
    (key_en, key_zh), (segment_en, segment_zh), (window_en, window_zh) = (
        _WORDS[key],
        _WORDS[segment],
        _WORDS[window],
    )
    return Description(
        code=variable.upper(),
        text_en=f"{{value}} {STATS[stat].text_en}{segment_en} in {window_en} with {key_en}",
        text_zh=f"{key_zh}近{window_zh}{segment_zh}{STATS[stat].text_zh}为{{value}}",
    )


def key_bits(variable: str) -> int:
    """Under which key a variable counts, as `graph.features.keys.counted` sets it."""
    return _bits(_PARTS[variable][0])


@by_address(windows="i8", keys="i4", segments="i4", of="i1", by_lender="?", columns="i4", key_of="i4")
class CountingPlan(NamedTuple):
    """Which variables are wanted, as tables: their number in each is the variable's place in a cube of
    counts.

    windows (W,) int64 microseconds, shortest first; keys (K,) int32 bits as `graph.features.keys.counted`
    sets them, several in one key are their union; segments (S,) int32, the one bit of each; of (T,) int8
    position in MARKS of what a statistic counts; by_lender (T,) bool: each lender once; columns (V,) int32
    place of each variable wanted in the cube (keys, segments, statistics, windows), and key_of (V,) int32 the
    bits of its key.
    """

    windows: Column
    keys: Column
    segments: Column
    of: Column
    by_lender: Column
    columns: Column
    key_of: Column


def plan(names: Sequence[str] = NAMES) -> CountingPlan:
    """The plan of variables by name, in that order. Raises KeyError for a name that is none."""
    wanted = [_PARTS[name] for name in names]
    tables = (KEYS, SEGMENTS, STATS, WINDOWS)
    used = [
        [part for part in table if any(part == each[n] for each in wanted)] for n, table in enumerate(tables)
    ]
    keys, segments, stats, windows = used
    places = [[table.index(part) for table, part in zip(used, each, strict=True)] for each in wanted]
    shape = tuple(len(table) for table in used)
    return CountingPlan(
        windows=np.array([WINDOWS[window] // timedelta(microseconds=1) for window in windows], np.int64),
        keys=np.array([_bits(key) for key in keys], np.int32),
        segments=np.array([1 << SEGMENTS.index(segment) for segment in segments], np.int32),
        of=np.array([MARKS.index(STATS[stat].of) for stat in stats], np.int8),
        by_lender=np.array([STATS[stat].distinct for stat in stats], np.bool_),
        columns=np.array([np.ravel_multi_index(place, shape) for place in places], np.int32),
        key_of=np.array([_bits(each[0]) for each in wanted], np.int32),
    )


def _bits(key: str) -> int:
    kind = KEYS[key]
    return PERSON if kind is None else 1 << KINDS.index(kind)


def left_out(why: Column) -> dict[str, str]:
    """Keys under which nothing was counted though they are named, with the reason; `why` (KINDS,) as `fill`
    writes it.
    """
    kinds = {key: kind for key, kind in KEYS.items() if kind is not None}
    return {key: REASONS[code] for key, kind in kinds.items() if (code := int(why[KINDS.index(kind)]))}


@compiled
def fill(wanted: CountingPlan, n: Neighbourhood, selves: Column, row: Column, why: Column) -> None:
    """Write the variables into `row` (V,) float64: NaN where nothing at all is known under the key, 0 where
    nothing is in the window.

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
    """What applications count as: by application the shortest window that holds each of MARKS (N, MARKS)
    int8, the number of windows where none does; its lender (N,) int32, numbered without gaps; its segments
    (N,) int32 as bits; and how many lenders there are.
    """

    window: Column
    lender: Column
    segments: Column
    lenders: int


@inner
def _cube(wanted: CountingPlan, under: Column, marks: _Marks) -> Column:
    """What each window holds of everything counted `under` the keys (N,): int64 (keys x segments x statistics
    x windows,).

    Each mark is counted in the shortest window that holds it, and a lender in the shortest that holds any
    mark of theirs; what a window holds, the longer ones hold too.
    """
    segments, stats, width = len(wanted.segments), len(wanted.of), len(wanted.windows)
    cells = len(wanted.keys) * segments * stats
    cube, nearest = np.zeros((cells, width), np.int64), np.full((cells, marks.lenders), width, np.int8)
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
    """The marks of everything counted. A loan given back within the cooling-off period is neither shopping
    nor stacking.
    """
    applications, outcomes, as_of = n.applications, n.outcomes, n.subject[0].as_of
    asking = applications[0].platform if n.subject[0].asked else NOBODY
    window, moments = np.empty((len(under), len(MARKS)), np.int8), np.empty(len(MARKS), np.int64)
    segments = np.empty(len(under), np.int32)
    for row in range(len(under)):
        if not under[row]:
            continue
        first, steps, lender = applications[row].outcome, applications[row].outcomes, applications[row].lender
        returned = was_returned_in_cooling_off(outcomes, first, steps)
        moments[_APPLIED] = NEVER if returned else applications[row].at
        moments[_REJECTED] = first_step(outcomes, first, steps, REJECTED)
        moments[_DISBURSED] = NEVER if returned else first_step(outcomes, first, steps, DISBURSED)
        for revision in range(len(MARKS)):
            within = 0
            while within < len(windows) and (
                moments[revision] == NEVER or moments[revision] < as_of - windows[within]
            ):
                within += 1
            window[row, revision] = within
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
