"""What never changes once it is stored, kept at hand by its key: identifiers, applications, names. Bounded by starting anew when full."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from graph.model import Application, Identifier
from graph.sqlite_store.codec import APPLICATION_COLUMNS, KIND_CODE, application_of, identifier_of

_BY_KEY = f"""SELECT a.key, p.applicant_id, {", ".join("a." + column for column in APPLICATION_COLUMNS.split(", "))}
    FROM json_each(?) j CROSS JOIN application a ON a.key = j.value CROSS JOIN applicant p ON p.key = a.applicant"""


class FactCache:
    """Shared by all threads of one store: each entry is a copy of a row that is never rewritten, so it cannot go stale."""

    IDENTIFIERS = 500_000
    APPLICATIONS = 50_000

    def __init__(self) -> None:
        self._identifiers: dict[int, Identifier] = {}
        self._keys: dict[Identifier, int] = {}
        self._applications: dict[int, Application] = {}
        self._names: dict[int, str] = {}

    def identifier(self, connection: sqlite3.Connection, key: int) -> Identifier:
        """The identifier with that key, which must exist."""
        found = self._identifiers.get(key)
        if found is None:
            row = connection.execute("SELECT kind, token, masked, linking FROM identifier WHERE key = ?", (key,)).fetchone()
            found = self._keep(key, identifier_of(row))
        return found

    def key(self, connection: sqlite3.Connection, identifier: Identifier) -> int | None:
        """The key of an identifier, or None when the store has never seen it."""
        found = self._keys.get(identifier)
        if found is None:
            asked = (KIND_CODE[identifier.kind], identifier.token)
            row = connection.execute("SELECT key FROM identifier WHERE kind = ? AND token = ?", asked).fetchone()
            if row is None:
                return None
            found = int(row[0])
            self.identifier(connection, found)
        return found

    def applications(self, connection: sqlite3.Connection, keys: Sequence[int]) -> dict[int, Application]:
        """The applications with those keys, which must exist."""
        known = self._applications
        missing = [key for key in keys if key not in known]
        found = {key: known[key] for key in keys if key in known}
        for row in connection.execute(_BY_KEY, (json.dumps(missing),)).fetchall() if missing else ():
            found[row[0]] = application_of(row[2:], row[1], lambda key: self.identifier(connection, key))
        if len(known) > self.APPLICATIONS:
            self._applications = {}
        self._applications.update(found)
        return found

    def name(self, connection: sqlite3.Connection, key: int) -> str:
        """The id of the applicant with that key, who must exist."""
        found = self._names.get(key)
        if found is None:
            if len(self._names) >= self.IDENTIFIERS:
                self._names = {}
            found = self._names[key] = connection.execute("SELECT applicant_id FROM applicant WHERE key = ?", (key,)).fetchone()[0]
        return found

    def _keep(self, key: int, identifier: Identifier) -> Identifier:
        if len(self._identifiers) >= self.IDENTIFIERS:
            self._identifiers, self._keys = {}, {}
        self._identifiers[key] = identifier
        self._keys[identifier] = key
        return identifier
