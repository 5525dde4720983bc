"""Context features of everybody, wherever they are kept: some of them to learn from, everybody judged by what
was learned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from graph.facts.tables import Column
from graph.rings.columns import Features
from graph.rings.suspicion import FoldJudges


class ContextRows(Protocol):
    """The context features of all applicants (A,) in the tables' order, at one place."""

    def of(self, people: Column) -> Features:
        """The rows of `people` (N,), positions in ascending order."""

    def pieces(self, people: Column) -> Iterator[tuple[Column, Features]]:
        """The rows of `people`, some people after the other, in any order: whom, and their rows."""

    def whole(self) -> Features:
        """All rows."""

    def chance(self, judges: FoldJudges, fold: Column) -> Column:
        """The chance to be bad of each applicant (A,), by the judge of their `fold` (A,)."""


@dataclass(frozen=True)
class HeldRows:
    """In this process."""

    features: Features

    def of(self, people: Column) -> Features:
        """The rows of `people`."""
        return self.features.of(people)

    def pieces(self, people: Column) -> Iterator[tuple[Column, Features]]:
        """The rows of `people`, all at once."""
        yield people, self.of(people)

    def whole(self) -> Features:
        """All rows."""
        return self.features

    def chance(self, judges: FoldJudges, fold: Column) -> Column:
        """The chance of each to be bad."""
        return judges.chance(self.features.values, fold)
