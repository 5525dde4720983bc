"""Applies a ring snapshot to the frame: rings as rows, and each member's place in a list of the person."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from graph.facts.tables import Column
from graph.frame.columns import intern
from graph.frame.columns.insert import insert, lacks, lacks_items, needed
from graph.frame.columns.intern import EntryNames, has_room, size_of
from graph.frame.columns.layout import (
    MARK,
    MEMBERS,
    OF_PARTS,
    PART,
    PARTS,
    RINGS,
    ROW,
    SECTION,
    SNAPSHOTS,
    USED,
    Arrays,
    Int,
    Rows,
)
from graph.frame.columns.lists import BY_SNAPSHOT
from graph.frame.entries.apply import DONE, MORE, ROOM_LACKS
from graph.frame.entries.batch import SPARE
from graph.journal.entry import IDENTIFIER, EncodedEntry
from graph.journal.parts import head_of
from graph.journal.snapshots import SnapshotText
from graph.kernels.by_address import by_address
from graph.kernels.compiled import lean, shared
from graph.model.moments import micros
from graph.model.types import Ring

# Texts are numbers into the names; `ring` is the position in the batch.
NEW_RING = np.dtype(
    [("score", "f8"), ("bad_rate", "f8"), ("id", "i4"), ("size", "i4"), ("flagged", "i1")], align=True
)
NEW_MEMBER = np.dtype([("person", "i4"), ("ring", "i4"), ("core", "i1")], align=True)
_NAME, _TEXT = np.int32(0), np.int32(1)
_NO_IDENTIFIERS = np.zeros(0, IDENTIFIER)


@by_address(names=EntryNames, as_of="i8", place="i8", rings=NEW_RING, members=NEW_MEMBER)
class RingBatch(NamedTuple):
    """A ring snapshot or some of it, as one entry of the journal has it.

    names   text 0 is the snapshot's name, empty in a part; text 1 the JSON that has the rings, empty in a
            head
    as_of   (1,) microseconds, of a whole snapshot or a head
    place   (2,) whether it begins the snapshot: it is whole or a head; how many parts follow, all in all
    """

    names: EntryNames
    as_of: Column
    place: Column
    rings: Rows
    members: Rows


def ring_batch(entry: EncodedEntry) -> RingBatch:
    """The batch of a snapshot, a head or a part."""
    if len(entry.head):
        head = head_of(entry.head)
        return _batch([head.name.encode(), b""], (micros(head.as_of), 1, head.parts), ())
    text = SnapshotText.of(entry.rings)
    if len(entry.part):
        return _batch([b"", entry.part.tobytes()], (0, 0, 0), text.rings())
    whole = text.in_turn()
    return _batch([whole.name.encode(), entry.snapshot.tobytes()], (micros(whole.as_of), 1, 0), whole.rings)


def _batch(first: list[bytes], about: tuple[int, int, int], given: Iterable[Ring]) -> RingBatch:
    """`about`: moment and place."""
    texts, known = first, dict[str, int]()

    def number(text: str) -> int:
        if text not in known:
            known[text] = len(texts)
            texts.append(text.encode())
        return known[text]

    rings: list[tuple[float, float, int, int, bool]] = []
    people, of, core = array("i"), array("i"), array("b")
    for n, r in enumerate(given):
        rings.append((r.score, r.bad_rate, number(r.ring_id), r.size, r.kind.flagged))
        people.extend([number(m.applicant_id) for m in r.members])
        of.extend([n] * r.size)
        core.extend([m.role == "core" for m in r.members])
    members = np.zeros(len(people), NEW_MEMBER)
    members["person"], members["ring"], members["core"] = people, of, core
    ends = np.cumsum([len(text) for text in texts], dtype=np.int64).astype("i4")
    rows = np.full(2 * len(ends), -1, np.int32)
    names = EntryNames(np.frombuffer(b"".join(texts), "u1"), ends, _NO_IDENTIFIERS, rows)
    as_of, place = np.array(about[:1]), np.array(about[1:])
    return RingBatch(names, as_of, place, np.array(rings, NEW_RING), members)


@shared
def apply_rings(arrays: Arrays, batch: RingBatch, revision: Int, facts: Int) -> Int:
    """Take up to so many members of a ring snapshot, its head or its next part, from where the header says;
    answers as `apply_slice` does. The revision is in with the last part.
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
    header[SECTION], header[ROW] = 0, 0
    if batch.place[0]:
        header[OF_PARTS] = batch.place[1]
    if header[PART] < header[OF_PARTS]:
        header[PART] += 1
    else:
        header[PART], header[OF_PARTS], header[MARK] = 0, 0, revision
    return DONE


@lean
def _add_rings(arrays: Arrays, batch: RingBatch, revision: Int) -> bool:
    """The snapshot's row where it begins, and its text and rings after those that are in."""
    header, names = arrays.header, batch.names
    size = size_of(names, _NAME) + size_of(names, _TEXT)
    for row_data in batch.rings:
        size += size_of(names, row_data.id)
    if (
        not has_room(header, SPARE, size)
        or lacks(header, np.int64(SNAPSHOTS), np.int64(1))
        or lacks(header, np.int64(PARTS), np.int64(1))
        or lacks(header, np.int64(RINGS), len(batch.rings))
    ):
        return False
    if batch.place[0]:
        _add_snapshot(arrays, batch, revision)
    snapshot, first = arrays.snapshots[header[USED + SNAPSHOTS] - 1], header[USED + RINGS]
    if names.ends[_TEXT] > names.ends[_NAME]:
        arrays.parts[header[USED + PARTS]] = intern.text(arrays, names, _TEXT)
        snapshot.parts += 1
        header[USED + PARTS] += 1
    for n in range(len(batch.rings)):
        row_data, ring = batch.rings[n], arrays.rings[first + n]
        ring.score, ring.bad_rate, ring.size, ring.flagged = (
            row_data.score,
            row_data.bad_rate,
            row_data.size,
            row_data.flagged,
        )
        ring.id = intern.text(arrays, names, row_data.id)
    snapshot.rings += len(batch.rings)
    header[USED + RINGS] = first + len(batch.rings)
    return True


@lean
def _add_snapshot(arrays: Arrays, batch: RingBatch, revision: Int) -> None:
    header = arrays.header
    snapshot = arrays.snapshots[header[USED + SNAPSHOTS]]
    snapshot.as_of, snapshot.mark, snapshot.name = (
        batch.as_of[0],
        revision,
        intern.text(arrays, batch.names, _NAME),
    )
    snapshot.part, snapshot.parts = header[USED + PARTS], 0
    snapshot.ring, snapshot.rings = header[USED + RINGS], 0
    header[USED + SNAPSHOTS] += 1


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
    member.ring = snapshot.ring + snapshot.rings - len(batch.rings) + row_data.ring
    member.snapshot, member.core = which, row_data.core
    insert(arrays, BY_SNAPSHOT, arrays.people[person].rings, snapshot.as_of, number, revision)
    return True
