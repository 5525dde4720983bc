"""One mention comes into the frame: a new tie, one more moment of a tie, or an earlier beginning of it."""

from __future__ import annotations

import numpy as np

from graph.compiled import lean
from graph.frame.insert import AS_TOLD, BY_HOLDER, BY_NODE, insert, lacks_items, needed, supersede
from graph.frame.layout import SLOTS, TIES, USED, Arrays, Int
from graph.frame.lists import before
from graph.frame.texts import tie_hash, tie_slot


@lean
def add_mention(arrays: Arrays, person: Int, packed: Int, at: Int, mark: Int) -> bool:
    """Somebody named an identifier in a role (`packed`: identifier << 2 | role) at a moment. False where `items` lacks room: nothing was done.

    `ties` and `slots` have room for one more.
    """
    h = tie_hash(arrays.header, person, packed)
    slot = tie_slot(arrays, h, person, packed)
    row = np.int64(arrays.slots[slot].row) - 1
    if row >= 0:
        return _once_more(arrays, slot, row, at, mark)
    if lacks_items(arrays.header, _need(arrays, person, packed >> 2)):
        return False
    arrays.slots[slot].hash = h
    arrays.header[USED + SLOTS] += 1
    _stand(arrays, slot, person, packed, at, mark)
    return True


@lean
def _need(arrays: Arrays, person: Int, identifier: Int) -> Int:
    return needed(arrays.people[person].ties.count) + needed(arrays.identifiers[identifier].ties.count)


@lean
def _stand(arrays: Arrays, slot: Int, person: Int, packed: Int, since: Int, mark: Int) -> Int:
    """A new row for the tie of a slot, in both lists."""
    row, identifier = arrays.header[USED + TIES], packed >> 2
    arrays.header[USED + TIES] = row + 1
    tie = arrays.ties[row]
    tie.since = tie.last = since
    tie.mark = tie.last_mark = mark
    tie.person, tie.identifier, tie.role, tie.kind, tie.by = person, identifier, packed & 3, arrays.identifiers[identifier].kind, -1
    tie.mentions.start = tie.mentions.count = 0
    arrays.slots[slot].row = row + 1
    insert(arrays, BY_NODE, arrays.people.ties, person, since, row, mark)
    insert(arrays, BY_HOLDER, arrays.identifiers.ties, identifier, since, row, mark)
    return row


@lean
def _once_more(arrays: Arrays, slot: Int, row: Int, at: Int, mark: Int) -> bool:
    """A further mention of a tie that stands."""
    ties, items = arrays.ties, arrays.items
    mentions, since = ties[row].mentions, np.int64(ties[row].since)
    if mentions.count == 0:
        known = since == at
    else:
        place = before(items, mentions.start, mentions.count, at)
        known = place < mentions.count and items[mentions.start + place].at == at
    if known:
        return True
    person, identifier = np.int64(ties[row].person), np.int64(ties[row].identifier)
    need = np.int64(3) if mentions.count == 0 else needed(mentions.count)
    if at < since:
        need += _need(arrays, person, identifier)
    if lacks_items(arrays.header, need):
        return False
    if mentions.count == 0:
        insert(arrays, AS_TOLD, ties.mentions, row, since, row, np.int64(ties[row].mark))
    insert(arrays, AS_TOLD, ties.mentions, row, at, row, mark)
    if at > ties[row].last:
        ties[row].last, ties[row].last_mark = at, mark
    if at < since:
        _begin_earlier(arrays, slot, row, at, mark)
    return True


@lean
def _begin_earlier(arrays: Arrays, slot: Int, row: Int, since: Int, mark: Int) -> None:
    """A tie turns out to be older: another row stands for it from this mark on, with all its mentions."""
    ties = arrays.ties
    person, identifier = np.int64(ties[row].person), np.int64(ties[row].identifier)
    supersede(arrays, BY_NODE, arrays.people.ties, person, np.int64(ties[row].since), row)
    supersede(arrays, BY_HOLDER, arrays.identifiers.ties, identifier, ties[row].since, row)
    fresh = _stand(arrays, slot, person, identifier << 2 | np.int64(ties[row].role), since, mark)
    ties[fresh].last, ties[fresh].last_mark = ties[row].last, ties[row].last_mark
    ties[fresh].mentions.start, ties[fresh].mentions.count = ties[row].mentions.start, ties[row].mentions.count
    ties[row].mentions.count = 0
    ties[row].by = fresh
