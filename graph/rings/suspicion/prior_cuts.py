"""Which values of a store lie at or before a place among all of their column, by counts: nobody holds a
column of everybody, or puts one in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from graph.facts.tables import Column
from graph.rings.applicants.everybody import Rows
from graph.rings.suspicion.rows import ContextRows

_STEPS = (11, 11, 10)  # bits of a value that are decided by each look at all of them
_SIGN, _LEAST, _MOST = 1 << 31, 0x007FFFFF, 0xFF800000  # of the keys: the least and the largest are infinite
_BELOW_ZERO = _SIGN - 1  # that of a negative zero, which is no less than zero: no value has it


@dataclass(frozen=True)
class _Counts:
    """How many values of a `column` begin with some bits, the `prefix` (slots, in order), by their next
    `bits` (slots, 2^bits); `shift` bits are left.
    """

    column: Column
    prefix: Column
    shift: int
    bits: int
    of: Column

    def cut(self, slot: int, place: float, below: int, known: int) -> tuple[int, int] | int:
        """Where values stand at a `place` or before it, of a slot that has so many `below` it and of so many
        `known` ones: the largest key of those, or the next bits that some do and some do not begin with, and
        how many are below these.
        """
        here = np.flatnonzero(self.of[slot])
        count = self.of[slot][here]
        ends, begin = below + np.cumsum(count), int(self.prefix[slot]) << self.bits
        # of one value all stand in the middle of theirs; of several each stands before the last of all
        middle = ends if self.shift else (2 * ends - count + 1) / 2
        all_of = int((place_of(middle, known) <= place).sum())
        if self.shift and all_of < len(here):
            before = int(ends[all_of] - count[all_of])
            if place_of(np.array(before + 1), known) <= place:
                return begin + int(here[all_of]), before
        after = begin + int(here[all_of - 1]) + 1 if all_of else begin
        return (after << self.shift) - 1


def cuts_at(around: ContextRows, names: tuple[str, ...], places: tuple[Column, ...]) -> list[Column]:
    """For each of some features, by each of its `places` (T,), ascending, a number (T,) float64: everybody's
    values that are no larger stand at that place among all known ones, or before it (`place_of`).
    """
    known = np.zeros(len(names), np.int64)
    for rows in around.answers(_known, names):
        known += rows["known"].reshape(-1, len(names)).sum(axis=0)
    column = np.repeat(np.arange(len(names)), [len(of) for of in places])
    place, keys = np.concatenate(places), np.zeros(len(column), np.int64)
    left = dict.fromkeys(
        range(len(column)), (0, 0)
    )  # the bits that are decided, and how many values are below
    shift = 32
    for bits in _STEPS:
        shift -= bits
        pairs = np.array([(column[at], prefix) for at, (prefix, _) in left.items()], np.int64).reshape(-1, 2)
        counts = _counted(around, names, np.unique(pairs, axis=0), (shift, bits))
        slots = {slot: n for n, slot in enumerate(zip(counts.column.tolist(), counts.prefix.tolist()))}
        for at, (prefix, below) in list(left.items()):
            of = int(column[at])
            found = counts.cut(slots[of, prefix], float(place[at]), below, int(known[of]))
            if isinstance(found, int):
                keys[at] = found
                del left[at]
            else:
                left[at] = found
    keys = np.where(keys == _BELOW_ZERO, keys - 1, np.clip(keys, _LEAST, _MOST))
    values = _value_of(keys)
    return np.split(values, np.cumsum([len(of) for of in places])[:-1])


def place_of(middle: Column, known: int) -> Column:
    """The place, 0 to 1, of values that stand at a `middle` (N,), counted from 1, of so many known ones:
    rounded as the places that the trees were fitted to.
    """
    return np.asarray((middle - 0.5) / max(known, 1)).astype(np.float32).astype(np.float64)


def _known(values: Column) -> Rows:
    return {"known": (~np.isnan(values)).sum(axis=0)}


def _counted(around: ContextRows, names: tuple[str, ...], slots: Column, step: tuple[int, int]) -> _Counts:
    """The values of `slots` (slots, 2), columns and prefixes in order, counted by their next bits."""
    (column, prefix), (shift, bits) = slots.T, step
    counts = np.zeros(len(slots) << bits, np.int64)
    look = partial(_by_next_bits, column=column, prefix=prefix, step=step)
    for rows in around.answers(look, names):
        counts[rows["at"]] += rows["count"]
    return _Counts(column, prefix, shift, bits, counts.reshape(-1, 1 << bits))


def _by_next_bits(values: Column, column: Column, prefix: Column, step: tuple[int, int]) -> Rows:
    """How many values there are `at` each slot and next bits."""
    (shift, bits), at, counts = step, [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for of in np.unique(column).tolist():
        first, mine = int(np.searchsorted(column, of)), prefix[column == of]
        keys = _keys(values[:, of])
        slot = np.minimum(np.searchsorted(mine, keys >> (shift + bits)), len(mine) - 1)
        inside = mine[slot] == keys >> (shift + bits)
        count = np.bincount((slot << bits | (keys >> shift & (1 << bits) - 1))[inside])
        some = np.flatnonzero(count)
        at.append((first << bits) + some)
        counts.append(count[some])
    return {"at": np.concatenate(at), "count": np.concatenate(counts)}


def _keys(values: Column) -> Column:
    """Numbers (M,) int64 in the order of the float32 values (N,) that are known."""
    bits = (values[~np.isnan(values)] + np.float32(0)).view(np.uint32).astype(np.int64)
    return np.where(bits & _SIGN, ~bits & 0xFFFFFFFF, bits | _SIGN)


def _value_of(keys: Column) -> Column:
    bits = np.where(keys & _SIGN, keys & ~_SIGN, ~keys & 0xFFFFFFFF)
    return bits.astype(np.uint32).view(np.float32).astype(np.float64)
