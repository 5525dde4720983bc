"""The journal of the embedded store: one entry for each revision, in the transaction of its facts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from functools import partial

from graph.journal.pages import entries_in_order

ADD_ENTRY = "INSERT INTO journal(mark, body) VALUES (?, ?)"
_PAGE = "SELECT mark, body FROM journal WHERE mark > ? AND mark <= ? ORDER BY mark LIMIT ?"


def tail(connection: sqlite3.Connection, after: int, upto: int) -> Iterator[tuple[int, bytes]]:
    """`GraphStore.tail`. No reading is left open between the pages, so that the thread may write
    meanwhile.
    """
    return entries_in_order(partial(_page, connection), after, upto)


def _page(connection: sqlite3.Connection, after: int, upto: int, limit: int) -> list[tuple[int, bytes]]:
    return connection.execute(_PAGE, (after, upto, limit)).fetchall()
