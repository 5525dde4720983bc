"""The search for groups as of a moment: project, cut, learn who is suspicious, cut again among the suspicious, score, flag."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graph.communities import communities, components
from graph.known import Known, known_of
from graph.projection import Links, project
from graph.ring_features import surroundings
from graph.ring_scores import SMALLEST, GroupScores, flagged_groups, group_scores, rescaled
from graph.sharing import Sharing, sharing_of
from graph.suspicion import member_examples, out_of_fold
from graph.tables import Column, Tables

COARSE = 0.005  # mean link weight a group of the first cut must keep: what neighbours of all sorts hold together by
FINE = 0.01  # the same among suspects, once weights are relative to how much each end is linked
SUSPECT = 0.15  # below this chance nobody belongs to a flagged group
_SLACK = 0.1  # pull that an applicant must have before relative weights count in full


@dataclass(frozen=True)
class Found:
    """Groups found: `group` (A,) int, numbered by smallest applicant, every applicant in one (alone, most of them).

    `suspicion` (A,) 0-1 by features alone; `link` (P,) 0-1, how much each link ties two suspects; `flagged` (G,) bool.
    """

    tables: Tables
    sharing: Sharing
    links: Links
    known: Known
    group: Column
    suspicion: Column
    link: Column
    scores: GroupScores
    flagged: Column
    largest_component: int


def search(tables: Tables) -> Found:
    """All groups as of the tables' moment; the same tables give the same groups."""
    size = len(tables.applicant_ids)
    sharing = sharing_of(tables)
    links, known = project(tables, sharing), known_of(tables)
    coarse = communities(np.ones(size), (links.a, links.b), links.weight, COARSE)
    examples = member_examples(known, coarse)
    features = surroundings(tables, sharing, links, coarse, known.since)
    suspicion = rescaled(out_of_fold(features.values, examples), known)
    group, link = _cut_among_suspects(links, suspicion, coarse)
    scores = group_scores(group, suspicion, known)
    flagged = flagged_groups(group, scores, known)
    largest = int(np.bincount(components(size, links.a, links.b)).max(initial=0))
    return Found(tables, sharing, links, known, group, suspicion, link, scores, flagged, largest)


def _cut_among_suspects(links: Links, suspicion: Column, coarse: Column) -> tuple[Column, Column]:
    """Groups of suspects by links weighed by both ends' suspicion; everybody else stays with the rest of their first group.

    Weights are divided by how much both ends are linked to suspects at all, so that a sparse ring in the open and a dense one in a
    dormitory hold together alike.
    """
    size = len(suspicion)
    pull = links.weight * (suspicion[links.a] * suspicion[links.b]) ** 2
    reach = np.bincount(links.a, weights=pull, minlength=size) + np.bincount(links.b, weights=pull, minlength=size) + _SLACK
    link = pull / np.sqrt(reach[links.a] * reach[links.b])
    fine = communities(np.ones(size), (links.a, links.b), link, FINE)
    suspect = suspicion >= SUSPECT
    crowd = np.bincount(fine, weights=suspect, minlength=size)[fine] >= SMALLEST
    label = np.where(suspect & crowd, fine, size + coarse)
    _, first, number = np.unique(label, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return rank[number], link
