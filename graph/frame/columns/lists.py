"""Reads of the frame's lists: what happened before a moment and was recorded by a revision, and the time span
of ties.
"""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column
from graph.frame.columns.layout import (
    FEW,
    FROM_APPLICATION,
    FROM_CONTACT,
    FROM_EVENT,
    MARK,
    NONE,
    ROW,
    SECTION,
    STEP,
    SUPERSEDED,
    Arrays,
    Int,
    Rows,
)
from graph.kernels.compiled import compiled, shared, tiny

EVERYTHING = np.int64(1 << 40)  # no limit

# What a list holds, and how the rows of one moment stand in it: ties of a person and of an identifier,
# applications, events, outcomes, labels, members of rings (by their snapshot), and the mentions of a tie (by
# the facts that made them).
BY_NODE, BY_HOLDER, BY_APPLICATION, BY_EVENT, BY_STATUS, BY_LABEL, BY_SNAPSHOT, BY_FACT = (
    np.int64(n) for n in range(8)
)


@tiny
def moment_of(arrays: Arrays, order: Int, row: Int) -> Int:
    """The moment of a row of a list of that order."""
    if order <= BY_HOLDER:
        return np.int64(arrays.ties[row].since)
    if order == BY_APPLICATION:
        return np.int64(arrays.applications[row].at)
    if order == BY_EVENT:
        return np.int64(arrays.events[row].at)
    if order == BY_STATUS:
        return np.int64(arrays.outcomes[row].at)
    if order == BY_LABEL:
        return np.int64(arrays.labels[row].known_at)
    if order == BY_SNAPSHOT:
        return np.int64(arrays.snapshots[arrays.members[row].snapshot].as_of)
    fact, which = row >> 2, row & 3
    if which == FROM_APPLICATION:
        return np.int64(arrays.applications[fact].at)
    if which == FROM_EVENT:
        return np.int64(arrays.events[fact].at)
    return np.int64(arrays.contacts[fact].at) if which == FROM_CONTACT else np.int64(arrays.ties[fact].since)


@tiny
def mark_of(arrays: Arrays, order: Int, row: Int) -> Int:
    """The revision of a row of a list of that order; ~mark of a tie that was superseded."""
    if order <= BY_HOLDER:
        tie = arrays.ties[row]
        return np.int64(~tie.mark if tie.mentions.count == SUPERSEDED else tie.mark)
    if order == BY_APPLICATION:
        return np.int64(arrays.applications[row].mark)
    if order == BY_EVENT:
        return np.int64(arrays.events[row].mark)
    if order == BY_STATUS:
        return np.int64(arrays.outcomes[row].mark)
    if order == BY_LABEL:
        return np.int64(arrays.labels[row].mark)
    if order == BY_SNAPSHOT:
        return np.int64(arrays.snapshots[arrays.members[row].snapshot].mark)
    fact, which = row >> 2, row & 3
    if which == FROM_APPLICATION:
        return np.int64(arrays.applications[fact].mark)
    if which == FROM_EVENT:
        return np.int64(arrays.events[fact].mark)
    return np.int64(arrays.contacts[fact].mark) if which == FROM_CONTACT else np.int64(arrays.ties[fact].mark)


@tiny
def row_at(arrays: Arrays, start: Int, count: Int, n: Int) -> Int:
    """The n-th row of a list."""
    if count == 1:
        return np.int64(start)
    return np.int64(arrays.rows[start + n]) if count <= FEW else np.int64(arrays.items[start + n].row)


@tiny
def moment_at(arrays: Arrays, order: Int, start: Int, count: Int, n: Int) -> Int:
    """The moment of the n-th row of a list."""
    if count > FEW:
        return np.int64(arrays.items[start + n].at)
    return moment_of(arrays, order, row_at(arrays, start, count, n))


@tiny
def mark_at(arrays: Arrays, order: Int, start: Int, count: Int, n: Int) -> Int:
    """The revision of the n-th row of a list; ~mark of a tie that was superseded."""
    if count > FEW:
        return np.int64(arrays.items[start + n].mark)
    return mark_of(arrays, order, row_at(arrays, start, count, n))


@shared
def before(arrays: Arrays, order: Int, start: Int, count: Int, as_of: Int) -> Int:
    """How many rows of a list are before `as_of`: the first so many. Step back from there."""
    if count <= 0:
        return np.int64(0)
    if moment_at(arrays, order, start, count, count - 1) < as_of:
        return np.int64(count)
    low, high = np.int64(0), np.int64(count) - 1
    while low < high:
        middle = (low + high) >> 1
        if moment_at(arrays, order, start, count, middle) < as_of:
            low = middle + 1
        else:
            high = middle
    return low


@tiny
def recorded(ties: Rows, row: Int, stated: Int, revision: Int) -> bool:
    """Whether a row whose list item has revision `stated` is recorded by `revision` and not superseded by
    then.
    """
    if stated >= 0:
        return bool(stated <= revision)
    return bool(~stated <= revision and ties[ties[row].mentions.start].mark > revision)


