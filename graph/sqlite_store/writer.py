"""Adds one batch of facts inside one transaction: interns people and identifiers, tells new from known from conflicting, keeps the ties."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from graph.model import Added, Facts, Identifier, Mention, Role
from graph.moments import micros
from graph.sqlite_store.codec import (
    APPLICATION_COLUMNS,
    EVENT_COLUMNS,
    KIND_CODE,
    ROLE_CODE,
    Row,
    application_row,
    event_row,
    label_row,
    outcome_row,
    pack_mentions,
)
from graph.sqlite_store.schema import FOREVER

TieKey = tuple[int, int, int]  # applicant, identifier, role code


class Writer:
    """One batch. Use once, inside `BEGIN IMMEDIATE`; the caller commits."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._mark = int(connection.execute("SELECT value FROM meta WHERE name = 'mark'").fetchone()[0]) + 1
        self._applicants: dict[str, int] = {}
        self._identifiers: dict[Identifier, int] = {}
        self._mentions: list[tuple[int, int, int, int]] = []  # applicant, identifier, role, at
        self._accepted = 0
        self._known = 0
        self._conflicts: list[tuple[str, int]] = []

    def write(self, facts: Facts) -> Added:
        """Take the batch. The mark grows only when something new came in."""
        self._intern(facts)
        self._platforms(facts)
        self._merchants(facts)
        self._devices(facts)
        self._applications(facts)
        self._events(facts)
        self._contacts(facts)
        self._simple("outcomes", "outcome", "application_id, status, at, amount", 3, [outcome_row(o) for o in facts.outcomes])
        self._simple("labels", "label", "application_id, applicant_id, known_at, source, label, detail", 4, [label_row(x) for x in facts.labels])
        self._keep_ties()
        mark = self._mark if self._accepted else self._mark - 1
        if self._accepted:
            self._db.execute("UPDATE meta SET value = ? WHERE name = 'mark'", (mark,))
        return Added(accepted=self._accepted, known=self._known, conflicts=tuple(self._conflicts), mark=mark)

    # -- people and identifiers -------------------------------------------------------------------------------------------------------

    def _intern(self, facts: Facts) -> None:
        people: dict[str, None] = {}
        for a in facts.applications:
            people[a.applicant_id] = None
        for e in facts.events:
            people[e.applicant_id] = None
            if e.counterparty_id is not None:
                people[e.counterparty_id] = None
        for c in facts.contacts:
            people[c.applicant_id] = None
        for label in facts.labels:
            if label.applicant_id is not None:
                people[label.applicant_id] = None
        self._applicants = self._keys("applicant", "applicant_id", list(people))
        named: dict[Identifier, None] = {}
        spoken = [*(a.mentions for a in facts.applications), *(e.mentions for e in facts.events)]
        named.update(dict.fromkeys(mention.identifier for mentions in spoken for mention in mentions))
        named.update(dict.fromkeys(c.phone for c in facts.contacts))
        named.update(dict.fromkeys(d.identifier for d in facts.devices))
        for code in KIND_CODE.values():
            self._intern_identifiers(code, [i for i in named if KIND_CODE[i.kind] == code])

    def _keys(self, table: str, column: str, values: list[str]) -> dict[str, int]:
        known = dict(
            self._db.execute(f"SELECT t.{column}, t.key FROM json_each(?) j CROSS JOIN {table} t ON t.{column} = j.value", (json.dumps(values),))
        )
        fresh = [v for v in values if v not in known]
        start = self._next_key(table)
        rows = [(start + n, v) for n, v in enumerate(fresh)]
        self._db.executemany(f"INSERT INTO {table}(key, {column}) VALUES (?, ?)", rows)
        known.update((v, key) for key, v in rows)
        return known

    def _intern_identifiers(self, kind: int, identifiers: list[Identifier]) -> None:
        if not identifiers:
            return
        tokens = json.dumps([i.token for i in identifiers])
        sql = "SELECT i.token, i.key FROM json_each(?) j CROSS JOIN identifier i ON i.kind = ? AND i.token = j.value"
        known = dict(self._db.execute(sql, (tokens, kind)))
        start = self._next_key("identifier")
        fresh = [i for i in identifiers if i.token not in known]
        rows = [(start + n, kind, i.token, i.masked, i.linking) for n, i in enumerate(fresh)]
        self._db.executemany("INSERT INTO identifier VALUES (?, ?, ?, ?, ?)", rows)
        known.update((row[2], row[0]) for row in rows)
        self._identifiers.update((i, known[i.token]) for i in identifiers)

    def _next_key(self, table: str) -> int:
        return int(self._db.execute(f"SELECT coalesce(max(key), 0) + 1 FROM {table}").fetchone()[0])

    # -- facts ------------------------------------------------------------------------------------------------------------------------

    def _applications(self, facts: Facts) -> None:
        rows = [application_row(a, self._applicants[a.applicant_id], self._packed(a.mentions)) for a in facts.applications]
        taken = self._take("applications", "application", APPLICATION_COLUMNS, rows)
        for n in taken:
            self._mention(rows[n][1], facts.applications[n].mentions, rows[n][2])

    def _events(self, facts: Facts) -> None:
        people = self._applicants
        rows = [
            event_row(e, people[e.applicant_id], None if e.counterparty_id is None else people[e.counterparty_id], self._packed(e.mentions))
            for e in facts.events
        ]
        taken = self._take("events", "event", EVENT_COLUMNS, rows)
        for n in taken:
            self._mention(rows[n][1], facts.events[n].mentions, rows[n][2])

    def _contacts(self, facts: Facts) -> None:
        rows: list[Row] = [(self._applicants[c.applicant_id], self._identifiers[c.phone], micros(c.at), c.relation or "") for c in facts.contacts]
        for n in self._simple("contacts", "contact", "applicant, phone, at, relation", 4, rows):
            contact = facts.contacts[n]
            role = Role.OWN if contact.relation == "self" else Role.CONTACT
            self._mention(rows[n][0], (Mention(contact.phone, role),), rows[n][2])

    def _platforms(self, facts: Facts) -> None:
        self._simple("platforms", "platform", "platform_id, type, is_own", 1, [(p.platform_id, p.type.value, int(p.is_own)) for p in facts.platforms])

    def _merchants(self, facts: Facts) -> None:
        rows = [(m.merchant_id, m.category, m.city, None if m.opened_at is None else micros(m.opened_at)) for m in facts.merchants]
        self._simple("merchants", "merchant", "merchant_id, category, city, opened_at", 1, rows)

    def _devices(self, facts: Facts) -> None:
        rows = [(self._identifiers[d.identifier], d.os, d.model, d.is_emulator, d.is_rooted) for d in facts.devices]
        self._simple("devices", "device", "identifier, os, model, is_emulator, is_rooted", 1, rows)

    def _packed(self, mentions: Iterable[Mention]) -> str:
        return pack_mentions((ROLE_CODE[m.role], self._identifiers[m.identifier]) for m in mentions)

    def _mention(self, applicant: int, mentions: Iterable[Mention], at: int) -> None:
        for mention in mentions:
            self._mentions.append((applicant, self._identifiers[mention.identifier], ROLE_CODE[mention.role], at))

    def _take(self, name: str, table: str, columns: str, rows: Sequence[Row]) -> list[int]:
        """Insert rows whose first column is the id; the positions of those that are new."""
        ids = json.dumps([row[0] for row in rows])
        known = {
            r[0]: r for r in self._db.execute(f"SELECT {columns} FROM json_each(?) j CROSS JOIN {table} ON {columns.split(',')[0]} = j.value", (ids,))
        }
        taken = self._sort_out(name, rows, known, lambda row: row[0])
        self._insert(table, columns, [rows[n] for n in taken])
        return taken

    def _simple(self, name: str, table: str, columns: str, key_width: int, rows: Sequence[Row]) -> list[int]:
        """Insert rows whose first `key_width` columns are the key; an outcome's key is (application_id, at, status)."""
        if not rows:
            return []
        known = self._known_rows(table, columns, key_width, rows)
        taken = self._sort_out(name, rows, known, lambda row: row[:key_width])
        self._insert(table, columns, [rows[n] for n in taken])
        return taken

    def _known_rows(self, table: str, columns: str, key_width: int, rows: Sequence[Row]) -> dict[Any, Row]:
        """What the table holds under the keys of `rows`: one look-up for all by the first column of the key, or one a row where that says nothing."""
        key = columns.split(", ")[:key_width]
        firsts = {row[0] for row in rows}
        if "" not in firsts:
            named = ", ".join(f"t.{column}" for column in columns.split(", "))  # json_each has a `type` and a `key` of its own
            sql = f"SELECT {named} FROM json_each(?) j CROSS JOIN {table} t ON t.{key[0]} = j.value"
            return {found[:key_width]: found for found in self._db.execute(sql, (json.dumps(sorted(firsts)),))}
        sql = f"SELECT {columns} FROM {table} WHERE {' AND '.join(f'{c} = ?' for c in key)}"
        found_rows = (self._db.execute(sql, row[:key_width]).fetchone() for row in rows)
        return {found[:key_width]: found for found in found_rows if found is not None}

    def _insert(self, table: str, columns: str, rows: Sequence[Row]) -> None:
        places = ", ".join("?" * (len(columns.split(",")) + 1))
        self._db.executemany(f"INSERT INTO {table}({columns}, mark) VALUES ({places})", [(*row, self._mark) for row in rows])

    def _sort_out(self, name: str, rows: Sequence[Row], known: dict[Any, Row], key: Callable[[Row], Any]) -> list[int]:
        """Count what is known and what conflicts (with the store, or earlier in the batch); the positions of what is new."""
        taken = []
        for n, row in enumerate(rows):
            earlier = known.get(key(row))
            if earlier is None:
                known[key(row)] = row
                taken.append(n)
            elif earlier == row:
                self._known += 1
            else:
                self._conflicts.append((name, n))
        self._accepted += len(taken)
        return taken

    # -- ties -------------------------------------------------------------------------------------------------------------------------

    def _keep_ties(self) -> None:
        if not self._mentions:
            return
        first: dict[TieKey, int] = {}
        for applicant, identifier, role, at in self._mentions:
            known = first.get((applicant, identifier, role))
            if known is None or at < known:
                first[applicant, identifier, role] = at
        standing = self._standing_ties(first)
        sql = "INSERT OR IGNORE INTO mention(applicant, identifier, role, at, mark) VALUES (?, ?, ?, ?, ?)"
        self._db.executemany(sql, [(*m, self._mark) for m in sorted(self._mentions)])  # in the table's order: pages are touched once
        fresh = [(key, at) for key, at in first.items() if key not in standing or at < standing[key]]
        late = [(key, standing[key]) for key, _ in fresh if key in standing]
        kinds = {key: KIND_CODE[i.kind] for i, key in self._identifiers.items()}
        self._db.executemany(
            "UPDATE tie SET superseded = ? WHERE identifier = ? AND since = ? AND applicant = ? AND role = ? AND superseded = ?",
            [(self._mark, identifier, since, applicant, role, FOREVER) for (applicant, identifier, role), since in late],
        )
        self._db.executemany(
            "INSERT INTO tie(identifier, since, applicant, role, mark, kind, superseded) VALUES (?, ?, ?, ?, ?, ?, ?)",
            sorted((i, since, applicant, role, self._mark, kinds[i], FOREVER) for (applicant, i, role), since in fresh),
        )

    def _standing_ties(self, keys: Iterable[TieKey]) -> dict[TieKey, int]:
        """Since when each tie stands that does: its first mention so far. To be asked before the batch's own mentions are in."""
        sql = "SELECT min(at) FROM mention WHERE applicant = ? AND identifier = ? AND role = ?"
        found = ((key, self._db.execute(sql, key).fetchone()[0]) for key in keys)
        return {key: since for key, since in found if since is not None}
