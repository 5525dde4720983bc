"""Ring snapshots in Neo4j: written as a draft in parts, switched to in one transaction, and read back."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from graph.journal.encode import encode_snapshot
from graph.journal.snapshots import changes_of, changes_text, member_of, member_row, ring_body, ring_of
from graph.model.errors import ConflictError
from graph.model.moments import micros, moment
from graph.model.rings_in_turn import AnySnapshot, RingsInTurn
from graph.model.types import Ring, RingSnapshot
from graph.store.forgetting import ERASED_MEANWHILE
from graph.stores.neo4j.cypher import MEMBER, properties, when
from graph.stores.neo4j.cypher_read import RINGS
from graph.stores.neo4j.cypher_write import LOCK
from graph.stores.neo4j.database import Ask, Database

AT_ONCE = 5_000  # members a transaction
PAGE = 2_000  # rings a reading

Read = Callable[..., list[list[Any]]]

# A draft has neither `as_of` nor `mark`, so no view sees it; one that a failed run left behind is thrown away
# a day later.
DRAFT = "CREATE (s:RingSnapshot {key: $key, name: $name, begun: datetime()})"
LEFT_BEHIND = (
    "MATCH (s:RingSnapshot) WHERE s.mark IS NULL AND s.begun < datetime() - duration('P1D') RETURN s.key"
)
THROW_RINGS_AWAY = (
    "MATCH (r:Ring) WHERE r.snapshot = $key AND r.ring_id >= '' WITH r LIMIT $limit DETACH DELETE r "
    "RETURN count(*)"
)
THROW_AWAY = "MATCH (s:RingSnapshot {key: $key}) DETACH DELETE s"
ADD_RINGS = """MATCH (s:RingSnapshot {key: $key}) UNWIND $rings AS row
    CREATE (r:Ring {snapshot: $key, ring_id: row[0], kind: row[1], score: row[2], state: row[3],
        size: row[4], body: row[5]})-[:IN_SNAPSHOT]->(s)"""
ADD_MEMBERS = f"""UNWIND $members AS row MATCH (r:Ring {{snapshot: $key, ring_id: row[0]}})
    MERGE (p:Applicant {{applicant_id: row[1]}}) ON CREATE SET p:Unknown
    CREATE (p)-[:MEMBER_OF {properties("row", MEMBER, 2)}]->(r)"""
SWITCH = f"""{LOCK} WITH mark, edition WHERE $edition IN [0, edition]
    MATCH (d:RingSnapshot {{key: $key}}) MATCH (s:Store {{name: 'ringfence'}})
    SET d.as_of = {when("$as_of")}, d.changes = $changes, d.mark = mark + 1, s.mark = mark + 1
    CREATE (:JournalEntry {{mark: mark + 1, body: $entry}}) RETURN mark + 1"""


# Whom a draft alone names.
THROW_PEOPLE_AWAY = """UNWIND $people AS who MATCH (p:Applicant {applicant_id: who})
    WHERE p:Unknown AND NOT (p)--() DELETE p"""


def save_rings(database: Database, snapshot: AnySnapshot, edition: int) -> None:
    """Save a snapshot; it is in force from the last transaction on. Raises ConflictError, and nothing of it
    is left, where the store is of another edition; 0 is any.
    """
    key = secrets.token_hex(8)
    rings = ([r.ring_id, r.kind.value, r.score, r.state, r.size, ring_body(r)] for r in snapshot.rings)
    members = ([r.ring_id, *member_row(m)] for r in snapshot.rings for m in r.members)
    _tidy(database)
    _write(database, DRAFT, key=key, name=snapshot.name)
    for part in _parts(rings):
        _write(database, ADD_RINGS, key=key, rings=part)
    for part in _parts(members):
        _write(database, ADD_MEMBERS, key=key, members=part)
    entry = encode_snapshot(snapshot)
    switched = _write(
        database,
        SWITCH,
        key=key,
        edition=edition,
        as_of=micros(snapshot.as_of),
        changes=changes_text(snapshot.changes),
        entry=entry,
    )
    if not switched:
        _throw_away(database, key)
        for part in _parts([m.applicant_id] for r in snapshot.rings for m in r.members):
            _write(database, THROW_PEOPLE_AWAY, people=[who for (who,) in part])
        raise ConflictError(ERASED_MEANWHILE)


def snapshot_of(row: Sequence[Any], read: Read) -> RingSnapshot:
    """The snapshot of (key, name, as_of, changes), with its rings and their members."""
    key, name, as_of, changes = row
    return RingSnapshot(
        name=name, as_of=moment(as_of), rings=tuple(each_ring(read, key)), changes=changes_of(changes)
    )


def in_turn(row: Sequence[Any], read: Read) -> RingsInTurn:
    """The same, its rings one after the other."""
    key, name, as_of, changes = row
    return RingsInTurn(
        name=name, as_of=moment(as_of), changes=changes_of(changes), walk=lambda: each_ring(read, key)
    )


def each_ring(read: Read, key: str) -> Iterator[Ring]:
    """The rings of a snapshot with their members, by id."""
    after = ""
    while rows := sorted(read(RINGS, key=key, after=after, limit=PAGE)):
        yield from map(ring_with_members, rows)
        after = rows[-1][0]


def ring_with_members(row: Sequence[Any]) -> Ring:
    """(ring_id, body, members) as a Ring."""
    ring_id, body, members = row
    return ring_of(ring_id, body, tuple(member_of((who, *member)) for who, member in sorted(members)))


def _tidy(database: Database) -> None:
    """Delete drafts that failed runs left behind."""
    for (key,) in database.read(LEFT_BEHIND):
        _throw_away(database, key)


def _throw_away(database: Database, key: str) -> None:
    while _write(database, THROW_RINGS_AWAY, key=key, limit=AT_ONCE)[0][0]:
        continue
    _write(database, THROW_AWAY, key=key)


def _parts(rows: Iterator[list[Any]]) -> Iterator[list[list[Any]]]:
    while part := list(islice(rows, AT_ONCE)):
        yield part


def _write(database: Database, text: str, **given: Any) -> list[list[Any]]:
    def work(ask: Ask) -> list[list[Any]]:
        return ask(text, **given)

    return database.write(work)
