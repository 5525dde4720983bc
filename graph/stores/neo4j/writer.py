"""Adds batches of facts inside one transaction: looks up what is known, sorts rows into new, known and
conflicting, writes the new ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from graph.journal.encode import encode
from graph.model.moments import micros
from graph.model.types import Added, Application, Contact, Facts, Identifier, Mention, Role
from graph.store.forgetting import StoreState
from graph.stores.neo4j import codec
from graph.stores.neo4j.batch import (
    FIELDS,
    FactBatch,
    RowTable,
    SortedRows,
    joined,
    lookup_keys,
    marks_of,
    shown_in,
    sort_out,
)
from graph.stores.neo4j.codec import Row
from graph.stores.neo4j.cypher.write import ALL_KNOWN, ALL_NEW, CORRECT, CORRECT_ENTRIES, KNOWN, NEW, TIES

Ask = Callable[..., list[list[Any]]]
Key = Any


class EditionChangedError(Exception):
    """People were erased since it was known who was: nothing is written."""


class Neo4jWriter:
    """Writes one or more batches in one transaction, each as its own revision. `ask` runs a statement and
    returns its rows.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def write(self, batches: Sequence[Facts], edition: int = 0) -> list[Added]:
        """Write the batches in order. The revision grows by one with each that adds something.

        Raises EditionChangedError, before anything is written, where the store is of another edition; 0 is
        any.
        """
        facts, owner = joined(batches)
        batch = FactBatch.of(facts)
        state, existing = self.known(batch.tables)
        if edition not in (0, state.edition):
            raise EditionChangedError
        sorted_rows = sort_out(batch.tables, existing)
        beyond, added = marks_of(len(batches), state, sorted_rows, owner)
        each_beyond = {name: [beyond[n] for n in owner[name]] for name in batch.tables}
        self._put(batch, sorted_rows, each_beyond, _entries(facts, sorted_rows.new, each_beyond, batch.shown))
        return added

    def write_one(self, application: Application, edition: int = 0) -> Added | None:
        """Write one new application (the usual live case) in a single statement.

        None, and nothing of it is written, where it is known, names an identifier in another form than the
        store's, or the store is of another edition.
        """
        batch, everything = (
            FactBatch.of(Facts(applications=(application,))),
            SortedRows(new={"applications": [0]}),
        )
        entry = encode(batch.facts, batch.shown)
        state = self._put(
            batch,
            everything,
            {"applications": [1]},
            [[1, entry]],
            unless=(application.application_id, edition),
        )
        return (
            None
            if state is None
            else Added(accepted=1, known=0, conflicts=(), entry=entry, **state._asdict())
        )

    def known(self, tables: Mapping[str, RowTable]) -> tuple[StoreState, dict[str, list[Row]]]:
        """The state so far, under the writers' lock, and the rows that the store has under the keys of the
        batch.
        """
        parameters = {
            f"keys_{name}": lookup_keys(name, tables[name]) if name in tables else [] for name in KNOWN
        }
        [[revision, edition, *cached]] = self._ask(ALL_KNOWN, **parameters)
        return StoreState(int(revision), int(edition)), dict(zip(KNOWN, cached, strict=True))

    def _put(
        self,
        batch: FactBatch,
        sorted_rows: SortedRows,
        beyond: Mapping[str, list[int]],
        entries: list[Row],
        *,
        unless: tuple[str, int] = ("", 0),
    ) -> StoreState | None:
        """Write what is new and the journal's entries; `beyond` says by how much each row's revision is
        beyond the store's.

        The state then, None where the application of `unless` is known, or the edition another one.
        """
        rows = {
            name: [[*batch.tables[name].rows[n], beyond[name][n]] for n in positions]
            for name, positions in sorted_rows.new.items()
        }
        named = _Named.of(batch, rows)
        given: dict[str, Any] = {f"new_{name}": named.placed(name, rows.get(name, [])) for name in NEW}
        given |= {
            f"ties_{role}": ties
            for role, ties in zip(TIES, _ties(batch.facts, sorted_rows.new, beyond, named), strict=True)
        }
        given |= {"entries": entries}
        advance = max((row[-1] for values in rows.values() for row in values), default=0)
        given |= {"people": list(named.people), "identifiers": named.identifiers}
        given |= {
            "lenders": list(named.lenders),
            "merchants": list(named.merchants),
            "agents": list(named.agents),
        }
        answer = self._ask(ALL_NEW, **given, unless=unless[0], edition=unless[1], advance=advance)
        if not answer:
            return None
        [[revision, edition, otherwise]] = answer
        if otherwise:
            first = batch.shown
            stored = {
                node: Identifier(first[node].kind, first[node].token, masked, linking)
                for node, masked, linking in otherwise
            }
            self._correct(batch.facts, sorted_rows.new, stored)
            self._ask(
                CORRECT_ENTRIES,
                base=revision,
                entries=_entries(batch.facts, sorted_rows.new, beyond, {**first, **stored}),
            )
        return StoreState(int(revision) + advance, int(edition))

    def _correct(self, facts: Facts, new: Mapping[str, list[int]], stored: Mapping[str, Identifier]) -> None:
        """Write the mentions of new facts again where they show an identifier otherwise than the store
        does.
        """
        pack = codec.packer({**shown_in(facts), **stored})
        for name, text in CORRECT.items():
            given: Sequence[Any] = getattr(facts, name)
            touched: list[Any] = [
                given[n]
                for n in new.get(name, ())
                if any(m.identifier.node in stored for m in given[n].mentions)
            ]
            rows = [
                [f.application_id if name == "applications" else f.event_id, pack(f.mentions)]
                for f in touched
            ]
            if rows:
                self._ask(text, rows=rows)


