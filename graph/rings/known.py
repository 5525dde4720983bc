"""What is known of the applicants as of a moment: confirmed frauds, confirmed goods, defaults, and who has had time to show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graph.model import OutcomeStatus
from graph.rings.member_features import first_applied
from graph.rings.sharing import DAY
from graph.tables import STATUSES, Column, Tables

_DEFAULTS = tuple(STATUSES.index(s) for s in (OutcomeStatus.DPD30, OutcomeStatus.DPD90, OutcomeStatus.WRITTEN_OFF))
_PAID = STATUSES.index(OutcomeStatus.CLOSED)
ENOUGH_FRAUDS = 20  # with fewer there is nothing to learn from, and signs that hold anywhere must do
ENOUGH_SILENT = 0.1  # of all applicants, for long enough: in its first weeks a store has frauds, and nobody to tell them from
ENOUGH_GOODS = 30  # confirmed goods from which on silence is no longer taken for innocence
MATURE_DAYS = 90  # without any fraud label to learn the delay from


@dataclass(frozen=True)
class Known:
    """Per applicant (A,): fraud, good (a label says so and none says fraud), late (30 days past due or worse), paid (a loan closed), bool.

    `mature`: applied long enough ago that most frauds of that age are known by now. `since` int64 microseconds, the first application.
    """

    fraud: Column
    good: Column
    late: Column
    paid: Column
    mature: Column
    since: Column

    @property
    def teaches(self) -> bool:
        """Whether there are enough frauds, and enough honest people beside them, to learn from."""
        silent = (self.mature & ~self.fraud).sum() >= ENOUGH_SILENT * len(self.fraud)
        return bool(self.fraud.sum() >= ENOUGH_FRAUDS and (silent or self.good.sum() >= ENOUGH_GOODS))


def known_of(tables: Tables) -> Known:
    """Labels (of the applicant or of an application) and outcomes, by applicant."""
    size = len(tables.applicant_ids)
    labels, outcomes, made = tables.labels, tables.outcomes, tables.applications
    fraud, good, late, paid = (np.zeros(size, bool) for _ in range(4))
    fraud[labels["applicant"][labels["fraud"]]] = True
    good[labels["applicant"][~labels["fraud"]]] = True
    late[made["applicant"][outcomes["application"][np.isin(outcomes["status"], _DEFAULTS)]]] = True
    paid[made["applicant"][outcomes["application"][outcomes["status"] == _PAID]]] = True
    since = first_applied(tables)
    return Known(fraud, good & ~fraud, late, paid, since < tables.as_of - _delay(tables, since), since)


def _delay(tables: Tables, since: Column) -> int:
    """Microseconds from a first application until three in four of the frauds known by now were known."""
    fraud = tables.labels["fraud"]
    if fraud.sum() < 30:
        return MATURE_DAYS * DAY
    waited = tables.labels["known_at"][fraud] - since[tables.labels["applicant"][fraud]]
    return int(np.clip(np.quantile(waited, 0.75), 14 * DAY, 240 * DAY))
