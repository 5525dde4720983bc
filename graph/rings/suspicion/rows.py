"""Context features of everybody, wherever they are kept: some of them to learn from, everybody judged by what
was learned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from graph.facts.tables import Column
from graph.rings.suspicion.columns import Features


class Judge(Protocol):
    """What was learned. It can be sent to other machines."""

    def chance(self, values: Column, fold: Column) -> Column:
        """The chance to be bad of each row (rows,) of all features (rows, columns), by its `fold` (rows,)."""


class ContextRows(Protocol):
    """The context features of all applicants (A,) in the tables' order, at one place."""

    @property
    def names(self) -> tuple[str, ...]:
        """The features."""

    @property
    def people(self) -> int:
        """How many applicants."""

    def column(self, name: str) -> Column:
        """One feature of all (A,)."""

    def of(self, people: Column) -> Features:
        """The rows of `people` (N,), positions in ascending order."""

    def pieces(self, people: Column) -> Iterator[tuple[Column, Features]]:
        """The rows of `people`, some people after the other, in any order: whom, and their rows."""

    def chance(self, judge: Judge, fold: Column) -> Column:
        """The chance to be bad of each applicant (A,), who is in `fold` (A,)."""


@dataclass(frozen=True)
class HeldRows:
    """In this process."""

    features: Features

    @property
    def names(self) -> tuple[str, ...]:
        """The features."""
        return self.features.names

    @property
    def people(self) -> int:
        """How many applicants."""
        return len(self.features.values)

    def column(self, name: str) -> Column:
        """One feature of all (A,)."""
        return self.features.column(name)

    def of(self, people: Column) -> Features:
        """The rows of `people`."""
        return self.features.of(people)

    def pieces(self, people: Column) -> Iterator[tuple[Column, Features]]:
        """The rows of `people`, all at once."""
        yield people, self.of(people)

    def chance(self, judge: Judge, fold: Column) -> Column:
        """The chance of each to be bad."""
        return judge.chance(self.features.values, fold)
