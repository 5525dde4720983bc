"""Adds one batch of facts inside one transaction: asks what is known of it, sorts new from known from conflicting, writes what is new."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from graph.model import Added, Application, Contact, Facts, Identifier, Mention, Role
from graph.moments import micros
from graph.neo4j_store import codec
from graph.neo4j_store.codec import Row
from graph.neo4j_store.cypher_write import ALL_KNOWN, ALL_NEW, CORRECT, KNOWN, NEW, TIES

Ask = Callable[..., list[list[Any]]]
Key = Any


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
        tables = _tables(facts)
        mark, known = self.known(tables)
        sorted_rows = _sort_out(tables, known)
        beyond, added = _marks(len(batches), mark, sorted_rows, owner)
        self._put(facts, tables, sorted_rows, {name: [beyond[batch] for batch in owner[name]] for name in tables})
        return added

    def write_one(self, application: Application) -> Added | None:
        """Take an application that is new, as a live one nearly always is, in one statement.

        None, and nothing of it is written, where it is known or names an identifier in another form than the store's.
        """
        facts = Facts(applications=(application,))
        everything = _Sorted(new={"applications": [0]})
        mark = self._put(facts, _tables(facts), everything, {"applications": [1]}, unless=application.application_id)
        return None if mark is None else Added(accepted=1, known=0, conflicts=(), mark=mark)

    def known(self, tables: Mapping[str, _Table]) -> tuple[int, dict[str, list[Row]]]:
        """The mark so far, under the writers' lock, and the rows that the store has under the keys of the batch."""
        asked = {f"keys_{name}": _asked(name, tables[name]) if name in tables else [] for name in KNOWN}
        [[mark, *known]] = self._ask(ALL_KNOWN, **asked)
        return int(mark), dict(zip(KNOWN, known, strict=True))

    def _put(self, facts: Facts, tables: Mapping[str, _Table], found: _Sorted, beyond: Mapping[str, list[int]], *, unless: str = "") -> int | None:
        """Write what is new, `beyond` says by how much each row's mark is beyond the store's: the mark then, None where `unless` is known."""
        rows = {name: [[*tables[name].rows[n], beyond[name][n]] for n in positions] for name, positions in found.new.items()}
        named = _Named.of(facts, rows)
        given: dict[str, Any] = {f"new_{name}": named.placed(name, rows.get(name, [])) for name in NEW}
        given |= {f"ties_{role}": ties for role, ties in zip(TIES, _ties(facts, found.new, beyond, named), strict=True)}
        advance = max((row[-1] for told in rows.values() for row in told), default=0)
        given |= {"people": list(named.people), "identifiers": named.identifiers}
        given |= {"lenders": list(named.lenders), "merchants": list(named.merchants), "agents": list(named.agents)}
        answer = self._ask(ALL_NEW, **given, unless=unless, advance=advance)
        if not answer:
            return None
        [[mark, otherwise]] = answer
        if otherwise:
            self._correct(facts, found, {node: (masked, linking) for node, masked, linking in otherwise})
        return int(mark) + advance

    def _correct(self, facts: Facts, found: _Sorted, otherwise: Mapping[str, tuple[str, bool]]) -> None:
        """Write the mentions of new facts again where they show an identifier otherwise than the store does."""

        def stored(identifier: Identifier) -> Identifier:
            masked, linking = otherwise.get(identifier.node, (identifier.masked, identifier.linking))
            return Identifier(identifier.kind, identifier.token, masked, linking)

        pack = codec.packer(stored)
        for name, text in CORRECT.items():
            given: Sequence[Any] = getattr(facts, name)
            touched: list[Any] = [given[n] for n in found.new.get(name, ()) if any(m.identifier.node in otherwise for m in given[n].mentions)]
            rows = [[f.application_id if name == "applications" else f.event_id, pack(f.mentions)] for f in touched]
            if rows:
                self._ask(text, rows=rows)


def only_application(facts: Facts) -> Application | None:
    """The application that is all of a batch: it comes from somebody who waits."""
    return facts.applications[0] if sum(len(getattr(facts, name)) for name in _FIELDS) == len(facts.applications) == 1 else None


def _joined(batches: Sequence[Facts]) -> tuple[Facts, dict[str, list[int]]]:
    """The batches as one, and for each row of each table the batch it is of."""
    if len(batches) == 1:
        return batches[0], {name: [0] * len(getattr(batches[0], name)) for name in _FIELDS}
    rows = {name: [(fact, n) for n, facts in enumerate(batches) for fact in getattr(facts, name)] for name in _FIELDS}
    return Facts(**{name: tuple(f for f, _ in told) for name, told in rows.items()}), {name: [n for _, n in told] for name, told in rows.items()}


