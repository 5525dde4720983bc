"""Shared values of everybody, wherever they are kept: what some people hold, and who came to what when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from graph.facts.tables import Column, Tables
from graph.rings.sharing.arrivals import Arrivals, arrivals, telling_rows
from graph.rings.sharing.incidence import Incidence


class SharingRows(Protocol):
    """All values that two or more applicants hold, with their holders, at one place."""

    def of(self, people: Column) -> Incidence:
        """What `people` (N,), positions in ascending order, hold, with their rows alone."""

    def arrivals(self, within: int) -> Arrivals:
        """Who came to telling values, of those to which two came within so many microseconds."""

    def hubs(self) -> int:
        """How many values link nobody."""


@dataclass(frozen=True)
class HeldSharing:
    """In this process."""

    tables: Tables
    sharing: Incidence

    def of(self, people: Column) -> Incidence:
        """What `people` hold."""
        return self.sharing.of(people)

    def arrivals(self, within: int) -> Arrivals:
        """Who came to telling values."""
        return arrivals(telling_rows(self.tables, self.sharing), within, self.tables.as_of)

    def hubs(self) -> int:
        """How many values link nobody."""
        return int((self.sharing.hub > 0).sum())
