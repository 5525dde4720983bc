"""A journal entry comes into the frame, in slices: after each the frame is whole, and the header says where
the next one goes on.
"""

from __future__ import annotations

import numpy as np

from graph.frame.columns.intern import EntryNames
from graph.frame.columns.layout import MARK, MOVED, ROW, SECTION, STEP, Arrays, Int
from graph.frame.entries.batch import EntryBatch
from graph.frame.entries.facts import add_application, add_contact, add_event, add_label, add_outcome
from graph.frame.entries.reference_facts import add_device, add_merchant, add_platform
from graph.journal.entry import EncodedEntry
from graph.kernels.by_address import taken
from graph.kernels.compiled import lean, shared

DONE, MORE, ROOM_LACKS = np.int64(0), np.int64(1), np.int64(2)
SECTIONS = 8
AS_ONE = 4_096  # items that a late fact moves in long lists take as long as a fact


def batch_of(entry: EncodedEntry) -> EntryBatch:
    """The facts of an entry."""
    rows = np.full(2 * len(entry.ends) + len(entry.identifiers), -1, np.int32)
    return EntryBatch(
        EntryNames(entry.heap, entry.ends, entry.identifiers, rows), entry.platforms, entry.merchants,
        entry.devices, entry.applications, entry.events, entry.mentions, entry.contacts, entry.outcomes,
        entry.labels,
    )  # fmt: skip


@shared
def apply_slice(frame: int, entry: int, revision: Int, facts: Int) -> Int:
    """Take up to so many facts of a revision's batch, from where the header says. `frame` and `entry` are
    addresses of Arrays and EntryBatch.

    DONE when all are in, MORE when not, ROOM_LACKS when a file has too little room: the header says which
    (LACKS) and how much (NEEDS).
    """
    arrays, batch = taken(frame, Arrays), taken(entry, EntryBatch)
    header = arrays.header
    while header[SECTION] < SECTIONS:
        section, row = header[SECTION], header[ROW]
        if row >= _rows(batch, section):
            header[SECTION], header[ROW] = section + 1, 0
            continue
        if facts <= 0:
            return MORE
        if section == 0:
            done = add_platform(arrays, batch, row, revision)
        elif section == 1:
            done = add_merchant(arrays, batch, row, revision)
        elif section == 2:
            done = add_device(arrays, batch, row, revision)
        elif section == 3:
            done = add_application(arrays, batch, row, revision)
        elif section == 4:
            done = add_event(arrays, batch, row, revision)
        elif section == 5:
            done = add_contact(arrays, batch, row, revision)
        elif section == 6:
            done = add_outcome(arrays, batch, row, revision)
        else:
            done = add_label(arrays, batch, row, revision)
        if not done:
            return ROOM_LACKS
        header[ROW], header[STEP] = row + 1, 0
        facts -= 1 + header[MOVED] // AS_ONE
        header[MOVED] = 0
    header[SECTION], header[ROW], header[MARK] = 0, 0, revision
    return DONE


@lean
def _rows(batch: EntryBatch, section: Int) -> Int:
    if section == 0:
        return len(batch.platforms)
    if section == 1:
        return len(batch.merchants)
    if section == 2:
        return len(batch.devices)
    if section == 3:
        return len(batch.applications)
    if section == 4:
        return len(batch.events)
    if section == 5:
        return len(batch.contacts)
    if section == 6:
        return len(batch.outcomes)
    return len(batch.labels)
