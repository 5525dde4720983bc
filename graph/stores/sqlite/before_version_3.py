"""Migration to version 3: builds the journal of an older store from its tables, once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

from graph.journal.encode import encode, encode_snapshot
from graph.journal.snapshots import changes_of
from graph.model.moments import moment
from graph.model.types import Contact, Device, Facts, Merchant, Platform, PlatformType, RingSnapshot
from graph.stores.sqlite.cache import FactCache
from graph.stores.sqlite.codec import (
    APPLICATION_COLUMNS,
    EVENT_COLUMNS,
    Row,
    application_of,
    event_of,
    label_of,
    mentioned,
    outcome_of,
)
from graph.stores.sqlite.journal import ADD_ENTRY
from graph.stores.sqlite.rings import each_ring

# Every statement gives the revision last and goes through its table once, in the order of the revisions.
APPLICATIONS = f"SELECT {APPLICATION_COLUMNS}, mark FROM application ORDER BY mark, key"
EVENTS = f"SELECT {EVENT_COLUMNS}, mark FROM event ORDER BY mark, key"
OUTCOMES = (
    "SELECT application_id, status, at, amount, mark FROM outcome ORDER BY mark, application_id, at, status"
)
LABELS = """SELECT application_id, applicant_id, known_at, source, label, detail, mark FROM label
    ORDER BY mark, application_id, applicant_id, known_at, source, label"""
CONTACTS = (
    "SELECT applicant, phone, at, relation, mark FROM contact ORDER BY mark, applicant, phone, at, relation"
)
PLATFORMS = "SELECT platform_id, type, is_own, mark FROM platform ORDER BY mark, platform_id"
MERCHANTS = "SELECT merchant_id, category, city, opened_at, mark FROM merchant ORDER BY mark, merchant_id"
DEVICES = "SELECT identifier, os, model, is_emulator, is_rooted, mark FROM device ORDER BY mark, identifier"
SNAPSHOTS = "SELECT key, name, as_of, changes, mark FROM snapshot ORDER BY mark"


def write_journal(connection: sqlite3.Connection) -> None:
    """Write the entry of every revision, inside the caller's transaction."""
    tables = _Tables(connection, FactCache())
    readers: Mapping[str, tuple[str, Callable[[list[Row]], tuple[Any, ...]]]] = {
        "applications": (APPLICATIONS, tables.applications),
        "events": (EVENTS, tables.events),
        "outcomes": (OUTCOMES, partial(_each, outcome_of)),
        "labels": (LABELS, partial(_each, label_of)),
        "contacts": (CONTACTS, tables.contacts),
        "platforms": (PLATFORMS, partial(_each, _platform)),
        "merchants": (MERCHANTS, partial(_each, _merchant)),
        "devices": (DEVICES, tables.devices),
        "snapshots": (SNAPSHOTS, tables.snapshots),
    }
    batches = {
        name: groupby(connection.execute(sql), key=itemgetter(-1)) for name, (sql, _) in readers.items()
    }
    heads = {name: head for name, groups in batches.items() if (head := _next(groups)) is not None}
    while heads:
        revision = min(head[0] for head in heads.values())
        brought: dict[str, tuple[Any, ...]] = {}
        for name in [name for name, head in heads.items() if head[0] == revision]:
            brought[name] = readers[name][1](heads.pop(name)[1])
            if (head := _next(batches[name])) is not None:
                heads[name] = head
        snapshots: tuple[RingSnapshot, ...] = brought.pop("snapshots", ())
        connection.execute(
            ADD_ENTRY, (revision, encode_snapshot(snapshots[0]) if snapshots else encode(Facts(**brought)))
        )


def _next(groups: Iterator[tuple[int, Iterator[Row]]]) -> tuple[int, list[Row]] | None:
    for revision, rows in groups:
        return revision, list(rows)
    return None


def _each(make: Callable[[Row], Any], rows: list[Row]) -> tuple[Any, ...]:
    return tuple([make(row) for row in rows])


class _Tables:
    """Rows that name people and identifiers by their keys."""

    def __init__(self, connection: sqlite3.Connection, cache: FactCache) -> None:
        self._db = connection
        self._cache = cache

    def applications(self, rows: list[Row]) -> tuple[Any, ...]:
        names = self._cache.names(self._db, {row[1] for row in rows})
        resolve = self._cache.identifiers(self._db, mentioned(row[16] for row in rows))
        return tuple([application_of(row, names[row[1]], resolve) for row in rows])

    def events(self, rows: list[Row]) -> tuple[Any, ...]:
        names = self._cache.names(
            self._db, {key for row in rows for key in (row[1], row[4]) if key is not None}
        )
        resolve = self._cache.identifiers(self._db, mentioned(row[7] for row in rows))
        return tuple([event_of(row, (names[row[1]], names.get(row[4])), resolve) for row in rows])

    def contacts(self, rows: list[Row]) -> tuple[Any, ...]:
        names = self._cache.names(self._db, {row[0] for row in rows})
        resolve = self._cache.identifiers(self._db, {row[1] for row in rows})
        return tuple(
            [
                Contact(
                    applicant_id=names[who], phone=resolve[phone], relation=relation or None, at=moment(at)
                )
                for who, phone, at, relation, _ in rows
            ]
        )

    def devices(self, rows: list[Row]) -> tuple[Any, ...]:
        resolve = self._cache.identifiers(self._db, {row[0] for row in rows})
        return tuple(
            [
                Device(
                    identifier=resolve[key],
                    os=os,
                    model=model,
                    is_emulator=_truth(emulator),
                    is_rooted=_truth(rooted),
                )
                for key, os, model, emulator, rooted, _ in rows
            ]
        )

    def snapshots(self, rows: list[Row]) -> tuple[RingSnapshot, ...]:
        return tuple([self._snapshot(*row[:4]) for row in rows])

    def _snapshot(self, key: int, name: str, as_of: int, changes: str) -> RingSnapshot:
        rings = tuple(each_ring(self._db, key))
        return RingSnapshot(name=name, as_of=moment(as_of), rings=rings, changes=changes_of(changes))


def _platform(row: Row) -> Platform:
    return Platform(platform_id=row[0], type=PlatformType(row[1]), is_own=bool(row[2]))


def _merchant(row: Row) -> Merchant:
    return Merchant(
        merchant_id=row[0], category=row[1], city=row[2], opened_at=None if row[3] is None else moment(row[3])
    )


def _truth(value: int | None) -> bool | None:
    return None if value is None else bool(value)
