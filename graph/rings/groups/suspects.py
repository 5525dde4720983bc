"""The second cut: groups of suspects, by how strongly links draw them together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graph.facts.tables import Column
from graph.rings.applicants.labelled import LabelledApplicants
from graph.rings.links.communities import communities
from graph.rings.links.projection import ApplicantLinks
from graph.rings.links.pull import FINE, SuspectLinks
from graph.rings.suspicion.scores import SMALLEST, LabelRates

SUSPECT = 0.15  # below this chance nobody belongs to a group of suspects


@dataclass(frozen=True)
class Suspects:
    """People who are drawn to others (N,), by place, with the `links` between them. What is known of each:
    suspicion, the chance to be bad of those whose group the store's habits do not explain (`improbable`, 0
    for the others), the group of the first cut (`coarse`, a number below N) and labels (`known`). `rates` are
    those of the whole store.
    """

    links: ApplicantLinks
    suspicion: Column
    improbable: Column
    coarse: Column
    known: LabelledApplicants
    rates: LabelRates


def among_suspects(suspects: SuspectLinks, suspicion: Column, coarse: Column) -> Column:
    """Labels of groups (N,) by the people's own `suspicion` and first cut `coarse` (N,), a number below N:
    suspects by links weighed by both ends' suspicion (1 to N), everybody else by their first cut (above).
    """
    links, label = suspects.links, 1 + len(coarse) + coarse
    fine = communities(np.ones(len(coarse)), (links.a, links.b), suspects.pull, FINE)
    suspect = suspicion >= SUSPECT
    enough = np.bincount(fine, weights=suspect)[fine] >= SMALLEST
    smallest = np.unique(fine, return_index=True)[1][fine]
    return np.where(suspect & enough, 1 + smallest, label)
