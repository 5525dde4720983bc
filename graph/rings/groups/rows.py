"""Groups of applicants, wherever what lies inside them is kept: their measures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from graph.facts.tables import Column
from graph.rings.applicants.everybody import Everybody, Rows, merged
from graph.rings.applicants.rows import HeldApplicants
from graph.rings.groups.measures import ALONE, MEANS, Measures, measure
from graph.rings.groups.whole_groups import whole_groups
from graph.rings.links.projection import ApplicantLinks
from graph.rings.sharing.incidence import Incidence
from graph.rings.suspicion.member_features import member_features
from graph.rings.suspicion.scores import SMALLEST, LabelRates


class GroupRows(Protocol):
    """What lies inside groups of applicants (A,), whichever groups these are."""

    def measured(self, everybody: Everybody, rates: LabelRates) -> Iterator[Measures]:
        """Measures of the groups of three or more, numbered by the columns `group`, of `size` people, some
        groups after the other, in no order, by everybody's `suspicion`, the store's `rates` and what else is
        known of each member.
        """


def rings_of(rows: Rows, given: Rows) -> Rows:
    """Who is in a group of three or more, and all that is known of them."""
    at = np.flatnonzero(rows["size"] >= SMALLEST)
    return {name: column[at] for name, column in rows.items()}


def by_first_cut(everybody: Everybody) -> Everybody:
    """With the groups of the first cut as `group` and `size`."""
    return everybody.put(_by_first_cut, ("coarse",))


def _by_first_cut(rows: Rows, given: Rows) -> Rows:
    number = np.unique(rows["coarse"], return_inverse=True)[1]
    return {"group": rows["coarse"], "size": np.bincount(number)[number].astype(np.int32)}


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
            **{name: self.applicants.columns[name] for name in ALONE},
            **{name: own.column(name) for name in MEANS},
        }

    def measured(self, everybody: Everybody, rates: LabelRates) -> Iterator[Measures]:
        """Measures of the groups of three or more."""
        facts = (self.applicants.tables, self.sharing, self.links)
        inside = merged(everybody.answers(rings_of, ("group", "size", "suspicion")))
        return (measure(groups, rates) for groups in whole_groups(facts, inside, self._given))
