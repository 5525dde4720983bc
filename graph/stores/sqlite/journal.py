"""The journal of the embedded store: one entry for each revision, in the transaction of its facts, and the
parts of ring snapshots.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from functools import partial

from graph.journal import ring_changes
from graph.journal.pages import entries_in_order, with_parts
from graph.journal.snapshots import SnapshotText

ENTRY = "SELECT body FROM journal WHERE mark = ?"
ADD_ENTRY = "INSERT INTO journal(mark, body) VALUES (?, ?)"
_PAGE = "SELECT mark, body FROM journal WHERE mark > ? AND mark <= ? ORDER BY mark LIMIT ?"

_PART = "SELECT body FROM journal_part WHERE key = ? AND number = ?"


def tail(connection: sqlite3.Connection, after: int, upto: int) -> Iterator[tuple[int, bytes]]:
    """`GraphStore.tail`. No reading is left open between the pages, so that the thread may write
    meanwhile.
    """
    return with_parts(entries_in_order(partial(_page, connection), after, upto), partial(_part, connection))


def texts_with_changes(connection: sqlite3.Connection, revision: int) -> Iterator[SnapshotText]:
    """`graph.journal.ring_changes.texts_with_changes` of the snapshot that a revision added."""
    [(entry,)] = connection.execute(ENTRY, (revision,)).fetchall()
    return ring_changes.texts_with_changes(revision, entry, partial(_part, connection))


def _part(connection: sqlite3.Connection, key: str, number: int) -> bytes | None:
    rows: list[tuple[bytes]] = connection.execute(_PART, (key, number)).fetchall()
    return rows[0][0] if rows else None


def _page(connection: sqlite3.Connection, after: int, upto: int, limit: int) -> list[tuple[int, bytes]]:
    return connection.execute(_PAGE, (after, upto, limit)).fetchall()
