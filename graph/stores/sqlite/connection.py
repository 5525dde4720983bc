"""A SQLite connection for many reading processes and one writer, which raises our errors."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from graph.model.errors import StoreUnavailableError

BUSY_SECONDS = 30.0  # how long a writer waits for another one
_SETTINGS = ("synchronous = NORMAL", "cache_size = -65536", "mmap_size = 1073741824", "temp_store = MEMORY")


class Connection(sqlite3.Connection):
    """A connection that raises StoreUnavailableError where the file is locked, full, gone or damaged."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        try:
            return super().execute(sql, parameters)
        except sqlite3.DatabaseError as error:
            raise translated(error) from error

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        try:
            return super().executemany(sql, parameters)
        except sqlite3.DatabaseError as error:
            raise translated(error) from error


def connect(path: Path, patience: float = BUSY_SECONDS) -> Connection:
    """Open the file, made when it is not there; `patience`: seconds that it waits for another writer. Only
    the thread that opened it uses it; another one may close it at the end.
    """
    try:
        connection = sqlite3.connect(
            path,
            timeout=patience,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
            factory=Connection,
        )
    except sqlite3.Error as error:
        raise StoreUnavailableError(f"the store {path} cannot be opened: {error}") from error
    for setting in _SETTINGS:
        connection.execute(f"PRAGMA {setting}")
    return connection


def translated(error: sqlite3.DatabaseError) -> Exception:
    """Trouble with the file is the store's, a table that is gone included; a broken constraint is a fault of
    ours and stays what it is.
    """
    if type(error) is sqlite3.DatabaseError or isinstance(error, sqlite3.OperationalError):
        return StoreUnavailableError(f"the store cannot be used now: {error}")
    return error
