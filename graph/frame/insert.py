"""Writes of the frame's lists: a new item comes to its place in the port's exact order; a full block is copied to one twice as large."""

from __future__ import annotations

import numpy as np

from graph.compiled import lean
from graph.frame.layout import FREE, ITEMS, LACKS, MOVED, NEEDS, ROOM, USED, Arrays, Int, Rows
from graph.frame.texts import compare
from graph.model import LabelValue
from graph.tables import KINDS, ROLES, STATUSES, Column

# In which order the rows of one moment stand in a list.
BY_NODE, BY_HOLDER, BY_APPLICATION, BY_EVENT, BY_STATUS, BY_LABEL, AS_TOLD = (np.int64(n) for n in range(7))
KIND_RANK = np.argsort(np.argsort([str(kind) for kind in KINDS])).astype(np.int8)  # nodes are ordered by the word of their kind first
_STATUS_RANK = np.argsort(np.argsort([str(status) for status in STATUSES])).astype(np.int8)
assert [str(role) for role in ROLES] == ["own", "contact", "employer"]  # ties are ordered by the code of their role
assert LabelValue.FRAUD.value < LabelValue.GOOD.value


@lean
def stands_after(arrays: Arrays, order: Int, a: Int, b: Int) -> bool:
    """Whether row `a` stands after row `b` of the same moment, in a list of that order."""
    texts = arrays.texts
    if order <= BY_HOLDER:
        one, other = arrays.ties[a], arrays.ties[b]
        if order == BY_NODE:
            named = np.int64(KIND_RANK[one.kind]) - np.int64(KIND_RANK[other.kind])
            if named == 0:
                named = compare(texts, arrays.identifiers[one.identifier].token, arrays.identifiers[other.identifier].token)
        else:
            named = compare(texts, arrays.people[one.person].name, arrays.people[other.person].name)
        return bool(named < 0 or (named == 0 and one.role < other.role))
    if order == BY_APPLICATION:
        return bool(compare(texts, arrays.applications[a].id, arrays.applications[b].id) < 0)
    if order == BY_EVENT:
        return bool(compare(texts, arrays.events[a].id, arrays.events[b].id) < 0)
    if order == BY_STATUS:
        return bool(_STATUS_RANK[arrays.outcomes[a].status] > _STATUS_RANK[arrays.outcomes[b].status])
    return bool(order == BY_LABEL and _label_after(arrays, a, b))


@lean
def _label_after(arrays: Arrays, a: Int, b: Int) -> bool:
    """Labels of one moment stand by application, applicant, source and word; what is not told stands first."""
    one, other = arrays.labels[a], arrays.labels[b]
    loan = arrays.applications[one.application].id if one.application >= 0 else np.int32(-1)
    other_loan = arrays.applications[other.application].id if other.application >= 0 else np.int32(-1)
    said = compare(arrays.texts, loan, other_loan)
    if said == 0:
        who = arrays.people[one.person].name if one.person >= 0 else np.int32(-1)
        other_one = arrays.people[other.person].name if other.person >= 0 else np.int32(-1)
        said = compare(arrays.texts, who, other_one)
    if said == 0:
        source = arrays.words[one.source].text if one.source >= 0 else np.int32(-1)
        other_source = arrays.words[other.source].text if other.source >= 0 else np.int32(-1)
        said = compare(arrays.texts, source, other_source)
    return bool(said > 0 or (said == 0 and one.fraud < other.fraud))


@lean
def place_of(arrays: Arrays, order: Int, lists: Rows, owner: Int, at: Int, row: Int) -> Int:
    """Before which item of a list a row with that moment belongs: after all that stand before it."""
    items, start, count = arrays.items, lists[owner].start, np.int64(lists[owner].count)
    low, high = np.int64(0), count
    if count > 0:
        newest = items[start + count - 1]
        if newest.at < at or (newest.at == at and not stands_after(arrays, order, newest.row, row)):
            return count
        high = count - 1
    while low < high:
        middle = (low + high) >> 1
        item = items[start + middle]
        if item.at > at or (item.at == at and stands_after(arrays, order, item.row, row)):
            high = middle
        else:
            low = middle + 1
    return low


@lean
def needed(count: Int) -> Int:
    """Room in `items` that one more item asks of a list with so many."""
    if count & (count - 1) != 0:
        return np.int64(0)
    return np.int64(1) if count == 0 else np.int64(2) * np.int64(count)


@lean
def lacks_items(header: Column, need: Int) -> bool:
    """Whether `items` may not have so much room; then the header says so."""
    return lacks(header, np.int64(ITEMS), need)


@lean
def lacks(header: Column, file: Int, need: Int) -> bool:
    """Whether a file has no room for `need` more rows; then the header says so."""
    if header[USED + file] + need <= header[ROOM + file]:
        return False
    _say_lack(header, file, need)
    return True


@lean
def _say_lack(header: Column, file: Int, need: Int) -> None:
    header[LACKS], header[NEEDS] = file, need


@lean
def _block(header: Column, items: Rows, power: Int) -> Int:
    """The beginning of a free block of 2**power items; there is room."""
    freed = header[FREE + power]
    if freed > 0:
        header[FREE + power] = items[freed - 1].at
        return np.int64(freed) - 1
    begins = header[USED + ITEMS]
    header[USED + ITEMS] = begins + (np.int64(1) << power)
    return np.int64(begins)


@lean
def _power(count: Int) -> Int:
    power = np.int64(0)
    while (np.int64(1) << power) < count:
        power += 1
    return power


@lean
def release(header: Column, items: Rows, lists: Rows, owner: Int) -> None:
    """A list becomes empty; its block is free for others."""
    count = np.int64(lists[owner].count)
    if count > 0:
        start, power = np.int64(lists[owner].start), _power(count)
        items[start].at = header[FREE + power]
        header[FREE + power] = start + 1
    lists[owner].count = 0


@lean
def insert(arrays: Arrays, order: Int, lists: Rows, owner: Int, at: Int, row: Int, mark: Int) -> None:
    """A row comes into a list; `items` has the room that `needed` says."""
    header, items = arrays.header, arrays.items
    count = np.int64(lists[owner].count)
    place = place_of(arrays, order, lists, owner, at, row)
    start = np.int64(lists[owner].start)
    if count & (count - 1) == 0:
        fresh = _block(header, items, _power(count + 1))
        for n in range(count):
            items[fresh + n] = items[start + n]
        release(header, items, lists, owner)
        lists[owner].start = fresh
        start = fresh
    for n in range(count, place, -1):
        items[start + n] = items[start + n - 1]
    header[MOVED] += count - place
    items[start + place].at, items[start + place].row, items[start + place].mark = at, row, mark
    lists[owner].count = count + 1


@lean
def supersede(arrays: Arrays, order: Int, lists: Rows, owner: Int, at: Int, row: Int) -> None:
    """The item of a tie's row says from now on that the row was superseded."""
    place = place_of(arrays, order, lists, owner, at, row) - 1
    item = np.int64(lists[owner].start) + place
    arrays.items[item].mark = ~arrays.items[item].mark
