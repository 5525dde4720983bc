"""Applies a ring snapshot to the frame: rings as rows, and each member's place in a list of the person."""

from __future__ import annotations

from array import array
from typing import NamedTuple

import numpy as np

from graph.facts.tables import Column
from graph.frame import intern
from graph.frame.apply import DONE, MORE, ROOM_LACKS
from graph.frame.entry_batch import SPARE
from graph.frame.insert import insert, lacks, lacks_items, needed
from graph.frame.intern import EntryNames, has_room, size_of
from graph.frame.layout import MARK, MEMBERS, RINGS, ROW, SECTION, SNAPSHOTS, USED, Arrays, Int, Rows
from graph.frame.lists import BY_SNAPSHOT
from graph.journal.entry import IDENTIFIER
from graph.journal.snapshots import SnapshotText
from graph.kernels.by_address import by_address
from graph.kernels.compiled import lean, shared
from graph.model.moments import micros

# Texts are numbers into the names; `ring` is the position in the batch.
NEW_RING = np.dtype(
    [("score", "f8"), ("bad_rate", "f8"), ("id", "i4"), ("size", "i4"), ("flagged", "i1")], align=True
)
NEW_MEMBER = np.dtype([("person", "i4"), ("ring", "i4"), ("core", "i1")], align=True)
_NAME, _BODY = np.int32(0), np.int32(1)
_NO_IDENTIFIERS = np.zeros(0, IDENTIFIER)


@by_address(names=EntryNames, as_of="i8", rings=NEW_RING, members=NEW_MEMBER)
class RingBatch(NamedTuple):
    """A ring snapshot: text 0 is its name and text 1 the whole of it as JSON (`graph.journal.snapshots`);
    `as_of` (1,) microseconds.
    """

    names: EntryNames
    as_of: Column
    rings: Rows
    members: Rows


def ring_batch(body: bytes) -> RingBatch:
    """The batch of a snapshot's JSON."""
    snapshot = SnapshotText.of(np.frombuffer(body, "u1")).in_turn()
    texts: dict[bytes, int] = {snapshot.name.encode(): 0, body: 1}

    def number(text: str) -> int:
        return texts.setdefault(text.encode(), len(texts))

    rings: list[tuple[float, float, int, int, bool]] = []
    people, of, core = array("i"), array("i"), array("b")
    for n, r in enumerate(snapshot.rings):
        rings.append((r.score, r.bad_rate, number(r.ring_id), r.size, r.kind.flagged))
        people.extend([number(m.applicant_id) for m in r.members])
        of.extend([n] * r.size)
        core.extend([m.role == "core" for m in r.members])
    members = np.zeros(len(people), NEW_MEMBER)
    members["person"], members["ring"], members["core"] = people, of, core
    ends = np.cumsum([len(text) for text in texts], dtype=np.int64).astype("i4")
    rows = np.full(2 * len(ends), -1, np.int32)
    names = EntryNames(np.frombuffer(b"".join(texts), "u1"), ends, _NO_IDENTIFIERS, rows)
    return RingBatch(names, np.array([micros(snapshot.as_of)]), np.array(rings, NEW_RING), members)


@shared
def apply_rings(arrays: Arrays, batch: RingBatch, revision: Int, facts: Int) -> Int:
    """Take up to so many members of a revision's ring snapshot, from where the header says; answers as
    `apply_slice` does.
    """
    header = arrays.header
    if header[SECTION] == 0:
        if not _add_rings(arrays, batch, revision):
            return ROOM_LACKS
        header[SECTION], header[ROW] = 1, 0
    while header[ROW] < len(batch.members):
        if facts <= 0:
            return MORE
        if not _add_member(arrays, batch, header[ROW], revision):
            return ROOM_LACKS
        header[ROW] += 1
        facts -= 1
    header[SECTION], header[ROW], header[MARK] = 0, 0, revision
    return DONE


@lean
def _add_rings(arrays: Arrays, batch: RingBatch, revision: Int) -> bool:
    header, names = arrays.header, batch.names
    size = size_of(names, _NAME) + size_of(names, _BODY)
    for row_data in batch.rings:
        size += size_of(names, row_data.id)
    if (
        not has_room(header, SPARE, size)
        or lacks(header, np.int64(SNAPSHOTS), np.int64(1))
        or lacks(header, np.int64(RINGS), len(batch.rings))
    ):
        return False
    row, first = header[USED + SNAPSHOTS], header[USED + RINGS]
    snapshot = arrays.snapshots[row]
    snapshot.as_of, snapshot.mark, snapshot.ring, snapshot.rings = (
        batch.as_of[0],
        revision,
        first,
        len(batch.rings),
    )
    snapshot.name, snapshot.body = intern.text(arrays, names, _NAME), intern.text(arrays, names, _BODY)
    for n in range(len(batch.rings)):
        row_data, ring = batch.rings[n], arrays.rings[first + n]
        ring.score, ring.bad_rate, ring.size, ring.flagged = (
            row_data.score,
            row_data.bad_rate,
            row_data.size,
            row_data.flagged,
        )
        ring.id = intern.text(arrays, names, row_data.id)
    header[USED + SNAPSHOTS], header[USED + RINGS] = row + 1, first + len(batch.rings)
    return True


@lean
def _add_member(arrays: Arrays, batch: RingBatch, row: Int, revision: Int) -> bool:
    header, row_data = arrays.header, batch.members[row]
    if not has_room(header, SPARE, size_of(batch.names, row_data.person)) or lacks(
        header, np.int64(MEMBERS), np.int64(1)
    ):
        return False
    person = intern.person(arrays, batch.names, row_data.person)
    if lacks_items(header, needed(np.int64(arrays.people[person].rings.count))):
        return False
    number = header[USED + MEMBERS]
    header[USED + MEMBERS] = number + 1
    which = header[USED + SNAPSHOTS] - 1
    snapshot, member = arrays.snapshots[which], arrays.members[number]
    member.ring, member.snapshot, member.core = snapshot.ring + row_data.ring, which, row_data.core
    insert(arrays, BY_SNAPSHOT, arrays.people[person].rings, snapshot.as_of, number, revision)
    return True
