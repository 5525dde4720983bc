"""The ways in which two people can be tied, and the greatest weight of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from graph.model.types import IdentifierKind as Kind
from graph.model.types import Role

WORTH: Mapping[str, float] = MappingProxyType(
    {
        "card": 1.2, "device": 1.0, "phone": 1.0, "email": 1.0, "poses": 1.0, "contact": 0.9, "names": 0.4,
        "work": 0.15, "place": 0.12, "crowd": 0.0,
    }
)  # fmt: skip
"""Way -> what it says. `names`: one gave the other's number as a contact. `poses`: the number of one is the
employer's number of the other. `crowd`: both are seen at something that everybody is seen at.
"""

STRONG = frozenset({"card", "device", "phone", "email", "poses", "contact"})
COHERENT = frozenset({"place", "crowd", "work"})  # what people who live or work together share anyway
STRONG_KINDS = frozenset({Kind.PHONE, Kind.DEVICE, Kind.BANK_CARD, Kind.EMAIL})

WAY_OF_KIND: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.DEVICE: "device", Kind.BANK_CARD: "card", Kind.EMAIL: "email", Kind.EMPLOYER: "work",
        Kind.NATIONAL_ID: "card", Kind.ADDRESS: "place", Kind.WIFI: "place", Kind.IP: "place",
    }
)  # fmt: skip
_WAY_OF_NUMBER: Mapping[tuple[Role, Role], str] = {
    (Role.OWN, Role.OWN): "phone", (Role.OWN, Role.CONTACT): "names", (Role.CONTACT, Role.OWN): "names",
    (Role.CONTACT, Role.CONTACT): "contact", (Role.EMPLOYER, Role.EMPLOYER): "work",
}  # fmt: skip

# use by one person that ended so long before the other's began is a handset or number passed on, not shared
HANDED_OVER = timedelta(days=30)
PASSED_ON = 0.25  # what such a tie is worth beside a shared one


def way_of_number(mine: Role, theirs: Role) -> str:
    """How a shared phone number ties two people, given the role in which each names it."""
    return _WAY_OF_NUMBER.get((mine, theirs), "poses")
