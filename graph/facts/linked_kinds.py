"""Whether what people name links them to somebody else, by kind of identifier."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graph.facts.hubs import GUARD
from graph.facts.tables import KINDS, ROLES, Column, Tables
from graph.model.types import Role

Floats = npt.NDArray[np.float64]

_OWN = ROLES.index(Role.OWN)
_GUARDS = np.array([GUARD[kind] for kind in KINDS])


class LinkedKinds:
    """Who uses which identifiers as their own from when on, by `tables`."""

    def __init__(self, tables: Tables) -> None:
        ties = tables.ties
        own = (ties["role"] == _OWN) & tables.identifiers["linking"][ties["identifier"]]
        columns = (ties[name][own] for name in ("applicant", "identifier", "since"))
        self._who, self._value, self._since = _first_uses(*columns)
        self._kind = tables.identifiers["kind"]
        self._moments = np.unique(self._since)
        self._used = np.sort(self._places(self._value, self._since))

    def of(self, person: Column, at: Column) -> dict[str, Floats]:
        """By kind, of each of N people at a moment of their own: 1 where an identifier of that kind that is
        theirs was somebody else's, too, strictly before the moment and with no more holders than a tie may
        have; 0 where none was; NaN where they had named none by then.

        `person` (N,) are rows of `tables.applicant_ids` (-1: nobody), `at` (N,) int64 microseconds.
        """
        rows, used = self._uses_of(person)
        before = self._since[used] <= at[rows]
        rows, used = rows[before], used[before]
        others = self._holders_before(self._value[used], at[rows]) - (self._since[used] < at[rows])
        kind = self._kind[self._value[used]]
        links = (others > 0) & (others < _GUARDS[kind])
        out = {}
        for code, one in enumerate(KINDS):
            column = np.full(len(person), np.nan)
            column[rows[kind == code]] = 0.0
            column[rows[(kind == code) & links]] = 1.0
            out[one.value] = column
        return out

    def _uses_of(self, person: Column) -> tuple[Column, Column]:
        """Pairs of a row of `person` and one of the uses of that person."""
        start, stop = np.searchsorted(self._who, person), np.searchsorted(self._who, person, side="right")
        count = stop - start
        rows = np.repeat(np.arange(len(person)), count)
        return rows, np.arange(len(rows)) + np.repeat(start - (np.cumsum(count) - count), count)

    def _holders_before(self, value: Column, at: Column) -> Column:
        """How many people had used each value (M,) strictly before `at` (M,)."""
        first = value.astype(np.int64) * (len(self._moments) + 1)
        until = np.searchsorted(self._used, self._places(value, at))
        return np.asarray(until - np.searchsorted(self._used, first))

    def _places(self, value: Column, at: Column) -> Column:
        """Numbers by which uses are in order: by value, then by moment."""
        return value.astype(np.int64) * (len(self._moments) + 1) + np.searchsorted(self._moments, at)


def _first_uses(who: Column, value: Column, since: Column) -> tuple[Column, Column, Column]:
    """Each person's first use of each value, by person."""
    order = np.lexsort((since, value, who))
    who, value, since = who[order], value[order], since[order]
    first = np.r_[True, (who[1:] != who[:-1]) | (value[1:] != value[:-1])] if len(who) else np.zeros(0, bool)
    return who[first], value[first], since[first]
