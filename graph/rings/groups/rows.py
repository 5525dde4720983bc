"""Groups of applicants, wherever what lies inside them is kept: their measures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from graph.facts.tables import Column, Tables
from graph.rings.groups.measures import Measures, measure
from graph.rings.groups.whole_groups import whole_groups
from graph.rings.links.projection import ApplicantLinks
from graph.rings.sharing.incidence import Incidence


class GroupRows(Protocol):
    """What lies inside groups of applicants (A,), whichever groups these are."""

    def measured(self, group: Column, given: Mapping[str, Column]) -> Iterator[Measures]:
        """Measures of the groups of three or more, numbered by `group` (A,), some groups after the other, by
        columns `given` (A,) as `graph.rings.groups.measures` names them.
        """


@dataclass(frozen=True)
class HeldGroups:
    """In this process."""

    tables: Tables
    sharing: Incidence
    links: ApplicantLinks

    def measured(self, group: Column, given: Mapping[str, Column]) -> Iterator[Measures]:
        """Measures of the groups of three or more."""
        return map(measure, whole_groups((self.tables, self.sharing, self.links), group, given))
