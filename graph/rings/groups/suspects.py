"""The second cut: groups of suspects, by how strongly links draw them together."""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column
from graph.rings.links.communities import communities
from graph.rings.links.pull import FINE, SuspectLinks
from graph.rings.suspicion.scores import SMALLEST

SUSPECT = 0.15  # below this chance nobody belongs to a group of suspects


def among_suspects(suspects: SuspectLinks, suspicion: Column, coarse: Column) -> Column:
    """Labels of groups (A,): suspects by links weighed by both ends' suspicion (1 to size), everybody else by
    their first cut (above).
    """
    people, links, label = suspects.people, suspects.links, 1 + len(suspicion) + coarse
    ends = (np.searchsorted(people, links.a), np.searchsorted(people, links.b))
    fine = communities(np.ones(len(people)), ends, suspects.pull, FINE)
    suspect = suspicion[people] >= SUSPECT
    enough = np.bincount(fine, weights=suspect)[fine] >= SMALLEST
    smallest = np.unique(fine, return_index=True)[1][fine]
    label[people[suspect & enough]] = 1 + people[smallest[suspect & enough]]
    return label
