"""Ring snapshots in the embedded store, read back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial

from graph.journal import snapshots
from graph.journal.ring_changes import RingChanges
from graph.model.moments import moment
from graph.model.rings_in_turn import InTurn, RingsInTurn
from graph.model.types import Membership, Ring, RingMember, RingSnapshot
from graph.stores.sqlite import journal
from graph.stores.sqlite.codec import Row, of_written

MEMBER_COLUMNS = "m.applicant_id, m.role, m.joined_at, m.distance_to_core, m.strength"
IN_FORCE = (
    "SELECT key, name, as_of, mark FROM snapshot WHERE as_of <= :as_of "
    "AND mark <= :mark ORDER BY as_of DESC, mark DESC LIMIT 1"
)
MEMBERSHIPS = f"""SELECT {MEMBER_COLUMNS}, r.ring_id, r.size, r.body FROM json_each(?) j
    CROSS JOIN ring_member m ON m.snapshot = ? AND m.applicant_id = j.value
    CROSS JOIN ring r ON r.snapshot = m.snapshot AND r.ring_id = m.ring_id"""
RINGS = "SELECT ring_id, body FROM ring WHERE snapshot = ? AND ring_id > ? ORDER BY ring_id LIMIT ?"
MEMBERS = (
    f"SELECT {MEMBER_COLUMNS}, m.ring_id FROM ring_member m WHERE m.snapshot = ? "
    "AND m.ring_id BETWEEN ? AND ? ORDER BY m.ring_id, m.applicant_id"
)
PAGE = 2_000  # rings
member_of, ring_of = of_written(snapshots.member_of), of_written(snapshots.ring_of)
MEMBERS_OF_ONE = (
    f"SELECT {MEMBER_COLUMNS} FROM ring_member m WHERE m.snapshot = ? "
    "AND m.ring_id = ? ORDER BY m.applicant_id"
)


def snapshot_of(connection: sqlite3.Connection, row: Row) -> RingSnapshot:
    """The snapshot of a row of IN_FORCE, with its rings and their members."""
    given = in_turn(connection, row)
    return RingSnapshot(
        name=given.name, as_of=given.as_of, rings=tuple(given.rings), changes=tuple(given.changes)
    )


def in_turn(connection: sqlite3.Connection, row: Row) -> RingsInTurn:
    """The same, its rings and changes one after the other."""
    key, name, as_of, _ = row
    return RingsInTurn(
        name=name,
        as_of=moment(as_of),
        rings=InTurn(partial(each_ring, connection, key)),
        changes=changes_in(connection, row),
    )


def changes_in(connection: sqlite3.Connection, row: Row) -> RingChanges:
    """What became of its rings, which is in the journal alone."""
    return RingChanges(partial(journal.texts_with_changes, connection, row[3]))


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
