"""Who shares what, the links that follow, and the first cut: what an engine computes of the facts for the
search.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from graph.facts.tables import Column, Tables
from graph.rings.incidence import Incidence, incidence_of
from graph.rings.parts import first_cut
from graph.rings.projection import ApplicantLinks, project


@dataclass(frozen=True)
class Projected:
    """Shared values, links between applicants, and the group of each applicant (A,) before anybody is
    suspected, numbered by smallest applicant.
    """

    sharing: Incidence
    links: ApplicantLinks
    coarse: Column


Engine = Callable[[Tables], Projected]
"""Computes it as of the tables' moment; every engine gives the same bits."""


def in_this_process(tables: Tables) -> Projected:
    """On one machine, in this process."""
    sharing = incidence_of(tables)
    links = project(tables, sharing)
    return Projected(sharing, links, first_cut(len(tables.applicant_ids), links))
