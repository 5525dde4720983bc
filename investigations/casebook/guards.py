"""Append-only guards: triggers that refuse changes, and a check at opening that triggers and tables are
unaltered.

A row may change in one way alone: an erasure names it in `rewritable`, in the transaction in which it writes
into `erasures` what it was and what it is (`erasing`). The seals and the erasures themselves never change.
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
_REWRITING = "ringfence_rewritten_by_erasures"
_REWRITING_BODY = """
BEGIN
  IF to_jsonb(NEW) ->> TG_ARGV[0] = to_jsonb(OLD) ->> TG_ARGV[0] AND EXISTS (SELECT 1 FROM rewritable
      WHERE table_name = TG_TABLE_NAME AND row_key = to_jsonb(OLD) ->> TG_ARGV[0]) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END """
_NEVER_REWRITTEN = ("seals", "sealed_rows", "erasures", "policy_files", "policy_uses", "policy_trials")
# By verb: the bits of pg_trigger.tgtype (1 for each row, 2 before, 8 delete, 16 update, 32 truncate), and
# what the trigger runs for.
_POSTGRES = {"update": (1 | 2 | 16, "ROW"), "delete": (1 | 2 | 8, "ROW"), "truncate": (2 | 32, "STATEMENT")}
_FIRST = ("update", "delete")  # what casebooks before version 3 had
_IN_SQLITE = sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table")
_IN_POSTGRES = sa.text("""
SELECT t.tgname AS name, t.tgtype AS type, t.tgenabled AS enabled, t.tgqual IS NULL
    AND t.tgattr::text = '' AS whole, p.proname AS function,
  p.prosrc AS body, encode(t.tgargs, 'escape') AS arguments
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
        for function, body in ((_FUNCTION, _BODY), (_REWRITING, _REWRITING_BODY)):
            connection.exec_driver_sql(
                "CREATE "
                f"OR REPLACE FUNCTION {function}() RETURNS trigger AS $${body.replace('%', '%%')}$$ LANGUAGE "
                "plpgsql"
            )
        for table in tables:
            for verb, (_, each) in _POSTGRES.items():
                name, (function, _, argument) = _name(table, verb), _function(table, verb)
                given = f"'{argument}'" if argument else ""
                connection.exec_driver_sql(
                    f"CREATE OR REPLACE TRIGGER {name} BEFORE {verb} "
                    f"ON {table.name} FOR EACH {each} EXECUTE FUNCTION {function}({given})"
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
            _name(table, verb): (bits, "A", True, function, body, f"{argument}\\000" if argument else "")
            for verb, (bits, _) in _POSTGRES.items()
            for function, body, argument in (_function(table, verb),)
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
    return {
        row.name: (row.type, _text(row.enabled), row.whole, row.function, row.body, row.arguments)
        for row in rows
    }


def _function(table: sa.Table, verb: str) -> tuple[str, str, str]:
    """What a trigger runs in PostgreSQL: its name, its text, and its argument where it takes one."""
    if verb == "update" and table.name not in _NEVER_REWRITTEN:
        return _REWRITING, _REWRITING_BODY, _key(table)
    return _FUNCTION, _BODY, ""


def _key(table: sa.Table) -> str:
    return ", ".join(c.name for c in table.primary_key.columns)


def replace_update_triggers(connection: sa.Connection, tables: Sequence[sa.Table]) -> None:
    """Take away the triggers of an earlier version that `install` makes otherwise now; PostgreSQL's are
    replaced as they stand.
    """
    if connection.dialect.name == "sqlite":
        for table in tables:
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {_name(table, 'update')}")


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
    key = _key(table)
    rewritten = (
        f"WHEN NEW.{key} IS NOT OLD.{key} OR NOT EXISTS (SELECT 1 FROM rewritable WHERE table_name = "
        f"'{table.name}' AND row_key = CAST(OLD.{key} AS TEXT)) "
    )
    when = {
        "update": "" if table.name in _NEVER_REWRITTEN else rewritten,
        "delete": "",
        "insert": f"{there} ",
    }
    return {
        _name(
            table, verb
        ): f"CREATE TRIGGER {_name(table, verb)} BEFORE {verb} ON {table.name} {clause}{refused}"
        for verb, clause in when.items()
    }


def _name(table: sa.Table, verb: str) -> str:
    return f"{table.name}_{verb}_refused"
