"""A connection to an embedded SQLite database that raises our errors, whatever step of a read or a write they
come from.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

from graph.model.errors import StoreUnavailableError

T = TypeVar("T")

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_NO_ROOM = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_SHMOPEN,  # a reader makes room for the index of the log
    sqlite3.SQLITE_IOERR_SHMSIZE,
    sqlite3.SQLITE_IOERR_TRUNCATE,
    sqlite3.SQLITE_IOERR_WRITE,
)
_PASSING = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
)
Trouble = (sqlite3.DatabaseError, UnicodeDecodeError)  # the latter: texts of a damaged page


class EmbeddedCursor(sqlite3.Cursor):
    """Rows of an `EmbeddedConnection`: a page may turn out to be damaged at any of them."""

    connection: EmbeddedConnection

    def execute(self, sql: str, parameters: Any = (), /) -> EmbeddedCursor:
        try:
            super().execute(sql, parameters)
        except Trouble as error:
            raise self.connection.translated(error) from error
        return self

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> EmbeddedCursor:
        try:
            super().executemany(sql, parameters)
        except Trouble as error:
            raise self.connection.translated(error) from error
        return self

    def fetchone(self) -> Any:
        try:
            return super().fetchone()
        except Trouble as error:
            raise self.connection.translated(error) from error

    def fetchmany(self, size: int | None = None) -> list[Any]:
        try:
            return super().fetchmany(self.arraysize if size is None else size)
        except Trouble as error:
            raise self.connection.translated(error) from error

    def fetchall(self) -> list[Any]:
        try:
            return super().fetchall()
        except Trouble as error:
            raise self.connection.translated(error) from error

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except Trouble as error:
            raise self.connection.translated(error) from error

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]  # a call of ours for each row costs more
        try:
            yield from iter(super().fetchone, None)
        except Trouble as error:
            raise self.connection.translated(error) from error


class EmbeddedConnection(sqlite3.Connection):
    """A connection that raises StoreUnavailableError where the file is locked, full, gone or damaged; a
    broken constraint is a fault of ours and stays what it is.
    """

    database = ""  # what it is of: store, casebook

    def cursor(self, factory: Any = EmbeddedCursor) -> Any:
        return super().cursor(factory)

    def execute(self, sql: str, parameters: Any = (), /) -> EmbeddedCursor:
        return EmbeddedCursor(self).execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> EmbeddedCursor:
        return EmbeddedCursor(self).executemany(sql, parameters)

    def commit(self) -> None:
        self._translating(super().commit)

    def rollback(self) -> None:
        self._translating(super().rollback)

    def translated(self, error: Exception) -> Exception:
        """The error as ours, or as it is."""
        if type(error) in (sqlite3.DatabaseError, UnicodeDecodeError) or isinstance(
            error, sqlite3.OperationalError
        ):
            return StoreUnavailableError(f"the {self.database} cannot be used now: {said(error)}")
        return error

    def _translating(self, done: Callable[[], T]) -> T:
        try:
            return done()
        except Trouble as error:
            raise self.translated(error) from error


def open_file(database: str, path: Path | Literal[""], patience: float) -> EmbeddedConnection:
    """Open the file of a `database` (store, casebook), made when it is not there, in autocommit; the empty
    path is a file without a name, of this connection alone. `patience`: seconds that it waits for another
    writer. Only the thread that opened it uses it; another one may close it at the end. Raises
    StoreUnavailableError.
    """
    try:
        connection = sqlite3.connect(
            path,
            timeout=patience,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
            factory=EmbeddedConnection,
        )
    except sqlite3.Error as error:
        raise StoreUnavailableError(f"the {database} {path} cannot be opened: {error}") from error
    connection.database = database
    return connection


def said(error: BaseException) -> str:
    """What SQLite says, with the next step where waiting does not help. A text that cannot be read is not
    repeated: it may be somebody's.
    """
    code = getattr(error, "sqlite_errorcode", None)  # what Python could not decode has none
    if code in _NO_ROOM:
        return f"its disk has no room, or fails ({error}): make room"
    why = "a text cannot be read" if code is None else str(error)
    return _damage(why) if code is None or code & 0xFF in _DAMAGED else why


def is_passing(error: StoreUnavailableError) -> bool:
    """Whether SQLite said that the file is held by others, has no room or fails, so that it is no other path
    that helps.
    """
    code = getattr(error.__cause__, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _PASSING


def damaged(database: str, why: str) -> StoreUnavailableError:
    """What is in the file of that database cannot be what was written there."""
    return StoreUnavailableError(f"the {database} cannot be used now: {_damage(why)}")


def _damage(why: str) -> str:
    return f"its file is damaged ({why}): bring its backup back (docs/how_to/back_up_and_upgrade.md)"
