"""SqliteView: the reads of the port on one connection. Every statement carries the moment and the mark."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

from graph.hubs import COUNT_CAP, GUARD, hub_reason
from graph.model import (
    Application,
    Device,
    Event,
    Holders,
    Identifier,
    IdentifierKind,
    Label,
    Membership,
    Merchant,
    Outcome,
    Platform,
    PlatformType,
    Ring,
    RingChange,
    RingMember,
    RingSnapshot,
    Tie,
)
from graph.moments import micros, moment
from graph.sqlite_store.codec import (
    APPLICATION_COLUMNS,
    EVENT_COLUMNS,
    KIND_CODE,
    ROLES,
    IdentifierCache,
    Row,
    application_of,
    event_of,
    identifier_of,
    label_of,
    member_of,
    outcome_of,
    ring_of,
)
from graph.sqlite_store.search import search
from graph.sqlite_store.tables import read_tables
from graph.store import Found, GraphView
from graph.tables import Tables

_MINE = "(SELECT key FROM applicant WHERE applicant_id = :who)"
_SEEN = "at < :as_of AND mark <= :mark"
_TIE_SEEN = "t.since < :as_of AND t.mark <= :mark AND t.superseded > :mark"
_LAST = """(SELECT max(m.at) FROM mention m WHERE m.applicant = t.applicant AND m.identifier = t.identifier AND m.role = t.role
            AND m.at < :as_of AND m.mark <= :mark)"""

APPLICATION = f"SELECT {APPLICATION_COLUMNS} FROM application WHERE application_id = :id AND {_SEEN}"
APPLICATIONS = f"SELECT {APPLICATION_COLUMNS} FROM application WHERE at >= :since AND {_SEEN} ORDER BY at, application_id"
APPLICATIONS_OF = f"SELECT {APPLICATION_COLUMNS} FROM application WHERE applicant = {_MINE} AND {_SEEN} ORDER BY at DESC, application_id LIMIT :limit"
APPLICATIONS_AT = f"SELECT {APPLICATION_COLUMNS} FROM application WHERE {{column}} = :place AND {_SEEN} ORDER BY at DESC, application_id LIMIT :limit"
EVENTS = f"SELECT {EVENT_COLUMNS} FROM event WHERE {{column}} = {_MINE} AND {_SEEN} ORDER BY at DESC, event_id LIMIT :limit"
OUTCOMES = f"SELECT application_id, status, at, amount FROM outcome WHERE application_id = :id AND {_SEEN} ORDER BY at, status"
LABEL_COLUMNS = "l.application_id, l.applicant_id, l.known_at, l.source, l.label, l.detail"
LABELS = f"""
    SELECT {LABEL_COLUMNS} FROM label l WHERE l.applicant_id = :who AND l.applicant_id <> '' AND l.known_at < :as_of AND l.mark <= :mark
    UNION ALL
    SELECT {LABEL_COLUMNS} FROM application a JOIN label l ON l.application_id = a.application_id
    WHERE a.applicant = {_MINE} AND a.at < :as_of AND a.mark <= :mark AND l.known_at < :as_of AND l.mark <= :mark
    ORDER BY 3, 1, 2, 4"""
# All ties of one applicant, unless there are so many that each kind must be cut by itself (TIES_OF_KIND).
TIES_OF = f"SELECT t.identifier, t.role, t.since, {_LAST} FROM tie t WHERE t.applicant = {_MINE} AND {_TIE_SEEN} LIMIT :limit"
TIES_OF_KIND = f"""
    SELECT t.identifier, t.role, t.since, {_LAST} FROM tie t JOIN identifier i ON i.key = t.identifier
    WHERE t.applicant = {_MINE} AND t.kind = :kind AND {_TIE_SEEN} ORDER BY t.since DESC, i.token, t.role LIMIT :limit"""
IDENTIFIER_KEY = "SELECT key FROM identifier WHERE kind = ? AND token = ?"
HOLDER_COUNT = f"SELECT count(*) FROM (SELECT 1 FROM tie t WHERE t.identifier = :identifier AND {_TIE_SEEN} LIMIT {COUNT_CAP})"
HOLDERS = f"""
    SELECT p.applicant_id, t.role, t.since, {_LAST} FROM tie t JOIN applicant p ON p.key = t.applicant
    WHERE t.identifier = :identifier AND {_TIE_SEEN} ORDER BY t.since DESC, p.applicant_id, t.role LIMIT :limit"""
DEVICE = """SELECT d.os, d.model, d.is_emulator, d.is_rooted FROM identifier i JOIN device d ON d.identifier = i.key
            WHERE i.kind = :kind AND i.token = :token AND d.mark <= :mark"""
MERCHANTS = "SELECT merchant_id, category, city, opened_at FROM json_each(:ids) j JOIN merchant ON merchant_id = j.value WHERE mark <= :mark"
SNAPSHOT = "SELECT key, name, as_of, changes FROM snapshot WHERE as_of <= :as_of AND mark <= :mark ORDER BY as_of DESC, mark DESC LIMIT 1"
MEMBER_COLUMNS = "applicant_id, role, joined_at, distance_to_core, strength"


class SqliteView(GraphView):
    """A GraphView over one connection; cheap to make, use it in the thread that made it."""

    def __init__(self, connection: sqlite3.Connection, cache: IdentifierCache, as_of: datetime, recorded_by: int) -> None:
        self.as_of = as_of
        self.recorded_by = recorded_by
        self._db = connection
        self._when = {"as_of": micros(as_of), "mark": recorded_by}
        self._resolve = partial(cache.get, connection)
        self._names: dict[int, str] = {}

    # -- facts ------------------------------------------------------------------------------------------------------------------------

    def application(self, application_id: str) -> Application | None:
        row = self._db.execute(APPLICATION, {"id": application_id, **self._when}).fetchone()
        return None if row is None else application_of(row, self._name(row[1]), self._resolve)

    def applications(self, since: datetime) -> Iterator[Application]:
        for row in self._db.execute(APPLICATIONS, {"since": micros(since), **self._when}):
            yield application_of(row, self._name(row[1]), self._resolve)

    def applications_of(self, applicant_ids: Sequence[str], limit: int = 64) -> Mapping[str, tuple[Application, ...]]:
        found = {}
        for who in applicant_ids:
            rows = self._db.execute(APPLICATIONS_OF, {"who": who, "limit": limit, **self._when})
            found[who] = tuple([application_of(row, who, self._resolve) for row in rows])
        return found

    def applications_at(self, merchant_id: str | None, agent_id: str | None, limit: int = 64) -> tuple[Application, ...]:
        column, place = ("merchant_id", merchant_id) if merchant_id is not None else ("agent_id", agent_id)
        rows = self._db.execute(APPLICATIONS_AT.format(column=column), {"place": place, "limit": limit, **self._when})
        return tuple([application_of(row, self._name(row[1]), self._resolve) for row in rows.fetchall()])

    def events_of(self, applicant_ids: Sequence[str], limit: int = 128) -> Mapping[str, tuple[Event, ...]]:
        return {who: self._events("applicant", who, limit) for who in applicant_ids}

    def events_towards(self, applicant_ids: Sequence[str], limit: int = 64) -> Mapping[str, tuple[Event, ...]]:
        return {who: self._events("counterparty", who, limit) for who in applicant_ids}

    def _events(self, column: str, who: str, limit: int) -> tuple[Event, ...]:
        rows = self._db.execute(EVENTS.format(column=column), {"who": who, "limit": limit, **self._when}).fetchall()
        return tuple([event_of(r, (self._name(r[1]), None if r[4] is None else self._name(r[4])), self._resolve) for r in rows])

    def outcomes_of(self, application_ids: Sequence[str]) -> Mapping[str, tuple[Outcome, ...]]:
        run, when = self._db.execute, self._when
        return {i: tuple([outcome_of(row) for row in run(OUTCOMES, {"id": i, **when})]) for i in application_ids}

    def labels_of(self, applicant_ids: Sequence[str]) -> Mapping[str, tuple[Label, ...]]:
        run, when = self._db.execute, self._when
        return {who: tuple([label_of(row) for row in run(LABELS, {"who": who, **when})]) for who in applicant_ids}

    # -- ties -------------------------------------------------------------------------------------------------------------------------

    def ties_of(self, applicant_ids: Sequence[str], limit: int = 64) -> Mapping[str, tuple[Tie, ...]]:
        return {who: self._ties(who, limit) for who in applicant_ids}

    def _ties(self, who: str, limit: int) -> tuple[Tie, ...]:
        rows = self._db.execute(TIES_OF, {"who": who, "limit": limit + 1, **self._when}).fetchall()
        if len(rows) > limit:
            asked = {"who": who, "limit": limit, **self._when}
            rows = [row for kind in KIND_CODE.values() for row in self._db.execute(TIES_OF_KIND, {"kind": kind, **asked})]
        ties = [self._tie(who, self._resolve(row[0]), row[1:]) for row in rows]
        return tuple(sorted(ties, key=lambda t: (-micros(t.since), t.identifier.node, t.role)))

    def _tie(self, who: str, identifier: Identifier, row: Row) -> Tie:
        role, since, last = row
        return Tie(who, identifier, ROLES[role], moment(since), moment(last))

    def holders_of(self, identifiers: Sequence[Identifier], limit: int = 24) -> Mapping[Identifier, Holders]:
        return {identifier: self._holders(identifier, limit) for identifier in identifiers}

    def _holders(self, identifier: Identifier, limit: int) -> Holders:
        key = self._db.execute(IDENTIFIER_KEY, (KIND_CODE[identifier.kind], identifier.token)).fetchone()
        if key is None:
            return Holders(identifier, 0, ())
        asked = {"identifier": key[0], "limit": max(limit, GUARD[identifier.kind]), **self._when}
        rows = self._db.execute(HOLDERS, asked).fetchall()
        count = len(rows)
        if count == asked["limit"]:
            count = self._db.execute(HOLDER_COUNT, asked).fetchone()[0]
        if hub_reason(identifier, count):
            return Holders(identifier, count, ())
        return Holders(identifier, count, tuple([self._tie(row[0], identifier, row[1:]) for row in rows[:limit]]))

    # -- reference data ---------------------------------------------------------------------------------------------------------------

    def devices_of(self, identifiers: Sequence[Identifier]) -> Mapping[Identifier, Device]:
        found = {}
        for identifier in identifiers:
            row = self._db.execute(DEVICE, {"kind": KIND_CODE[identifier.kind], "token": identifier.token, **self._when}).fetchone()
            if row is not None:
                emulator, rooted = (None if flag is None else bool(flag) for flag in row[2:])
                found[identifier] = Device(identifier=identifier, os=row[0], model=row[1], is_emulator=emulator, is_rooted=rooted)
        return found

    def platforms(self) -> Mapping[str, Platform]:
        rows = self._db.execute("SELECT platform_id, type, is_own FROM platform WHERE mark <= :mark ORDER BY platform_id", self._when)
        return {i: Platform(platform_id=i, type=PlatformType(kind), is_own=bool(own)) for i, kind, own in rows}

    def merchants_of(self, merchant_ids: Sequence[str]) -> Mapping[str, Merchant]:
        rows = self._db.execute(MERCHANTS, {"ids": json.dumps(list(merchant_ids)), **self._when})
        return {i: Merchant(merchant_id=i, category=c, city=city, opened_at=None if t is None else moment(t)) for i, c, city, t in rows}

    def identifier(self, node: str) -> Identifier | None:
        kind, _, token = node.partition(":")
        if kind not in KIND_CODE:
            return None
        sql = "SELECT kind, token, masked, linking FROM identifier WHERE kind = ? AND token = ?"
        row = self._db.execute(sql, (KIND_CODE[IdentifierKind(kind)], token)).fetchone()
        return None if row is None else identifier_of(row)

    def search(self, text: str, limit: int = 20) -> tuple[Found, ...]:
        snapshot = self._snapshot()
        return search(self._db, text, {"limit": limit, "snapshot": snapshot[0] if snapshot else None, **self._when})

    # -- rings ------------------------------------------------------------------------------------------------------------------------

    def rings(self) -> RingSnapshot | None:
        found = self._snapshot()
        if found is None:
            return None
        key, name, as_of, changes = found
        members: dict[str, list[RingMember]] = {}
        for row in self._db.execute(f"SELECT {MEMBER_COLUMNS}, ring_id FROM ring_member WHERE snapshot = ? ORDER BY applicant_id", (key,)):
            members.setdefault(row[5], []).append(member_of(row))
        rows = self._db.execute("SELECT ring_id, body FROM ring WHERE snapshot = ? ORDER BY ring_id", (key,))
        rings = tuple([ring_of(ring_id, body, tuple(members.get(ring_id, ()))) for ring_id, body in rows])
        return RingSnapshot(name=name, as_of=moment(as_of), rings=rings, changes=_changes(changes))

    def memberships_of(self, applicant_ids: Sequence[str]) -> Mapping[str, Membership]:
        snapshot = self._snapshot()
        if snapshot is None:
            return {}
        sql = f"""SELECT {", ".join("m." + c for c in MEMBER_COLUMNS.split(", "))}, r.ring_id, r.size, r.body FROM ring_member m
                  JOIN ring r ON r.snapshot = m.snapshot AND r.ring_id = m.ring_id WHERE m.snapshot = ? AND m.applicant_id = ?"""
        found = {}
        for who in applicant_ids:
            row = self._db.execute(sql, (snapshot[0], who)).fetchone()
            if row is not None:
                found[who] = Membership(snapshot[1], ring_of(row[5], row[7], ()), row[6], member_of(row))
        return found

    def ring(self, ring_id: str) -> Ring | None:
        snapshot = self._snapshot()
        if snapshot is None:
            return None
        row = self._db.execute("SELECT body FROM ring WHERE snapshot = ? AND ring_id = ?", (snapshot[0], ring_id)).fetchone()
        if row is None:
            return None
        sql = f"SELECT {MEMBER_COLUMNS} FROM ring_member WHERE snapshot = ? AND ring_id = ? ORDER BY applicant_id"
        return ring_of(ring_id, row[0], tuple([member_of(m) for m in self._db.execute(sql, (snapshot[0], ring_id))]))

    def _snapshot(self) -> Row | None:
        row: Row | None = self._db.execute(SNAPSHOT, self._when).fetchone()
        return row

    # -- batches ----------------------------------------------------------------------------------------------------------------------

    def tables(self) -> Tables:
        return read_tables(self._db, self._when)

    def _name(self, applicant: int) -> str:
        name = self._names.get(applicant)
        if name is None:
            name = self._names[applicant] = self._db.execute("SELECT applicant_id FROM applicant WHERE key = ?", (applicant,)).fetchone()[0]
        return name


def _changes(text: str) -> tuple[RingChange, ...]:
    return tuple(
        RingChange(ring_id=i, change=change, from_rings=tuple(sources), joined=joined, left=left, jaccard=jaccard)
        for i, change, sources, joined, left, jaccard in json.loads(text)
    )
