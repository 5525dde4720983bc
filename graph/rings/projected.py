"""Who shares what, the links that follow, the first cut, what surrounds each applicant and what lies inside
groups: what an engine computes of the facts for the search.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from graph.facts.tables import Column, Tables
from graph.rings.active import first_applied
from graph.rings.context_features import context_features
from graph.rings.context_rows import ContextRows, HeldRows
from graph.rings.group_rows import GroupRows, HeldGroups
from graph.rings.incidence import incidence_of
from graph.rings.link_rows import HeldLinks, LinkRows
from graph.rings.parts import first_cut
from graph.rings.projection import project
from graph.rings.sharing_rows import HeldSharing, SharingRows


@dataclass(frozen=True)
class Projected:
    """Shared values, links between applicants, the group of each applicant (A,) before anybody is suspected,
    numbered by smallest applicant, and, when it is asked for, what surrounds them and what lies inside
    groups.
    """

    sharing: SharingRows
    links: LinkRows
    coarse: Column
    context: Callable[[], ContextRows]
    groups: GroupRows


Engine = Callable[[Tables], Projected]
"""Computes it as of the tables' moment; every engine gives the same bits."""


def in_this_process(tables: Tables) -> Projected:
    """On one machine, in this process."""
    sharing = incidence_of(tables)
    links = project(tables, sharing)
    coarse = first_cut(len(tables.applicant_ids), links)

    def context() -> ContextRows:
        return HeldRows(context_features(tables, sharing, links, coarse, first_applied(tables)))

    return Projected(
        HeldSharing(tables, sharing),
        HeldLinks(links, len(coarse)),
        coarse,
        context,
        HeldGroups(tables, sharing, links),
    )
