"""Kinds of events: which mean something, and which word was most likely meant by one that does not."""

from __future__ import annotations

from graph.frame.neighbourhood import EVENT_KINDS
from graph.model.near_names import near_name

CARRIERS = ("login", "device_use", "card_bind", "register")  # told for the identifiers in them
_KNOWN = (*EVENT_KINDS, *CARRIERS)
_ALIKE = 0.85  # of two words, 1 being the same: less so are words of their own (`transfer_fee`)


def misspelt(kind: str) -> str | None:
    """The kind that was meant by one that all but spells it; None for a kind that there is and for a word of
    its own, as `prepayment` and `deferral` are beside `payment` and `referral`.
    """
    near = None if kind in _KNOWN else near_name(kind, _KNOWN, _ALIKE)
    if near is None or kind[:1] != near[:1] or kind.endswith(_KNOWN):
        return None
    return near
