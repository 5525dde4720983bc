"""Groups of applicants, wherever what lies inside them is kept: their measures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from graph.facts.tables import Column
from graph.rings.applicants.rows import HeldApplicants
from graph.rings.groups.measures import ALONE, MEANS, Measures, measure
from graph.rings.groups.whole_groups import whole_groups
from graph.rings.links.projection import ApplicantLinks
from graph.rings.sharing.incidence import Incidence
from graph.rings.suspicion.member_features import member_features
from graph.rings.suspicion.scores import LabelRates


class GroupRows(Protocol):
    """What lies inside groups of applicants (A,), whichever groups these are."""

    def measured(self, group: Column, suspicion: Column, rates: LabelRates) -> Iterator[Measures]:
        """Measures of the groups of three or more, numbered by `group` (A,), some groups after the other, in
        no order, by everybody's `suspicion` (A,), the store's `rates` and what else is known of each member.
        """


@dataclass(frozen=True)
class HeldGroups:
    """In this process."""

    applicants: HeldApplicants
    sharing: Incidence
    links: ApplicantLinks

    @cached_property
    def _given(self) -> Mapping[str, Column]:
        own = member_features(self.applicants.tables)
        return {
            **{name: self.applicants.column(name) for name in ALONE},
            **{name: own.column(name) for name in MEANS},
        }

    def measured(self, group: Column, suspicion: Column, rates: LabelRates) -> Iterator[Measures]:
        """Measures of the groups of three or more."""
        facts = (self.applicants.tables, self.sharing, self.links)
        some = whole_groups(facts, group, {**self._given, "suspicion": suspicion})
        return (measure(groups, rates) for groups in some)
