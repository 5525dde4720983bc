"""Append-only guards: triggers that refuse changes, and a check at opening that triggers and tables are
unaltered.

An INSERT OR REPLACE deletes past any delete trigger, so inserting a row that is there is refused too;
PostgreSQL's TRUNCATE has a trigger of its own. Who owns the database can take the triggers away: that is
noticed when the casebook is opened next (docs/security.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from graph.model.errors import StoreChangedError

_FUNCTION = "ringfence_append_only"
_BODY = "\nBEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END "
# By verb: the bits of pg_trigger.tgtype (1 for each row, 2 before, 8 delete, 16 update, 32 truncate), and
# what the trigger runs for.
_POSTGRES = {"update": (1 | 2 | 16, "ROW"), "delete": (1 | 2 | 8, "ROW"), "truncate": (2 | 32, "STATEMENT")}
_FIRST = ("update", "delete")  # what casebooks before version 3 had
_IN_SQLITE = sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table")
_IN_POSTGRES = sa.text("""
SELECT t.tgname AS name, t.tgtype AS type, t.tgenabled AS enabled, t.tgqual IS NULL
    AND t.tgattr::text = '' AS whole, p.proname AS function,
  p.prosrc AS body
FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE NOT t.tgisinternal AND t.tgrelid = to_regclass(CAST(:table AS text))
""")
_RULES = sa.text(
    "SELECT rulename FROM pg_rewrite WHERE ev_class = to_regclass(CAST(:table AS text)) "
    "AND rulename <> '_RETURN'"
)
NEXT = (
    "leave it as it is, find out who can write to the database, and go on with a backup or a new casebook "
    "(docs/security.md)"
)
"""What a message about a changed casebook tells to do."""


def install(connection: sa.Connection, tables: Sequence[sa.Table]) -> None:
    """Make the triggers that append-only tables lack. Other dialects than the two get none."""
    if connection.dialect.name == "sqlite":
        for table in tables:
            for statement in statements(table).values():
                connection.exec_driver_sql(
                    statement.replace("CREATE TRIGGER", "CREATE TRIGGER IF NOT EXISTS", 1)
                )
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            "CREATE "
            f"OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger AS $${_BODY.replace('%', '%%')}$$ LANGUAGE "
            "plpgsql"
        )
        for table in tables:
            for verb, (_, each) in _POSTGRES.items():
                name = _name(table, verb)
                connection.exec_driver_sql(
                    f"CREATE OR REPLACE TRIGGER {name} BEFORE {verb} "
                    f"ON {table.name} FOR EACH {each} EXECUTE FUNCTION {_FUNCTION}()"
                )
                # Always: also in a session that calls itself a replica, where ordinary triggers sleep.
                connection.exec_driver_sql(f"ALTER TABLE {table.name} ENABLE ALWAYS TRIGGER {name}")


def check(connection: sa.Connection, metadata: sa.MetaData, append_only: Sequence[sa.Table]) -> None:
    """Raise StoreChangedError unless the tables are as this version makes them, and the append-only ones have
    their triggers and no others.
    """
    inspector = sa.inspect(connection)
    there = set(inspector.get_table_names())
    for table in metadata.sorted_tables:
        columns = (
            {c["name"]: bool(c["nullable"]) for c in inspector.get_columns(table.name)}
            if table.name in there
            else {}
        )
        key = inspector.get_pk_constraint(table.name)["constrained_columns"] if columns else []
        if columns != {c.name: bool(c.nullable) for c in table.columns} or key != [
            c.name for c in table.primary_key.columns
        ]:
            raise StoreChangedError(f"the casebook's table {table.name} is gone or was changed: {NEXT}")
    for table in append_only:
        if wrong := _wrong(connection, table):
            raise StoreChangedError(
                f"the casebook's table {table.name} is not guarded as it was made "
                f"({', '.join(sorted(wrong))}): {NEXT}"
            )


def check_first(connection: sa.Connection, append_only: Sequence[sa.Table]) -> None:
    """Raise StoreChangedError unless a casebook of an earlier version has at least the triggers that it was
    made with.
    """
    for table in append_only if connection.dialect.name in ("sqlite", "postgresql") else ():
        lacks = {_name(table, verb) for verb in _FIRST} - set(_existing(connection, table))
        if lacks:
            raise StoreChangedError(
                f"the casebook's table {table.name} lost what guarded it ({', '.join(sorted(lacks))}): {NEXT}"
            )


def _wrong(connection: sa.Connection, table: sa.Table) -> set[str]:
    """The names of what is gone, changed, asleep or not ours among the triggers and rules of a table."""
    if connection.dialect.name == "sqlite":
        ours: Mapping[str, Any] = {
            name: " ".join(statement.split()) for name, statement in statements(table).items()
        }
    elif connection.dialect.name == "postgresql":
        ours = {
            _name(table, verb): (bits, "A", True, _FUNCTION, _BODY) for verb, (bits, _) in _POSTGRES.items()
        }
    else:
        return set()
    result = _existing(connection, table)
    rules = (
        set(connection.execute(_RULES, {"table": table.name}).scalars())
        if connection.dialect.name == "postgresql"
        else set()
    )
    return {name for name in ours.keys() | result.keys() if ours.get(name) != result.get(name)} | rules


def _existing(connection: sa.Connection, table: sa.Table) -> dict[str, Any]:
    if connection.dialect.name == "sqlite":
        return {
            row.name: " ".join(row.sql.split())
            for row in connection.execute(_IN_SQLITE, {"table": table.name})
        }
    rows = connection.execute(_IN_POSTGRES, {"table": table.name})
    return {row.name: (row.type, _text(row.enabled), row.whole, row.function, row.body) for row in rows}


def _text(value: str | bytes) -> str:
    """PostgreSQL's type "char" comes as text or bytes, as the driver likes."""
    return value.decode() if isinstance(value, bytes) else value


def statements(table: sa.Table) -> dict[str, str]:
    """By name: the triggers of a table in SQLite. A row is there when its key is, or its rowid, which a
    replacing insert may name as well, or a value that only one row may have.
    """
    refused = f"BEGIN SELECT RAISE(ABORT, '{table.name} is append-only'); END"
    same = " AND ".join(f"{c.name} = NEW.{c.name}" for c in table.primary_key.columns)
    there = (
        f"WHEN EXISTS (SELECT 1 FROM {table.name} WHERE {same}) OR EXISTS (SELECT 1 FROM {table.name} "
        "WHERE rowid = NEW.rowid)"
    )
    for column in table.columns:
        if column.unique:
            there += f" OR EXISTS (SELECT 1 FROM {table.name} WHERE {column.name} = NEW.{column.name})"
    when = {"update": "", "delete": "", "insert": f"{there} "}
    return {
        _name(
            table, verb
        ): f"CREATE TRIGGER {_name(table, verb)} BEFORE {verb} ON {table.name} {clause}{refused}"
        for verb, clause in when.items()
    }


def _name(table: sa.Table, verb: str) -> str:
    return f"{table.name}_{verb}_refused"
