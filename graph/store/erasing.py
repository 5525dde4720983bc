"""Plans the erasure of people: everything that is theirs alone gets a surrogate, what others hold too stays
theirs.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

import numpy as np

from graph.facts.tables import KINDS, Column, Tables
from graph.journal.entry import decode
from graph.journal.renaming import renamed_entry
from graph.journal.snapshots import snapshot_of
from graph.model.erasure import SHOWN, Erasure, Renaming, is_surrogate
from graph.model.types import Event, Identifier
from graph.store.erased_codes import ErasedCodes
from graph.store.places import Forgotten, placed
from graph.store.port import GraphStore, GraphView
from graph.store.reach import Reach

_ANY_TIME = datetime.max.replace(tzinfo=UTC)
_ALL = 1_000_000  # events of one person at most: a bound that nobody reaches
_AT_ONCE = 500
MASK = "***"  # what is shown of an identifier of an erased person


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureRequest:
    """Whom a store is to forget, of whom it need not know all.

    `applications` are those of theirs that only a casebook names; one that the store knows of somebody else
    stays. A person's id is refused in facts of before `until`.
    """

    people: Collection[str]
    until: datetime
    applications: Collection[str] = ()


def planned(store: GraphStore, request: ErasureRequest, erased: ErasedCodes) -> Erasure:
    """What the store has to do to forget those people. Surrogates that hold a name of theirs are renewed.
    Raises StoreUnavailableError, and SettingError where there is no key.
    """
    before, upto = store.edition(), store.revision()
    plan = _Plan(store, upto, request, erased)
    renaming = plan.renaming()
    texts = renaming.texts
    entries = {
        revision: body
        for revision, old in store.tail(0, upto)
        if (body := renamed_entry(old, renaming, texts)) is not None
    }
    return Erasure(
        renaming=renaming,
        upto=upto,
        before=before,
        edition=secrets.randbits(63),
        entries=entries,
        refused=erased.codes(renaming, request.until),
    )


class _Plan:
    """One look at a whole store, at one revision."""

    def __init__(self, store: GraphStore, upto: int, request: ErasureRequest, before: ErasedCodes) -> None:
        self._store, self._upto, self._before = store, upto, before
        self._elsewhere = request.applications
        self._view: GraphView = store.view(_ANY_TIME, upto)
        self._tables: Tables = self._view.tables(tokens=True)
        self._reach, self._reached = Reach(self._tables), dict[int, set[int]]()
        ids = self._tables.applicant_ids.tolist()
        self._row = {who: row for row, who in enumerate(ids)}
        self.people = sorted(self._with_renewed(ids, frozenset(request.people)))
        self.rows = [self._row[who] for who in self.people if who in self._row]

    def renaming(self) -> Renaming:
        """The surrogates of all."""
        around = self._around()
        people = self._people(around)
        return Renaming(
            people=people,
            applications=self._applications(around),
            events=self._events(),
            identifiers=self._identifiers(),
        )

    def _with_renewed(self, ids: Sequence[str], asked: frozenset[str]) -> frozenset[str]:
        """Them, and whoever was erased earlier and got a name that holds one of theirs."""
        people, before = asked, frozenset[str]()
        while people != before:
            before = people
            rows = [self._row[who] for who in people if who in self._row]
            of_theirs = np.isin(self._tables.applications["applicant"], rows)
            loans = _that_hold(self._loans[~of_theirs].tolist(), frozenset(self._loans[of_theirs].tolist()))
            owners = self._tables.applications["applicant"][np.isin(self._loans, list(loans))]
            people = people | _that_hold(ids, people) | set(self._tables.applicant_ids[owners].tolist())
        return people

    def _around(self) -> dict[str, set[str]]:
        """Whom each of them can meet in an answer: who is near, and who was in a ring with them."""
        ids = self._tables.applicant_ids
        around = {
            who: set(ids[list(self._met(self._row[who]))].tolist()) if who in self._row else set()
            for who in self.people
        }
        for members in self._rings():
            for who in members & around.keys():
                around[who] |= members - {who}
        return around

    def _met(self, row: int) -> set[int]:
        if row not in self._reached:
            self._reached[row] = self._reach.around(row)
        return self._reached[row]

    def _rings(self) -> Iterator[frozenset[str]]:
        for _, body in self._store.tail(0, self._upto):
            entry = decode(body)
            if len(entry.snapshot):
                for ring in snapshot_of(entry.snapshot.tobytes()).rings:
                    yield frozenset(m.applicant_id for m in ring.members)

    def _people(self, around: Mapping[str, set[str]]) -> dict[str, str]:
        now, forgotten = {who: who for who in self.people}, self._forgotten(self.people)
        for who in self.people:  # one after the other, each among the names that stand by then
            others = (now.get(one, one) for one in around[who])
            now[who] = placed(who, others, SHOWN // 2, forgotten)
        return now

    @cached_property
    def _names(self) -> frozenset[str]:
        events = (one.event_id for one in self._own_events)
        return frozenset((*self.people, *self._mine, *self._elsewhere, *events))

    def _forgotten(self, own_kind: Iterable[str]) -> Forgotten:
        return Forgotten(self._names, frozenset(own_kind), self._before)

    # -- applications

    def _applications(self, around: Mapping[str, set[str]]) -> dict[str, str]:
        now = {loan: loan for loan in self._mine}
        forgotten = self._forgotten((*self._mine, *self._elsewhere))
        for loan, row in sorted(self._mine.items()):
            others = (now.get(one, one) for one in self._beside(row, around))
            now[loan] = placed(loan, others, SHOWN // 2, forgotten)
        known = frozenset(self._loans.tolist())
        nowhere = (loan for loan in sorted(self._elsewhere) if loan not in known)
        return now | {loan: placed(loan, (), SHOWN // 2, forgotten) for loan in nowhere}

    @cached_property
    def _loans(self) -> Column:
        return self._tables.applications["application_id"]

    @cached_property
    def _mine(self) -> dict[str, int]:
        """Their applications by id, with their rows."""
        rows = np.flatnonzero(np.isin(self._tables.applications["applicant"], self.rows))
        return {self._loans[row]: int(row) for row in rows}

    @cached_property
    def _rows_of_person(self) -> Mapping[int, list[int]]:
        rows: dict[int, list[int]] = defaultdict(list)
        for row, person in enumerate(self._tables.applications["applicant"].tolist()):
            rows[person].append(row)
        return rows

    @cached_property
    def _rows_of_moment(self) -> Mapping[int, list[int]]:
        moments = self._tables.applications["at"]
        theirs = np.isin(moments, moments[list(self._mine.values())])
        rows: dict[int, list[int]] = defaultdict(list)
        for row in np.flatnonzero(theirs).tolist():
            rows[int(moments[row])].append(row)
        return rows

    def _beside(self, row: int, around: Mapping[str, set[str]]) -> Iterator[str]:
        """The applications that can stand in one list with that one: of whom its applicant can meet, and of
        the same moment at the same shop or agent.
        """
        columns = self._tables.applications
        person = int(columns["applicant"][row])
        near = (self._row[one] for one in around[self._tables.applicant_ids[person]] if one in self._row)
        for other in (person, *near):
            yield from self._loans[self._rows_of_person.get(other, [])].tolist()
        for other in self._rows_of_moment[int(columns["at"][row])]:
            if any(columns[at][other] == columns[at][row] >= 0 for at in ("merchant", "agent")):
                yield self._loans[other]

    # -- events

    def _events(self) -> dict[str, str]:
        mine = self._own_events
        met = {one.counterparty_id for one in mine if one.counterparty_id is not None}
        at = defaultdict(set)
        for one in (*mine, *self._events_about(sorted(met))):
            at[one.at].add(one.event_id)
        now = {one.event_id: one.event_id for one in mine}
        forgotten = self._forgotten(now)
        for one in mine:
            others = (now.get(other, other) for other in at[one.at])
            now[one.event_id] = placed(one.event_id, others, 0, forgotten)
        return now

    @cached_property
    def _own_events(self) -> list[Event]:
        people = frozenset(self.people)
        return [one for one in self._events_about(self.people) if one.applicant_id in people]

    def _events_about(self, people: Iterable[str]) -> list[Event]:
        """Their events, and those of others towards them, each once."""
        known = [who for who in people if who in self._row]
        found: dict[str, Event] = {}
        for first in range(0, len(known), _AT_ONCE):
            some = known[first : first + _AT_ONCE]
            for each in (self._view.events_of(some, _ALL), self._view.dealings_of(some, _ALL)):
                found.update((one.event_id, one) for events in each.values() for one in events)
        return [found[event] for event in sorted(found)]

    # -- identifiers

    def _identifiers(self) -> dict[str, Identifier]:
        """Those that nobody else holds; somebody who was erased is nobody."""
        nobody = {row for who, row in self._row.items() if is_surrogate(who)} | set(self.rows)
        tokens, now = self._tables.identifiers["token"], dict[int, str]()
        forgotten = self._forgotten(())
        for row in self.rows:
            for thing in self._reach.things(row).tolist():
                held_by = set(self._reach.holders(thing).tolist())
                if held_by <= nobody and thing not in now:
                    others = (now.get(one, tokens[one]) for one in self._beside_thing(thing, held_by))
                    shown = SHOWN if len(held_by) > 1 else 0
                    now[thing] = placed(tokens[thing], others, shown, forgotten)
        named = ((self._identifier(thing), token) for thing, token in now.items())
        return {one.node: replace(one, token=token, masked=MASK) for one, token in named}

    def _beside_thing(self, thing: int, held_by: set[int]) -> set[int]:
        """The identifiers that can stand in one list with that one: its holders' own; and where it leads on,
        those of whom they can meet.
        """
        people = set(held_by)
        if len(held_by) > 1:
            people.update(*(self._met(row) for row in held_by))
        return {one for row in people for one in self._reach.things(row).tolist()} - {thing}

    def _identifier(self, thing: int) -> Identifier:
        columns = self._tables.identifiers
        kind = KINDS[columns["kind"][thing]]
        return Identifier(kind, columns["token"][thing], linking=bool(columns["linking"][thing]))


def _that_hold(names: Iterable[str], erased: frozenset[str]) -> frozenset[str]:
    """Surrogates of earlier erasures that hold one of these names."""
    return frozenset(
        name for name in names if is_surrogate(name) and any(one in name and one != name for one in erased)
    )
