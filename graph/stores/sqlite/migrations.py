"""Versioned migrations of the embedded store: what brings a file of the version before up to each version.

They are written as they were needed then, apart from today's schema, and run in one transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from graph.stores.sqlite.before_version_3 import write_journal

# A process of a release before version 3 that is still at work would write facts without an entry, so that
# copies would miss them.
ENTRY_FIRST = """CREATE TRIGGER entry_first BEFORE UPDATE ON meta
    WHEN NEW.name = 'mark' AND NOT EXISTS (SELECT 1 FROM journal WHERE mark = NEW.value)
    BEGIN
        SELECT RAISE(ABORT,
            'the store was brought up to a later release: start this process again with that one');
    END"""
PARTS = (
    """CREATE TABLE journal_part(key TEXT NOT NULL, number INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY(key, number))""",
    """CREATE TABLE draft(key TEXT PRIMARY KEY, snapshot INTEGER NOT NULL, touched INTEGER NOT NULL)
  WITHOUT ROWID""",
)
IDENTITY = "INSERT INTO meta VALUES ('identity', random())"


def _labels_of_one_moment(connection: sqlite3.Connection) -> None:
    """Fraud and good of one moment and source are two labels: in version 1 the order of rows decided."""
    for statement in (
        "ALTER TABLE label RENAME TO label_of_version_1",
        "DROP INDEX label_of",
        """CREATE TABLE label(application_id TEXT NOT NULL, applicant_id TEXT NOT NULL,
            known_at INTEGER NOT NULL,
            source TEXT NOT NULL, label TEXT NOT NULL, detail TEXT, mark INTEGER NOT NULL,
            PRIMARY KEY(application_id, applicant_id, known_at, source, label)) WITHOUT ROWID""",
        "CREATE INDEX label_of ON label(applicant_id) WHERE applicant_id <> ''",
        """INSERT INTO label SELECT application_id, applicant_id, known_at, source, label, detail, mark
            FROM label_of_version_1""",
        "DROP TABLE label_of_version_1",
    ):
        connection.execute(statement)


def _journal(connection: sqlite3.Connection) -> None:
    """Every revision has its entry, and the store an identity."""
    connection.execute("CREATE TABLE journal(mark INTEGER PRIMARY KEY, body BLOB NOT NULL)")
    write_journal(connection)
    connection.execute(ENTRY_FIRST)
    connection.execute(IDENTITY)


def _refusals(connection: sqlite3.Connection) -> None:
    """The codes of erased names."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS refused(code TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID"
    )


def _parts_of_snapshots(connection: sqlite3.Connection) -> None:
    """Ring snapshots in parts; those that are there stay in one piece."""
    for statement in PARTS:
        connection.execute(statement)


def _changes_in_the_journal(connection: sqlite3.Connection) -> None:
    """What became of rings is in the journal: a second text of it ended at 10^9 bytes."""
    connection.execute("ALTER TABLE snapshot DROP COLUMN changes")


MIGRATIONS: dict[int, Callable[[sqlite3.Connection], None]] = {
    2: _labels_of_one_moment,
    3: _journal,
    4: _refusals,
    5: _parts_of_snapshots,
    6: _changes_in_the_journal,
}
VERSION = max(MIGRATIONS)
