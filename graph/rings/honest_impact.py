"""Impact on honest people: how many of those known to be good who live, work or shop together are in flagged
groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from graph.facts.tables import Column
from graph.model.types import RingKind
from graph.rings.kinds import kind_of
from graph.rings.measures import measure
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
    first = measure(
        replace(search, group=search.coarse, flagged=np.zeros(int(search.coarse.max(initial=-1)) + 1, bool))
    )
    kinds = np.full(len(first.size), -1)
    for group in np.flatnonzero(
        (first.size >= 3) & (np.bincount(search.coarse, weights=honest, minlength=len(first.size)) > 0)
    ).tolist():
        kind = kind_of(first.traits(group))
        kinds[group] = PLACES.index(kind) if kind in PLACES else -1
    place = kinds[search.coarse] if len(kinds) else kinds
    return {
        kind: HonestImpact(int((honest & (place == n)).sum()), int((hit & (place == n)).sum()))
        for n, kind in enumerate(PLACES)
    }
