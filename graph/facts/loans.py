"""Loan outcomes: each status once, at the moment of its first report, and what late, defaulted, returned and
paid out mean.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import add

import numpy as np

from graph.facts.fraud_labels import NEVER
from graph.facts.tables import STATUSES, Column, Tables
from graph.kernels.compiled import shared
from graph.model.moments import DAY
from graph.model.types import Application, Outcome, OutcomeStatus

THIN_FILE = 1
"""Earlier applications that a thin file has at most."""
DEFAULTED = frozenset({OutcomeStatus.DPD90, OutcomeStatus.WRITTEN_OFF})
"""In default: 90 days past due (Basel II, paragraph 452) or written off."""
LATE = DEFAULTED | {OutcomeStatus.DPD30}
"""30 days past due or worse."""
ENDED = frozenset({OutcomeStatus.CLOSED, OutcomeStatus.RETURNED, OutcomeStatus.WRITTEN_OFF})
"""Nothing is owed any more, or it has been given up."""
DECIDED = frozenset({OutcomeStatus.APPROVED, OutcomeStatus.REJECTED})
COOLING_OFF = timedelta(days=7)


def first_reported(outcomes: Iterable[Outcome]) -> Mapping[OutcomeStatus, datetime]:
    """Each status of one loan with the moment of its first report: several exports may report the same
    status.
    """
    reported: dict[OutcomeStatus, datetime] = {}
    for outcome in outcomes:
        before = reported.get(outcome.status)
        if before is None or outcome.at < before:
            reported[outcome.status] = outcome.at
    return reported


def returned_in_cooling_off(reported: Mapping[OutcomeStatus, datetime]) -> bool:
    """Whether the loan was returned within the cooling-off period; true by definition where its disbursement
    was never reported.
    """
    back, paid = reported.get(OutcomeStatus.RETURNED), reported.get(OutcomeStatus.DISBURSED)
    return back is not None and (paid is None or back - paid <= COOLING_OFF)


def paid_out(application: Application, outcomes: Iterable[Outcome]) -> float | None:
    """CNY paid out: the sum of the payout's parts, capped at the amount applied for because a part reported
    twice looks like two parts.

    None where nothing was paid out or no amount is known. Where the amount applied for is not known, the
    largest part.
    """
    parts = [outcome.amount for outcome in outcomes if outcome.status is OutcomeStatus.DISBURSED]
    known = [part for part in parts if part is not None]
    if application.amount is None:
        return max(known, default=None)
    if not parts:
        return None
    # part by part, as compiled code adds: `sum` of numbers rounds in another way from Python 3.12 on
    return min(reduce(add, known), application.amount) if len(known) == len(parts) else application.amount


def still_open(application: Application, outcomes: Iterable[Outcome]) -> float:
    """CNY paid out and neither closed, returned nor written off; 0 where nothing was paid out."""
    steps = list(outcomes)
    ended = any(outcome.status in ENDED for outcome in steps)
    return 0.0 if ended else paid_out(application, steps) or 0.0


def _bits(statuses: Collection[OutcomeStatus]) -> int:
    return sum(1 << STATUSES.index(status) for status in statuses)


# The same definitions for compiled code. There a loan's steps are the `count` rows from `first` on of
# `outcomes`, in any order: structured rows with `at` (int64 microseconds), `amount` (NaN: not known) and
# `status` (position in STATUSES); a set of steps is bits, 1 << status.
DEFAULTED_BITS, LATE_BITS, ENDED_BITS, DECIDED_BITS = (
    _bits(words) for words in (DEFAULTED, LATE, ENDED, DECIDED)
)
REJECTED_BITS, CLOSED_BITS = (_bits([step]) for step in (OutcomeStatus.REJECTED, OutcomeStatus.CLOSED))
APPROVED, DISBURSED, RETURNED, REJECTED = (
    STATUSES.index(step)
    for step in (
        OutcomeStatus.APPROVED,
        OutcomeStatus.DISBURSED,
        OutcomeStatus.RETURNED,
        OutcomeStatus.REJECTED,
    )
)
_COOLING_OFF = COOLING_OFF.days * DAY


@shared
def status_bits(outcomes: Column, first: int, count: int) -> int:
    """All statuses of a loan, as bits."""
    bits = 0
    for row in range(first, first + count):
        bits |= 1 << outcomes[row].status
    return bits


@shared
def first_step(outcomes: Column, first: int, count: int, status: int) -> int:
    """When a status was first reported (`first_reported`), int64 microseconds; NEVER where it was not."""
    at = NEVER
    for row in range(first, first + count):
        if outcomes[row].status == status and outcomes[row].at < at:
            at = outcomes[row].at
    return at


@shared
def was_returned_in_cooling_off(outcomes: Column, first: int, count: int) -> bool:
    """`returned_in_cooling_off` for compiled code."""
    back, paid = first_step(outcomes, first, count, RETURNED), first_step(outcomes, first, count, DISBURSED)
    return bool(back < NEVER and (paid == NEVER or back - paid <= _COOLING_OFF))


@shared
def payout(outcomes: Column, first: int, count: int, amount: float) -> float:
    """`paid_out` for compiled code: `amount` is the amount applied for; NaN (in and out) is *not known*."""
    parts, known, total, largest = 0, 0, 0.0, np.nan
    for row in range(first, first + count):
        if outcomes[row].status == DISBURSED:
            part = outcomes[row].amount
            parts += 1
            if not np.isnan(part):
                known += 1
                total += part
                largest = part if np.isnan(largest) else max(largest, part)
    if np.isnan(amount):
        return largest
    if parts == 0:
        return np.nan
    return min(total, amount) if known == parts else amount


@dataclass(frozen=True)
class LoanHistories:
    """The outcomes of every application of a view, asked for status by status: only the answer is held.

    `outcomes` are those of the tables, `asked_for` (N,) float64 the amounts applied for.
    """

    outcomes: Mapping[str, Column]
    asked_for: Column

    def first(self, statuses: Collection[OutcomeStatus]) -> Column:
        """Microseconds of the first report of one of these (N,) int64, or NEVER."""
        out = np.full(len(self.asked_for), NEVER)
        rows = self._of(statuses)
        np.minimum.at(out, self.outcomes["application"][rows], self.outcomes["at"][rows])
        return out

    def ever(self, *statuses: OutcomeStatus) -> Column:
        """Which applications came to one of these (N,) bool."""
        out = np.zeros(len(self.asked_for), bool)
        out[self.outcomes["application"][self._of(statuses)]] = True
        return out

    @property
    def returned_in_cooling_off(self) -> Column:
        """Which went back within the cooling-off period (N,) bool, as `returned_in_cooling_off` says."""
        back, paid = self.first([OutcomeStatus.RETURNED]), self.first([OutcomeStatus.DISBURSED])
        return np.asarray((back < NEVER) & ((paid == NEVER) | (back - paid <= _COOLING_OFF)))

    @property
    def paid_out(self) -> Column:
        """CNY (N,) float64, 0 where nothing was paid out or no amount is known."""
        rows, amounts = self._of([OutcomeStatus.DISBURSED]), self.asked_for
        application, part = self.outcomes["application"][rows], self.outcomes["amount"][rows]
        part = np.where(np.isnan(part), amounts[application], part)
        largest = np.zeros(len(amounts))
        np.fmax.at(largest, application, part)
        total = np.bincount(application, weights=np.nan_to_num(part), minlength=len(amounts))
        return np.where(np.isnan(amounts), largest, np.minimum(total, np.nan_to_num(amounts)))

    @property
    def still_open(self) -> Column:
        """CNY (N,) float64, as `still_open` says."""
        return np.where(self.ever(*ENDED), 0.0, self.paid_out)

    def _of(self, statuses: Collection[OutcomeStatus]) -> Column:
        codes = [STATUSES.index(status) for status in statuses]
        return np.flatnonzero(np.isin(self.outcomes["status"], codes))


def loan_histories(tables: Tables) -> LoanHistories:
    """What became of every application in the tables, in their order."""
    return LoanHistories(tables.outcomes, tables.applications["amount"])
