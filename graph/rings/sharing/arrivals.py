"""Holders of telling values in the order in which they came: what honest people seldom share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graph.facts.tables import KINDS, ROLES, Column, Tables
from graph.model.types import IdentifierKind, Role
from graph.rings.sharing.counters import lent, of_a_counter, turns_of
from graph.rings.sharing.incidence import Incidence

# A place, a shop and an agent bring many together within days.
TELLING = tuple(
    KINDS.index(kind)
    for kind in (
        IdentifierKind.DEVICE,
        IdentifierKind.PHONE,
        IdentifierKind.BANK_CARD,
        IdentifierKind.NATIONAL_ID,
        IdentifierKind.EMAIL,
    )
)
PHONE, EMPLOYER = KINDS.index(IdentifierKind.PHONE), ROLES.index(Role.EMPLOYER)


@dataclass(frozen=True)
class Arrivals:
    """Holders of telling values in time order, value after value (R,): who, since, kind, value, turn int64;
    whether a counter lends or gives such things, and whether one is known to have it, bool. as_of in
    microseconds. A phone as a contact's is another value, and of another kind, than as one's own.
    """

    who: Column
    since: Column
    kind: Column
    value: Column
    turn: Column
    lent: Column
    counter: Column
    as_of: int


@dataclass(frozen=True)
class TellingRows:
    """Rows (R,) of telling values that are no hubs, in any order: the number of the value, its kind, whether
    a counter is known to have it, and one holder with role and first mention.
    """

    value: Column
    kind: Column
    counter: Column
    who: Column
    role: Column
    since: Column

    def of(self, rows: Column) -> TellingRows:
        """These rows alone."""
        return TellingRows(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def telling_rows(tables: Tables, sharing: Incidence) -> TellingRows:
    """All of them, employers' phones left out."""
    value = sharing.value_of_row
    usable = np.isin(sharing.kind, TELLING) & (sharing.hub == 0)
    row = np.flatnonzero(usable[value] & (sharing.role != EMPLOYER))
    value = value[row]
    counter = of_a_counter(tables, sharing, TELLING)[value]
    return TellingRows(
        value, sharing.kind[value], counter, sharing.who[row], sharing.role[row], sharing.since[row]
    )


def arrivals(rows: TellingRows, within: int, as_of: int) -> Arrivals:
    """Of the values to which two holders came within so many microseconds, all holders in time order."""
    role = np.where(rows.kind == PHONE, rows.role, 0).astype(np.int64)
    thing = rows.value.astype(np.int64) * len(ROLES) + role
    order = np.lexsort((rows.who, rows.since, thing))
    soon = (np.diff(thing[order]) == 0) & (np.diff(rows.since[order]) <= within)
    order = order[np.isin(thing[order], thing[order][1:][soon])]
    rows, role, since = rows.of(order), role[order], rows.since[order]
    number = np.unique(thing[order], return_inverse=True)[1]
    return Arrivals(
        rows.who.astype(np.int64),
        since,
        rows.kind.astype(np.int64) + len(KINDS) * role,
        number,
        turns_of(number, since),
        lent(rows.kind, rows.role),
        rows.counter,
        as_of,
    )
