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
from typing import NamedTuple

import numpy as np

from graph.facts.lists import Lists
from graph.facts.tables import KINDS, Column, Tables
from graph.journal.entry import decode
from graph.journal.pages import numbered
from graph.journal.renaming import renamed_entry
from graph.journal.snapshots import SnapshotText
from graph.model.erasure import SHOWN, Erasure, Renaming, is_surrogate
from graph.model.types import Identifier
from graph.progress import ProgressBar, bar
from graph.store.erased_codes import ErasedCodes
from graph.store.places import Forgotten, placed
from graph.store.port import GraphStore, GraphView
from graph.store.reach import Reach
from graph.store.standing import Few, Standing

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
    with bar("planning", None, "names") as progress:
        renaming = _Plan(store, upto, request, erased, progress).renaming()
    texts = renaming.texts
    entries = dict[tuple[int, int], bytes]()
    with bar("planning the journal", upto, "entries") as progress:
        for revision, number, old in numbered(store.tail(0, upto)):
            if (body := renamed_entry(old, renaming, texts)) is not None:
                entries[revision, number] = body
            progress.update(0 if number else 1)
    return Erasure(
        renaming=renaming,
        upto=upto,
        before=before,
        edition=secrets.randbits(63),
        entries=entries,
        refused=erased.codes(renaming, request.until),
    )


class _Dated(NamedTuple):
    """What places an event: when it was, who did it, and towards whom."""

    event_id: str
    at: datetime
    by: str
    towards: str | None


