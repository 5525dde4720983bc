"""Erases people in the embedded store: surrogates in the place of names, in every table and the journal."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from graph.journal.entry import decode
from graph.journal.parts import head_of
from graph.journal.renaming import names_in
from graph.model.erasure import Erasure
from graph.stores.sqlite.codec import KIND_CODE
from graph.stores.sqlite.journal import ENTRY, tail

EDITION = """SELECT coalesce((SELECT value FROM meta WHERE name = 'edition'), value)
    FROM meta WHERE name = 'identity'"""
STATE = f"SELECT value, ({EDITION}) FROM meta WHERE name = 'mark'"
REFUSED = "SELECT code, until FROM refused"
MARK = "SELECT value FROM meta WHERE name = 'mark'"
_MAY_WRITE = (
    "UPDATE meta SET value = value WHERE name = 'identity'"  # a lock alone a read-only file gives too
)
_NAMES = "CREATE TEMP TABLE {table}(old TEXT PRIMARY KEY, new TEXT NOT NULL) WITHOUT ROWID"
_THINGS = (
    "CREATE TEMP TABLE erased_things(kind INTEGER, old TEXT, new TEXT, masked TEXT, PRIMARY KEY(kind, old))"
)
# Rows of the erased are found by their applicants' keys, before these change their names. What lenders wrote
# beside the contract's columns, and the words of verdicts, go.
_THEIRS = "IN (SELECT key FROM applicant WHERE applicant_id IN (SELECT old FROM erased_people))"
_RENAME = (
    f"""UPDATE application SET attributes = '', application_id = coalesce(
        (SELECT new FROM erased_loans WHERE old = application_id), application_id)
        WHERE applicant {_THEIRS}""",
    f"""UPDATE event SET attributes = '', event_id = coalesce(
        (SELECT new FROM erased_events WHERE old = event_id), event_id)
        WHERE applicant {_THEIRS}""",
    """UPDATE outcome SET application_id = (SELECT new FROM erased_loans WHERE old = application_id)
        WHERE application_id IN (SELECT old FROM erased_loans)""",
    """UPDATE label SET detail = NULL,
        application_id = coalesce((SELECT new FROM erased_loans WHERE old = application_id), application_id),
        applicant_id = coalesce((SELECT new FROM erased_people WHERE old = applicant_id), applicant_id)
        WHERE application_id IN (SELECT old FROM erased_loans)
            OR applicant_id IN (SELECT old FROM erased_people)""",
    """UPDATE ring_member SET applicant_id = (SELECT new FROM erased_people WHERE old = applicant_id)
        WHERE applicant_id IN (SELECT old FROM erased_people)""",
    """UPDATE applicant SET applicant_id = (SELECT new FROM erased_people WHERE old = applicant_id)
        WHERE applicant_id IN (SELECT old FROM erased_people)""",
    """UPDATE identifier SET (token, masked) = (SELECT t.new, t.masked FROM erased_things t
            WHERE t.kind = identifier.kind AND t.old = identifier.token)
        WHERE key IN (SELECT i.key FROM erased_things t CROSS JOIN identifier i
            ON i.kind = t.kind AND i.token = t.old)""",
)
_OF_DRAFTS = (
    "DELETE FROM journal_part WHERE key IN (SELECT key FROM draft)",
    "DELETE FROM ring WHERE snapshot IN (SELECT snapshot FROM draft)",
    "DELETE FROM ring_member WHERE snapshot IN (SELECT snapshot FROM draft)",
    "DELETE FROM draft",
)
_TEMPORARY = ("erased_people", "erased_loans", "erased_events", "erased_things")


def erase(connection: sqlite3.Connection, erasure: Erasure) -> bool:
    """`GraphStore.erase`, in the caller's transaction."""
    texts = erasure.renaming.texts
    connection.execute(_MAY_WRITE)
    upto = int(connection.execute(MARK).fetchone()[0])
    if int(connection.execute(EDITION).fetchone()[0]) != erasure.before:
        return False
    if any(names_in(decode(body), texts) for _, body in tail(connection, erasure.upto, upto)):
        return False
    for statement in _OF_DRAFTS:  # whoever is saving one begins again
        connection.execute(statement)
    _fill_names(connection, erasure)
    try:
        for statement in _RENAME:
            connection.execute(statement)
        _rewrite_journal(connection, erasure)
        connection.executemany("INSERT OR REPLACE INTO refused VALUES (?, ?)", [*erasure.refused.items()])
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('edition', ?)", (erasure.edition,))
    finally:
        for table in _TEMPORARY:
            connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
    return True


def _fill_names(connection: sqlite3.Connection, erasure: Erasure) -> None:
    r = erasure.renaming
    named: Mapping[str, Mapping[str, str]] = {
        "erased_people": r.people,
        "erased_loans": r.applications,
        "erased_events": r.events,
    }
    for table, names in named.items():
        connection.execute(_NAMES.format(table=table))
        connection.executemany(f"INSERT INTO {table} VALUES (?, ?)", [*names.items()])
    connection.execute(_THINGS)
    connection.executemany(
        "INSERT INTO erased_things VALUES (?, ?, ?, ?)",
        [
            (KIND_CODE[thing.kind], node.partition(":")[2], thing.token, thing.masked)
            for node, thing in r.identifiers.items()
        ],
    )


def _rewrite_journal(connection: sqlite3.Connection, erasure: Erasure) -> None:
    for (revision, number), body in erasure.entries.items():
        if number == 0:
            connection.execute("UPDATE journal SET body = ? WHERE mark = ?", (body, revision))
            continue
        [(head,)] = connection.execute(ENTRY, (revision,)).fetchall()
        key = head_of(decode(head).head).key
        statement = "UPDATE journal_part SET body = ? WHERE key = ? AND number = ?"
        connection.execute(statement, (body, key, number))
