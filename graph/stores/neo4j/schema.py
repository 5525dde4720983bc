"""Versioned migrations of constraints and indexes: each is a list of repeatable statements, and the store
records its version.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from neo4j.exceptions import ClientError

from graph.model.errors import StoreVersionError
from graph.stores.neo4j.cypher.parts import ROLE_TYPES

NODES = (
    "Store", "Applicant", "Application", "Event", "Dealing", "Outcome", "Label", "Identifier", "Merchant",
    "Platform", "Agent", "RingSnapshot", "Ring", "JournalEntry", "JournalPart",
    "Refused", "Unknown",
)  # fmt: skip
RELATIONSHIPS = (
    *ROLE_TYPES, "APPLIED", "TO", "AT", "THROUGH", "DID", "TOWARDS", "CAME_TO", "ABOUT", "LISTED",
    "MEMBER_OF", "IN_SNAPSHOT",
)  # fmt: skip


def _unique(name: str, label: str, *properties: str) -> str:
    of = ", ".join(f"n.{p}" for p in properties)
    return f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR (n:{label}) REQUIRE ({of}) IS UNIQUE"


def _index(name: str, label: str, *properties: str) -> str:
    return f"CREATE INDEX {name} IF NOT EXISTS FOR (n:{label}) ON ({', '.join(f'n.{p}' for p in properties)})"


# Looks at every tie, once in the life of a store; it may be cut off and run again.
_STORED_AS_TEXT = """MATCH ()-[t:{kind}]->() WHERE t.last IS NOT NULL AND t.told IS NULL
    CALL (t) {{
        SET t.told = reduce(told = CASE WHEN t.times IS NOT NULL THEN '' END,
                n IN range(0, size(coalesce(t.times, [])) - 1) | told + '|' + t.times[n] + ',' + t.marks[n]),
            t.told_by = reduce(top = null, mark IN t.marks | CASE WHEN top > mark THEN top ELSE mark END),
            t.last = CASE WHEN t.times IS NOT NULL THEN t.last END
        REMOVE t.times, t.marks, t.last_mark
    }} IN TRANSACTIONS OF 10000 ROWS"""

MIGRATIONS: dict[int, tuple[str, ...]] = {
    1: (
        _unique("store_name", "Store", "name"),
        _unique("applicant_id", "Applicant", "applicant_id"),
        _unique("application_id", "Application", "application_id"),
        _unique("event_id", "Event", "event_id"),
        _unique("outcome_key", "Outcome", "application_id", "at", "status"),
        _unique("label_key", "Label", "application_id", "applicant_id", "known_at", "source"),
        _unique("identifier_node", "Identifier", "node"),
        _unique("merchant_id", "Merchant", "merchant_id"),
        _unique("platform_id", "Platform", "platform_id"),
        _unique("agent_id", "Agent", "agent_id"),
        _unique("snapshot_key", "RingSnapshot", "key"),
        _unique("ring_key", "Ring", "snapshot", "ring_id"),
        _index("application_by_time", "Application", "at"),
        _index("application_at_merchant", "Application", "merchant_id", "at"),
        _index("application_by_agent", "Application", "agent_id", "at"),
        _index("event_of", "Event", "applicant_id", "at"),
        _index("dealing_by", "Dealing", "applicant_id", "at"),
        _index("dealing_with", "Dealing", "counterparty_id", "at"),
        _index("identifier_token", "Identifier", "token"),
        _index("device_described", "Identifier", "device_mark"),
        _index("identifier_masked", "Identifier", "masked"),
        _index("snapshot_by_time", "RingSnapshot", "as_of"),
        *(
            f"CREATE INDEX crowd_{kind.lower()} IF NOT EXISTS FOR ()-[t:{kind}]-() ON (t.crowd, t.since)"
            for kind in ROLE_TYPES
        ),
        "CALL db.awaitIndexes(300)",
    ),
    # Tokens are found by the key, `node`. What else version 1 wrote (tokens, tallies of few ties) is read as
    # before.
    2: ("DROP INDEX identifier_token IF EXISTS",),
    # A tie's mentions and their revisions are one text, and a tie that was mentioned once has no `last`.
    3: tuple(_STORED_AS_TEXT.format(kind=kind) for kind in ROLE_TYPES),
    # Fraud and good of one moment and source are two labels: which of them holds is not for the order of rows
    # to say.
    4: (
        _unique("label_said", "Label", "application_id", "applicant_id", "known_at", "source", "label"),
        "DROP CONSTRAINT label_key IF EXISTS",
        "CALL db.awaitIndexes(300)",
    ),
    # The journal: the entries of what is there already are made when the store is opened
    # (before_version_5.py).
    5: (_unique("journal_mark", "JournalEntry", "mark"), "CALL db.awaitIndexes(300)"),
    # The codes of erased names.
    6: (_unique("refused_code", "Refused", "code"), "CALL db.awaitIndexes(300)"),
    # Ring snapshots in parts; those that are there stay in one piece.
    7: (_unique("journal_part", "JournalPart", "key", "number"), "CALL db.awaitIndexes(300)"),
    # What became of rings is in the journal, of which an older store gets the entries when it is opened.
    8: (
        "MATCH (s:RingSnapshot) WHERE s.as_of > datetime({year: 1}) "
        "AND EXISTS { MATCH (:JournalEntry {mark: s.mark}) } REMOVE s.changes",
    ),
}
VERSION = max(MIGRATIONS)

# Plan: NodeUniqueIndexSeek on Store(name).
READ_VERSION = "MATCH (s:Store {name: 'ringfence'}) RETURN s.version"
# Setting a property takes the lock of the node until the transaction ends: one process at a time makes the
# schema, and nobody writes facts meanwhile.
HOLD = """MERGE (s:Store {name: 'ringfence'}) ON CREATE SET s.mark = 0
    SET s.version = coalesce(s.version, 0) RETURN s.version"""
WRITE_VERSION = "MATCH (s:Store {name: 'ringfence'}) SET s.version = $version"
# how long another process may be at the first constraint before it counts as left by a killed server
OTHERS_S = 30.0

Run = Callable[..., list[list[Any]]]
Transact = Callable[[Callable[[Run], int]], int]


def outdated(read: Run) -> bool:
    """Whether the store lacks a version. Raises StoreVersionError for a store of a later one."""
    rows = read(READ_VERSION)
    done = int(rows[0][0]) if rows else 0
    if done > VERSION:
        raise StoreVersionError(
            f"the store has schema version {done}, this code reads {VERSION}: use the release that wrote it"
        )
    return done < VERSION


def migrate(alone: Run, transact: Transact) -> None:
    """Make every version that the store lacks; of several processes, one after the other. `alone` runs a
    statement in a transaction of its own, `transact` a function in one.
    """
    _make_lock(alone)
    while transact(partial(_make_next, alone)) < VERSION:
        continue


def _make_next(alone: Run, ask: Run) -> int:
    """Make the next version unless somebody else has made all, and say which one the store has now.

    A server that was killed while it made a constraint is left with the constraint's index alone, in its way.
    """
    done = int(ask(HOLD)[0][0])
    if done >= VERSION:
        return done
    for statement in MIGRATIONS[done + 1]:
        try:
            alone(statement)
        except ClientError as error:
            if not _index_in_the_way(statement, error):
                raise
            _make_again(alone, statement)
    ask(WRITE_VERSION, version=done + 1)
    return done + 1


def _make_lock(alone: Run) -> None:
    """Make the constraint by which a store has one node to lock.

    Of two processes that make it at once both find it missing, and the later one is told that it is there, or
    that its index is. Such an index alone goes once nobody can be at it any more.
    """
    statement, until = MIGRATIONS[1][0], time.monotonic() + OTHERS_S
    while True:
        try:
            alone(statement)
            return
        except ClientError as error:
            if (error.code or "").endswith("EquivalentSchemaRuleAlreadyExists"):
                return
            if not _index_in_the_way(statement, error):
                raise
        if time.monotonic() > until:
            _make_again(alone, statement)
            return
        time.sleep(0.2)


def _index_in_the_way(statement: str, error: ClientError) -> bool:
    return statement.startswith("CREATE CONSTRAINT") and "AlreadyExists" in (error.code or "")


def _make_again(alone: Run, statement: str) -> None:
    alone(f"DROP INDEX {statement.split()[2]} IF EXISTS")
    alone(statement)