class _Plan:
    """One look at a whole store, at one revision."""

    def __init__(
        self,
        store: GraphStore,
        upto: int,
        request: ErasureRequest,
        before: ErasedCodes,
        progress: ProgressBar,
    ) -> None:
        self._progress = progress
        self._store, self._upto, self._before = store, upto, before
        self._elsewhere = request.applications
        self._view: GraphView = store.view(_ANY_TIME, upto)
        self._tables: Tables = self._view.tables_with_tokens()
        self._reach = Reach(self._tables)
        ids = self._tables.applicant_ids.tolist()
        self._row = {who: row for row, who in enumerate(ids)}
        self.people = sorted(self._with_renewed(ids, frozenset(request.people)))
        self.rows = [self._row[who] for who in self.people if who in self._row]

    def renaming(self) -> Renaming:
        """The surrogates of all."""
        return Renaming(
            people=self._people(),
            applications=self._applications(),
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

    def _around(self, row: int) -> Column:
        """The rows of whom somebody can meet in an answer: who is near, and who was in a ring with them; some
        more than once.
        """
        return np.concatenate([self._reach.around(row), *self._in_rings.get(row, ())])

    @cached_property
    def _in_rings(self) -> Mapping[int, list[Column]]:
        """The rings in which each of them was, as rows."""
        mine, found = frozenset(self.rows), defaultdict[int, list[Column]](list)
        for members in {*self._rings()}:
            rows = np.array([self._row[who] for who in members if who in self._row], np.int64)
            for row in mine.intersection(rows.tolist()):
                found[row].append(rows)
        return found

    def _rings(self) -> Iterator[frozenset[str]]:
        for _, body in self._store.tail(0, self._upto):
            entry = decode(body)
            if len(entry.rings):
                for ring in SnapshotText.of(entry.rings).rings():
                    yield frozenset(m.applicant_id for m in ring.members)

    def _people(self) -> dict[str, str]:
        now, forgotten = dict[str, str](), self._forgotten(self.people)
        standing = Standing(self._tables.applicant_ids)
        for who in self.people:  # one after the other, each among the names that stand by then
            row, others = self._row.get(who), Few((), who)
            if row is None:
                now[who] = placed(who, others, SHOWN // 2, forgotten)
                continue
            now[who] = placed(who, standing.others(row, self._around(row)), SHOWN // 2, forgotten)
            standing.rename(row, now[who])
            self._progress.update()
        return now

    @cached_property
    def _names(self) -> frozenset[str]:
        events = (one.event_id for one in self._own_events)
        return frozenset((*self.people, *self._mine, *self._elsewhere, *events))

    def _forgotten(self, own_kind: Iterable[str]) -> Forgotten:
        return Forgotten(self._names, frozenset(own_kind), self._before)

    # -- applications

    def _applications(self) -> dict[str, str]:
        forgotten = self._forgotten((*self._mine, *self._elsewhere))
        standing, now = Standing(self._loans), dict[str, str]()
        for person in self.rows:
            near = self._loans_of.of(np.append(self._around(person), person))
            for row in self._loans_of[person].tolist():
                loan = self._loans[row]
                others = standing.others(row, np.append(near, self._at_once(row)))
                now[loan] = placed(loan, others, SHOWN // 2, forgotten)
                standing.rename(row, now[loan])
                self._progress.update()
        known = frozenset(self._loans.tolist())
        nowhere = (loan for loan in sorted(self._elsewhere) if loan not in known)
        return now | {loan: placed(loan, Few((), loan), SHOWN // 2, forgotten) for loan in nowhere}

    @cached_property
    def _loans(self) -> Column:
        return self._tables.applications["application_id"]

    @cached_property
    def _mine(self) -> dict[str, int]:
        """Their applications by id, with their rows."""
        rows = np.flatnonzero(np.isin(self._tables.applications["applicant"], self.rows))
        return {self._loans[row]: int(row) for row in rows}

    @cached_property
    def _loans_of(self) -> Lists:
        """The rows of each person's applications."""
        people = self._tables.applications["applicant"]
        return Lists.places(people, len(self._tables.applicant_ids))

    def _at_once(self, row: int) -> Column:
        """The applications of the same moment at the same shop or agent: they can stand in one list."""
        columns = self._tables.applications
        begin, end = np.searchsorted(columns["at"], columns["at"][row] + np.arange(2))
        same = np.zeros(end - begin, bool)
        for at in ("merchant", "agent"):
            if columns[at][row] >= 0:
                same |= columns[at][begin:end] == columns[at][row]
        found: Column = begin + np.flatnonzero(same)
        return found

    # -- events

    def _events(self) -> dict[str, str]:
        met = {one.towards for one in self._own_events if one.towards is not None}
        near = {one.event_id: one for one in (*self._about, *self._events_about(met - {*self.people}))}
        row_of, at = {event: row for row, event in enumerate(near)}, defaultdict[datetime, list[int]](list)
        for event, one in near.items():
            at[one.at].append(row_of[event])
        now, standing = dict[str, str](), Standing(np.array([*near], object))
        forgotten = self._forgotten(one.event_id for one in self._own_events)
        for one in self._own_events:
            row, old = row_of[one.event_id], one.event_id
            now[old] = placed(old, standing.others(row, np.array(at[one.at])), 0, forgotten)
            standing.rename(row, now[old])
            self._progress.update()
        return now

    @cached_property
    def _own_events(self) -> list[_Dated]:
        people = frozenset(self.people)
        return [one for one in self._about if one.by in people]

    @cached_property
    def _about(self) -> list[_Dated]:
        return self._events_about(self.people)

    def _events_about(self, people: Iterable[str]) -> list[_Dated]:
        """Their events, and those of others towards them, each once."""
        known = sorted(who for who in people if who in self._row)
        found: dict[str, _Dated] = {}
        for first in range(0, len(known), _AT_ONCE):
            some = known[first : first + _AT_ONCE]
            for each in (self._view.events_of(some, _ALL), self._view.dealings_of(some, _ALL)):
                for one in (one for events in each.values() for one in events):
                    found[one.event_id] = _Dated(one.event_id, one.at, one.applicant_id, one.counterparty_id)
        return [found[event] for event in sorted(found)]

    # -- identifiers

    def _identifiers(self) -> dict[str, Identifier]:
        """Those that nobody else holds; somebody who was erased is nobody."""
        nobody = np.zeros(len(self._row), bool)
        nobody[self.rows] = True
        nobody[[row for who, row in self._row.items() if is_surrogate(who)]] = True
        tokens, now = self._tables.identifiers["token"], dict[int, str]()
        forgotten, standing = self._forgotten(()), Standing(tokens)
        for thing in np.unique(self._reach.things(np.array(self.rows, np.int64))).tolist():
            held_by = self._reach.holders(thing)
            if nobody[held_by].all():
                others = standing.others(thing, self._beside_thing(held_by))
                now[thing] = placed(tokens[thing], others, SHOWN if len(held_by) > 1 else 0, forgotten)
                standing.rename(thing, now[thing])
                self._progress.update()
        named = ((self._identifier(thing), token) for thing, token in now.items())
        return {one.node: replace(one, token=token, masked=MASK) for one, token in named}

    def _beside_thing(self, held_by: Column) -> Column:
        """The identifiers that can stand in one list with one: its holders' own; and where it leads on, those
        of whom they can meet.
        """
        if len(held_by) > 1:
            near = [self._around(row) for row in held_by.tolist()]
            held_by = np.unique(np.concatenate([held_by, *near]))
        return self._reach.things(held_by)

    def _identifier(self, thing: int) -> Identifier:
        columns = self._tables.identifiers
        kind = KINDS[columns["kind"][thing]]
        return Identifier(kind, columns["token"][thing], linking=bool(columns["linking"][thing]))


def _that_hold(names: Iterable[str], erased: frozenset[str]) -> frozenset[str]:
    """Surrogates of earlier erasures that hold one of these names."""
    lengths = sorted({len(one) for one in erased})

    def holds(name: str) -> bool:
        parts = (name[at : at + some] for some in lengths for at in range(len(name) - some + 1))
        return any(part in erased and part != name for part in parts)

    return frozenset(name for name in names if is_surrogate(name) and holds(name))
