"""Keeps facts of before an erasure that name one of the erased out of a store, however they come."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from graph.model.erasure import ALWAYS, is_surrogate
from graph.model.errors import SettingError, StoreUnavailableError
from graph.model.moments import micros
from graph.model.types import Added, Facts, RefusedFact
from graph.signatures import Keys
from graph.store.erased_codes import ErasedCodes, NameKind

# By table: the moment of a fact, and which fields name what.
_LOAN, _PERSON = NameKind.APPLICATION, NameKind.APPLICANT
_NAMED: Mapping[str, tuple[str, tuple[tuple[str, NameKind], ...]]] = {
    "applications": ("applied_at", (("application_id", _LOAN), ("applicant_id", _PERSON))),
    "events": (
        "at",
        (("event_id", NameKind.EVENT), ("applicant_id", _PERSON), ("counterparty_id", _PERSON)),
    ),
    "contacts": ("at", (("applicant_id", _PERSON),)),
    "outcomes": ("at", (("application_id", _LOAN),)),
    "labels": ("known_at", (("application_id", _LOAN), ("applicant_id", _PERSON))),
}
# A name that an erasure gave is no id of a lender's, and names nobody in what comes in; but the verdict on a
# case from before the erasure labels it.
_OF_CASES = ("labels",)


class Refusal:
    """What a store asks of each batch before it takes it. Safe for many threads.

    Whoever opens a store with its keyring sets the keys; a store that nobody was erased from needs none.
    `holds` says whether the store has an identifier now, by its node. `informed`: whether the store has said
    by now whom it has erased; a live store that is away at the start has not.
    """

    def __init__(self, holds: Callable[[str], bool]) -> None:
        self.keys: Keys = ()
        self.holds = holds
        self.informed = False
        self._mine = threading.local()
        self._known: tuple[int, Mapping[str, int]] = (0, {})
        self._codes: tuple[int, ErasedCodes] | None = None  # of which edition

    @property
    def edition(self) -> int:
        """Of which edition of the store it knows who was erased; 0 where it knows of none."""
        return self._known[0]

    def open_with(self, keys: Keys) -> None:
        """Know the erased by these keys from here on. Raises SettingError where they are not those by which
        the store knows whom it has erased.
        """
        self.keys, self._codes = keys, None
        self._of_now()

    def learn(self, edition: int, refused: Callable[[], Mapping[str, int]]) -> None:
        """Know who was erased up to that edition: it is asked for only where it is another one."""
        if edition != self._known[0]:
            self._known = (edition, refused())
        self.informed = True

    def refused(self, facts: Facts) -> tuple[RefusedFact, ...]:
        """Which facts name somebody erased, in which field. Raises StoreUnavailableError without the keys."""
        codes = self._usable()
        return (*_refused(facts, codes), *self._devices(facts, codes)) if codes else ()

    def names(self, kind: NameKind, name: str) -> bool:
        """Whether that id was erased and no fact may ever name it again. Raises StoreUnavailableError without
        the keys.
        """
        return self._usable().until(kind, name) == ALWAYS

    def code(self, node: str) -> str | None:
        """The code of an erased id in the name of a node (`applicant:C-1`); None for all others. Raises
        StoreUnavailableError without the keys.
        """
        kind, _, name = node.partition(":")
        return self._usable().code(NameKind(kind), name) if kind in tuple(NameKind) else None

    def speaks_of(self, table: str, row: Mapping[str, str]) -> bool:
        """Whether a row of a delivery's table names, in a field of its, an id that was erased, at whatever
        time. Raises StoreUnavailableError without the keys.
        """
        codes = self._usable()
        named = ((kind, row[field]) for field, kind in _NAMED.get(table, ("", ()))[1] if field in row)
        return any(codes.until(kind, name) for kind, name in named)

    @contextmanager
    def satisfied(self) -> Iterator[None]:
        """Refuse this thread nothing while the block lasts: what comes in was looked at before, by the same
        refusal.
        """
        self._mine.satisfied = True
        try:
            yield
        finally:
            self._mine.satisfied = False

    def sifted(self, facts: Facts) -> Sifted:
        """The facts that may come in, and the others. Raises StoreUnavailableError without the keys."""
        if not self._known[1] or getattr(self._mine, "satisfied", False):
            return Sifted(facts, facts, ())
        refused = self.refused(facts)
        return Sifted(facts, _without(facts, refused) if refused else facts, refused)

    def _devices(self, facts: Facts, codes: ErasedCodes) -> Iterator[RefusedFact]:
        """Descriptions of devices that an erased person alone held, and that nobody holds now."""
        found = [
            position
            for position, device in enumerate(facts.devices)
            if codes.until(NameKind.DEVICE, device.identifier.token)
        ]
        named = frozenset(_named_in(facts)) if found else frozenset()
        for position in found:
            node = facts.devices[position].identifier.node
            if node not in named and not self.holds(node):
                yield RefusedFact("devices", position, "device_id")

    def _usable(self) -> ErasedCodes:
        """A service that lacks the key by which others have erased goes on as if the store were away."""
        try:
            return self._of_now()
        except SettingError as error:
            raise StoreUnavailableError(str(error)) from error

    def _of_now(self) -> ErasedCodes:
        (edition, refused), made = self._known, self._codes
        if made is None or made[0] != edition:
            made = self._codes = (edition, ErasedCodes(self.keys, refused))
        return made[1]


@dataclass(frozen=True, slots=True)
class Sifted:
    """A batch, what is kept of it, and what was refused."""

    facts: Facts
    kept: Facts
    refused: tuple[RefusedFact, ...]

    def restored(self, added: Added) -> Added:
        """What became of the whole batch, where `added` is what became of what was kept."""
        if not self.refused:
            return added
        places = {table: _kept_positions(self.facts, table, self.refused) for table in (*_NAMED, "devices")}
        conflicts = tuple(
            (table, places[table][position] if table in places else position)
            for table, position in added.conflicts
        )
        return replace(added, conflicts=conflicts, refused=self.refused)


def _named_in(facts: Facts) -> Iterator[str]:
    """The nodes of what the applications and events of a batch name."""
    listed = (*(a.mentions for a in facts.applications), *(e.mentions for e in facts.events))
    yield from (mention.identifier.node for mentions in listed for mention in mentions)


def _refused(facts: Facts, codes: ErasedCodes) -> Iterator[RefusedFact]:
    """Facts about the erased; each name is coded once."""
    until: dict[tuple[NameKind, str], int] = {}
    for table, (moment, fields) in _NAMED.items():
        for position, fact in enumerate(getattr(facts, table)):
            for field, kind in fields:
                if (name := getattr(fact, field)) is None:
                    continue
                if (bound := until.get((kind, name))) is None:
                    bound = until[kind, name] = ALWAYS if is_surrogate(name) else codes.until(kind, name)
                if bound == ALWAYS and table in _OF_CASES and is_surrogate(name):
                    continue
                if bound and _micros(fact, moment) < bound:
                    yield RefusedFact(table, position, field)
                    break


def _micros(fact: Any, moment: str) -> int:
    return micros(getattr(fact, moment))


def _without(facts: Facts, refused: tuple[RefusedFact, ...]) -> Facts:
    tables = {one.table for one in refused}
    kept = {
        table: tuple(getattr(facts, table)[n] for n in _kept_positions(facts, table, refused))
        for table in tables
    }
    return replace(facts, **kept)


def _kept_positions(facts: Facts, table: str, refused: tuple[RefusedFact, ...]) -> list[int]:
    out = {one.position for one in refused if one.table == table}
    return [n for n in range(len(getattr(facts, table))) if n not in out]