def only_application(facts: Facts) -> Application | None:
    """The only fact of a batch where that is an application: a live request waits for it."""
    return (
        facts.applications[0]
        if sum(len(getattr(facts, name)) for name in FIELDS) == len(facts.applications) == 1
        else None
    )


def _entries(
    facts: Facts,
    new: Mapping[str, list[int]],
    beyond: Mapping[str, list[int]],
    shown: Mapping[str, Identifier],
) -> list[Row]:
    """(by how much its revision is beyond the store's, entry of the journal) of each revision that brings
    something new.
    """
    brought: dict[int, dict[str, list[Any]]] = {}
    for name, positions in new.items():
        rows: Sequence[Any] = getattr(facts, name)
        for n in positions:
            brought.setdefault(beyond[name][n], {}).setdefault(name, []).append(rows[n])
    return [
        [revision, encode(Facts(**{name: tuple(rows) for name, rows in each.items()}), shown)]
        for revision, each in sorted(brought.items())
    ]


def _people(facts: Facts) -> set[str | None]:
    named = (
        {a.applicant_id for a in facts.applications}
        | {e.applicant_id for e in facts.events}
        | {c.applicant_id for c in facts.contacts}
    )
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
    def of(cls, batch: FactBatch, new: Mapping[str, list[Row]]) -> _Named:
        """Companies are those of the new rows alone."""
        applications, events = new.get("applications", []), new.get("events", [])
        return cls(
            people=_placed(_people(batch.facts)),
            lenders=_placed({row[3] for row in applications}),
            merchants=_placed({row[7] for row in applications} | {row[5] for row in events}),
            agents=_placed({row[8] for row in applications}),
            places={node: n for n, node in enumerate(batch.shown)},
            identifiers=[codec.identifier_row(i) for i in batch.shown.values()],
        )

    def placed(self, name: str, rows: list[Row]) -> list[Row]:
        """The rows of a table, with the places of whom and what they are about at the end."""
        people, places = self.people, self.places
        if name == "applications":
            lenders, merchants, agents = self.lenders, self.merchants, self.agents
            return [
                [*row, people[row[1]], lenders[row[3]], merchants.get(row[7]), agents.get(row[8])]
                for row in rows
            ]
        if name == "events":
            return [[*row, people[row[1]], people.get(row[4]), self.merchants.get(row[5])] for row in rows]
        if name == "contacts":
            return [[*row, people[row[0]], places[row[1]]] for row in rows]
        return [[*row, places[row[0]]] for row in rows] if name == "devices" else rows


def _ties(
    facts: Facts, new: Mapping[str, list[int]], mark_of: Mapping[str, list[int]], named: _Named
) -> list[list[Row]]:
    """The mentions of the new facts, for each role: (place of the person, [what is said of each identifier,
    as cypher_write.TIES takes it]).
    """
    rows: list[dict[int, dict[int, dict[int, int]]]] = [{}, {}, {}]
    people, places = named.people, named.places
    for who, mention, at, revision in _spoken(facts, new, mark_of):
        role = mention.role
        of_role = rows[0 if role is Role.OWN else 1 if role is Role.CONTACT else 2]
        times = of_role.setdefault(people[who], {}).setdefault(places[mention.identifier.node], {})
        if times.get(at, revision) >= revision:
            times[at] = revision
    return [
        [[who, [_tie_row(place, times) for place, times in held.items()]] for who, held in of_role.items()]
        for of_role in rows
    ]


def _tie_row(place: int, times: dict[int, int]) -> Row:
    """(place of the identifier, first mention, its revision), and of several (latest mention, highest
    revision, [(mention, its revision)]).
    """
    if len(times) == 1:
        [(at, revision)] = times.items()
        return [place, at, revision]
    first = min(times)
    return [place, first, times[first], max(times), max(times.values()), sorted(times.items())]


def _spoken(
    facts: Facts, new: Mapping[str, list[int]], mark_of: Mapping[str, list[int]]
) -> Iterator[tuple[str, Mention, int, int]]:
    """(applicant, mention, moment, revision) of every new fact."""
    for n in new.get("applications", ()):
        a = facts.applications[n]
        at, revision = micros(a.applied_at), mark_of["applications"][n]
        for mention in a.mentions:
            yield a.applicant_id, mention, at, revision
    for n in new.get("events", ()):
        e = facts.events[n]
        at, revision = micros(e.at), mark_of["events"][n]
        for mention in e.mentions:
            yield e.applicant_id, mention, at, revision
    for n in new.get("contacts", ()):
        contact = facts.contacts[n]
        yield contact.applicant_id, _as_mention(contact), micros(contact.at), mark_of["contacts"][n]


def _as_mention(contact: Contact) -> Mention:
    return Mention(contact.phone, Role.OWN if contact.relation == "self" else Role.CONTACT)