@tiny
def _is_newest(header: Column, revision: Int) -> bool:
    """Whether everything in the frame is recorded by `revision`."""
    return bool(revision >= header[MARK] and header[SECTION] == 0 and header[ROW] == 0 and header[STEP] == 0)


@shared
def last_mention(arrays: Arrays, row: Int, as_of: Int, revision: Int) -> Int:
    """The latest mention of a tie before `as_of` that is recorded by `revision`; the tie itself must be
    recorded by then.
    """
    tie = arrays.ties[row]
    if tie.mentions.count == 0:
        return np.int64(tie.since)
    if tie.last < as_of and _is_newest(arrays.header, revision):
        return np.int64(tie.last)
    standing = np.int64(row)
    while arrays.ties[standing].mentions.count == SUPERSEDED:
        standing = np.int64(arrays.ties[standing].mentions.start)
    start, count = (
        np.int64(arrays.ties[standing].mentions.start),
        np.int64(arrays.ties[standing].mentions.count),
    )
    n = before(arrays, BY_FACT, start, count, as_of) - 1
    while n >= 0:
        if mark_at(arrays, BY_FACT, start, count, n) <= revision:
            return moment_at(arrays, BY_FACT, start, count, n)
        n -= 1
    return np.int64(tie.since)


@compiled
def last_mentions(arrays: Arrays, rows: Column, as_of: Int, revision: Int) -> Column:
    """`last_mention` of each of those ties (int64)."""
    out = np.empty(len(rows), np.int64)
    for n in range(len(rows)):
        out[n] = last_mention(arrays, np.int64(rows[n]), as_of, revision)
    return out


@shared
def count_recorded(arrays: Arrays, order: Int, held: Rows, as_of: Int, revision: Int, limit: Int) -> Int:
    """How many rows of a list (`held`) are before `as_of` and recorded by `revision`, counted up to
    `limit`.
    """
    start, count, total = np.int64(held.start), np.int64(held.count), np.int64(0)
    n = before(arrays, order, start, count, as_of) - 1
    while n >= 0 and total < limit:
        total += recorded(
            arrays.ties, row_at(arrays, start, count, n), mark_at(arrays, order, start, count, n), revision
        )
        n -= 1
    return total


@shared
def latest_of(arrays: Arrays, order: Int, held: Rows, when: tuple[Int, Int], rows: Column, limit: Int) -> Int:
    """How many rows of a list (`held`) that are before a moment and recorded by a revision were written to
    `rows`, newest first, at most `limit`.
    """
    start, count, total = np.int64(held.start), np.int64(held.count), np.int64(0)
    n = before(arrays, order, start, count, when[0]) - 1
    while n >= 0 and total < limit:
        row = row_at(arrays, start, count, n)
        if recorded(arrays.ties, row, mark_at(arrays, order, start, count, n), when[1]):
            rows[total] = row
            total += 1
        n -= 1
    return total


@compiled
def latest(arrays: Arrays, order: Int, held: Rows, as_of: Int, revision: Int, limit: Int) -> Column:
    """`latest_of` as an array (int32)."""
    rows = np.empty(min(np.int64(held.count), limit), np.int32)
    return rows[: latest_of(arrays, order, held, (as_of, revision), rows, limit)]


@shared
def counterparty_of(arrays: Arrays, event: Int) -> Int:
    """The other person of an event, or -1."""
    terms = np.int64(arrays.events[event].terms)
    return np.int64(arrays.terms[terms].counterparty) if terms >= 0 else np.int64(NONE)


@shared
def is_loan(arrays: Arrays, application: Int, as_of: Int, revision: Int) -> bool:
    """Whether an application was made before `as_of` and is recorded by `revision`: only then do its labels
    count for the person.
    """
    return bool(
        arrays.applications[application].at < as_of and arrays.applications[application].mark <= revision
    )


@shared
def snapshot_in_force(arrays: Arrays, used: Int, as_of: Int, revision: Int) -> Int:
    """The row of the latest ring snapshot taken at or before `as_of` and recorded by `revision`, or -1;
    `used` of the snapshots are rows.
    """
    snapshots, position = arrays.snapshots, np.int64(-1)
    for row in range(used):
        if (
            snapshots[row].as_of <= as_of
            and snapshots[row].mark <= revision
            and (position < 0 or snapshots[row].as_of >= snapshots[position].as_of)
        ):
            position = np.int64(row)
    return position


@shared
def membership(arrays: Arrays, person: Int, snapshot: Int) -> Int:
    """The row in `members` of a person's place in a ring of that snapshot, or -1."""
    start, count = np.int64(arrays.people[person].rings.start), np.int64(arrays.people[person].rings.count)
    as_of = np.int64(arrays.snapshots[snapshot].as_of)
    n = before(arrays, BY_SNAPSHOT, start, count, as_of + 1) - 1
    while n >= 0 and moment_at(arrays, BY_SNAPSHOT, start, count, n) == as_of:
        row = row_at(arrays, start, count, n)
        if arrays.members[row].snapshot == snapshot:
            return row
        n -= 1
    return np.int64(NONE)
