"""Classifies groups by kind, with reasons as stable codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graph.model.types import RingKind
from graph.rings.links.projection import HARD

# flagged last time, and nothing has come to speak against it, though the search alone would not flag it now
FLAG_HELD = "RING_FLAG_HELD"
_SHARED = {name: f"RING_SHARED_{name.upper()}" for name in HARD}


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """A group in a few numbers. `links` counts inner links by what they share; `hard`, `places` and `shops`
    are the shares (0-1) of these marks that are of HARD, of PLACES and of SHOPS. `same_agent` and
    `same_merchant` are the largest share of members (0-1) that came through one agent or merchant, `soon` the
    share of members who applied first within 14 days of the median. `improbable`: codes of why the store's
    habits do not explain the group (graph.rings.suspicion.store_habits).
    """

    flagged: bool
    size: int
    links: Mapping[str, int]
    hard: float
    places: float
    shops: float
    same_agent: float
    same_merchant: float
    soon: float
    density: float
    confirmed: int
    suspicion: float
    emulators: float
    refused: float
    weak_face: bool
    improbable: tuple[str, ...] = ()


def kind_of(traits: Traits) -> RingKind:
    """Flagged groups are a ring unless they hang on one agent or one merchant; the others are named by what
    holds them together.
    """
    if traits.flagged:
        if traits.same_agent >= 0.6:
            return RingKind.AGENT
        if traits.same_merchant >= 0.6 and traits.hard < 0.5:
            return RingKind.MERCHANT
        return RingKind.RING
    if traits.shops >= 0.6 or (traits.same_merchant >= 0.7 and traits.links.get("device", 0) > 0):
        return RingKind.KIOSK
    if traits.places >= 0.5:
        return RingKind.HOUSEHOLD if traits.size <= 6 else RingKind.DORMITORY
    if (
        traits.size <= 6
        and traits.links.get("address", 0)
        + traits.links.get("wifi", 0)
        + traits.links.get("known_contact", 0)
        > 0
    ):
        return RingKind.HOUSEHOLD
    return RingKind.UNKNOWN


def reasons_of(traits: Traits) -> tuple[str, ...]:
    """Why a group stands out, most telling first."""
    enough = 0.5 * max(traits.size - 1, 1)
    results = [code for name, code in _SHARED.items() if traits.links.get(name, 0) >= enough]
    checks = (
        ("RING_CONFIRMED_MEMBERS", traits.confirmed > 0),
        ("RING_SAME_AGENT", traits.same_agent >= 0.6),
        ("RING_SAME_MERCHANT", traits.same_merchant >= 0.6),
        ("RING_APPLIED_TOGETHER", traits.soon >= 0.7),
        ("RING_EMULATORS", traits.emulators >= 0.3),
        ("RING_REFUSED_ELSEWHERE", traits.refused >= 0.5),
        ("RING_WEAK_VERIFICATION", traits.weak_face),
        ("RING_DENSE", traits.density >= 0.5 and traits.size >= 5),
        ("RING_SUSPICIOUS_MEMBERS", traits.suspicion >= 0.5),
        ("GROUP_SHARES_A_PLACE", traits.places >= 0.5),
    )
    return tuple(
        [code for code, holds in checks[:1] if holds]
        + list(traits.improbable)
        + results
        + [code for code, holds in checks[1:] if holds]
    )
