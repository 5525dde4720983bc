"""Shared by both embedded SQLite databases: a connection for each thread, short sleeps before the write lock,
checkpoints outside the commits.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from graph.model.errors import StoreUnavailableError
from graph.stores.embedded_connection import EmbeddedConnection

log = logging.getLogger("ringfence.embedded")

FIRST_NAP_S, LONGEST_NAP_S = 0.0002, 0.002  # between two tries; a fact is written in half a millisecond
_TRIES, _PATIENCE_MS = 20, 500  # before others' hold on a file is respected for now
COMMITS = 256  # between two checkpoints: some five thousand pages of four kilobytes


def begin(connection: EmbeddedConnection, patience: float) -> bool:
    """Begin a write transaction; False where another writer holds the lock for longer than `patience`
    seconds.

    The connection must not wait by itself (`PRAGMA busy_timeout = 0`): its naps double to a tenth of a
    second, while a turn is a thousandth. Raises StoreUnavailableError for everything else.
    """
    ends, nap = time.monotonic() + patience, FIRST_NAP_S
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
            return True
        except StoreUnavailableError as error:
            if not _held_by_others(error):
                raise
        if time.monotonic() + nap > ends:
            return False
        time.sleep(nap)
        nap = min(2 * nap, LONGEST_NAP_S)


class OpenedFile:
    """The file of an embedded `database` (casebook, store) as it was opened. SQLite goes on with one that was
    deleted or put elsewhere: what is written there nobody would ever read.
    """

    def __init__(self, database: str, path: Path) -> None:
        self._database, self._path = database, path.absolute()
        self._known = self._now()

    def refuse_another(self) -> None:
        """Raise StoreUnavailableError where there is none any more, or another one."""
        if self._now() != self._known:
            raise StoreUnavailableError(
                f"the {self._database}'s file {self._path} is gone, or another one than was opened: put it "
                "back, or begin again with the one that is there"
            )

    def _now(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_dev, found.st_ino


class Checkpoints:
    """Checkpoints the write-ahead log into the database file in a thread of its own, so that no commit pays
    for it.

    `open_one` opens a connection that no other thread uses. A connection that commits leaves its own
    checkpoints to this by `leave_to`.
    """

    def __init__(self, open_one: Callable[[], EmbeddedConnection]) -> None:
        self._open = open_one
        self._commits = 0
        self._due = threading.Event()
        self._ended = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def leave_to(self, connection: EmbeddedConnection) -> None:
        """That connection makes no checkpoints within its commits any more."""
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        with self._lock:
            if self._thread is None and not self._ended:
                self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
                self._thread.start()

    def committed(self) -> None:
        """Count a commit of such a connection."""
        self._commits += 1
        if self._commits >= COMMITS:
            self._commits = 0
            self._due.set()

    def close(self) -> None:
        """End after the checkpoint under way."""
        with self._lock:
            self._ended = True
            thread, self._thread = self._thread, None
        self._due.set()
        if thread is not None:
            thread.join(timeout=10.0)

    def _run(self) -> None:
        connection: EmbeddedConnection | None = None
        while self._due.wait() and not self._ended:
            self._due.clear()
            try:
                connection = connection or self._open()
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            except Exception as error:  # the next commits try again; what is in the log is safe there
                log.warning("a checkpoint was not made: %s", error)
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()


class Connections:
    """A connection for each thread, opened by `open_one` when the thread first asks; another thread may close
    it at the end (`check_same_thread` off). Checkpoints of those whose transactions an answer waits for are
    made beside them.
    """

    def __init__(self, open_one: Callable[[], EmbeddedConnection]) -> None:
        self._open = open_one
        self._local = threading.local()
        self._opened: list[EmbeddedConnection] = []
        self._lock = threading.Lock()
        self._checkpoints = Checkpoints(open_one)

    def mine(self) -> EmbeddedConnection:
        """This thread's connection."""
        connection: EmbeddedConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._open()
            with self._lock:
                self._opened.append(connection)
        return connection

    def lean(self) -> EmbeddedConnection:
        """The same, which from now on makes no checkpoints within its commits."""
        connection = self.mine()
        if not getattr(self._local, "lean", False):
            self._checkpoints.leave_to(connection)
            self._local.lean = True
        return connection

    @contextlib.contextmanager
    def kept(self, connection: EmbeddedConnection) -> Iterator[None]:
        """A transaction that was begun on this thread's connection: committed when the block ends, rolled
        back when it raises.
        """
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise
        if getattr(self._local, "lean", False):
            self._checkpoints.committed()

    def close(self) -> None:
        """Close them all, after the checkpoint under way."""
        self._checkpoints.close()
        with self._lock:
            for connection in self._opened:
                connection.close()
            self._opened.clear()
            self._local = threading.local()


def overwrite_free_space(connection: EmbeddedConnection) -> bool:
    """Write a database's file anew without what is free in it, and empty its write-ahead log; False where
    others kept it from doing so. The connection is in autocommit. Raises what it raises, also for a disk that
    is full.
    """
    connection.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
    connection.execute("PRAGMA temp_store = FILE")  # a copy of the whole database: no memory has to hold it
    return _tried(connection, "VACUUM") and _tried(connection, "PRAGMA wal_checkpoint(TRUNCATE)")


def _tried(connection: EmbeddedConnection, statement: str) -> bool:
    for _ in range(_TRIES):
        try:
            busy = connection.execute(statement).fetchone()
            if busy is None or not busy[0]:
                return True
        except StoreUnavailableError as error:
            if not _held_by_others(error):
                raise
    return False


def _held_by_others(error: StoreUnavailableError) -> bool:
    """Whether it says of a file that others hold it."""
    code = getattr(error.__cause__, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
