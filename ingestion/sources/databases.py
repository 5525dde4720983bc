"""Tables and views of a database as sources of a delivery: read-only, row by row, with bounded cells."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from graph.model.errors import DeliveryError, RingfenceError
from ingestion.digits import Rounded
from ingestion.excerpts import names, plain
from ingestion.sources.limits import CELL, DeliveryLimits
from ingestion.sources.rows import TOO_LONG, Record, Unreadable

_AT_ONCE = 200  # rows that are fetched together
_REAL = 2**24  # from here on a float of four bytes no longer says which whole number it was
_PLAIN = (sa.Integer, sa.Numeric, sa.Float, sa.Boolean)
_TEMPORAL = (sa.Date, sa.DateTime)


def is_url(delivery: object) -> bool:
    """Whether a delivery is a database and no folder."""
    return isinstance(delivery, str) and "://" in delivery


@dataclass(frozen=True, slots=True)
class DatabaseTable:
    """A table or view. `columns` are (name, how it is asked for), `key` its primary key, by which its rows
    are ordered.
    """

    name: str
    kinds: tuple[tuple[str, str], ...]
    key: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class DatabaseSource:
    """What a feed reads: one table or view, or several that are one table of ours."""

    name: str
    url: str = field(repr=False)
    tables: tuple[DatabaseTable, ...]
    limits: DeliveryLimits
    int96: frozenset[str] = frozenset()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that a table has."""
        return tuple(dict.fromkeys(name for table in self.tables for name, _ in table.kinds))

    @property
    def rows(self) -> int:
        """How many there were when it was opened."""
        return sum(table.rows for table in self.tables)

    def lacks(self, column: str) -> bool:
        """Whether some table has no such column."""
        return self.lacking(column) is not None

    def lacking(self, column: str) -> str | None:
        """The name of a table that has no such column."""
        return next((table.name for table in self.tables if column not in dict(table.kinds)), None)

    def records(self, wanted: Collection[str]) -> Iterator[Record]:
        """The rows, numbered from 1 in each table; columns that are not `wanted` say only whether they hold
        anything.

        Raises RingfenceError when the database stops answering.
        """
        for table in self.tables:
            part = table.name if len(self.tables) > 1 else ""
            try:
                with _connected(self.url) as connection:
                    rows = connection.execution_options(stream_results=True, yield_per=_AT_ONCE).execute(
                        _select(table, wanted, self.limits)
                    )
                    for number, row in enumerate(rows, 1):
                        yield _record(number, row, table, wanted, self.limits, part)
            except sa.exc.SQLAlchemyError as error:
                raise RingfenceError(
                    f"{plain(table.name)}: the database stopped answering: {_message(error)}"
                ) from error


def name_of(url: str) -> str:
    """What a database is called in a report: its own name, never its password."""
    database = _parsed(url).database or "database"
    return Path(database).name if _parsed(url).drivername.startswith("sqlite") else database


def tables_in(url: str) -> tuple[str, ...]:
    """The tables and views of the database, and those of its other schemas as `schema.table`. Raises
    DeliveryError.
    """
    with _query(url) as inspector:
        results = [*inspector.get_table_names(), *inspector.get_view_names()]
        for schema in inspector.get_schema_names():
            if schema not in (inspector.default_schema_name, "information_schema", "main", "temp"):
                results += [
                    f"{schema}.{name}"
                    for name in (*inspector.get_table_names(schema), *inspector.get_view_names(schema))
                ]
        return tuple(sorted(results))


def open_source(
    url: str, name: str, patterns: Collection[str], there: Collection[str], limits: DeliveryLimits
) -> DatabaseSource:
    """The tables that the patterns mean, of those that are there. Raises DeliveryError for one that means
    none, and beyond the limits.
    """
    results: dict[str, None] = {}
    for pattern in patterns:
        matched = (
            [pattern] if pattern in there else sorted(table for table in there if fnmatchcase(table, pattern))
        )
        if not matched:
            raise DeliveryError(
                f"{name_of(url)}: there is no table {plain(pattern)}; there are "
                f"{names(list(there)) or 'none'}"
            )
        results.update(dict.fromkeys(matched))
    with _query(url) as inspector:
        tables = tuple(_described(inspector, table, limits) for table in results)
    source = DatabaseSource(name, url, tables, limits)
    limits.check_columns(name, source.columns)
    return source


