"""Impact on honest people: how many of those known to be good who live, work or shop together are in flagged
groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from graph.facts.tables import Column
from graph.model.types import RingKind
from graph.rings.groups.kinds import kind_of
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


def known_honest(search: RingSearch) -> tuple[Column, Column]:
    """Who is known to be honest (A,) bool: the cleared, and those who paid a loan back, were never 30 days
    late and are not known for fraud; and who of them is in a flagged group, or would be had nobody cleared
    them.
    """
    labelled = search.known
    honest = labelled.good | (labelled.paid & ~labelled.late & ~labelled.fraud)
    return honest, honest & (search.flagged[search.group] | search.spared)


def honest_impact(search: RingSearch) -> Mapping[RingKind, HonestImpact]:
    """The honest of households, dormitories and shops, by what the group of the first cut is taken for,
    before anybody was suspected.
    """
    honest, hit = known_honest(search)
    known = np.bincount(search.coarse, weights=honest) > 0
    kinds = np.full(len(known), -1)
    for measures in search.groups.measured(search.coarse, search.suspicion, search.rates):
        for at, group in enumerate(measures.number.tolist()):
            if known[group] and (kind := kind_of(measures.traits(at))) in PLACES:
                kinds[group] = PLACES.index(kind)
    place = kinds[search.coarse]
    return {
        kind: HonestImpact(int((honest & (place == n)).sum()), int((hit & (place == n)).sum()))
        for n, kind in enumerate(PLACES)
    }
