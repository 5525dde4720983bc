"""Labels of groups, one for each of some people: negative for those of flagged groups."""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column
from graph.rings.suspicion.scores import SMALLEST


def numbered(label: Column) -> tuple[Column, Column]:
    """Labels as 0, 1, 2, ... in order of each group's first applicant (N,), and that applicant (G,)."""
    _, first, number = np.unique(label, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(first), np.int64)
    rank[order] = np.arange(len(first))
    return rank[number], first[order]


def in_flagged(label: Column) -> Column:
    """Who is in a flagged group (N,) bool, by labels that are negative for these; a group of too few is
    none.
    """
    group = numbered(np.abs(label))[0]
    return np.asarray((label < 0) & (np.bincount(group)[group] >= SMALLEST))
