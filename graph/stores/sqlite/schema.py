"""The schema of the embedded store. Facts are insert-only; column `mark` is the revision that added a row."""

from __future__ import annotations

import sqlite3

from graph.model.errors import SettingError, StoreVersionError
from graph.stores.sqlite.migrations import ENTRY_FIRST, IDENTITY, MIGRATIONS, PARTS, VERSION

FOREVER = 2**62  # `superseded` of a tie that still stands

# `tie` holds the first mention of an identifier by an applicant in a role. When an older mention is delivered
# late, the row is superseded by a new one and kept, so that a view of an earlier revision still reads what
# was known then. `mention` holds every dated mention: it answers when a tie was last seen.
SCHEMA = """
CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE applicant(key INTEGER PRIMARY KEY, applicant_id TEXT NOT NULL UNIQUE);
CREATE TABLE identifier(key INTEGER PRIMARY KEY, kind INTEGER NOT NULL, token TEXT NOT NULL,
  masked TEXT NOT NULL, linking INTEGER NOT NULL, UNIQUE(kind, token));
CREATE INDEX identifier_masked ON identifier(masked);

CREATE TABLE application(key INTEGER PRIMARY KEY, application_id TEXT NOT NULL UNIQUE,
  applicant INTEGER NOT NULL, at INTEGER NOT NULL, mark INTEGER NOT NULL, platform_id TEXT NOT NULL,
  product TEXT, amount REAL, term_months INTEGER, merchant_id TEXT, agent_id TEXT, channel TEXT,
  face_match REAL, liveness REAL, phone_three_element INTEGER, birth_year INTEGER, city TEXT,
  new_citizen INTEGER, mentions TEXT NOT NULL, attributes TEXT NOT NULL);
CREATE INDEX application_of ON application(applicant, at, mark);
CREATE INDEX application_by_time ON application(at);
CREATE INDEX application_at_merchant ON application(merchant_id, at) WHERE merchant_id IS NOT NULL;
CREATE INDEX application_by_agent ON application(agent_id, at) WHERE agent_id IS NOT NULL;

CREATE TABLE event(key INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, applicant INTEGER NOT NULL,
  at INTEGER NOT NULL, mark INTEGER NOT NULL, kind TEXT NOT NULL, counterparty INTEGER, merchant_id TEXT,
  amount REAL, mentions TEXT NOT NULL, attributes TEXT NOT NULL);
CREATE INDEX event_of ON event(applicant, at);
CREATE INDEX event_sent ON event(applicant, at) WHERE counterparty IS NOT NULL;
CREATE INDEX event_towards ON event(counterparty, at) WHERE counterparty IS NOT NULL;

CREATE TABLE outcome(application_id TEXT NOT NULL, status TEXT NOT NULL, at INTEGER NOT NULL, amount REAL,
  mark INTEGER NOT NULL, PRIMARY KEY(application_id, at, status)) WITHOUT ROWID;
CREATE TABLE label(application_id TEXT NOT NULL, applicant_id TEXT NOT NULL, known_at INTEGER NOT NULL,
  source TEXT NOT NULL, label TEXT NOT NULL, detail TEXT, mark INTEGER NOT NULL,
  PRIMARY KEY(application_id, applicant_id, known_at, source, label)) WITHOUT ROWID;
CREATE INDEX label_of ON label(applicant_id) WHERE applicant_id <> '';
CREATE TABLE contact(applicant INTEGER NOT NULL, phone INTEGER NOT NULL, at INTEGER NOT NULL,
  relation TEXT NOT NULL, mark INTEGER NOT NULL, PRIMARY KEY(applicant, phone, at, relation)) WITHOUT ROWID;

CREATE TABLE platform(platform_id TEXT PRIMARY KEY, type TEXT NOT NULL, is_own INTEGER NOT NULL,
  mark INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE merchant(merchant_id TEXT PRIMARY KEY, category TEXT, city TEXT, opened_at INTEGER,
  mark INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE device(identifier INTEGER PRIMARY KEY, os TEXT, model TEXT, is_emulator INTEGER,
  is_rooted INTEGER, mark INTEGER NOT NULL);

CREATE TABLE tie(identifier INTEGER NOT NULL, since INTEGER NOT NULL, applicant INTEGER NOT NULL,
  role INTEGER NOT NULL, mark INTEGER NOT NULL, kind INTEGER NOT NULL, superseded INTEGER NOT NULL,
  PRIMARY KEY(identifier, since, applicant, role, mark)) WITHOUT ROWID;
CREATE INDEX tie_of ON tie(applicant, kind, since, identifier, role, mark, superseded);
CREATE TABLE mention(applicant INTEGER NOT NULL, identifier INTEGER NOT NULL, role INTEGER NOT NULL,
  at INTEGER NOT NULL, mark INTEGER NOT NULL, PRIMARY KEY(applicant, identifier, role, at)) WITHOUT ROWID;

CREATE TABLE snapshot(key INTEGER PRIMARY KEY, name TEXT NOT NULL, as_of INTEGER NOT NULL,
  mark INTEGER NOT NULL);
CREATE INDEX snapshot_in_force ON snapshot(as_of, mark);
CREATE TABLE ring(snapshot INTEGER NOT NULL, ring_id TEXT NOT NULL, size INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY(snapshot, ring_id)) WITHOUT ROWID;
CREATE TABLE ring_member(snapshot INTEGER NOT NULL, applicant_id TEXT NOT NULL, ring_id TEXT NOT NULL,
  role TEXT NOT NULL, joined_at INTEGER NOT NULL, distance_to_core INTEGER NOT NULL, strength REAL NOT NULL,
  PRIMARY KEY(snapshot, applicant_id)) WITHOUT ROWID;
CREATE INDEX ring_members ON ring_member(snapshot, ring_id);

CREATE TABLE journal(mark INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE refused(code TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
"""


def prepare(connection: sqlite3.Connection) -> None:
    """Create the tables in an empty file, bring those of an earlier version up to ours. Safe when two
    processes start at once.

    Raises StoreVersionError for a store of a later version, SettingError for a file that is another
    program's.
    """
    connection.execute("PRAGMA journal_mode = WAL")
    if _version(connection) < VERSION:
        connection.execute("BEGIN IMMEDIATE")
        try:
            _upgrade(connection)
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
    if (result := _version(connection)) != VERSION:
        raise StoreVersionError(
            f"the store has schema version {result}, this code reads {VERSION}: load it anew, or use the "
            "release that wrote it"
        )


def _upgrade(connection: sqlite3.Connection) -> None:
    """In the caller's transaction: a new file gets today's tables, an older one what came since."""
    version = _version(connection)
    if version == 0:
        _create(connection)
    for due in range(version + 1, VERSION + 1) if version else ():
        MIGRATIONS[due](connection)
    if version < VERSION:
        connection.execute(f"PRAGMA user_version = {VERSION}")


def _create(connection: sqlite3.Connection) -> None:
    if connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
        raise SettingError("the file holds other tables than a store's (a casebook's?): name the store")
    for statement in (*SCHEMA.split(";"), *PARTS, ENTRY_FIRST, IDENTITY):
        connection.execute(statement)
    connection.execute("INSERT INTO meta VALUES ('mark', 0)")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
