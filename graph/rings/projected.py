"""Applicants, who shares what, the links that follow, the first cut, what surrounds each applicant and what
lies inside groups: what an engine computes of the facts for the search.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from graph.facts.tables import Tables
from graph.rings.applicants.everybody import Everybody, held_everybody
from graph.rings.applicants.rows import ApplicantRows, HeldApplicants
from graph.rings.groups.rows import GroupRows, HeldGroups
from graph.rings.links.parts import first_cut
from graph.rings.links.projection import project
from graph.rings.links.rows import HeldLinks, LinkRows
from graph.rings.sharing.incidence import incidence_of
from graph.rings.sharing.rows import HeldSharing, SharingRows
from graph.rings.suspicion.context_features import context_features
from graph.rings.suspicion.rows import ContextRows, HeldRows
from graph.store.port import GraphView


@dataclass(frozen=True)
class Projected:
    """Applicants, shared values, links between them, what each of everybody did and their group before
    anybody is suspected (`coarse`), and, when it is asked for, what surrounds them and what lies inside
    groups.
    """

    applicants: ApplicantRows
    sharing: SharingRows
    links: LinkRows
    everybody: Everybody
    context: Callable[[], ContextRows]
    groups: GroupRows


class Engine(Protocol):
    """Computes it; every engine gives the same bits."""

    def of_view(self, view: GraphView) -> Projected:
        """As of the view's moment."""

    def of_tables(self, tables: Tables) -> Projected:
        """Of facts that are held already, as of their moment."""


class InThisProcess:
    """On one machine, in this process."""

    def of_view(self, view: GraphView) -> Projected:
        """As of the view's moment."""
        return in_this_process(view.tables())

    def of_tables(self, tables: Tables) -> Projected:
        """As of the tables' moment."""
        return in_this_process(tables)


def in_this_process(tables: Tables) -> Projected:
    """As of the tables' moment."""
    applicants, sharing = HeldApplicants(tables), incidence_of(tables)
    links = project(tables, sharing)
    coarse = first_cut(len(tables.applicant_ids), links).astype(np.int32)

    def context() -> ContextRows:
        return HeldRows(context_features(tables, sharing, links, coarse, applicants.columns["since"]))

    return Projected(
        applicants,
        HeldSharing(tables, sharing),
        HeldLinks(links, len(coarse)),
        held_everybody(coarse, applicants.columns),
        context,
        HeldGroups(applicants, sharing, links),
    )
