"""The journal in Neo4j: one node for each revision, created in the transaction of its facts, and the parts of
ring snapshots.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from graph.journal import ring_changes
from graph.journal.pages import entries_in_order, with_parts
from graph.journal.snapshots import SnapshotText

Read = Callable[..., list[list[Any]]]
# NodeUniqueIndexSeekByRange on JournalEntry(mark), which gives the order too.
ENTRIES = (
    "MATCH (j:JournalEntry) WHERE j.mark > $after AND j.mark <= $upto RETURN j.mark, j.body ORDER BY j.mark "
    "LIMIT $limit"
)
# NodeUniqueIndexSeek on JournalEntry(mark)
ENTRY = "MATCH (j:JournalEntry {mark: $revision}) RETURN j.body"
# NodeUniqueIndexSeek on JournalPart(key, number)
PART = "MATCH (p:JournalPart {key: $key, number: $number}) RETURN p.body"


def tail(read: Read, after: int, upto: int) -> Iterator[tuple[int, bytes]]:
    """`GraphStore.tail`."""
    return with_parts(entries_in_order(partial(_page, read), after, upto), partial(_part, read))


def texts_with_changes(read: Read, revision: int) -> Iterator[SnapshotText]:
    """`graph.journal.ring_changes.texts_with_changes` of the snapshot that a revision added."""
    [[entry]] = read(ENTRY, revision=revision)
    return ring_changes.texts_with_changes(revision, bytes(entry), partial(_part, read))


def _part(read: Read, key: str, number: int) -> bytes | None:
    rows = read(PART, key=key, number=number)
    return bytes(rows[0][0]) if rows else None


def _page(read: Read, after: int, upto: int, limit: int) -> list[tuple[int, bytes]]:
    return [(revision, bytes(body)) for revision, body in read(ENTRIES, after=after, upto=upto, limit=limit)]
