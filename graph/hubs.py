"""Which identifiers say nothing about two people who share them, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
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


SHOP_USERS = 5  # fewer people on a device than this say nothing about whose it is
SHOP_SHARE = 0.8


def is_shop_device(shops: Iterable[frozenset[str]]) -> bool:
    """Whether a device below the guard is a shop's own: at least SHOP_USERS used it, and SHOP_SHARE of them applied at one and the same shop.

    `shops`: for each user, the merchants at which they ever applied. What customers share with the next in the queue ties nobody; what they
    share with a colluding shop shows in the shop's own figures.
    """
    users = list(shops)
    if len(users) < SHOP_USERS:
        return False
    visited = Counter(shop for each in users for shop in each)
    return max(visited.values(), default=0) >= SHOP_SHARE * len(users)
