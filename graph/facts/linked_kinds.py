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


def linked_kinds(tables: Tables, person: Column, at: Column) -> dict[str, Floats]:
    """By kind, of each of N people at a moment of their own: 1 where an identifier of that kind that is
    theirs was somebody else's, too, strictly before the moment and with no more holders than a tie may have;
    0 where none was; NaN where they had named none by then.

    `person` (N,) are rows of `tables.applicant_ids` (-1: nobody), `at` (N,) int64 microseconds.
    """
    ties = tables.ties
    own = np.flatnonzero((ties["role"] == _OWN) & tables.identifiers["linking"][ties["identifier"]])
    who, value, since = _first_uses(ties["applicant"][own], ties["identifier"][own], ties["since"][own])
    rows, used = _uses_of(who, person)
    rows, used = rows[since[used] <= at[rows]], used[since[used] <= at[rows]]
    others = _holders_before(value, since, value[used], at[rows]) - (since[used] < at[rows])
    kind = tables.identifiers["kind"][value[used]]
    links = (others > 0) & (others < _GUARDS[kind])
    out = {}
    for code, one in enumerate(KINDS):
        column = np.full(len(person), np.nan)
        column[rows[kind == code]] = 0.0
        column[rows[(kind == code) & links]] = 1.0
        out[one.value] = column
    return out


def _first_uses(who: Column, value: Column, since: Column) -> tuple[Column, Column, Column]:
    """Each person's first use of each value, by person."""
    order = np.lexsort((since, value, who))
    who, value, since = who[order], value[order], since[order]
    first = np.r_[True, (who[1:] != who[:-1]) | (value[1:] != value[:-1])] if len(who) else np.zeros(0, bool)
    return who[first], value[first], since[first]


def _uses_of(who: Column, person: Column) -> tuple[Column, Column]:
    """Pairs of a row of `person` and one of the uses (sorted by `who`) of that person."""
    start, stop = np.searchsorted(who, person), np.searchsorted(who, person, side="right")
    rows = np.repeat(np.arange(len(person)), stop - start)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(stop - start) - (stop - start), stop - start)
    return rows, np.repeat(start, stop - start) + within


def _holders_before(value: Column, since: Column, wanted: Column, at: Column) -> Column:
    """How many people had used each `wanted` value (M,) strictly before `at` (M,)."""
    moments = np.unique(np.concatenate([since, at]))
    used = np.sort(value.astype(np.int64) * len(moments) + np.searchsorted(moments, since))
    first = wanted.astype(np.int64) * len(moments)
    until = np.searchsorted(used, first + np.searchsorted(moments, at))
    return np.asarray(until - np.searchsorted(used, first))