def _described(inspector: sa.Inspector, name: str, limits: DeliveryLimits) -> DatabaseTable:
    schema, table = _split(name)
    on_sqlite = inspector.dialect.name == "sqlite"
    kinds = tuple(
        (column["name"], "any" if on_sqlite else _kind(column["type"]))
        for column in inspector.get_columns(table, schema)
    )
    key = tuple(inspector.get_pk_constraint(table, schema)["constrained_columns"])
    with inspector.engine.connect() as connection:
        rows = connection.execute(
            sa.select(sa.func.count()).select_from(sa.table(table, schema=schema))
        ).scalar_one()
    limits.check(name, "file_rows", rows)
    return DatabaseTable(name, kinds, key, rows)


def _kind(declared: sa.types.TypeEngine[Any]) -> str:
    if isinstance(declared, sa.REAL):
        return "real"
    return "plain" if isinstance(declared, _PLAIN) else "time" if isinstance(declared, _TEMPORAL) else "text"


def _select(table: DatabaseTable, wanted: Collection[str], limits: DeliveryLimits) -> sa.Select[Any]:
    """Only what somebody reads leaves the database, and of a long cell just enough to see that it is too
    long.
    """
    most = limits.row_bytes + 1

    def asked(name: str, kind: str) -> sa.ColumnElement[Any]:
        column: sa.ColumnElement[Any] = sa.column(name)
        if name not in wanted:
            return column.is_not(None)
        if kind == "any":
            return sa.case(
                (sa.func.typeof(column).in_(("text", "blob")), sa.func.substr(column, 1, most)), else_=column
            )
        if kind == "text":
            return sa.func.substr(sa.cast(column, sa.Text), 1, most)
        return sa.cast(column, sa.Text) if kind == "time" else column

    schema, name = _split(table.name)
    columns = [asked(name, kind).label(f"c{n}") for n, (name, kind) in enumerate(table.kinds)]
    return sa.select(*columns).select_from(sa.table(name, schema=schema)).order_by(*map(sa.column, table.key))


def _record(
    number: int, row: Any, table: DatabaseTable, wanted: Collection[str], limits: DeliveryLimits, part: str
) -> Record:
    cells: dict[str, Any] = {}
    weight, code = CELL * len(table.kinds), ""
    for (name, kind), value in zip(table.kinds, row, strict=True):
        if name not in wanted:
            cells[name] = True if value else None
            continue
        if isinstance(value, bytes):
            value = value.decode(errors="surrogateescape")
        if isinstance(value, str):
            weight += len(value)
            if len(value) > limits.row_bytes:
                return Record(number, {}, TOO_LONG, part)
            if not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value):
                code, value = "not_utf8", value.encode(errors="surrogateescape").decode(errors="replace")
        cells[name] = (
            _moment(value)
            if kind == "time"
            else Rounded(value)
            if kind == "real" and value and abs(value) >= _REAL
            else value
        )
    return Record(number, cells, code, part, weight)


def _moment(text: str | None) -> datetime | Unreadable | None:
    """A moment or a day; `infinity` and what lies before our era are no moments of anybody."""
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return Unreadable(str(text))


def _split(name: str) -> tuple[str | None, str]:
    schema, _, table = name.rpartition(".")
    return schema or None, table


def _parsed(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise DeliveryError(
            "that is no URL of a database: postgresql://user@host/name and sqlite:///file.db are"
        ) from error
    return (
        parsed.set(drivername="postgresql+psycopg")
        if parsed.drivername in ("postgresql", "postgres")
        else parsed
    )


def _engine(url: str) -> sa.Engine:
    """An engine that only reads, and holds no connection when nobody asks."""
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        path = Path(parsed.database or "")
        if not path.is_file():
            raise DeliveryError(f"there is no database {plain(str(path))}")
        return sa.create_engine("sqlite://", creator=lambda: _read_only(path), poolclass=sa.NullPool)
    try:
        return sa.create_engine(parsed, poolclass=sa.NullPool)
    except (sa.exc.SQLAlchemyError, ImportError) as error:
        raise DeliveryError(
            f"a database {plain(parsed.drivername)} needs its driver: {_message(error)} (PostgreSQL: the "
            "extra `postgres`)"
        ) from error


def _read_only(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True)
    connection.text_factory = lambda text: text.decode(errors="surrogateescape")
    return connection


@contextmanager
def _connected(url: str) -> Iterator[sa.Connection]:
    engine = _engine(url)
    reads = {"postgresql_readonly": True} if engine.dialect.name == "postgresql" else {}
    with engine.connect().execution_options(**reads) as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET datestyle TO ISO, YMD")
        yield connection


@contextmanager
def _query(url: str) -> Iterator[sa.Inspector]:
    try:
        yield sa.inspect(_engine(url))
    except sa.exc.SQLAlchemyError as error:
        raise DeliveryError(f"{name_of(url)}: the database cannot be read: {_message(error)}") from error


def _message(error: Exception) -> str:
    return plain(" ".join(str(getattr(error, "orig", None) or error).split()), 200)
