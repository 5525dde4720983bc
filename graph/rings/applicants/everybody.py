"""Columns of all applicants, wherever they are kept: looked at where they lie, whole groups of the first cut
after whole groups, so that nobody has to hold a column of everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from graph.facts.tables import Column

Rows = Mapping[str, Column]
Look = Callable[[Rows, Rows], Rows]
"""From the columns of some people, `who` among them, ascending, and what is given of some of these (`who` and
columns) to columns. It can be sent to other machines, and says of nobody what kinds its columns are.
"""
Asked = Callable[[Rows], Column]
"""From such columns to whom of these people it is about (N,) bool. It can be sent to other machines."""


class Everybody(Protocol):
    """All applicants (A,), by position. What lies at one place are whole groups of the first cut: `coarse`,
    an int32 column, numbers these by their first applicant. The others are
    `graph.rings.applicants.columns.COLUMNS` and what was put beside them.
    """

    def __len__(self) -> int: ...

    def answers(self, look: Look, names: tuple[str, ...], given: Rows | None = None) -> Iterable[Rows]:
        """What `look` says, place after place, by the columns of these `names`, and by what is given of some
        people. Each is read again when it is asked for again.
        """

    def put(self, look: Look, names: tuple[str, ...], given: Rows | None = None) -> Everybody:
        """The same people with the columns beside that `look` gives, a row for each of them."""

    def filled(self, question: object, name: str, pieces: Iterable[Rows]) -> Everybody:
        """The same people with the float64 column `name` whose rows come here, place after place, `who` and
        that; NaN for whoever has none. The same `question` has the same answer.
        """

    def of(self, people: Column, *names: str) -> Rows:
        """Columns of `people` (N,), positions in ascending order."""

    def at_places(self, asked: Asked, names: tuple[str, ...], places: Column) -> Column:
        """The positions of those at these `places` (N,), ascending, among those `asked`, who are in order."""


@dataclass(frozen=True)
class HeldEverybody:
    """In this process, at one place."""

    columns: Rows

    def __len__(self) -> int:
        return len(self.columns["who"])

    def answers(self, look: Look, names: tuple[str, ...], given: Rows | None = None) -> Iterable[Rows]:
        """What `look` says of all at once."""
        return [look(self._only(names), given or NOBODY)]

    def put(self, look: Look, names: tuple[str, ...], given: Rows | None = None) -> HeldEverybody:
        """With these columns beside."""
        return HeldEverybody({**self.columns, **look(self._only(names), given or NOBODY)})

    def filled(self, question: object, name: str, pieces: Iterable[Rows]) -> HeldEverybody:
        """With this column beside."""
        del question
        out = np.full(len(self), np.nan)
        for rows in pieces:
            out[rows["who"]] = rows[name]
        return HeldEverybody({**self.columns, name: out})

    def of(self, people: Column, *names: str) -> Rows:
        """Columns of `people`."""
        return {name: self.columns[name][people] for name in names}

    def at_places(self, asked: Asked, names: tuple[str, ...], places: Column) -> Column:
        """Those at these places among the asked."""
        return np.asarray(np.flatnonzero(asked(self._only(names)))[places])

    def _only(self, names: tuple[str, ...]) -> Rows:
        return {name: self.columns[name] for name in ("who", *names)}


NOBODY: Rows = {"who": np.zeros(0, np.int32)}


def held_everybody(coarse: Column, columns: Rows) -> HeldEverybody:
    """Everybody in their groups of the first cut `coarse` (A,), with these columns (A,)."""
    who = np.arange(len(coarse), dtype=np.int32)
    return HeldEverybody({"who": who, "coarse": coarse, **columns})


def merged(pieces: Iterable[Rows]) -> dict[str, Column]:
    """The rows of all places as one, by `who` where that is there."""
    held = list(pieces)
    if len(held) == 1:
        return dict(held[0])
    rows = {name: np.concatenate([some[name] for some in held]) for name in held[0]}
    if "who" not in rows:
        return rows
    order = np.argsort(rows["who"])
    return {name: column[order] for name, column in rows.items()}


def added(pieces: Iterable[Rows]) -> dict[str, int]:
    """Whole numbers of all places, one row from each, added up."""
    out: dict[str, int] = {}
    for rows in pieces:
        for name, column in rows.items():
            out[name] = out.get(name, 0) + int(column.sum())
    return out
