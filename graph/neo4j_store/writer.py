"""Adds one batch of facts inside one transaction: asks what is known of it, sorts new from known from conflicting, writes what is new."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from graph.model import Added, Contact, Facts, Identifier, Mention, Role
from graph.moments import micros
from graph.neo4j_store import codec
from graph.neo4j_store.codec import Row
from graph.neo4j_store.cypher_write import ALL_KNOWN, ALL_NEW, CORRECT, KNOWN, NEW, TIES

Ask = Callable[..., list[list[Any]]]
Key = Any
TieKey = tuple[Role, str, str]


@dataclass(frozen=True)
class _Table:
    """One table of a batch: its rows, and how a row's key is read."""

    rows: list[Row]
    key: Callable[[Sequence[Any]], Key]


@dataclass
class _Sorted:
    """What became of a batch's rows: the positions of the new ones by table, how many are known, and which conflict."""

    new: dict[str, list[int]] = field(default_factory=dict)
    known: int = 0
    conflicts: list[tuple[str, int]] = field(default_factory=list)


class Writer:
    """Several batches in one transaction, each with its mark; most often one. `ask` runs a statement and gives its rows."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def write(self, batches: Sequence[Facts]) -> list[Added]:
        """Take the batches one after the other. The mark grows by one with each that brings something new."""
        facts, owner = _joined(batches)
        tables = _tables(facts, _as_given)
        if _is_one_application(facts):
            everything = _Sorted(new={"applications": [0]})
            mark = self._put(facts, tables, everything, {"applications": [1]}, unless=facts.applications[0].application_id)
            if mark is not None:
                return [Added(accepted=1, known=0, conflicts=(), mark=mark)]
        mark, known = self._known(tables)
        sorted_rows = _sort_out(tables, known)
        beyond, added = _marks(len(batches), mark, sorted_rows, owner)
        self._put(facts, tables, sorted_rows, {name: [beyond[batch] for batch in owner[name]] for name in tables})
        return added

    def _known(self, tables: Mapping[str, _Table]) -> tuple[int, dict[str, list[Row]]]:
        """The mark so far, under the writers' lock, and the rows that the store has under the keys of the batch."""
        asked = {f"keys_{name}": _asked(name, tables[name]) if name in tables else [] for name in KNOWN}
        [[mark, *known]] = self._ask(ALL_KNOWN, **asked)
        return int(mark), dict(zip(KNOWN, known, strict=True))

    def _put(self, facts: Facts, tables: Mapping[str, _Table], found: _Sorted, beyond: Mapping[str, list[int]], *, unless: str = "") -> int | None:
        """Write what is new, `beyond` says by how much each row's mark is beyond the store's: the mark then, None where `unless` is known."""
        ties = _ties(facts, found.new, beyond)
        given: dict[str, Any] = {"people": _people(facts), "identifiers": [codec.identifier_row(i) for i in _identifiers(facts)], "unless": unless}
        given |= {f"new_{name}": [[*tables[name].rows[n], beyond[name][n]] for n in found.new.get(name, ())] for name in NEW}
        given |= {f"ties_{role}": ties.get(role, []) for role in TIES}
        advance = max((beyond[name][n] for name, positions in found.new.items() for n in positions), default=0)
        rows = self._ask(ALL_NEW, **given, advance=advance)
        if not rows:
            return None
        [[mark, otherwise]] = rows
        if otherwise:
            self._correct(facts, found, {node: (masked, linking) for node, masked, linking in otherwise})
        return int(mark) + advance

    def _correct(self, facts: Facts, found: _Sorted, otherwise: Mapping[str, tuple[str, bool]]) -> None:
        """Write the mentions of new facts again where they show an identifier otherwise than the store does."""

        def stored(identifier: Identifier) -> Identifier:
            masked, linking = otherwise.get(identifier.node, (identifier.masked, identifier.linking))
            return Identifier(identifier.kind, identifier.token, masked, linking)

        for name, text in CORRECT.items():
            given: Sequence[Any] = getattr(facts, name)
            touched: list[Any] = [given[n] for n in found.new.get(name, ()) if any(m.identifier.node in otherwise for m in given[n].mentions)]
            rows = [[f.application_id if name == "applications" else f.event_id, codec.pack_mentions(f.mentions, stored)] for f in touched]
            if rows:
                self._ask(text, rows=rows)


def _joined(batches: Sequence[Facts]) -> tuple[Facts, dict[str, list[int]]]:
    """The batches as one, and for each row of each table the batch it is of."""
    if len(batches) == 1:
        return batches[0], {name: [0] * len(getattr(batches[0], name)) for name in _FIELDS}
    rows = {name: [(fact, n) for n, facts in enumerate(batches) for fact in getattr(facts, name)] for name in _FIELDS}
    return Facts(**{name: tuple(f for f, _ in told) for name, told in rows.items()}), {name: [n for _, n in told] for name, told in rows.items()}


def _tables(facts: Facts, stored: codec.Same) -> dict[str, _Table]:
    """The tables of a batch that have rows."""
    made = {
        "platforms": _Table([codec.platform_row(p) for p in facts.platforms], _first),
        "merchants": _Table([codec.merchant_row(m) for m in facts.merchants], _first),
        "devices": _Table([codec.device_row(d) for d in facts.devices], _first),
        "applications": _Table([codec.application_row(a, stored) for a in facts.applications], _first),
        "events": _Table([codec.event_row(e, stored) for e in facts.events], _first),
        "contacts": _Table([codec.contact_row(c) for c in facts.contacts], tuple),
        "outcomes": _Table([codec.outcome_row(o) for o in facts.outcomes], lambda row: (row[0], row[1], row[2])),
        "labels": _Table([codec.label_row(label) for label in facts.labels], lambda row: tuple(row[:4])),
    }
    return {name: table for name, table in made.items() if table.rows}


