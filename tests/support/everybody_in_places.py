"""Everybody at several places in this process, as a cluster has them: whole groups of the first cut at each,
and nobody at some.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from graph.facts.tables import Column
from graph.rings.applicants.everybody import NOBODY, Asked, Everybody, HeldEverybody, Look, Rows, merged
from graph.rings.links.projection import ApplicantLinks
from graph.rings.links.rows import HeldLinks, LookAround
from graph.rings.projected import Projected
from graph.rings.suspicion.columns import Features
from graph.rings.suspicion.learned import folds_of
from graph.rings.suspicion.rows import ContextRows, Judge, LookAtValues


def in_places(found: Projected, places: int, seed: int = 0) -> Projected:
    """The same, with everybody at so many places."""
    whole, links = found.everybody, found.links
    assert isinstance(whole, HeldEverybody)
    assert isinstance(links, HeldLinks)
    drawn = np.random.default_rng(seed).integers(0, places, len(whole))
    place = drawn[whole.columns["coarse"]]
    return dataclasses.replace(
        found,
        everybody=InPlaces(whole, place, places),
        links=LinksInPlaces(links),
        context=lambda: RowsInPlaces(found.context(), place, places),
    )


@dataclass(frozen=True)
class InPlaces:
    """`Everybody`; `place` is where each is (A,)."""

    whole: HeldEverybody
    place: Column
    places: int

    def __len__(self) -> int:
        return len(self.whole)

    def answers(self, look: Look, names: tuple[str, ...], given: Rows | None = None) -> Iterable[Rows]:
        """Place after place."""
        return [look(rows, some) for rows, some in self._at_each(names, given or NOBODY)]

    def put(self, look: Look, names: tuple[str, ...], given: Rows | None = None) -> InPlaces:
        """With these columns beside."""
        found = merged(
            {"who": rows["who"], **look(rows, some)} for rows, some in self._at_each(names, given or NOBODY)
        )
        return self._with({name: column for name, column in found.items() if name != "who"})

    def filled(self, question: object, name: str, pieces: Iterable[Rows]) -> InPlaces:
        """With this column beside."""
        return dataclasses.replace(self, whole=self.whole.filled(question, name, pieces))

    def of(self, people: Column, *names: str) -> Rows:
        """Columns of `people`."""
        return self.whole.of(people, *names)

    def at_places(self, asked: Asked, names: tuple[str, ...], places: Column) -> Column:
        """Those at these places among the asked."""
        there = [rows["who"][asked(rows)] for rows, _ in self._at_each(names, NOBODY)]
        return np.sort(np.concatenate(there)).astype(np.int64)[places]

    def _with(self, columns: Rows) -> InPlaces:
        return dataclasses.replace(self, whole=HeldEverybody({**self.whole.columns, **columns}))

    def _at_each(self, names: tuple[str, ...], given: Rows) -> Iterator[tuple[Rows, Rows]]:
        columns = {name: self.whole.columns[name] for name in ("who", *names)}
        for number in range(self.places):
            here, some = self.place == number, self.place[given["who"]] == number
            yield (
                {name: column[here] for name, column in columns.items()},
                {name: column[some] for name, column in given.items()},
            )


def _in_places(everybody: Everybody) -> InPlaces:
    assert isinstance(everybody, InPlaces)
    return everybody


@dataclass(frozen=True)
class LinksInPlaces:
    """`LinkRows` whose answers come place after place."""

    held: HeldLinks

    def __len__(self) -> int:
        return len(self.held)

    def among(self, people: Column) -> ApplicantLinks:
        """Those between two of `people`."""
        return self.held.among(people)

    def by_person(
        self, look: LookAround, everybody: Everybody, names: tuple[str, ...], asked: Asked
    ) -> Iterable[Rows]:
        """What `look` says of each."""
        cut = _in_places(everybody)
        [found] = self.held.by_person(look, cut.whole, names, asked)
        place = cut.place[found["who"]]
        return [
            {name: column[place == number] for name, column in found.items()} for number in range(cut.places)
        ]


@dataclass(frozen=True)
class RowsInPlaces:
    """`ContextRows` whose answers come place after place."""

    held: ContextRows
    place: Column
    places: int

    @property
    def names(self) -> tuple[str, ...]:
        """The features."""
        return self.held.names

    def answers(self, look: LookAtValues, names: tuple[str, ...]) -> Iterable[Rows]:
        """What `look` says of the people of a place."""
        return [look(self._at(number).only(names).values) for number in range(self.places)]

    def of(self, people: Column) -> Features:
        """The rows of `people`."""
        return self.held.of(people)

    def pieces(
        self, everybody: Everybody, names: tuple[str, ...], asked: Asked
    ) -> Iterable[tuple[Column, Features]]:
        """Those rows, place after place."""
        some = everybody.answers(lambda rows, _: {"who": rows["who"][asked(rows)]}, names)
        return [(rows["who"], self.of(rows["who"])) for rows in some]

    def judged(self, everybody: Everybody, judge: Judge, name: str) -> Everybody:
        """The chance of each to be bad."""
        return everybody.put(
            lambda rows, _: {name: judge.chance(self.of(rows["who"]).values, folds_of(rows["coarse"]))},
            ("coarse",),
        )

    def _at(self, number: int) -> Features:
        return self.of(np.flatnonzero(self.place == number))
