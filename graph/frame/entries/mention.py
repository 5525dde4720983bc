"""Applies one mention to the frame: a new tie, a later moment of a tie, or an earlier beginning of it."""

from __future__ import annotations

import numpy as np

from graph.frame.columns.insert import insert, lacks, lacks_items, needed, supersede
from graph.frame.columns.layout import (
    CONTACTS,
    FEW,
    FROM_CONTACT,
    FROM_TIE,
    SLOTS,
    SUPERSEDED,
    TIES,
    USED,
    Arrays,
    Int,
)
from graph.frame.columns.lists import BY_FACT, BY_HOLDER, BY_NODE, before, moment_at, row_at
from graph.frame.columns.texts import tie_hash, tie_slot
from graph.kernels.compiled import lean

FROM_NO_ROW = np.int64(-1)  # a fact that has no row of its own
_ENTERING = 2 * FEW + 3  # ties that may come into `slots` at once


@lean
def add_mention(arrays: Arrays, person: Int, packed: Int, fact: Int, at: Int, revision: Int) -> bool:
    """Somebody named an identifier in a role (`packed`: identifier << 2 | role) at a moment. False where a
    file lacks room: nothing was done.

    `fact` is what says so, as `layout.TIE` names it, or FROM_NO_ROW. `ties` and `contacts` have room for one
    more.
    """
    if lacks(arrays.header, np.int64(SLOTS), _ENTERING):
        return False
    row = _standing(arrays, person, packed)
    if row >= 0:
        return _once_more(arrays, row, fact, at, revision)
    if lacks_items(arrays.header, _need(arrays, person, packed >> 2)):
        return False
    _stand(arrays, person, packed, at, revision)
    return True


@lean
def _need(arrays: Arrays, person: Int, identifier: Int) -> Int:
    return needed(np.int64(arrays.people[person].ties.count)) + needed(
        np.int64(arrays.identifiers[identifier].ties.count)
    )


@lean
def _standing(arrays: Arrays, person: Int, packed: Int) -> Int:
    """The tie that stands, or -1: it is looked for in the shorter of two lists, or in `slots` where both are
    long.
    """
    theirs, its = arrays.people[person].ties, arrays.identifiers[packed >> 2].ties
    if min(theirs.count, its.count) > FEW:
        return (
            np.int64(
                arrays.slots[tie_slot(arrays, tie_hash(arrays.header, person, packed), person, packed)].row
            )
            - 1
        )
    start, count = np.int64(theirs.start), np.int64(theirs.count)
    if its.count < count:
        start, count = np.int64(its.start), np.int64(its.count)
    for n in range(count - 1, -1, -1):
        row = row_at(arrays, start, count, n)
        tie = arrays.ties[row]
        if (
            tie.person == person
            and tie.identifier == packed >> 2
            and tie.role == packed & 3
            and tie.mentions.count != SUPERSEDED
        ):
            return row
    return np.int64(-1)


@lean
def _stand(arrays: Arrays, person: Int, packed: Int, since: Int, revision: Int) -> Int:
    """A new row for a tie, in both lists."""
    row, identifier = np.int64(arrays.header[USED + TIES]), packed >> 2
    arrays.header[USED + TIES] = row + 1
    tie, theirs, its = arrays.ties[row], arrays.people[person].ties, arrays.identifiers[identifier].ties
    tie.since = tie.last = since
    tie.person, tie.identifier, tie.mark, tie.role, tie.kind = (
        person,
        identifier,
        revision,
        packed & 3,
        arrays.identifiers[identifier].kind,
    )
    tie.mentions.start = tie.mentions.count = 0
    insert(arrays, BY_NODE, theirs, since, row, revision)
    insert(arrays, BY_HOLDER, its, since, row, revision)
    if theirs.count == FEW + 1:
        for n in range(theirs.count):
            _enter(arrays, np.int64(arrays.items[theirs.start + n].row))
    if its.count == FEW + 1:
        for n in range(its.count):
            _enter(arrays, np.int64(arrays.items[its.start + n].row))
    _enter(arrays, row)
    return row


@lean
def _enter(arrays: Arrays, row: Int) -> None:
    """A tie that stands in two long lists comes into `slots`."""
    tie = arrays.ties[row]
    if (
        min(arrays.people[tie.person].ties.count, arrays.identifiers[tie.identifier].ties.count) <= FEW
        or tie.mentions.count == SUPERSEDED
    ):
        return
    person, packed = np.int64(tie.person), np.int64(tie.identifier) << 2 | np.int64(tie.role)
    h = tie_hash(arrays.header, person, packed)
    slot = arrays.slots[tie_slot(arrays, h, person, packed)]
    arrays.header[USED + SLOTS] += slot.row == 0
    slot.hash, slot.row = h, row + 1


@lean
def _once_more(arrays: Arrays, row: Int, fact: Int, at: Int, revision: Int) -> bool:
    """A further mention of a tie that stands."""
    tie = arrays.ties[row]
    start, count, since = np.int64(tie.mentions.start), np.int64(tie.mentions.count), np.int64(tie.since)
    place = before(arrays, BY_FACT, start, count, at)
    if since == at or (place < count and moment_at(arrays, BY_FACT, start, count, place) == at):
        return True
    need = needed(count)
    if at < since:
        need += _need(arrays, np.int64(tie.person), np.int64(tie.identifier))
    if lacks_items(arrays.header, need):
        return False
    if at < since:
        _begin_earlier(arrays, row, at, revision)
        return True
    insert(arrays, BY_FACT, tie.mentions, at, _row_of(arrays, fact, at, revision), revision)
    tie.last = max(tie.last, at)
    return True


@lean
def _row_of(arrays: Arrays, fact: Int, at: Int, revision: Int) -> Int:
    """The fact, or a row for it."""
    if fact != FROM_NO_ROW:
        return fact
    row = np.int64(arrays.header[USED + CONTACTS])
    arrays.header[USED + CONTACTS] = row + 1
    arrays.contacts[row].at, arrays.contacts[row].mark = at, revision
    return row << 2 | FROM_CONTACT


@lean
def _begin_earlier(arrays: Arrays, row: Int, since: Int, revision: Int) -> None:
    """A tie turns out to be older: another row stands for it from this revision on, with all its mentions."""
    old = arrays.ties[row]
    person, identifier, began = np.int64(old.person), np.int64(old.identifier), np.int64(old.since)
    insert(arrays, BY_FACT, old.mentions, began, row << 2 | FROM_TIE, np.int64(old.mark))
    supersede(arrays, BY_NODE, arrays.people[person].ties, began, row)
    supersede(arrays, BY_HOLDER, arrays.identifiers[identifier].ties, began, row)
    start, count = np.int64(old.mentions.start), np.int64(old.mentions.count)
    old.mentions.count = SUPERSEDED
    fresh = _stand(arrays, person, identifier << 2 | np.int64(old.role), since, revision)
    arrays.ties[fresh].last, arrays.ties[fresh].mentions.start, arrays.ties[fresh].mentions.count = (
        old.last,
        start,
        count,
    )
    old.mentions.start = fresh
