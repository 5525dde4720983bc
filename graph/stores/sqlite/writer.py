"""Adds one batch of facts inside one transaction: assigns keys to people and identifiers, sorts rows into
new, known and conflicting, writes ties.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from graph.journal.encode import encode
from graph.model.moments import micros
from graph.model.types import Added, Facts, Identifier, Mention, Role
from graph.stores.sqlite.codec import (
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
from graph.stores.sqlite.erase import EDITION
from graph.stores.sqlite.journal import ADD_ENTRY
from graph.stores.sqlite.ties import BatchMentions, TieBatch, keep_ties

_IDENTIFIERS = """SELECT j.key, i.key, i.masked, i.linking FROM json_each(?) j CROSS JOIN identifier i
    ON i.kind = json_extract(j.value, '$[0]') AND i.token = json_extract(j.value, '$[1]')"""
# The last revision, the keys that the next person and the next identifier get, and the edition.
_STATE = f"""SELECT value, (SELECT coalesce(max(key), 0) + 1 FROM applicant),
    (SELECT coalesce(max(key), 0) + 1 FROM identifier), ({EDITION})
    FROM meta WHERE name = 'mark'"""
_PEOPLE = (
    "SELECT t.applicant_id, t.key FROM json_each(?) j CROSS JOIN applicant t ON t.applicant_id = j.value"
)
_LOAD = 1_000  # applications or events in one batch from which on it is taken for a part of a load
# A load touches pages all over the file. They are kept in the writer's own memory, which is bounded, instead
# of being looked at through a map of the whole file, and go back into the file together with those of the
# next batches.
_FOR_A_LOAD = ("cache_size = -196608", "mmap_size = 0", "wal_autocheckpoint = 32768")


class SqliteWriter:
    """One batch. Use once, inside `BEGIN IMMEDIATE`; the caller commits."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        revision, self._new_applicants, self._new_identifiers, self.edition = connection.execute(
            _STATE
        ).fetchone()
        self._mark = revision + 1
        self._applicants: dict[str, int] = {}
        self._identifiers: dict[str, int] = {}  # node -> key
        self._shown: dict[str, Identifier] = {}  # node -> the identifier as the store shows it
        self._packed_mentions: dict[int, int] = {}  # id of a Mention of the batch -> identifier << 2 | role
        self._text: dict[int, str] = {}  # id of a Mention of the batch -> how it is written in a row
        self._batch_mentions = BatchMentions()
        self._new: dict[str, list[int]] = {}  # positions of the accepted facts by table
        self._accepted = 0
        self._known = 0
        self._conflicts: list[tuple[str, int]] = []

    def write(self, facts: Facts) -> Added:
        """Write the batch. The revision grows only when something was new."""
        if len(facts.applications) + len(facts.events) >= _LOAD:
            for setting in _FOR_A_LOAD:
                self._db.execute(f"PRAGMA {setting}")
        kinds = self._intern(facts)
        self._platforms(facts)
        self._merchants(facts)
        self._devices(facts)
        self._applications(facts)
        self._events(facts)
        self._contacts(facts)
        self._simple(
            "outcomes",
            "outcome",
            "application_id, status, at, amount",
            3,
            [outcome_row(o) for o in facts.outcomes],
        )
        self._simple(
            "labels",
            "label",
            "application_id, applicant_id, known_at, source, label, detail",
            5,
            [label_row(x) for x in facts.labels],
        )
        keep_ties(
            self._db,
            self._batch_mentions,
            TieBatch(self._mark, kinds, self._new_applicants, self._new_identifiers),
        )
        revision, entry = self._mark if self._accepted else self._mark - 1, b""
        if self._accepted:
            entry = encode(self._only_new(facts), self._shown)
            self._db.execute(ADD_ENTRY, (revision, entry))
            self._db.execute("UPDATE meta SET value = ? WHERE name = 'mark'", (revision,))
        return Added(
            accepted=self._accepted,
            known=self._known,
            conflicts=tuple(self._conflicts),
            revision=revision,
            entry=entry,
            edition=self.edition,
        )

    # -- people and identifiers

    def _intern(self, facts: Facts) -> dict[int, int]:
        """Assign a key to every person and identifier named; returns the kind codes of the identifiers by
        key.
        """
        people = {a.applicant_id for a in facts.applications}
        people.update(e.applicant_id for e in facts.events)
        people.update(e.counterparty_id for e in facts.events if e.counterparty_id is not None)
        people.update(c.applicant_id for c in facts.contacts)
        people.update(label.applicant_id for label in facts.labels if label.applicant_id is not None)
        self._applicants = self._keys(sorted(people))
        # Whoever reads a delivery makes a mention once and repeats it: it is worth more to tell them apart by
        # `is` than to look inside each.
        mentions = {id(m): m for a in facts.applications for m in a.mentions}
        mentions.update((id(m), m) for e in facts.events for m in e.mentions)
        named: dict[str, Identifier] = {}  # the first to tell of an identifier says how it is shown
        for i in [
            *[m.identifier for m in mentions.values()],
            *[c.phone for c in facts.contacts],
            *[d.identifier for d in facts.devices],
        ]:
            named.setdefault(i.node, i)
        kind_of = {node: KIND_CODE[identifier.kind] for node, identifier in named.items()}
        self._intern_identifiers(named, kind_of)
        keys = self._identifiers
        for which, (identifier, named_as) in mentions.items():
            key, role = keys[identifier.node], ROLE_CODE[named_as]
            self._packed_mentions[which], self._text[which] = key << 2 | role, pack_mentions(((role, key),))
        return {keys[node]: kind for node, kind in kind_of.items()}

    def _keys(self, people: list[str]) -> dict[str, int]:
        if not people:
            return {}
        existing = dict(self._db.execute(_PEOPLE, (_listed(people),)))
        rows = list(enumerate((who for who in people if who not in existing), self._new_applicants))
        if rows:
            self._db.executemany("INSERT INTO applicant(key, applicant_id) VALUES (?, ?)", rows)
            existing.update((who, key) for key, who in rows)
        return existing

    def _intern_identifiers(self, named: Mapping[str, Identifier], kind_of: Mapping[str, int]) -> None:
        # In the order of the index by kind and token: it is as large as the store, and each of its pages is
        # touched once.
        if not named:
            return
        requested = sorted([(kind_of[node], i.token, node) for node, i in named.items()])
        keys, self._shown = self._identifiers, dict(named)
        for position, key, masked, linking in self._db.execute(
            _IDENTIFIERS, (_listed([one[:2] for one in requested]),)
        ):
            node = requested[position][2]
            keys[node], i = key, named[node]
            if masked != i.masked or linking != i.linking:
                self._shown[node] = Identifier(i.kind, i.token, masked, bool(linking))
        fresh = [one for one in requested if one[2] not in keys] if len(keys) < len(requested) else []
        if fresh:
            rows = [
                (key, kind, token, (i := named[node]).masked, i.linking)
                for key, (kind, token, node) in enumerate(fresh, self._new_identifiers)
            ]
            self._db.executemany("INSERT INTO identifier VALUES (?, ?, ?, ?, ?)", rows)
            keys.update((node, key) for key, (_, _, node) in enumerate(fresh, self._new_identifiers))

    def _only_new(self, facts: Facts) -> Facts:
        """The facts that were taken, all in their order."""
        if self._accepted == sum(len(getattr(facts, name)) for name in self._new):
            return facts
        return Facts(
            **{name: tuple([getattr(facts, name)[n] for n in taken]) for name, taken in self._new.items()}
        )

    # -- facts

    def _applications(self, facts: Facts) -> None:
        rows = [
            application_row(a, self._applicants[a.applicant_id], self._packed(a.mentions))
            for a in facts.applications
        ]
        taken = self._take("applications", "application", APPLICATION_COLUMNS, rows)
        self._mentioned([rows[n] for n in taken], [facts.applications[n].mentions for n in taken])

    def _events(self, facts: Facts) -> None:
        people = self._applicants
        rows = [
            event_row(
                e,
                people[e.applicant_id],
                None if e.counterparty_id is None else people[e.counterparty_id],
                self._packed(e.mentions),
            )
            for e in facts.events
        ]
        taken = self._take("events", "event", EVENT_COLUMNS, rows)
        self._mentioned([rows[n] for n in taken], [facts.events[n].mentions for n in taken])

    def _contacts(self, facts: Facts) -> None:
        rows: list[Row] = [
            (
                self._applicants[c.applicant_id],
                self._identifiers[c.phone.node],
                micros(c.at),
                c.relation or "",
            )
            for c in facts.contacts
        ]
        taken = self._simple("contacts", "contact", "applicant, phone, at, relation", 4, rows)
        own, named = ROLE_CODE[Role.OWN], ROLE_CODE[Role.CONTACT]
        message = [(rows[n][1] << 2 | (own if rows[n][3] == "self" else named),) for n in taken]
        self._batch_mentions.add([(rows[n][0], rows[n][2]) for n in taken], message)

    def _platforms(self, facts: Facts) -> None:
        self._simple(
            "platforms",
            "platform",
            "platform_id, type, is_own",
            1,
            [(p.platform_id, p.type.value, int(p.is_own)) for p in facts.platforms],
        )

    def _merchants(self, facts: Facts) -> None:
        rows = [
            (m.merchant_id, m.category, m.city, None if m.opened_at is None else micros(m.opened_at))
            for m in facts.merchants
        ]
        self._simple("merchants", "merchant", "merchant_id, category, city, opened_at", 1, rows)

    def _devices(self, facts: Facts) -> None:
        rows = [
            (self._identifiers[d.identifier.node], d.os, d.model, d.is_emulator, d.is_rooted)
            for d in facts.devices
        ]
        self._simple("devices", "device", "identifier, os, model, is_emulator, is_rooted", 1, rows)

    def _packed(self, mentions: Sequence[Mention]) -> str:
        return ",".join([self._text[id(mention)] for mention in mentions])

    def _mentioned(self, rows: Sequence[Row], mentions: Sequence[Sequence[Mention]]) -> None:
        """Rows of (id, applicant, at, ...) that are new, and what each of them mentions."""
        packed = self._packed_mentions
        self._batch_mentions.add(
            [row[1:3] for row in rows], [[packed[id(mention)] for mention in each] for each in mentions]
        )

    def _take(self, name: str, table: str, columns: str, rows: Sequence[Row]) -> list[int]:
        """Insert rows whose first column is the id; the positions of those that are new."""
        if not rows:
            return []
        sql = f"SELECT {columns} FROM json_each(?) j CROSS JOIN {table} ON {columns.split(',')[0]} = j.value"
        existing = {r[0]: r for r in self._db.execute(sql, (_listed([row[0] for row in rows]),))}
        taken = self._sort_out(name, rows, existing, lambda row: row[0])
        self._insert(table, columns, [rows[n] for n in taken])
        return taken

    def _simple(self, name: str, table: str, columns: str, key_width: int, rows: Sequence[Row]) -> list[int]:
        """Insert rows whose first `key_width` columns are the key; an outcome's key is (application_id, at,
        status).
        """
        if not rows:
            return []
        cached = self._known_rows(table, columns, key_width, rows)
        taken = self._sort_out(name, rows, cached, lambda row: row[:key_width])
        self._insert(table, columns, [rows[n] for n in taken])
        return taken

    def _known_rows(self, table: str, columns: str, key_width: int, rows: Sequence[Row]) -> dict[Any, Row]:
        """What the table holds under the keys of `rows`: one look-up for all by the first column of the key,
        or one a row where that says nothing.
        """
        key = columns.split(", ")[:key_width]
        firsts = {row[0] for row in rows}
        if "" not in firsts:
            # json_each has a `type` and a `key` of its own
            named = ", ".join(f"t.{column}" for column in columns.split(", "))
            sql = f"SELECT {named} FROM json_each(?) j CROSS JOIN {table} t ON t.{key[0]} = j.value"
            return {
                result[:key_width]: result for result in self._db.execute(sql, (_listed(sorted(firsts)),))
            }
        sql = f"SELECT {columns} FROM {table} WHERE {' AND '.join(f'{c} = ?' for c in key)}"
        found_rows = (self._db.execute(sql, row[:key_width]).fetchone() for row in rows)
        return {result[:key_width]: result for result in found_rows if result is not None}

    def _insert(self, table: str, columns: str, rows: Sequence[Row]) -> None:
        if not rows:
            return
        places = ", ".join("?" * (len(columns.split(",")) + 1))
        self._db.executemany(
            f"INSERT INTO {table}({columns}, mark) VALUES ({places})", [(*row, self._mark) for row in rows]
        )

    def _sort_out(
        self, name: str, rows: Sequence[Row], existing: dict[Any, Row], key: Callable[[Row], Any]
    ) -> list[int]:
        """Count what is known and what conflicts (with the store, or earlier in the batch); the positions of
        what is new.
        """
        taken = []
        for n, row in enumerate(rows):
            earlier = existing.get(key(row))
            if earlier is None:
                existing[key(row)] = row
                taken.append(n)
            elif earlier == row:
                self._known += 1
            else:
                self._conflicts.append((name, n))
        self._accepted += len(taken)
        self._new[name] = taken
        return taken


def _listed(values: Sequence[Any]) -> str:
    """Values as JSON, which one statement takes all at once."""
    return orjson.dumps(values).decode()
