"""Context features of everybody, wherever they are kept: some of them to learn from, everybody judged by what
was learned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from graph.facts.tables import Column
from graph.rings.applicants.everybody import Asked, Everybody, Rows
from graph.rings.suspicion.columns import Features
from graph.rings.suspicion.learned import folds_of

LookAtValues = Callable[[Column], Rows]
"""From features of some people (N, names) float32 to columns. It can be sent to other machines."""


class Judge(Protocol):
    """What was learned. It can be sent to other machines."""

    def chance(self, values: Column, fold: Column) -> Column:
        """The chance to be bad of each row (rows,) of all features (rows, columns), by its `fold` (rows,)."""


class ContextRows(Protocol):
    """The context features of all applicants (A,) in the tables' order, at one place."""

    @property
    def names(self) -> tuple[str, ...]:
        """The features."""

    def answers(self, look: LookAtValues, names: tuple[str, ...]) -> Iterable[Rows]:
        """What `look` says of these features of some people after the other, in any order."""

    def of(self, people: Column) -> Features:
        """The rows of `people` (N,), positions in ascending order."""

    def pieces(
        self, everybody: Everybody, names: tuple[str, ...], asked: Asked
    ) -> Iterable[tuple[Column, Features]]:
        """Whoever is `asked` for by the columns of these `names`, place after place of `everybody`: their
        positions in ascending order, and their rows.
        """

    def judged(self, everybody: Everybody, judge: Judge, name: str) -> Everybody:
        """Everybody with the chance to be bad of each in the column `name`; folds follow the first cut."""


@dataclass(frozen=True)
class HeldRows:
    """In this process."""

    features: Features

    @property
    def names(self) -> tuple[str, ...]:
        """The features."""
        return self.features.names

    def answers(self, look: LookAtValues, names: tuple[str, ...]) -> Iterable[Rows]:
        """What `look` says of all at once."""
        return [look(self.features.only(names).values)]

    def of(self, people: Column) -> Features:
        """The rows of `people`."""
        return self.features.of(people)

    def pieces(
        self, everybody: Everybody, names: tuple[str, ...], asked: Asked
    ) -> Iterable[tuple[Column, Features]]:
        """Those rows, all at once."""

        def whom(rows: Rows, given: Rows) -> Rows:
            return {"who": np.flatnonzero(asked(rows))}

        [some] = everybody.answers(whom, names)
        return [(some["who"], self.of(some["who"]))]

    def judged(self, everybody: Everybody, judge: Judge, name: str) -> Everybody:
        """The chance of each to be bad."""

        def chances(rows: Rows, given: Rows) -> Rows:
            return {name: judge.chance(self.features.values, folds_of(rows["coarse"]))}

        return everybody.put(chances, ("coarse",))
