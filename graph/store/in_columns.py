"""The part of a view that gives facts as columns: all at once, or by ranges of people."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from graph.facts.people_range import PeopleRange
from graph.facts.tables import Tables


class InColumns(ABC):
    """Facts before a moment and up to a revision, as columns."""

    @abstractmethod
    def tables(self, within: PeopleRange | None = None) -> Tables:
        """All facts before `as_of` as columns, from one consistent state of the store; identifiers without
        their tokens.

        With a range, the facts of the people in it: their ties, applications with what became of them, labels
        about them or their applications, and their own events. What these name (identifiers, counterparties,
        shops, lenders) is in it too and brings nothing along. Shops and lenders that nobody names come with
        the first range. So ranges that follow each other hold each fact once; each costs memory and time by
        its own facts.
        """

    @abstractmethod
    def tables_with_tokens(self, within: PeopleRange | None = None) -> Tables:
        """The same, and the token of each identifier: a text for each, which few need."""

    @abstractmethod
    def people_ranges(self, size: int) -> Iterator[PeopleRange]:
        """Ranges that follow each other and together hold everybody, whoever comes later too; each of at
        least `size` applicants that are in the store now, whom the view need not see, but for the last.
        """
