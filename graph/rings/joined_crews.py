"""Joins flagged pieces of one crew to whole rings, with the suspicious people linked to several of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from graph.facts.tables import Column
from graph.model.moments import DAY
from graph.rings.communities import communities
from graph.rings.projection import ApplicantLinks
from graph.rings.suspect_features import HARD_COLUMNS

# mean weight per pair that suspects keep together, relative to how much each of them is linked to suspects at
# all
FINE = 0.005
# the same for pieces that are flagged by themselves: the chance that both are crews is no longer in question
WHOLE = 0.003
RARE = 10  # holders at most of what a hanger-on shares with flagged people
TWICE = 2  # links with them at least: between two of them, or by two of their things
HANGING = 0.3  # suspicion of a hanger-on, at least
# people of one crew begin about the same time; two crews that hide in one place do not
_APART = 90  # days between two first applications after which a link counts for half of what it did
_ALWAYS = 0.2  # of a link counts however long it was between
_SLACK = 0.3  # pull that an applicant must have before relative weights count in full


def by_closeness(links: ApplicantLinks, since: Column) -> ApplicantLinks:
    """The links with weights that fall with the time between the first applications `since` (A,), int64
    microseconds, of both ends.
    """
    days = np.abs(since[links.a] - since[links.b]) / DAY
    return replace(links, weight=links.weight * (_ALWAYS + (1 - _ALWAYS) * np.exp(-days / _APART)))


def relative_pull(links: ApplicantLinks, suspicion: Column, some: Column) -> Column:
    """Weight of each link (P,) by the suspicion of both ends, over how much both are linked to suspects at
    all.

    0 unless both are of `some` (A,) bool. So a sparse ring in the open and a dense one in a dormitory hold
    together alike.
    """
    pull = np.where(
        some[links.a] & some[links.b], links.weight * (suspicion[links.a] * suspicion[links.b]) ** 2, 0.0
    )
    reach = (
        np.bincount(links.a, weights=pull, minlength=len(some))
        + np.bincount(links.b, weights=pull, minlength=len(some))
        + _SLACK
    )
    return np.asarray(pull / np.sqrt(reach[links.a] * reach[links.b]))


def joined(links: ApplicantLinks, suspicion: Column, group: Column, flagged: Column) -> Column:
    """Numbers of groups (A,), the same for the groups of `flagged` people (A,) bool that hold together at a
    coarser look. No piece is cut again.
    """
    pull = relative_pull(links, suspicion, flagged)
    apart = (pull > 0) & (group[links.a] != group[links.b])
    ends = (group[links.a[apart]], group[links.b[apart]])
    return communities(np.bincount(group).astype(np.float64), ends, pull[apart], WHOLE)[group]


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
