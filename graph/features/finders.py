"""Which way through a neighbourhood shows a feature: names of ways, which the compiled `graph.features.paths` goes."""

from __future__ import annotations

from enum import IntEnum, auto
from typing import NamedTuple

from graph.features.room import ALL_WAYS, OWN
from graph.model.types import IdentifierKind
from graph.store.tables import KINDS


class How(IntEnum):
    """A way from the subject to what shows a feature."""

    SUBJECT = auto()
    SHARED = auto()
    OWN = auto()
    OTHER_SELF = auto()
    STRONGEST = auto()
    HEAVIEST = auto()
    STRANGER = auto()
    MOST_WAYS = auto()
    PEOPLE = auto()
    RING = auto()
    RING_OR_FLAGGED = auto()
    MERCHANT = auto()
    AGENT = auto()
    PAYER = auto()
    COLLECTOR = auto()
    LENDING = auto()
    TIE = auto()
    DEALING = auto()


class Who(IntEnum):
    """People of a neighbourhood to whom a path may lead: the nearest of them is taken."""

    BAD = auto()
    REJECTED = auto()
    LATE = auto()
    RECENT = auto()
    RECENT_AT_PLACE = auto()
    RECENT_IN_GROUP = auto()
    NEW = auto()
    NEW_IN_GROUP = auto()
    BAD_IN_GROUP = auto()
    GROUP = auto()
    ALIKE = auto()
    OTHER_CITY = auto()
    SAME_PLACE = auto()
    BAD_AT = auto()
    FLAGGED = auto()


class Finder(NamedTuple):
    """A way, and of which identifiers and people; whole numbers, so that compiled code takes it as it is.

    `kind` position in KINDS, `role` in ROLES, `ways` bits of `graph.features.room.WAYS`, `who` a Who.
    """

    how: int
    kind: int = -1
    role: int = OWN
    ways: int = ALL_WAYS
    who: int = 0
    strangers: int = 0


TO_SUBJECT = Finder(How.SUBJECT)
TO_OTHER_SELF = Finder(How.OTHER_SELF)
STRONGEST_BOND = Finder(How.STRONGEST)
HEAVIEST_BOND = Finder(How.HEAVIEST)
TO_STRANGER = Finder(How.STRANGER)
MOST_WAYS = Finder(How.MOST_WAYS)
TO_RING = Finder(How.RING)
INTO_FLAGGED = Finder(How.RING_OR_FLAGGED)
TO_MERCHANT = Finder(How.MERCHANT)
TO_AGENT = Finder(How.AGENT)
TO_PAYER = Finder(How.PAYER)
TO_COLLECTOR = Finder(How.COLLECTOR)


def shared(kind: IdentifierKind, role: int = OWN, ways: int = ALL_WAYS, *, strangers: bool = False) -> Finder:
    """Through the identifier of that kind with the most other holders, to the one (of strangers alone, if so) who came last."""
    return Finder(How.SHARED, KINDS.index(kind), role, ways, strangers=int(strangers))


def own(kind: IdentifierKind, role: int = OWN) -> Finder:
    """To the newest identifier of that kind: for what the subject names, whoever else does."""
    return Finder(How.OWN, KINDS.index(kind), role)


def to(who: Who, kind: IdentifierKind | None = None, role: int = OWN) -> Finder:
    """To the nearest of those people, at most two sharing steps away; `kind` and `role` where they are those at an identifier."""
    return Finder(How.PEOPLE, -1 if kind is None else KINDS.index(kind), role, who=who)


def lending(key: int) -> Finder:
    """Over a key of a multi-lending check, the bit that `graph.features.keys.counted` sets, to the latest application counted under it."""
    return Finder(How.LENDING, ways=key)


def over_tie(identifier: int) -> Finder:
    """Over one identifier of the subject, a row of the neighbourhood, to whoever else was seen last with it."""
    return Finder(How.TIE, identifier)


def over_dealing(person: int) -> Finder:
    """Straight to somebody, a row of the neighbourhood, with whom the subject exchanged money or a referral."""
    return Finder(How.DEALING, person)


def is_of_links(finder: Finder) -> bool:
    """Whether what it shows lies in links to somebody else, and not in the subject's own past and things."""
    return finder.how not in (How.SUBJECT, How.OWN)
