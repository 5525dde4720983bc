"""Reads of the frame's lists: what is before a moment and recorded by a mark, and who was tied to what since when, until when."""

from __future__ import annotations

import numpy as np

from graph.compiled import compiled, shared
from graph.frame.layout import NONE, Arrays, Int, Rows
from graph.tables import Column

EVERYTHING = np.int64(1 << 40)  # no limit


@shared
def before(items: Rows, start: Int, count: Int, as_of: Int) -> Int:
    """How many items of a list are before `as_of`: the first so many. The newest of them is items[start + that - 1]; step back from there."""
    if count == 0 or items[start + count - 1].at < as_of:
        return np.int64(count)
    low, high = np.int64(0), np.int64(count) - 1
    while low < high:
        middle = (low + high) >> 1
        if items[start + middle].at < as_of:
            low = middle + 1
        else:
            high = middle
    return low


@shared
def recorded(ties: Rows, row: Int, item_mark: Int, mark: Int) -> bool:
    """Whether an item (its row and mark) is told by `mark`, and not yet superseded with it."""
    if item_mark >= 0:
        return bool(item_mark <= mark)
    return bool(~item_mark <= mark and ties[ties[row].by].mark > mark)


@shared
def last_mention(arrays: Arrays, row: Int, as_of: Int, mark: Int) -> Int:
    """The latest mention of a tie before `as_of` that is told by `mark`; the tie itself must be so."""
    ties, items = arrays.ties, arrays.items
    if ties[row].last < as_of and ties[row].last_mark <= mark:
        return np.int64(ties[row].last)
    standing = row
    while ties[standing].by >= 0:
        standing = ties[standing].by
    mentions = ties[standing].mentions
    n = before(items, mentions.start, mentions.count, as_of) - 1
    while n >= 0:
        if items[mentions.start + n].mark <= mark:
            return np.int64(items[mentions.start + n].at)
        n -= 1
    return np.int64(ties[row].since)


@compiled
def last_mentions(arrays: Arrays, rows: Column, as_of: Int, mark: Int) -> Column:
    """`last_mention` of each of those ties (int64)."""
    out = np.empty(len(rows), np.int64)
    for n in range(len(rows)):
        out[n] = last_mention(arrays, np.int64(rows[n]), as_of, mark)
    return out


@shared
def count_recorded(arrays: Arrays, lists: Rows, owner: Int, as_of: Int, mark: Int, limit: Int) -> Int:
    """How many rows of a list are before `as_of` and told by `mark`, counted up to `limit`."""
    items, ties = arrays.items, arrays.ties
    start, found = lists[owner].start, np.int64(0)
    n = before(items, start, lists[owner].count, as_of) - 1
    while n >= 0 and found < limit:
        found += recorded(ties, items[start + n].row, items[start + n].mark, mark)
        n -= 1
    return found


@compiled
def latest(arrays: Arrays, lists: Rows, owner: Int, as_of: Int, mark: Int, limit: Int) -> Column:
    """The rows of a list that are before `as_of` and told by `mark`, newest first, at most `limit` (int32)."""
    items, ties = arrays.items, arrays.ties
    start, found = lists[owner].start, np.int64(0)
    n = before(items, start, lists[owner].count, as_of)
    out = np.empty(min(n, limit), np.int32)
    n -= 1
    while n >= 0 and found < limit:
        item = items[start + n]
        if recorded(ties, item.row, item.mark, mark):
            out[found] = item.row
            found += 1
        n -= 1
    return out[:found]


@shared
def is_loan(arrays: Arrays, application: Int, as_of: Int, mark: Int) -> bool:
    """Whether an application was made before `as_of` and is told by `mark`: only then does a label speak of a person through it."""
    return bool(arrays.applications[application].at < as_of and arrays.applications[application].mark <= mark)


@shared
def snapshot_in_force(arrays: Arrays, used: Int, as_of: Int, mark: Int) -> Int:
    """The row of the latest ring snapshot taken at or before `as_of` and told by `mark`, or -1; `used` of the snapshots are rows."""
    snapshots, found = arrays.snapshots, np.int64(-1)
    for row in range(used):
        if snapshots[row].as_of <= as_of and snapshots[row].mark <= mark and (found < 0 or snapshots[row].as_of >= snapshots[found].as_of):
            found = np.int64(row)
    return found


@shared
def membership(arrays: Arrays, person: Int, snapshot: Int) -> Int:
    """The row in `members` of a person's place in a ring of that snapshot, or -1."""
    items, rings = arrays.items, arrays.people[person].rings
    as_of, mark = arrays.snapshots[snapshot].as_of, arrays.snapshots[snapshot].mark
    n = before(items, rings.start, rings.count, as_of + 1) - 1
    while n >= 0 and items[rings.start + n].at == as_of:
        if items[rings.start + n].mark == mark:
            return np.int64(items[rings.start + n].row)
        n -= 1
    return np.int64(NONE)
