"""Links of everybody, wherever they are kept: those among some people, and what its links say of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from graph.facts.tables import Column
from graph.rings.applicants.everybody import Asked, Everybody, Rows
from graph.rings.links.projection import ApplicantLinks

LookAround = Callable[[ApplicantLinks, Column, Mapping[str, Column]], Mapping[str, Column]]
"""From links between places, the places (N,) whose links are all among them, and columns (places,) of what is
given, to columns (N,). It can be sent to other machines.
"""


class LinkRows(Protocol):
    """All links between applicants (A,), at one place."""

    def __len__(self) -> int: ...

    def among(self, people: Column) -> ApplicantLinks:
        """Those between two of `people` (N,), positions in ascending order."""

    def by_person(
        self, look: LookAround, everybody: Everybody, names: tuple[str, ...], asked: Asked
    ) -> Iterable[Rows]:
        """What `look` says of each of those `asked`, and `who` they are, place after place of `everybody`, by
        all of their links and by the columns of these `names` of whomever these tie.
        """


@dataclass(frozen=True)
class HeldLinks:
    """In this process."""

    links: ApplicantLinks
    applicants: int

    def __len__(self) -> int:
        return len(self.links)

    def among(self, people: Column) -> ApplicantLinks:
        """Those between two of `people`."""
        if len(people) == self.applicants:
            return self.links
        some = np.zeros(self.applicants, bool)
        some[people] = True
        return self.links.of(some[self.links.a] & some[self.links.b])

    def by_person(
        self, look: LookAround, everybody: Everybody, names: tuple[str, ...], asked: Asked
    ) -> Iterable[Rows]:
        """What `look` says of each."""
        [given] = everybody.answers(_themselves, names)
        people = np.flatnonzero(asked(given))
        return [{"who": given["who"][people], **look(self.links, people, given)}]


def _themselves(rows: Rows, given: Rows) -> Rows:
    return rows
