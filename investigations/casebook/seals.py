"""Seals over the audit: assessments and the history of cases in a hash chain, made beside the requests, and
its verification.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from graph.model.moments import micros, moment
from graph.signatures import Keys
from investigations.casebook.engine import Engines
from investigations.casebook.erasure.rewritten import Rewritten, row_digest
from investigations.casebook.migrations import append_only
from investigations.casebook.tables.answer_tables import ASSESSMENTS
from investigations.casebook.tables.erasure_tables import ERASURES
from investigations.casebook.tables.seal_tables import SEALED_ROWS, SEALS

AT_ONCE = 100  # rows under one seal: their transaction keeps nobody's answer waiting
NOTHING = "0" * 64  # the digest before the first seal
_HOUR_US = 3_600_000_000
# Rows are committed a little out of their order. So far behind the latest that is sealed another one may
# still come; beyond, a row without a seal was put there by nobody of ours.
_BEHIND = {ASSESSMENTS.name: _HOUR_US}
_BEHIND_OF_POSITIONS = 1_000
# One seal at a time is made, from its first look on.
_LOCK = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(7246363)"}
_STREAMED = 500

What = Literal[
    "row_changed",
    "row_missing",
    "row_without_seal",
    "seal_changed",
    "seal_missing",
    "anchor_differs",
    "erasure_forged",
]


class Anchor(NamedTuple):
    """The head of the chain at a moment: whoever keeps it elsewhere can tell whether all before it stands."""

    position: int
    digest: str
    at: datetime | None = None


class Fault(NamedTuple):
    """What is not as it was sealed, and in which row of which table."""

    what: What
    table: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a verification found: how many seals and rows there are, how many rows wait for the next seal, how
    many an erasure has rewritten since they were written, what is wrong, and the head of the chain.
    """

    seals: int
    rows: int
    pending: int
    erased: int
    faults: tuple[Fault, ...]
    head: Anchor


