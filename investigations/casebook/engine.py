"""How the casebook's database is opened: two engines, one that reads and one whose transactions write at
once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeGuard

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from graph import private
from graph.model.errors import SettingError, StoreUnavailableError
from graph.stores.embedded import Connections, OpenedFile, begin
from graph.stores.embedded_connection import EmbeddedConnection, open_file, said
from investigations.casebook.migrations import prepare

BUSY_SECONDS = 5.0  # how long a writer waits for the others before it gives up
# `normal`: no process's death loses a row; `full`: no power cut either, for one wait on the disk a row
SYNC = ("normal", "full")
_NAMES_AT_ONCE = 500
_NO_RIGHT = "42501"  # PostgreSQL's insufficient_privilege
_KNOWN = "sqlite:///relative.db, sqlite:////absolute.db or postgresql+psycopg://user:password@host/database"


_NAMED = sqlite.dialect(paramstyle="named")


@dataclass(frozen=True)
class Prepared:
    """A statement that answers wait for, made ready once: `of` each dialect for SQLAlchemy, and `plain`, as
    text for a bare connection to an embedded casebook.
    """

    of: Mapping[str, Any]
    plain: str


def prepared(make: Callable[[Any], Any]) -> Prepared:
    """The statement that `make` builds of a dialect's `insert`."""
    of = {"sqlite": make(sqlite.insert), "postgresql": make(postgresql.insert)}
    return Prepared(of, str(of["sqlite"].compile(dialect=_NAMED)))


def inserted(insert: Any, table: sa.Table, *columns: str) -> Any:
    """An INSERT of a row with those columns (default: all)."""
    return insert(table).values({name: sa.bindparam(name) for name in columns or table.columns.keys()})


class Rows(Protocol):
    """What a statement gives."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...


Run = Callable[[Prepared, Mapping[str, Any]], Rows]


def file_of(url: str) -> Path | None:
    """The file of an embedded casebook's URL; None for any other database, and for one in memory."""
    try:
        parsed = sa.make_url(url)
    except ArgumentError as error:
        raise SettingError(
            f"the casebook's URL {name_of(url)!r} cannot be read; known are {_KNOWN}"
        ) from error
    embedded = parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:")
    return Path(str(parsed.database)) if embedded else None


class Engines:
    """The pair of engines. Safe for threads; every process opens its own."""

    def __init__(self, url: str, sync: str) -> None:
        if sync not in SYNC:
            raise SettingError(f"the casebook's sync is {' or '.join(SYNC)}, not {sync!r}")
        try:
            parsed = sa.make_url(url)
            is_sqlite = parsed.get_backend_name() == "sqlite"
            # IMMEDIATE: a transaction takes the write lock at its first statement, so that two writers wait
            # and neither fails midway.
            writing: dict[str, Any] = (
                {"timeout": BUSY_SECONDS, "isolation_level": "IMMEDIATE"} if is_sqlite else {}
            )
            reading: dict[str, Any] = {"timeout": BUSY_SECONDS} if is_sqlite else {}
            self.writer = sa.create_engine(parsed, connect_args=writing, pool_pre_ping=not is_sqlite)
            self.reader = sa.create_engine(
                parsed, connect_args=reading, isolation_level="AUTOCOMMIT", pool_pre_ping=not is_sqlite
            )
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
            raise SettingError(
                f"the casebook's URL {name_of(url)!r} cannot be opened ({error}); known are {_KNOWN}"
            ) from error
        if is_sqlite:
            if _is_file(parsed.database):
                private.database(Path(parsed.database))
            for engine in (self.writer, self.reader):
                event.listen(engine, "connect", partial(_sqlite_pragmas, sync))
        self._file: OpenedFile | None = None
        self.plain = (
            PlainConnections(Path(parsed.database), sync) if is_sqlite and _is_file(parsed.database) else None
        )
        try:
            with self.writing() as connection:
                prepare(connection)
            if is_sqlite and _is_file(parsed.database):
                self._file = OpenedFile("casebook", Path(parsed.database))
        except BaseException:
            self.close()
            raise

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction: kept when the block ends, undone when it raises. Database trouble becomes
        StoreUnavailableError.
        """
        self._refuse_another_file()
        with _translated(), self.writer.begin() as connection:
            yield connection

    @contextmanager
    def erasing(self) -> Iterator[sa.Connection]:
        """`writing`, in which SQLite overwrites what goes."""
        with self.writing() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA secure_delete = ON")
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection for reads that each stand alone."""
        with _translated(), self.reader.connect() as connection:
            yield connection

    @contextmanager
    def scanning(self) -> Iterator[sa.Connection]:
        """A connection for reads of many rows that are fetched as they are wanted, which PostgreSQL does in a
        transaction alone.
        """
        with _translated(), self.writer.connect() as connection:
            yield connection

    @contextmanager
    def running(self) -> Iterator[Run]:
        """`writing` for what answers wait for: runs prepared statements, on a bare connection where the
        casebook is embedded.
        """
        if self.plain is None:
            with self.writing() as connection:
                yield _run_on(connection)
        else:
            self._refuse_another_file()
            with self.plain.writing() as bare:
                yield lambda statement, values: bare.execute(statement.plain, values)

    def row(self, statement: Prepared, values: Mapping[str, Any]) -> Any:
        """The first row of a prepared query, None where there is none."""
        if self.plain is None:
            with self.reading() as connection:
                return _run_on(connection)(statement, values).fetchone()
        return self.plain.row(statement, values)

    def _refuse_another_file(self) -> None:
        if self._file is not None:
            self._file.refuse_another()

    def close(self) -> None:
        """Give the connections back."""
        if self.plain is not None:
            self.plain.close()
        self.writer.dispose()
        self.reader.dispose()


