"""Ring snapshots in the embedded store: saved beside earlier ones and read back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice

from graph.journal.encode import encode_snapshot
from graph.journal.snapshots import changes_of, changes_text, member_of, member_row, ring_body, ring_of
from graph.model.moments import micros, moment
from graph.model.rings_in_turn import AnySnapshot, RingsInTurn
from graph.model.types import Membership, Ring, RingMember, RingSnapshot
from graph.stores.sqlite.codec import Row
from graph.stores.sqlite.journal import ADD_ENTRY

MEMBER_COLUMNS = "m.applicant_id, m.role, m.joined_at, m.distance_to_core, m.strength"
IN_FORCE = (
    "SELECT key, name, as_of, changes FROM snapshot WHERE as_of <= :as_of "
    "AND mark <= :mark ORDER BY as_of DESC, mark DESC LIMIT 1"
)
MEMBERSHIPS = f"""SELECT {MEMBER_COLUMNS}, r.ring_id, r.size, r.body FROM json_each(?) j
    CROSS JOIN ring_member m ON m.snapshot = ? AND m.applicant_id = j.value
    CROSS JOIN ring r ON r.snapshot = m.snapshot AND r.ring_id = m.ring_id"""
ADD_RING = "INSERT INTO ring VALUES (?, ?, ?, ?)"
ADD_MEMBER = """INSERT INTO ring_member(snapshot, ring_id, applicant_id, role, joined_at, distance_to_core,
    strength)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
RINGS = "SELECT ring_id, body FROM ring WHERE snapshot = ? AND ring_id > ? ORDER BY ring_id LIMIT ?"
MEMBERS = (
    f"SELECT {MEMBER_COLUMNS}, m.ring_id FROM ring_member m WHERE m.snapshot = ? "
    "AND m.ring_id BETWEEN ? AND ? ORDER BY m.ring_id, m.applicant_id"
)
PAGE = 2_000  # rings
MEMBERS_OF_ONE = (
    f"SELECT {MEMBER_COLUMNS} FROM ring_member m WHERE m.snapshot = ? "
    "AND m.ring_id = ? ORDER BY m.applicant_id"
)


def save(connection: sqlite3.Connection, snapshot: AnySnapshot, revision: int) -> None:
    """Write a snapshot down, whatever there is under its name."""
    row = (snapshot.name, micros(snapshot.as_of), revision, changes_text(snapshot.changes))
    key = connection.execute(
        "INSERT INTO snapshot(name, as_of, mark, changes) VALUES (?, ?, ?, ?)", row
    ).lastrowid
    rings = iter(snapshot.rings)
    while some := list(islice(rings, PAGE)):
        connection.executemany(ADD_RING, ((key, r.ring_id, r.size, ring_body(r)) for r in some))
        members = ((key, ring.ring_id, *member_row(m)) for ring in some for m in ring.members)
        connection.executemany(ADD_MEMBER, members)
    connection.execute(ADD_ENTRY, (revision, encode_snapshot(snapshot)))


def snapshot_of(connection: sqlite3.Connection, row: Row) -> RingSnapshot:
    """The snapshot of a row (key, name, as_of, changes), with its rings and their members."""
    key, name, as_of, changes = row
    rings = tuple(each_ring(connection, key))
    return RingSnapshot(name=name, as_of=moment(as_of), rings=rings, changes=changes_of(changes))


def in_turn(connection: sqlite3.Connection, row: Row) -> RingsInTurn:
    """The same, its rings one after the other."""
    key, name, as_of, changes = row
    return RingsInTurn(
        name=name,
        as_of=moment(as_of),
        changes=changes_of(changes),
        walk=lambda: each_ring(connection, key),
    )


def each_ring(connection: sqlite3.Connection, key: int) -> Iterator[Ring]:
    """The rings of a snapshot with their members, by id; no reading is left open between the pages."""
    after = ""
    while rows := connection.execute(RINGS, (key, after, PAGE)).fetchall():
        members: dict[str, list[RingMember]] = {}
        for row in connection.execute(MEMBERS, (key, rows[0][0], rows[-1][0])):
            members.setdefault(row[5], []).append(member_of(row))
        for ring_id, body in rows:
            yield ring_of(ring_id, body, tuple(members.get(ring_id, ())))
        after = rows[-1][0]


def memberships(
    connection: sqlite3.Connection, snapshot: Row, applicant_ids: Sequence[str]
) -> Mapping[str, Membership]:
    """Those applicants' rings in a snapshot."""
    rows = connection.execute(MEMBERSHIPS, (json.dumps(applicant_ids), snapshot[0])).fetchall()
    results = {
        row[0]: Membership(snapshot[1], _without_members(row[5], row[7]), row[6], member_of(row))
        for row in rows
    }
    return {who: results[who] for who in applicant_ids if who in results}


def ring(connection: sqlite3.Connection, snapshot: Row, ring_id: str) -> Ring | None:
    """One ring of a snapshot, with its members."""
    row = connection.execute(
        "SELECT body FROM ring WHERE snapshot = ? AND ring_id = ?", (snapshot[0], ring_id)
    ).fetchone()
    if row is None:
        return None
    return ring_of(
        ring_id,
        row[0],
        tuple([member_of(m) for m in connection.execute(MEMBERS_OF_ONE, (snapshot[0], ring_id))]),
    )


@lru_cache(maxsize=8192)  # the rings of a week are asked for again and again
def _without_members(ring_id: str, body: str) -> Ring:
    return ring_of(ring_id, body, ())
