"""When each person was known for fraud, labelled, paid or in default: the history from which training labels
are made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.facts.fraud_labels import NEVER, fraud_spells
from graph.facts.loans import DEFAULTED, loan_histories
from graph.facts.tables import Column, Tables
from graph.model.types import OutcomeStatus

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class History:
    """The history of A people; times are int64 microseconds, NEVER where it has not happened.

    Spells (S,), by person and time: `who` was known for fraud from `start` on until `end`, as reads after
    `start` and not after `end` see it. By person (A,): `judged` first labelled at all; `paid` first got a
    loan; `repaid` first closed one; `defaulted` first in default.
    """

    who: Column
    start: Column
    end: Column
    judged: Column
    paid: Column
    repaid: Column
    defaulted: Column

    def known(self, people: Column, at: Column | int) -> Bools:
        """Which of the people (N,) were known for fraud at a moment, or each at their own."""
        out = np.zeros(len(people), dtype=np.bool_)
        for rows, start, end in self._spells(people):
            out[rows] |= (start < _of(at, rows)) & (_of(at, rows) <= end)
        return out

    def first_known(self, people: Column, at: Column, cutoff: int) -> Column:
        """When each was first known for fraud from `at` on, as far as it was known before `cutoff` (N,)."""
        out = np.full(len(people), NEVER)
        for rows, start, _ in self._spells(people):
            out[rows] = np.minimum(out[rows], np.where((start >= at[rows]) & (start < cutoff), start, NEVER))
        return out

    def _spells(self, people: Column) -> list[tuple[Column, Column, Column]]:
        """The first spell of everybody who has one, the second, ...: rows of `people`, start and end."""
        first, last = np.searchsorted(self.who, people), np.searchsorted(self.who, people, side="right")
        turns = []
        for turn in range(int((last - first).max(initial=0))):
            rows = np.flatnonzero(first + turn < last)
            spell = first[rows] + turn
            turns.append((rows, self.start[spell], self.end[spell]))
        return turns


def history(tables: Tables) -> History:
    """The history of everybody in the tables."""
    predictions, fate = fraud_spells(tables), loan_histories(tables)
    owner, size = tables.applications["applicant"], len(tables.applicant_ids)

    def first(people: Column, moments: Column) -> Column:
        out = np.full(size, NEVER)
        np.minimum.at(out, people, moments)
        return out

    return History(
        who=predictions.who,
        start=predictions.start,
        end=predictions.end,
        judged=first(tables.labels["applicant"], tables.labels["known_at"]),
        paid=first(owner, fate.first([OutcomeStatus.DISBURSED])),
        repaid=first(owner, fate.first([OutcomeStatus.CLOSED])),
        defaulted=first(owner, fate.first(DEFAULTED)),
    )


def _of(at: Column | int, rows: Column) -> Column | int:
    return at if isinstance(at, int) else at[rows]