def _tables(facts: Facts) -> dict[str, _Table]:
    """The tables of a batch that have rows."""
    pack = codec.packer()
    made = {
        "platforms": _Table([codec.platform_row(p) for p in facts.platforms], _first),
        "merchants": _Table([codec.merchant_row(m) for m in facts.merchants], _first),
        "devices": _Table([codec.device_row(d) for d in facts.devices], _first),
        "applications": _Table([codec.application_row(a, pack) for a in facts.applications], _first),
        "events": _Table([codec.event_row(e, pack) for e in facts.events], _first),
        "contacts": _Table([codec.contact_row(c) for c in facts.contacts], tuple),
        "outcomes": _Table([codec.outcome_row(o) for o in facts.outcomes], lambda row: (row[0], row[1], row[2])),
        "labels": _Table([codec.label_row(label) for label in facts.labels], lambda row: tuple(row[:5])),
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


def _people(facts: Facts) -> set[str | None]:
    named = {a.applicant_id for a in facts.applications} | {e.applicant_id for e in facts.events} | {c.applicant_id for c in facts.contacts}
    return named | {e.counterparty_id for e in facts.events} | {label.applicant_id for label in facts.labels}


def _placed(named: Set[str] | Set[str | None]) -> dict[str, int]:
    """The place of each, in a fixed order so that no two writers wait for each other."""
    return {each: n for n, each in enumerate(sorted(each for each in named if each is not None))}


@dataclass(frozen=True)
class _Named:
    """Whom and what a batch names: the server looks each up once, and rows say which by its place."""

    people: dict[str, int]
    lenders: dict[str, int]
    merchants: dict[str, int]
    agents: dict[str, int]
    places: dict[str, int]  # of identifiers, by node
    identifiers: list[Row]

    @classmethod
    def of(cls, facts: Facts, new: Mapping[str, list[Row]]) -> _Named:
        """An identifier is shown as the first fact to name it shows it. Companies are those of the new rows alone."""
        mentions = [*(a.mentions for a in facts.applications), *(e.mentions for e in facts.events)]
        spoken = [m.identifier for each in mentions for m in each]
        first: dict[str, Identifier] = {}
        for i in (*spoken, *(c.phone for c in facts.contacts), *(d.identifier for d in facts.devices)):
            first.setdefault(i.node, i)
        applications, events = new.get("applications", []), new.get("events", [])
        return cls(
            people=_placed(_people(facts)),
            lenders=_placed({row[3] for row in applications}),
            merchants=_placed({row[7] for row in applications} | {row[5] for row in events}),
            agents=_placed({row[8] for row in applications}),
            places={node: n for n, node in enumerate(first)},
            identifiers=[codec.identifier_row(i) for i in first.values()],
        )

    def placed(self, name: str, rows: list[Row]) -> list[Row]:
        """The rows of a table, with the places of whom and what they are about at the end."""
        people, places = self.people, self.places
        if name == "applications":
            lenders, merchants, agents = self.lenders, self.merchants, self.agents
            return [[*row, people[row[1]], lenders[row[3]], merchants.get(row[7]), agents.get(row[8])] for row in rows]
        if name == "events":
            return [[*row, people[row[1]], people.get(row[4]), self.merchants.get(row[5])] for row in rows]
        if name == "contacts":
            return [[*row, people[row[0]], places[row[1]]] for row in rows]
        return [[*row, places[row[0]]] for row in rows] if name == "devices" else rows


def _ties(facts: Facts, new: Mapping[str, list[int]], mark_of: Mapping[str, list[int]], named: _Named) -> list[list[Row]]:
    """The mentions of the new facts, for each role: (place of the person, [what is said of each identifier, as cypher_write.TIES takes it])."""
    told: list[dict[int, dict[int, dict[int, int]]]] = [{}, {}, {}]
    people, places = named.people, named.places
    for who, mention, at, mark in _spoken(facts, new, mark_of):
        role = mention.role
        of_role = told[0 if role is Role.OWN else 1 if role is Role.CONTACT else 2]
        times = of_role.setdefault(people[who], {}).setdefault(places[mention.identifier.node], {})
        if times.get(at, mark) >= mark:
            times[at] = mark
    return [[[who, [_told(place, times) for place, times in held.items()]] for who, held in of_role.items()] for of_role in told]


def _told(place: int, times: dict[int, int]) -> Row:
    """(place of the identifier, first mention, its mark), and of several (latest mention, highest mark, [(mention, its mark)])."""
    if len(times) == 1:
        [(at, mark)] = times.items()
        return [place, at, mark]
    first = min(times)
    return [place, first, times[first], max(times), max(times.values()), sorted(times.items())]


def _spoken(facts: Facts, new: Mapping[str, list[int]], mark_of: Mapping[str, list[int]]) -> Iterator[tuple[str, Mention, int, int]]:
    """(applicant, mention, moment, mark) of every new fact."""
    for n in new.get("applications", ()):
        a = facts.applications[n]
        at, mark = micros(a.applied_at), mark_of["applications"][n]
        for mention in a.mentions:
            yield a.applicant_id, mention, at, mark
    for n in new.get("events", ()):
        e = facts.events[n]
        at, mark = micros(e.at), mark_of["events"][n]
        for mention in e.mentions:
            yield e.applicant_id, mention, at, mark
    for n in new.get("contacts", ()):
        contact = facts.contacts[n]
        yield contact.applicant_id, _as_mention(contact), micros(contact.at), mark_of["contacts"][n]


def _as_mention(contact: Contact) -> Mention:
    return Mention(contact.phone, Role.OWN if contact.relation == "self" else Role.CONTACT)


def _first(row: Sequence[Any]) -> Key:
    return row[0]


_FIELDS = tuple(Facts.__dataclass_fields__)
_MENTIONS = {"applications": 16, "events": 7}