class PlainConnections:
    """Bare connections to an embedded casebook, one a thread, for the rows that answers wait for: no pool,
    and no checkpoint within a commit.
    """

    def __init__(self, path: Path, sync: str) -> None:
        self._path, self._sync = path, sync
        self._connections = Connections(self._open)

    @contextmanager
    def writing(self) -> Iterator[EmbeddedConnection]:
        """A transaction: kept when the block ends, undone when it raises. Raises StoreUnavailableError as
        `Engines.writing` does.
        """
        connection = self._connections.lean()
        if not begin(connection, BUSY_SECONDS):
            raise StoreUnavailableError("the casebook cannot be used now: database is locked")
        with self._connections.kept(connection):
            yield connection

    def row(self, statement: Prepared, values: Mapping[str, Any]) -> Any:
        """The first row of a query, None where there is none. Raises StoreUnavailableError."""
        return self._connections.lean().execute(statement.plain, values).fetchone()

    def close(self) -> None:
        """Give the connections back."""
        self._connections.close()

    def _open(self) -> EmbeddedConnection:
        connection = open_file("casebook", self._path, 0.0)
        _sqlite_pragmas(self._sync, connection, None)
        return connection


def _run_on(connection: sa.Connection) -> Run:
    return lambda statement, values: connection.execute(statement.of[connection.dialect.name], values)


def insert_into(connection: sa.Connection, table: sa.Table) -> Any:
    """An INSERT that can say what is to happen where the row is there already, in the connection's
    dialect.
    """
    return (sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert)(table)


def insert_new(
    connection: sa.Connection, name: sa.Column[str], rows: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Insert those of the rows (by the value of the unique column `name`) that are not there yet, into an
    append-only table; the names of these. Its guards refuse a row that is there even if nothing would come of
    it.
    """
    known: set[str] = set()
    wanted = list(rows)
    for first in range(0, len(wanted), _NAMES_AT_ONCE):
        some = wanted[first : first + _NAMES_AT_ONCE]
        known.update(connection.execute(sa.select(name).where(name.in_(some))).scalars())
    created = [one for one in wanted if one not in known]
    if created:
        statement = insert_into(connection, name.table).on_conflict_do_nothing()
        connection.execute(statement, [rows[one] for one in created])
    return created


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sa.exc.IntegrityError:
        raise
    except (
        DBAPIError,
        sa.exc.TimeoutError,
        UnicodeDecodeError,
    ) as error:  # texts of a damaged page
        raise StoreUnavailableError(
            f"the casebook cannot be used now: {_said(getattr(error, 'orig', error))}"
        ) from error


def _said(cause: Any) -> str:
    """What the database says, and what to do where it is damaged or this role lacks a right."""
    if isinstance(cause, sqlite3.Error | UnicodeDecodeError):
        return said(cause)
    if getattr(cause, "sqlstate", None) != _NO_RIGHT:
        return str(cause)
    first = str(cause).partition("\n")[0]
    return (
        f"{first}: let the owner of its tables open it once, and grant what docs/security.md says (Roles in "
        "PostgreSQL)"
    )


def _sqlite_pragmas(sync: str, connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute(f"PRAGMA synchronous={sync}")
    cursor.close()


def _is_file(database: str | None) -> TypeGuard[str]:
    return bool(database) and not str(database).startswith((":", "file:"))


def name_of(url: str) -> str:
    """A casebook's URL without its password."""
    try:
        parsed = sa.make_url(url)
        query = {name: value for name, value in parsed.query.items() if "password" not in name.lower()}
        return parsed.set(query=query).render_as_string(hide_password=True)
    except ArgumentError:
        return url.rpartition("@")[2].partition("?")[0]
