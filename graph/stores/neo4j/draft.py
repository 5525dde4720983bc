"""A ring snapshot on its way into Neo4j: written as a draft in parts, switched to in one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from graph.journal.parts import SnapshotHead, SnapshotPart, encode_head, written
from graph.journal.snapshots import member_row, ring_body
from graph.model.errors import ConflictError
from graph.model.moments import micros
from graph.model.rings_in_turn import AnySnapshot
from graph.store.forgetting import ERASED_MEANWHILE
from graph.stores.neo4j.cypher.parts import EDITION, MEMBER, properties, when
from graph.stores.neo4j.cypher.write import LOCK
from graph.stores.neo4j.database import Ask, Database

AT_ONCE = 5_000  # rings, members or parts a transaction

# A draft has neither `as_of` nor `mark`, so no view sees it; one that a failed run left behind is thrown away
# once nothing has come to it for a day.
DRAFT = "CREATE (s:RingSnapshot {key: $key, name: $name, begun: datetime()})"
LEFT_BEHIND = (
    "MATCH (s:RingSnapshot) WHERE s.mark IS NULL AND s.begun < datetime() - duration('P1D') RETURN s.key"
)
THROW_RINGS_AWAY = (
    "MATCH (r:Ring) WHERE r.snapshot = $key AND r.ring_id >= '' WITH r LIMIT $limit DETACH DELETE r "
    "RETURN count(*)"
)
THROW_PARTS_AWAY = "MATCH (p:JournalPart) WHERE p.key = $key AND p.number > 0 DELETE p"
THROW_AWAY = "MATCH (s:RingSnapshot {key: $key}) DETACH DELETE s"
# People who are erased meanwhile are named by nothing that comes later: an erasure waits for what holds the
# draft, which looks at the edition once it does.
_HELD = f"""MATCH (d:RingSnapshot {{key: $key}}) SET d.begun = datetime() WITH d
    MATCH (s:Store {{name: 'ringfence'}}) WHERE {EDITION} = $edition WITH d"""
ADD_RINGS = f"""{_HELD} UNWIND $rings AS row
    CREATE (r:Ring {{snapshot: $key, ring_id: row[0], kind: row[1], score: row[2], state: row[3],
        size: row[4], body: row[5]}})-[:IN_SNAPSHOT]->(d) RETURN count(r)"""
ADD_MEMBERS = f"""{_HELD} UNWIND $members AS row MATCH (r:Ring {{snapshot: $key, ring_id: row[0]}})
    MERGE (p:Applicant {{applicant_id: row[1]}}) ON CREATE SET p:Unknown
    CREATE (p)-[:MEMBER_OF {properties("row", MEMBER, 2)}]->(r) RETURN count(r)"""
# A part names people: none comes to a draft once people were erased.
ADD_PART = f"""{LOCK} WITH edition WHERE edition = $edition MATCH (d:RingSnapshot {{key: $key}})
    SET d.begun = datetime() MERGE (p:JournalPart {{key: $key, number: $number}}) SET p.body = $entry
    RETURN p.number"""
SWITCH = f"""{LOCK} WITH mark, edition WHERE edition = $edition
    MATCH (d:RingSnapshot {{key: $key}}) MATCH (s:Store {{name: 'ringfence'}})
    SET d.as_of = {when("$as_of")}, d.mark = mark + 1, s.mark = mark + 1
    CREATE (:JournalEntry {{mark: mark + 1, body: $entry}}) RETURN mark + 1"""
# Whom no fact names is in the store by drafts and snapshots alone.
UNKNOWN_PEOPLE = """MATCH (r:Ring) WHERE r.snapshot = $key AND r.ring_id >= ''
    MATCH (p:Applicant)-[:MEMBER_OF]->(r) WHERE p:Unknown RETURN DISTINCT p.applicant_id"""
THROW_PEOPLE_AWAY = f"""{LOCK} UNWIND $people AS who MATCH (p:Applicant {{applicant_id: who}}) WHERE p:Unknown
    AND NOT EXISTS {{ (p)-[:MEMBER_OF]->(r:Ring) WHERE r.snapshot <> $key }} DETACH DELETE p"""


def save(database: Database, snapshot: AnySnapshot, edition: int, part_bytes: int) -> None:
    """Save a snapshot; it is in force from the last transaction on. Raises ConflictError, and nothing of it
    is left, where the store is of another edition.
    """
    for (key,) in database.read(LEFT_BEHIND):
        _throw_away(database, key)
    draft = Neo4jDraft(database, secrets.token_hex(8), edition)
    _write(database, DRAFT, key=draft.key, name=snapshot.name)
    try:
        draft.put_in_force(written(snapshot, draft.key, draft.add, part_bytes))
    except ConflictError:
        _throw_away(database, draft.key)
        raise


@dataclass(frozen=True, slots=True)
class Neo4jDraft:
    """A snapshot that is not in force, by its `key`, of an edition of the store."""

    database: Database
    key: str
    edition: int

    def add(self, number: int, part: SnapshotPart) -> None:
        """Write a part down, its entry first: where that cannot be any more, nothing of the part is."""
        self._write(ADD_PART, number=number, entry=part.entry)
        rings = ([r.ring_id, r.kind.value, r.score, r.state, r.size, ring_body(r)] for r in part.rings)
        for some in _pieces(rings):
            self._write(ADD_RINGS, rings=some)
        for some in _pieces([r.ring_id, *member_row(m)] for r in part.rings for m in r.members):
            self._write(ADD_MEMBERS, members=some)

    def put_in_force(self, head: SnapshotHead) -> None:
        """From here on it is the snapshot of a revision."""
        self._write(SWITCH, as_of=micros(head.as_of), entry=encode_head(head))

    def _write(self, text: str, **given: Any) -> None:
        written = _write(self.database, text, key=self.key, edition=self.edition, **given)
        if written in ([], [[0]]):
            raise ConflictError(ERASED_MEANWHILE)


def _throw_away(database: Database, key: str) -> None:
    for people in _pieces(database.read(UNKNOWN_PEOPLE, key=key)):
        _write(database, THROW_PEOPLE_AWAY, key=key, people=[who for (who,) in people])
    while _write(database, THROW_RINGS_AWAY, key=key, limit=AT_ONCE)[0][0]:
        continue
    _write(database, THROW_PARTS_AWAY, key=key)
    _write(database, THROW_AWAY, key=key)


def _pieces(rows: Iterable[list[Any]]) -> Iterator[list[list[Any]]]:
    given = iter(rows)
    while some := list(islice(given, AT_ONCE)):
        yield some


def _write(database: Database, text: str, **given: Any) -> list[list[Any]]:
    def work(ask: Ask) -> list[list[Any]]:
        return ask(text, **given)

    return database.write(work)