def _asked(name: str, table: _Table) -> list[Any]:
    """The keys to look up; of contacts, the people whose lists are read."""
    if name == "contacts":
        return sorted({row[0] for row in table.rows})
    return [list(key) if isinstance(key, tuple) else key for key in dict.fromkeys(map(table.key, table.rows))]


def _sort_out(tables: Mapping[str, _Table], known: Mapping[str, list[Row]]) -> _Sorted:
    """Tell new from known from conflicting, with the store and earlier in the batch."""
    found = _Sorted()
    for name, table in tables.items():
        earlier = {table.key(row): row for row in known[name]}
        positions = found.new[name] = []
        for n, row in enumerate(table.rows):
            told = earlier.get(table.key(row))
            if told is None:
                earlier[table.key(row)] = row
                positions.append(n)
            elif _same(name, told, row):
                found.known += 1
            else:
                found.conflicts.append((name, n))
    return found


def _same(name: str, told: Row, row: Row) -> bool:
    place = _MENTIONS.get(name)
    if place is None:
        return told == row
    return told[:place] == row[:place] and told[place + 1 :] == row[place + 1 :] and _named(told[place]) == _named(row[place])


def _named(mentions: str | None) -> list[tuple[Any, ...]]:
    """Who is named in which role, however it is shown."""
    return [tuple(mention[:3]) for mention in json.loads(mentions)] if mentions else []


def _marks(batches: int, mark: int, found: _Sorted, owner: Mapping[str, list[int]]) -> tuple[list[int], list[Added]]:
    """By how much each batch's mark is beyond the store's, and what is said of it; with several batches the known ones are told with the last."""
    accepted = [0] * batches
    for name, positions in found.new.items():
        for n in positions:
            accepted[owner[name][n]] += 1
    beyond = list(accumulate(int(count > 0) for count in accepted))
    added = [Added(accepted=n, known=0, conflicts=(), mark=mark + b) for n, b in zip(accepted, beyond, strict=True)]
    if added:
        added[-1] = Added(accepted=accepted[-1], known=found.known, conflicts=tuple(found.conflicts), mark=mark + beyond[-1])
    return beyond, added


def _is_one_application(facts: Facts) -> bool:
    """Whether that is all: it comes from somebody who waits, and is new nearly always."""
    return len(facts.applications) == 1 and sum(len(getattr(facts, name)) for name in _FIELDS) == 1


def _people(facts: Facts) -> list[str]:
    """Everybody whom the facts name, in a fixed order so that no two writers wait for each other."""
    named = {a.applicant_id for a in facts.applications} | {e.applicant_id for e in facts.events} | {c.applicant_id for c in facts.contacts}
    named |= {e.counterparty_id for e in facts.events if e.counterparty_id is not None}
    return sorted(named | {label.applicant_id for label in facts.labels if label.applicant_id is not None})


def _identifiers(facts: Facts) -> list[Identifier]:
    """Every identifier that the facts name, once, as the first of them shows it."""
    mentions = [*(a.mentions for a in facts.applications), *(e.mentions for e in facts.events)]
    spoken = [m.identifier for each in mentions for m in each]
    return list({i: i for i in reversed([*spoken, *(c.phone for c in facts.contacts), *(d.identifier for d in facts.devices)])}.values())


def _ties(facts: Facts, new: Mapping[str, list[int]], mark_of: Mapping[str, list[int]]) -> dict[str, list[Row]]:
    """The mentions of the new facts by role: (applicant, [(node, times ascending, the mark that told each first)])."""
    told: dict[TieKey, dict[int, int]] = {}
    for who, mention, at, mark in _spoken(facts, new, mark_of):
        times = told.setdefault((mention.role, who, mention.identifier.node), {})
        times[at] = min(mark, times.get(at, mark))
    rows: dict[str, dict[str, list[Row]]] = {}
    for (role, who, node), times in told.items():
        ordered = sorted(times)
        rows.setdefault(role.value, {}).setdefault(who, []).append([node, ordered, [times[at] for at in ordered]])
    return {role: [[who, of_one[who]] for who in sorted(of_one)] for role, of_one in rows.items()}


def _spoken(facts: Facts, new: Mapping[str, list[int]], mark_of: Mapping[str, list[int]]) -> Iterator[tuple[str, Mention, int, int]]:
    """(applicant, mention, moment, mark) of every new fact."""
    for n in new.get("applications", ()):
        a = facts.applications[n]
        yield from ((a.applicant_id, mention, micros(a.applied_at), mark_of["applications"][n]) for mention in a.mentions)
    for n in new.get("events", ()):
        e = facts.events[n]
        yield from ((e.applicant_id, mention, micros(e.at), mark_of["events"][n]) for mention in e.mentions)
    for n in new.get("contacts", ()):
        contact = facts.contacts[n]
        yield contact.applicant_id, _as_mention(contact), micros(contact.at), mark_of["contacts"][n]


def _as_mention(contact: Contact) -> Mention:
    return Mention(contact.phone, Role.OWN if contact.relation == "self" else Role.CONTACT)


def _as_given(identifier: Identifier) -> Identifier:
    return identifier


def _first(row: Sequence[Any]) -> Key:
    return row[0]


_FIELDS = tuple(Facts.__dataclass_fields__)
_MENTIONS = {"applications": 16, "events": 7}
