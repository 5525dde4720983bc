"""The report's section on flags: which rings lost their flag and why, and how many honest people are in
flagged groups, by kind of place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graph.model.types import Ring, RingKind
from graph.rings.weekly.honest_impact import PLACES, HonestImpact
from investigations.review.flag_words import why
from investigations.review.report_words import KINDS, Words
from investigations.review.result import ReviewResult


@dataclass(frozen=True, slots=True)
class Gone:
    """A ring that is no longer flagged: as it was last time, as it is now (None: under no name any more), and
    why (English, Chinese).
    """

    was: Ring
    now: Ring | None
    why: Words


@dataclass(frozen=True, slots=True)
class HonestShare:
    """The headline for one sort of place: its words, and the honest people known there with those in flagged
    groups.
    """

    place: Words
    hit: HonestImpact


def no_longer_flagged(result: ReviewResult) -> list[Gone]:
    """Every ring that lost its flag since last time, the most money open first."""
    was = {ring.ring_id: ring for ring in result.before}
    lost = {c.ring_id: c for c in result.changes if c.flag == "no_longer_flagged" and c.ring_id in was}
    now = {ring.ring_id: ring for ring in result.snapshot.rings if ring.ring_id in lost} if lost else {}
    gone = [Gone(was[ring_id], now.get(ring_id), why(c.why)) for ring_id, c in lost.items()]
    return sorted(gone, key=lambda one: (-one.was.exposure, one.was.ring_id))


def honest_shares(figures: Mapping[str, float | int]) -> list[HonestShare]:
    """The three headlines, in the figures of a review."""
    return [
        HonestShare(
            _PLACES[kind],
            HonestImpact(
                *(int(figures.get(f"honest_{kind.value}_{name}", 0)) for name in ("known", "flagged"))
            ),
        )
        for kind in PLACES
    ]


_PLACES: dict[RingKind, Words] = {**{kind: KINDS[kind] for kind in PLACES}, RingKind.KIOSK: ("shop", "门店")}
