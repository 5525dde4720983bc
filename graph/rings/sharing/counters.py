"""What a counter explains: a device or a number that people come to one after another is a shop's, a
promoter's or an employer's; machines do not queue.
"""

from __future__ import annotations

import numpy as np

from graph.facts.hubs import SHOP_SHARE
from graph.facts.tables import KINDS, ROLES, Column, Tables
from graph.model.types import IdentifierKind, Role
from graph.rings.sharing.incidence import Incidence

_DEVICE, _PHONE = KINDS.index(IdentifierKind.DEVICE), KINDS.index(IdentifierKind.PHONE)
_SERVED = (
    60_000_000  # microseconds that serving somebody takes at least: whoever comes sooner shares the turn
)
# so many turns one after another are a counter's, of whatever kind; where the counter is known, so many
_UNKNOWN, KNOWN = 8, 3
PLACES = tuple(
    KINDS.index(kind) for kind in (IdentifierKind.ADDRESS, IdentifierKind.WIFI, IdentifierKind.EMPLOYER)
)
LARGER = 3  # times as many people at a place as users of a thing there: a crowd that the thing is taken to


def lent(kind: Column, role: Column) -> Column:
    """Rows (R,) bool of what a counter lends to those who come, its device, or gives them, its number as a
    contact's. Nobody lends a card, an identity or an own number. `kind` and `role` are positions.
    """
    return np.asarray((kind == _DEVICE) | (kind == _PHONE) & (role == ROLES.index(Role.CONTACT)))


def turns_of(thing: Column, since: Column) -> Column:
    """Number of the turn (R,) in which each of the holders of things, in time order, came."""
    return np.cumsum(np.r_[False, (np.diff(thing) != 0) | (np.diff(since) > _SERVED)][: len(thing)])


def is_queue(turns: Column, known: Column) -> Column:
    """Whether so many turns (N,) are a queue at a counter, bool; `known` (N,) bool: a shop or a much larger
    place says which.
    """
    return np.asarray(turns >= np.where(known, KNOWN, _UNKNOWN))


def explained(turns: Column) -> Column:
    """How many people less count where so many came to one thing in turn (N,): twice as many are as rare as
    one more person elsewhere, because what is popular becomes more so.
    """
    turns = np.maximum(turns, 2)
    return np.asarray(turns - 2 - np.log2(turns / 2))


def of_a_counter(tables: Tables, sharing: Incidence, kinds: tuple[int, ...]) -> Column:
    """Values (V,) bool of these kinds most of whose users ever applied at one and the same shop or through
    one agent, or live or work at one place that is much larger: a promoter's tablet in a dormitory.
    """
    some = np.flatnonzero((np.isin(sharing.kind, kinds) & (sharing.holders >= KNOWN))[sharing.value_of_row])
    place = np.isin(sharing.kind, PLACES)[sharing.value_of_row]
    out = _of_most(sharing, some, (sharing.who[place], sharing.value_of_row[place]), sharing.holders)
    for column, ids in (("merchant", tables.merchant_ids), ("agent", tables.agent_ids)):
        there = tables.applications[column] >= 0
        seller = tables.applications["applicant"][there], tables.applications[column][there]
        out |= _of_most(sharing, some, seller, np.full(len(ids), np.iinfo(np.int64).max))
    return out


def _of_most(sharing: Incidence, some: Column, held: tuple[Column, Column], crowd: Column) -> Column:
    """Values (V,) bool, by their rows `some`, SHOP_SHARE of whose holders have one thing in common, by rows
    of people and things, of which `crowd` (things,) people are LARGER times as many as the value's own.
    """
    width = len(crowd) + 1
    pairs = np.unique(held[0].astype(np.int64) * width + held[1])
    first = np.searchsorted(pairs // width, np.arange(int(sharing.who.max(initial=0)) + 2))
    who, value = sharing.who[some], sharing.value_of_row[some]
    count = np.diff(first)[who]
    row = np.repeat(np.arange(len(some)), count)
    thing = pairs[first[who[row]] + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)] % width
    both, people = np.unique(value[row].astype(np.int64) * width + thing, return_counts=True)
    value, thing = both // width, both % width
    enough = (people >= SHOP_SHARE * sharing.holders[value]) & (
        crowd[thing] // LARGER >= sharing.holders[value]
    )
    out = np.zeros(len(sharing.kind), bool)
    out[value[enough]] = True
    return out
