"""Which identifiers say nothing about two people who share them, and why."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from graph.model import Identifier, IdentifierKind

K = IdentifierKind

# More holders than this and the value is a place, a network or a placeholder, not a tie between people. A live answer looks no further
# through it; the batch knows more about each (turnover, spread) and may cut earlier. Counts are of distinct applicants in a role.
GUARD: Mapping[IdentifierKind, int] = MappingProxyType(
    {
        K.NATIONAL_ID: 30,
        K.PHONE: 40,
        K.DEVICE: 60,
        K.BANK_CARD: 40,
        K.EMAIL: 40,
        K.IP: 30,
        K.WIFI: 30,
        K.ADDRESS: 30,
        K.EMPLOYER: 25,
    }
)
COUNT_CAP = 1_000  # holders are counted up to here: one more changes no answer and would make a hub slow


def hub_reason(identifier: Identifier, holders: int) -> str | None:
    """Why nobody is linked through `identifier`, or None when it links. `holders` is counted up to COUNT_CAP."""
    if not identifier.linking:
        return "not_linking"
    if holders > GUARD[identifier.kind]:
        return "many_holders"
    return None
