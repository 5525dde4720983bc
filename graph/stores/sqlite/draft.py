"""A ring snapshot on its way into the embedded store: each part in a transaction of its own, of which no view
has anything before the last one.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from graph.journal.parts import SnapshotHead, SnapshotPart, encode_head, written
from graph.journal.snapshots import member_row, ring_body
from graph.model.errors import ConflictError
from graph.model.moments import micros
from graph.model.rings_in_turn import AnySnapshot
from graph.store.forgetting import ERASED_MEANWHILE
from graph.stores.sqlite.erase import EDITION, MARK
from graph.stores.sqlite.journal import ADD_ENTRY

ADD_RING = "INSERT INTO ring VALUES (?, ?, ?, ?)"
ADD_MEMBER = """INSERT INTO ring_member(snapshot, ring_id, applicant_id, role, joined_at, distance_to_core,
    strength)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
ADD_PART = "INSERT INTO journal_part(key, number, body) VALUES (?, ?, ?)"
_NOW = "CAST(strftime('%s', 'now') AS INTEGER)"
# `touched`: seconds since 1970. No other snapshot, and no other draft, has the number that it gets.
_BEGIN = f"""INSERT INTO draft SELECT :key, max(coalesce((SELECT max(key) FROM snapshot), 0),
    coalesce((SELECT max(snapshot) FROM draft), 0)) + 1, {_NOW} RETURNING snapshot"""
_TOUCH = f"UPDATE draft SET touched = {_NOW} WHERE key = ?"
_LEFT_BEHIND = f"SELECT key, snapshot FROM draft WHERE touched < {_NOW} - 86400"
_SNAPSHOT = "INSERT INTO snapshot(key, name, as_of, mark) VALUES (?, ?, ?, ?)"

Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]


def save(transaction: Transaction, snapshot: AnySnapshot, edition: int, part_bytes: int) -> None:
    """`GraphStore.save_rings`; each `transaction` is one."""
    draft = SqliteDraft.begin(transaction, edition)
    try:
        draft.put_in_force(written(snapshot, draft.key, draft.add, part_bytes))
    except BaseException:
        with transaction() as connection:
            throw_away(connection, draft.key, draft.snapshot)
        raise


@dataclass(frozen=True, slots=True)
class SqliteDraft:
    """A snapshot that is not in force: its parts are under `key`, its rings and members under the number
    `snapshot`. `edition` is the store's since it was begun.
    """

    transaction: Transaction
    key: str
    snapshot: int
    edition: int

    @classmethod
    def begin(cls, transaction: Transaction, edition: int) -> SqliteDraft:
        """A draft without parts; those that nothing has come to for a day are thrown away."""
        key = secrets.token_hex(8)
        with transaction() as connection:
            current = int(connection.execute(EDITION).fetchone()[0])
            if edition not in (0, current):
                raise ConflictError(ERASED_MEANWHILE)
            for left_behind in connection.execute(_LEFT_BEHIND).fetchall():
                throw_away(connection, *left_behind)
            [(number,)] = connection.execute(_BEGIN, {"key": key}).fetchall()
        return cls(transaction, key, number, current)

    def add(self, number: int, part: SnapshotPart) -> None:
        """Write a part down."""
        with self._continued() as connection:
            connection.execute(ADD_PART, (self.key, number, part.entry))
            rings = ((self.snapshot, r.ring_id, r.size, ring_body(r)) for r in part.rings)
            connection.executemany(ADD_RING, rings)
            members = ((self.snapshot, r.ring_id, *member_row(m)) for r in part.rings for m in r.members)
            connection.executemany(ADD_MEMBER, members)

    def put_in_force(self, head: SnapshotHead) -> None:
        """From here on it is the snapshot of a revision."""
        with self._continued() as connection:
            revision = int(connection.execute(MARK).fetchone()[0]) + 1
            connection.execute(_SNAPSHOT, (self.snapshot, head.name, micros(head.as_of), revision))
            connection.execute(ADD_ENTRY, (revision, encode_head(head)))
            connection.execute("DELETE FROM draft WHERE key = ?", (self.key,))
            connection.execute("UPDATE meta SET value = ? WHERE name = 'mark'", (revision,))

    @contextmanager
    def _continued(self) -> Iterator[sqlite3.Connection]:
        """A transaction in which it is still there: an erasure throws all drafts away."""
        with self.transaction() as connection:
            if int(connection.execute(EDITION).fetchone()[0]) != self.edition:
                raise ConflictError(ERASED_MEANWHILE)
            if connection.execute(_TOUCH, (self.key,)).rowcount != 1:
                raise ConflictError("nothing came to this ring snapshot for a day: save it again")
            yield connection


def throw_away(connection: sqlite3.Connection, key: str, snapshot: int) -> None:
    """Nothing of a draft is left, in the caller's transaction; what is in force stays."""
    if connection.execute("DELETE FROM draft WHERE key = ?", (key,)).rowcount != 1:
        return
    connection.execute("DELETE FROM journal_part WHERE key = ?", (key,))
    connection.execute("DELETE FROM ring WHERE snapshot = ?", (snapshot,))
    connection.execute("DELETE FROM ring_member WHERE snapshot = ?", (snapshot,))
