"""Path rules: which path through a neighbourhood is evidence of a feature; `paths.finding` follows them."""

from __future__ import annotations

from enum import IntEnum, auto
from typing import NamedTuple

from graph.facts.tables import KINDS
from graph.features.workspace import ALL_WAYS, OWN
from graph.model.types import IdentifierKind


class Route(IntEnum):
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


class Target(IntEnum):
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


class PathRule(NamedTuple):
    """A way, and of which identifiers and people; whole numbers, so that compiled code takes it as it is.

    `kind` position in KINDS, `role` in ROLES, `ways` bits of `graph.features.workspace.WAYS`, `target` a
    Target.
    """

    route: int
    kind: int = -1
    role: int = OWN
    ways: int = ALL_WAYS
    target: int = 0
    strangers: int = 0


TO_SUBJECT = PathRule(Route.SUBJECT)
TO_OTHER_SELF = PathRule(Route.OTHER_SELF)
STRONGEST_BOND = PathRule(Route.STRONGEST)
HEAVIEST_BOND = PathRule(Route.HEAVIEST)
TO_STRANGER = PathRule(Route.STRANGER)
MOST_WAYS = PathRule(Route.MOST_WAYS)
TO_RING = PathRule(Route.RING)
INTO_FLAGGED = PathRule(Route.RING_OR_FLAGGED)
TO_MERCHANT = PathRule(Route.MERCHANT)
TO_AGENT = PathRule(Route.AGENT)
TO_PAYER = PathRule(Route.PAYER)
TO_COLLECTOR = PathRule(Route.COLLECTOR)


def shared(
    kind: IdentifierKind, role: int = OWN, ways: int = ALL_WAYS, *, strangers: bool = False
) -> PathRule:
    """Through the identifier of that kind with the most other holders, to the one (of strangers alone, if so)
    who came last.
    """
    return PathRule(Route.SHARED, KINDS.index(kind), role, ways, strangers=int(strangers))


def own(kind: IdentifierKind, role: int = OWN) -> PathRule:
    """To the newest identifier of that kind: for features of the subject's own identifiers, shared or not."""
    return PathRule(Route.OWN, KINDS.index(kind), role)


def to(who: Target, kind: IdentifierKind | None = None, role: int = OWN) -> PathRule:
    """To the nearest of those people, at most two sharing steps away; `kind` and `role` where they are those
    at an identifier.
    """
    return PathRule(Route.PEOPLE, -1 if kind is None else KINDS.index(kind), role, target=who)


def lending(key: int) -> PathRule:
    """Over a key of a multi-lending check, the bit that `lending.keys.counted` sets, to the latest
    application counted under it.
    """
    return PathRule(Route.LENDING, ways=key)


def over_tie(identifier: int) -> PathRule:
    """Over one identifier of the subject, a row of the neighbourhood, to whoever else was seen last with
    it.
    """
    return PathRule(Route.TIE, identifier)


def over_dealing(person: int) -> PathRule:
    """Straight to somebody, a row of the neighbourhood, with whom the subject exchanged money or a
    referral.
    """
    return PathRule(Route.DEALING, person)


def is_of_links(finder: PathRule) -> bool:
    """Whether what it shows lies in links to somebody else, and not in the subject's own past and things."""
    return finder.route not in (Route.SUBJECT, Route.OWN)
