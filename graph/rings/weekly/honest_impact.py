"""Impact on honest people: how many of those known to be good who live, work or shop together are in flagged
groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from graph.facts.tables import Column
from graph.model.types import RingKind
from graph.rings.applicants.everybody import Rows
from graph.rings.groups.kinds import kind_of
from graph.rings.groups.rows import by_first_cut
from graph.rings.search import RingSearch

PLACES = (RingKind.HOUSEHOLD, RingKind.DORMITORY, RingKind.KIOSK)


@dataclass(frozen=True, slots=True)
class HonestImpact:
    """Of `known` honest people `flagged` are in flagged groups, or would be had nobody cleared them."""

    known: int
    flagged: int

    @property
    def share(self) -> float | None:
        """0-1, None where nobody is known."""
        return self.flagged / self.known if self.known else None


def known_honest(search: RingSearch) -> Iterable[Rows]:
    """Who is known to be honest, `who`, some after the other: the cleared, and those who paid a loan back,
    were never 30 days late and are not known for fraud; and who of them is `hit`: in a flagged group, or
    would be had nobody cleared them. `coarse` is the group of the first cut of each.
    """
    hit = np.union1d(search.flagged_people, search.spared).astype(np.int32)
    return search.everybody.answers(_known_honest, ("fraud", "good", "late", "paid", "coarse"), {"who": hit})


def _known_honest(rows: Rows, given: Rows) -> Rows:
    at = np.flatnonzero(rows["good"] | (rows["paid"] & ~rows["late"] & ~rows["fraud"]))
    who = rows["who"][at]
    return {"who": who, "coarse": rows["coarse"][at], "hit": np.isin(who, given["who"])}


def honest_impact(search: RingSearch) -> Mapping[RingKind, HonestImpact]:
    """The honest of households, dormitories and shops, by what the group of the first cut is taken for,
    before anybody was suspected.
    """
    groups, kinds = _places(search)
    known, flagged = np.zeros(len(PLACES), np.int64), np.zeros(len(PLACES), np.int64)
    for rows in known_honest(search):
        here = np.flatnonzero(np.isin(rows["coarse"], groups))
        kind = kinds[np.searchsorted(groups, rows["coarse"][here])]
        known += np.bincount(kind, minlength=len(PLACES))
        flagged += np.bincount(kind[rows["hit"][here]], minlength=len(PLACES))
    return {kind: HonestImpact(int(known[n]), int(flagged[n])) for n, kind in enumerate(PLACES)}


def _places(search: RingSearch) -> tuple[Column, Column]:
    """The groups of the first cut with somebody honest in them that are taken for one of PLACES, ascending,
    and for which.
    """
    known = np.concatenate([np.unique(rows["coarse"]) for rows in known_honest(search)])
    found = []
    for measures in search.groups.measured(by_first_cut(search.everybody), search.rates):
        for at in np.flatnonzero(np.isin(measures.number, known)).tolist():
            if (kind := kind_of(measures.traits(at))) in PLACES:
                found.append((int(measures.number[at]), PLACES.index(kind)))
    groups, kinds = np.array(sorted(found), np.int32).reshape(-1, 2).T
    return groups, kinds
