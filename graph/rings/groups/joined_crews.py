"""Joins flagged pieces of one crew to whole rings, with the suspicious people linked to several of them."""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column
from graph.rings.links.communities import communities
from graph.rings.links.projection import ApplicantLinks
from graph.rings.links.pull import relative_pull
from graph.rings.suspicion.companions import RARE
from graph.rings.suspicion.suspect_features import HARD_COLUMNS

# mean pull per pair that flagged pieces keep together, below FINE: that both are crews is no longer in
# question
WHOLE = 0.003
TWICE = 2  # links with them at least: between two of them, or by two of their things
HANGING = 0.3  # suspicion of a hanger-on, at least


def joined(links: ApplicantLinks, suspicion: Column, group: Column, flagged: Column) -> Column:
    """Numbers of groups (A,), the same for the groups of `flagged` people (A,) bool that hold together at a
    coarser look. No piece is cut again.
    """
    links = links.of(flagged[links.a] & flagged[links.b])
    pull = relative_pull(links, suspicion)
    apart = (pull > 0) & (group[links.a] != group[links.b])
    pieces, end = np.unique(np.r_[group[links.a[apart]], group[links.b[apart]]], return_inverse=True)
    mass, (one, other) = np.bincount(group)[pieces].astype(np.float64), np.split(end, 2)
    whole = communities(mass, (one, other), pull[apart], WHOLE)
    name = np.arange(int(group.max(initial=-1)) + 1)
    name[pieces] = pieces[np.unique(whole, return_index=True)[1]][whole]
    return np.asarray(name[group])


def hanging(
    links: ApplicantLinks, suspicion: Column, group: Column, flagged: Column
) -> tuple[Column, Column]:
    """Who is suspicious and not flagged but tied to flagged people TWICE by rare things, harder than a place;
    and the group that pulls each most.
    """
    a, b = np.r_[links.a, links.b], np.r_[links.b, links.a]
    rare = (links.holders <= RARE) & (links.shared[:, HARD_COLUMNS] > 0).any(axis=1)
    at = np.r_[rare, rare] & flagged[b] & (~flagged & (suspicion >= HANGING))[a]
    who, to, weight = a[at].astype(np.int64), group[b[at]], np.r_[links.weight, links.weight][at]
    if not len(who):
        return who, to
    pairs, pair = np.unique(who * (int(group.max()) + 1) + to, return_inverse=True)
    pull, person = np.bincount(pair, weights=weight), pairs // (int(group.max()) + 1)
    best = np.lexsort((pairs, -pull, person))
    best = best[np.r_[True, np.diff(person[best]) != 0]]
    often = np.bincount(who, minlength=len(group))[person[best]] >= TWICE
    return person[best][often], (pairs % (int(group.max()) + 1))[best][often]
