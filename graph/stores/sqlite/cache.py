"""A bounded cache of immutable rows by key (identifiers, applications, names); emptied when full."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence

from graph.model.types import Application, Identifier, RingSnapshot
from graph.stores.embedded_connection import damaged
from graph.stores.sqlite.codec import (
    APPLICATION_COLUMNS,
    KIND_CODE,
    Row,
    application_of,
    identifier_of,
    mentioned,
)
from graph.stores.sqlite.rings import snapshot_of

_OF_APPLICATION = ", ".join("a." + column for column in APPLICATION_COLUMNS.split(", "))
_BY_KEY = f"""SELECT a.key, p.applicant_id, {_OF_APPLICATION}
    FROM json_each(?) j CROSS JOIN application a ON a.key = j.value
        CROSS JOIN applicant p ON p.key = a.applicant"""
_IDENTIFIERS = (
    "SELECT i.key, i.kind, i.token, i.masked, i.linking FROM json_each(?) j CROSS JOIN identifier i "
    "ON i.key = j.value"
)
_NAMES = "SELECT p.key, p.applicant_id FROM json_each(?) j CROSS JOIN applicant p ON p.key = j.value"
_KEYS = """SELECT i.key FROM json_each(?) j CROSS JOIN identifier i
    ON i.kind = json_extract(j.value, '$[0]') AND i.token = json_extract(j.value, '$[1]')"""


class FactCache:
    """Shared by all threads of one store: each entry is a copy of a row that is never rewritten, so it cannot
    go stale.
    """

    IDENTIFIERS = 500_000
    APPLICATIONS = 50_000

    def __init__(self) -> None:
        self._identifiers: dict[int, Identifier] = {}
        self._keys: dict[str, int] = {}  # by node: a text hashes sooner than an identifier
        self._applications: dict[int, Application] = {}
        self._names: dict[int, str] = {}
        self._full: dict[str, tuple[int, int]] = {}
        self._snapshot: tuple[int, RingSnapshot] | None = None

    def identifiers(self, connection: sqlite3.Connection, keys: Collection[int]) -> Mapping[int, Identifier]:
        """A mapping in which each of those keys, which must exist, is found; those not at hand are read at
        once.
        """
        cached = self._identifiers
        missing = [key for key in keys if key not in cached]
        if missing:
            # whoever still holds the old mapping finds there what was in it
            if len(cached) >= self.IDENTIFIERS:
                self._identifiers = cached = {key: cached[key] for key in keys if key in cached}
                self._keys = {identifier.node: key for key, identifier in cached.items()}
            for key, *row in connection.execute(_IDENTIFIERS, (json.dumps(missing),)).fetchall():
                cached[key] = identifier = identifier_of(row)
                self._keys[identifier.node] = key
            _refuse_lacking(missing, cached)
        return cached

    def keys(
        self, connection: sqlite3.Connection, identifiers: Sequence[Identifier]
    ) -> dict[Identifier, int | None]:
        """The key of each identifier, or None for one that the store has never seen."""
        cached = self._keys
        missing = [i for i in identifiers if i.node not in cached]
        if missing:
            parameters = json.dumps([(KIND_CODE[i.kind], i.token) for i in missing])
            results = [key for (key,) in connection.execute(_KEYS, (parameters,)).fetchall()]
            self.identifiers(connection, results)
            cached = self._keys
        return {i: cached.get(i.node) for i in identifiers}

    def applications(self, connection: sqlite3.Connection, keys: Sequence[int]) -> dict[int, Application]:
        """The applications with those keys, which must exist."""
        cached = self._applications
        missing = [key for key in keys if key not in cached]
        results = {key: cached[key] for key in keys if key in cached}
        rows = connection.execute(_BY_KEY, (json.dumps(missing),)).fetchall() if missing else []
        resolve = self.identifiers(connection, mentioned(row[18] for row in rows))
        for row in rows:
            results[row[0]] = application_of(row[2:], row[1], resolve)
        _refuse_lacking(missing, results)
        if len(cached) > self.APPLICATIONS:
            self._applications = {}
        self._applications.update(results)
        return results

    def names(self, connection: sqlite3.Connection, keys: Collection[int]) -> Mapping[int, str]:
        """A mapping in which the id of each of those applicants, who must exist, is found; those not at hand
        are read at once.
        """
        cached = self._names
        missing = [key for key in keys if key not in cached]
        if missing:
            if len(cached) >= self.IDENTIFIERS:
                self._names = cached = {key: cached[key] for key in keys if key in cached}
            cached.update(connection.execute(_NAMES, (json.dumps(missing),)).fetchall())
            _refuse_lacking(missing, cached)
        return cached

    def is_full(self, identifier: Identifier, as_of: int, revision: int) -> bool:
        """Whether it is known to have COUNT_CAP holders at that moment and revision: it had them at an
        earlier one, and facts are only added.
        """
        result = self._full.get(identifier.node)
        return result is not None and result[0] <= as_of and result[1] <= revision

    def mark_full(self, identifier: Identifier, as_of: int, revision: int) -> None:
        """It has COUNT_CAP holders at that moment and revision."""
        cached = self._full.get(identifier.node)
        if cached is None or (as_of <= cached[0] and revision <= cached[1]):
            self._full[identifier.node] = (as_of, revision)

    def snapshot(self, connection: sqlite3.Connection, row: Row) -> RingSnapshot:
        """The ring snapshot of a row of `rings.IN_FORCE`; the last one asked for is at hand."""
        if self._snapshot is None or self._snapshot[0] != row[0]:
            self._snapshot = (row[0], snapshot_of(connection, row))
        return self._snapshot[1]


def _refuse_lacking(keys: Collection[int], found: Mapping[int, object]) -> None:
    """Raise StoreUnavailableError where rows that other rows name are not there."""
    if lacking := sum(key not in found for key in keys):
        raise damaged("store", f"{lacking} rows are gone that others name")
