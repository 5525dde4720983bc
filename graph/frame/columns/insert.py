"""Inserts into the frame's lists: a new row goes to its place in the port's exact order; a full block is
copied to a larger one.
"""

from __future__ import annotations

import numpy as np

from graph.facts.tables import KINDS, ROLES, STATUSES, Column
from graph.frame.columns.layout import (
    FEW,
    FREE,
    ITEMS,
    LACKS,
    MOVED,
    NEEDS,
    ROOM,
    ROWS,
    USED,
    Arrays,
    Int,
    Rows,
)
from graph.frame.columns.lists import (
    BY_APPLICATION,
    BY_EVENT,
    BY_HOLDER,
    BY_LABEL,
    BY_NODE,
    BY_STATUS,
    mark_at,
    moment_at,
    moment_of,
    row_at,
)
from graph.frame.columns.texts import compare
from graph.kernels.compiled import lean
from graph.model.types import LabelValue

# nodes are ordered by the word of their kind first
KIND_RANK = np.argsort(np.argsort([str(kind) for kind in KINDS])).astype(np.int8)
_STATUS_RANK = np.argsort(np.argsort([str(status) for status in STATUSES])).astype(np.int8)
# ties are ordered by the code of their role
assert [str(role) for role in ROLES] == ["own", "contact", "employer"]
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
                named = compare(
                    texts,
                    arrays.identifiers[one.identifier].token,
                    arrays.identifiers[other.identifier].token,
                )
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
    """Labels of one moment are ordered by application, applicant, source and value; missing ones come
    first.
    """
    one, other = arrays.labels[a], arrays.labels[b]
    loan = arrays.applications[one.application].id if one.application >= 0 else np.int32(-1)
    other_loan = arrays.applications[other.application].id if other.application >= 0 else np.int32(-1)
    stated = compare(arrays.texts, loan, other_loan)
    if stated == 0:
        who = arrays.people[one.person].name if one.person >= 0 else np.int32(-1)
        other_one = arrays.people[other.person].name if other.person >= 0 else np.int32(-1)
        stated = compare(arrays.texts, who, other_one)
    if stated == 0:
        source = arrays.words[one.source].text if one.source >= 0 else np.int32(-1)
        other_source = arrays.words[other.source].text if other.source >= 0 else np.int32(-1)
        stated = compare(arrays.texts, source, other_source)
    return bool(stated > 0 or (stated == 0 and one.fraud < other.fraud))


@lean
def place_of(arrays: Arrays, order: Int, held: Rows, at: Int, row: Int) -> Int:
    """Before which row of a list a row with that moment belongs: after all that stand before it."""
    start, count = np.int64(held.start), np.int64(held.count)
    low, high = np.int64(0), count
    if count > 0:
        if not _belongs_before(arrays, order, (start, count), count - 1, at, row):
            return count
        high = count - 1
    while low < high:
        middle = (low + high) >> 1
        if _belongs_before(arrays, order, (start, count), middle, at, row):
            high = middle
        else:
            low = middle + 1
    return low


@lean
def _belongs_before(arrays: Arrays, order: Int, held: tuple[Int, Int], n: Int, at: Int, row: Int) -> bool:
    """Whether a row with that moment belongs before the n-th of a list."""
    there = moment_at(arrays, order, held[0], held[1], n)
    return bool(
        there > at or (there == at and stands_after(arrays, order, row_at(arrays, held[0], held[1], n), row))
    )


@lean
def size_of_block(n: Int) -> Int:
    """How many rows a block of the n-th size has: 2, 3, 4, 6, 8, 12 and so on."""
    return (np.int64(3) if n & 1 else np.int64(2)) << (n >> 1)


@lean
def _block_for(count: Int) -> Int:
    """The smallest size of a block that holds so many."""
    n = np.int64(0)
    while size_of_block(n) < count:
        n += 1
    return n


@lean
def needed(count: Int) -> Int:
    """Room that one more row asks of a list with so many: in `rows`, or, times 2**32, in `items`; such needs
    can be added.
    """
    if count == 0 or (count > 1 and size_of_block(_block_for(count)) > count):
        return np.int64(0)
    return size_of_block(_block_for(count + 1)) << (0 if count < FEW else 32)


@lean
def lacks_items(header: Column, need: Int) -> bool:
    """Whether `rows` or `items` may not have so much room (`needed`); then the header says so."""
    return lacks(header, np.int64(ROWS), need & 0xFFFFFFFF) or lacks(header, np.int64(ITEMS), need >> 32)


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
def _take(arrays: Arrays, count: Int) -> Int:
    """The beginning of a free block for so many rows; there is room."""
    header, n = arrays.header, _block_for(count)
    freed, file = np.int64(header[FREE + n]), ITEMS if count > FEW else ROWS
    if freed > 0:
        header[FREE + n] = arrays.items[freed - 1].at if count > FEW else arrays.rows[freed - 1]
        return freed - 1
    begins = np.int64(header[USED + file])
    header[USED + file] = begins + size_of_block(n)
    return begins


@lean
def _give_back(arrays: Arrays, start: Int, count: Int) -> None:
    """The block of a list with so many is free for others."""
    if count > 1:
        header, n = arrays.header, _block_for(count)
        if count > FEW:
            arrays.items[start].at = header[FREE + n]
        else:
            arrays.rows[start] = header[FREE + n]
        header[FREE + n] = start + 1


@lean
def release(arrays: Arrays, held: Rows) -> None:
    """A list becomes empty."""
    _give_back(arrays, np.int64(held.start), np.int64(held.count))
    held.count = 0


@lean
def insert(arrays: Arrays, order: Int, held: Rows, at: Int, row: Int, revision: Int) -> None:
    """A row comes into a list; there is the room that `needed` says."""
    count, place = np.int64(held.count), place_of(arrays, order, held, at, row)
    if needed(count) != 0:
        _move(arrays, order, held)
    start = np.int64(held.start)
    held.count = count + 1
    arrays.header[MOVED] += count - place
    if count == 0:
        held.start = row
    elif count < FEW:
        for n in range(start + count, start + place, -1):
            arrays.rows[n] = arrays.rows[n - 1]
        arrays.rows[start + place] = row
    else:
        items = arrays.items
        for n in range(start + count, start + place, -1):
            items[n] = items[n - 1]
        items[start + place].at, items[start + place].row, items[start + place].mark = at, row, revision


@lean
def _move(arrays: Arrays, order: Int, held: Rows) -> None:
    """A list comes to a larger block."""
    start, count = np.int64(held.start), np.int64(held.count)
    fresh, items = _take(arrays, count + 1), arrays.items
    for n in range(count):
        if count < FEW:
            arrays.rows[fresh + n] = row_at(arrays, start, count, n)
        elif count > FEW:
            items[fresh + n] = items[start + n]
        else:
            item = items[fresh + n]
            item.row, item.mark = row_at(arrays, start, count, n), mark_at(arrays, order, start, count, n)
            item.at = moment_of(arrays, order, np.int64(item.row))
    _give_back(arrays, start, count)
    held.start = fresh


@lean
def supersede(arrays: Arrays, order: Int, held: Rows, at: Int, row: Int) -> None:
    """The list says from now on that the row of a tie was superseded, where it says so itself."""
    if held.count > FEW:
        item = arrays.items[np.int64(held.start) + place_of(arrays, order, held, at, row) - 1]
        item.mark = ~item.mark
