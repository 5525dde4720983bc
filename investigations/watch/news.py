"""What the facts of one revision say that can matter to a watched loan, in slices of bounded size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from graph.journal.decode import JournalEntry
from graph.model.types import Facts, Identifier, LabelValue, OutcomeStatus, Role
from investigations.watch.watched import BINDING

FRESH = timedelta(days=90)
"""What is reported later than this after it happened is history: it counts, and alarms nobody."""
SLICE = 256  # facts that are looked at together
_Fact = TypeVar("_Fact")


def together(entries: Iterable[JournalEntry]) -> Iterator[JournalEntry]:
    """Small entries that follow each other as one, of the last one's revision: most of what a look costs, it
    costs however much is new. A ring snapshot stays alone, so that it is looked at while it is in force.
    """
    some: list[JournalEntry] = []
    for entry in entries:
        alone = entry.snapshot is not None
        if some and (alone or sum(len(one.facts) for one in (*some, entry)) > SLICE):
            yield _joined(some)
            some = []
        if alone:
            yield entry
        else:
            some.append(entry)
    if some:
        yield _joined(some)


def _joined(entries: list[JournalEntry]) -> JournalEntry:
    return JournalEntry(entries[-1].revision, Facts.joined([one.facts for one in entries]))


@dataclass(frozen=True, slots=True)
class Naming:
    """Somebody names an identifier that can tie people; `applying`: on an application."""

    applicant_id: str
    identifier: Identifier
    role: Role
    applying: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What may matter: who and which loans were labelled fraud, who named what, who applied, which loans
    may have gone back.
    """

    labelled_people: frozenset[str] = frozenset()
    labelled_loans: frozenset[str] = frozenset()
    namings: frozenset[Naming] = frozenset()
    applied: frozenset[str] = frozenset()
    returned: frozenset[str] = frozenset()


def news_of(facts: Facts, as_of: datetime) -> Iterator[News]:
    """The news in those facts, as of a moment."""
    oldest = as_of - FRESH
    bad = [one for one in facts.labels if one.label is LabelValue.FRAUD and one.known_at >= oldest]
    for labels in _slices(bad):
        yield News(
            labelled_people=frozenset(one.applicant_id for one in labels if one.applicant_id is not None),
            labelled_loans=frozenset(one.application_id for one in labels if one.application_id is not None),
        )
    back = [one for one in facts.outcomes if one.status is OutcomeStatus.RETURNED and one.at >= oldest]
    for outcomes in _slices(back):
        yield News(returned=frozenset(one.application_id for one in outcomes))
    forms = [one for one in facts.applications if one.applied_at >= oldest]
    for applications in _slices(forms):
        namings = (
            Naming(one.applicant_id, identifier, role, True)
            for one in applications
            for identifier, role in one.mentions
            if _binds(identifier)
        )
        yield News(
            applied=frozenset(one.applicant_id for one in applications),
            namings=frozenset(namings),
            # that a loan went back may have been reported before its application
            returned=frozenset(one.application_id for one in applications),
        )
    for some in _slices(_other_namings(facts, oldest)):
        yield News(namings=frozenset(some))


def _other_namings(facts: Facts, oldest: datetime) -> Iterator[Naming]:
    for event in facts.events:
        if event.at >= oldest:
            for identifier, role in event.mentions:
                if _binds(identifier):
                    yield Naming(event.applicant_id, identifier, role, False)
    for contact in facts.contacts:
        if contact.at >= oldest and _binds(contact.phone):
            role = Role.OWN if contact.relation == "self" else Role.CONTACT
            yield Naming(contact.applicant_id, contact.phone, role, False)


def _binds(identifier: Identifier) -> bool:
    return identifier.linking and identifier.kind in BINDING


def _slices(facts: Iterable[_Fact]) -> Iterator[list[_Fact]]:
    rest = iter(facts)
    while some := list(islice(rest, SLICE)):
        yield some