class Seals:
    """The seals of a casebook. Every method raises StoreUnavailableError when the database cannot be used."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def seal(self, at: datetime) -> int:
        """Seal rows that have none yet, the oldest first, at most AT_ONCE; how many had none. Safe to repeat
        and to race. They are read before the database is locked, which is for the inserts alone.
        """
        with self._engines.reading() as connection:
            last = _latest(connection)
            reached, before = _reached(last), _anchor(last)
            rows = _unsealed(connection, reached)
        if not rows:
            return 0
        seal = {
            "position": before.position + 1,
            "at": micros(at),
            "rows": len(rows),
            "reached": json.dumps(reached, sort_keys=True),
            "previous": before.digest,
        }
        with self._engines.writing() as connection:
            if connection.dialect.name in _LOCK:
                connection.exec_driver_sql(_LOCK[connection.dialect.name])
            if _anchor(_latest(connection)) == before:  # else somebody else was quicker
                _write(connection, seal, rows)
        return len(rows)

    def head(self) -> Anchor:
        """The head of the chain: position 0 where nothing is sealed."""
        with self._engines.reading() as connection:
            return _anchor(_latest(connection))

    def verify(self, anchors: Sequence[Anchor] = (), keys: Keys = ()) -> Verification:
        """Compute every digest again: of each row, of each seal, and of the chain; and hold it against
        anchors that were kept elsewhere. Rows that are written meanwhile disturb nothing. `keys` are the
        store's keyring's: an erasure that none of them signed is a fault.
        """
        with self._engines.scanning() as connection:
            last = _latest(connection)
            head, reached = _anchor(last), _reached(last)
            faults = list(_chain_faults(connection, head.position, anchors))
            rewritten = Rewritten(connection)
            faults += [Fault("erasure_forged", ERASURES.name, one) for one in rewritten.forged(keys)]
            counts: Counter[str] = Counter()
            for table in _sealed_tables():
                faults += _row_faults(connection, table, reached.get(table.name), (counts, rewritten))
                faults += _missing(connection, table)
        return Verification(
            seals=head.position,
            rows=counts["rows"],
            pending=counts["pending"],
            erased=counts["erased"],
            faults=tuple(faults),
            head=head,
        )


def _sealed_tables() -> tuple[sa.Table, ...]:
    return tuple(table for table in append_only() if table not in (SEALS, SEALED_ROWS))


def _key(table: sa.Table) -> sa.Column[Any]:
    (column,) = table.primary_key.columns
    return column


def _order(table: sa.Table) -> sa.Column[Any]:
    return table.c.as_of if table is ASSESSMENTS else _key(table)


def _latest(connection: sa.Connection) -> Any:
    return connection.execute(sa.select(SEALS).order_by(SEALS.c.position.desc()).limit(1)).mappings().first()


def _anchor(seal: Any) -> Anchor:
    if not seal:
        return Anchor(0, NOTHING)
    at = seal["at"]
    return Anchor(seal["position"], seal["digest"], moment(at) if isinstance(at, int) else None)


def _reached(seal: Any) -> dict[str, int]:
    """By table the highest place sealed; nothing where a seal cannot be read, which its digest tells."""
    try:
        reached = dict(json.loads(seal["reached"])) if seal else {}
    except (ValueError, TypeError):
        return {}
    return {table: place for table, place in reached.items() if isinstance(place, int)}


def _since(table: sa.Table, reached: int | None) -> int | None:
    """From which place in its order on rows may lack a seal."""
    return None if reached is None else reached - _BEHIND.get(table.name, _BEHIND_OF_POSITIONS)


def _with_seals(table: sa.Table) -> Any:
    """The rows of a table beside their digests, NULL where there is none."""
    same = (SEALED_ROWS.c.table_name == table.name) & (
        SEALED_ROWS.c.row_key == sa.cast(_key(table), sa.String)
    )
    return sa.select(table, SEALED_ROWS.c.digest.label("sealed")).select_from(
        table.outerjoin(SEALED_ROWS, same)
    )


def _streamed(query: Any) -> Any:
    """The same, its rows fetched as they are wanted."""
    return query.execution_options(yield_per=_STREAMED)


def _unsealed(connection: sa.Connection, reached: dict[str, int]) -> list[dict[str, Any]]:
    """Rows without a seal, the oldest of each table first, with their digests; `reached` goes on to them."""
    found: list[dict[str, Any]] = []
    for table in _sealed_tables():
        order, since = _order(table), _since(table, reached.get(table.name))
        query = _with_seals(table).where(SEALED_ROWS.c.digest.is_(None)).order_by(order, _key(table))
        if since is not None:
            query = query.where(order >= since)
        for row in connection.execute(query.limit(AT_ONCE - len(found))).mappings():
            key = str(row[_key(table).name])
            found.append({"table_name": table.name, "row_key": key, "digest": row_digest(table, row)})
            place = int(row[order.name])
            reached[table.name] = max(place, reached.get(table.name, place))
        if len(found) == AT_ONCE:
            break
    return found


def _write(connection: sa.Connection, seal: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    leaves = sorted((one["table_name"], one["row_key"], one["digest"]) for one in rows)
    connection.execute(sa.insert(SEALED_ROWS), [{**one, "seal": seal["position"]} for one in rows])
    connection.execute(sa.insert(SEALS), {**seal, "digest": _seal_digest(seal, leaves)})


def _seal_digest(seal: Mapping[Any, Any], leaves: Iterable[tuple[str, str, str]]) -> str:
    """SHA-256 of a link: of itself, of the one before, and of what it seals, in order."""
    head = [seal[name] for name in ("position", "at", "rows", "reached", "previous")]
    digest = hashlib.sha256(json.dumps(head).encode())
    for leaf in leaves:
        digest.update(json.dumps(leaf).encode())
    return digest.hexdigest()


def _chain_faults(connection: sa.Connection, last: int, anchors: Sequence[Anchor]) -> Iterator[Fault]:
    """What is wrong with the seals up to the last, and with anchors."""
    leaves = _leaves(connection, last)
    ahead = next(leaves, None)
    previous, expected, digests = NOTHING, 1, dict[int, str]()
    query = sa.select(SEALS).where(SEALS.c.position <= last).order_by(SEALS.c.position)
    for seal in connection.execute(_streamed(query)).mappings():
        position = seal["position"]
        own: list[tuple[str, str, str]] = []
        while ahead is not None and ahead[0] <= position:
            own += [ahead[1]] if ahead[0] == position else []
            ahead = next(leaves, None)
        if position > expected:
            lost = str(expected) if position == expected + 1 else f"{expected} to {position - 1}"
            yield Fault("seal_missing", SEALS.name, lost)
        own.sort()
        sound = seal["previous"] == previous and seal["rows"] == len(own)
        if not sound or seal["digest"] != _seal_digest(seal, own):
            yield Fault("seal_changed", SEALS.name, str(position))
        previous, expected = seal["digest"], position + 1
        digests[position] = seal["digest"]
    there = sa.exists().where(SEALS.c.position == SEALED_ROWS.c.seal).correlate(SEALED_ROWS)
    for seal in connection.execute(sa.select(SEALED_ROWS.c.seal).where(~there).distinct()).scalars().all():
        if not isinstance(seal, int) or not 0 < seal < expected:  # the others were said to be missing already
            yield Fault("seal_missing", SEALS.name, str(seal))
    for anchor in anchors:
        if digests.get(anchor.position, NOTHING if anchor.position == 0 else "") != anchor.digest:
            yield Fault("anchor_differs", SEALS.name, str(anchor.position))


def _leaves(connection: sa.Connection, last: int) -> Iterator[tuple[int, tuple[str, str, str]]]:
    """What is sealed up to the last seal, by seal."""
    columns = SEALED_ROWS.c
    query = sa.select(columns.seal, columns.table_name, columns.row_key, columns.digest)
    query = query.where(columns.seal <= last).order_by(columns.seal)
    for seal, table, key, digest in connection.execute(_streamed(query)):
        yield seal, (table, key, digest)


def _row_faults(
    connection: sa.Connection, table: sa.Table, reached: int | None, found: tuple[Counter[str], Rewritten]
) -> Iterator[Fault]:
    """Rows of a table that are not as they were sealed, or as an erasure left them since, or that nobody
    sealed in their time.
    """
    counts, rewritten = found
    since = _since(table, reached)
    for row in connection.execute(_streamed(_with_seals(table))).mappings():
        key = str(row[_key(table).name])
        counts["rows"] += 1
        counts["erased"] += rewritten.knows(table.name, key)
        if row["sealed"] is not None:
            if rewritten.since(table.name, key, row["sealed"]) != row_digest(table, row):
                yield Fault("row_changed", table.name, key)
        elif since is not None and _place(row[_order(table).name]) < since:
            yield Fault("row_without_seal", table.name, key)
        else:
            counts["pending"] += 1


def _place(value: Any) -> float:
    """A place in a table's order; before all where it is none."""
    return value if isinstance(value, int) else float("-inf")


def _missing(connection: sa.Connection, table: sa.Table) -> Iterator[Fault]:
    """Rows that were sealed and are gone."""
    sealed = sa.select(SEALED_ROWS.c.row_key).where(SEALED_ROWS.c.table_name == table.name)
    gone = sealed.except_(sa.select(sa.cast(_key(table), sa.String)))
    for key in connection.execute(gone).scalars().all():
        yield Fault("row_missing", table.name, key)
