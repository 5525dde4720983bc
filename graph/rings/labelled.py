"""Labels and outcomes by applicant as of a moment: confirmed frauds, confirmed goods, defaults, and whose
history is mature.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graph.facts.fraud_labels import FraudSpells, fraud_spells
from graph.facts.loans import LATE, loan_histories
from graph.facts.tables import Column, Tables
from graph.model.moments import DAY
from graph.model.types import OutcomeStatus
from graph.rings.active import first_applied

ENOUGH_FRAUDS = 20  # with fewer there is nothing to learn from, and signs that hold anywhere must do
# of all applicants, for long enough: in its first weeks a store has frauds, and nobody to tell them from
ENOUGH_SILENT = 0.1
# of what is believed without a store's own labels, a smaller share than this is not worth the time
_LEAST_SHARE = 0.05
ENOUGH_GOODS = 30  # confirmed goods from which on silence is no longer taken for innocence
# the first instalment after a month, and a month past due: what a loan has to show whether it performs
SHOWN_DAYS = 60
MATURE_DAYS = 90  # without any fraud label to learn the delay from


@dataclass(frozen=True)
class LabelledApplicants:
    """Per applicant (A,): fraud and good as `graph.facts.fraud_labels` says, late (30 days past due or
    worse), paid (a loan closed), bool. `performing`: a loan had SHOWN_DAYS from its payout to go bad, and
    none is late.

    `mature`: applied long enough ago that most frauds of that age are known by now. `since` int64
    microseconds, the first application.
    """

    fraud: Column
    good: Column
    late: Column
    paid: Column
    performing: Column
    mature: Column
    since: Column

    @property
    def has_enough_labels(self) -> bool:
        """Whether there are enough frauds, and enough honest people beside them, to learn from."""
        silent = (self.mature & ~self.fraud).sum() >= ENOUGH_SILENT * len(self.fraud)
        return bool(self.fraud.sum() >= ENOUGH_FRAUDS and (silent or self.good.sum() >= ENOUGH_GOODS))

    @property
    def share_without_labels(self) -> float:
        """How much counts (0-1) what needs no label of this store: other stores' experience, and that a
        group is improbable.

        All until the store has enough labels, and from then on less with every fraud: in no week does
        another judgement take over at once.
        """
        if not self.has_enough_labels:
            return 1.0
        share = ENOUGH_FRAUDS / int(self.fraud.sum())
        return share if share >= _LEAST_SHARE else 0.0


def labelled_applicants(tables: Tables) -> LabelledApplicants:
    """Labels (of the applicant or of an application) and outcomes, by applicant."""
    size, became, verdict = len(tables.applicant_ids), loan_histories(tables), fraud_spells(tables)
    late, paid, shown = (np.zeros(size, bool) for _ in range(3))
    late[tables.applications["applicant"][became.ever(*LATE)]] = True
    paid[tables.applications["applicant"][became.ever(OutcomeStatus.CLOSED)]] = True
    shown[
        tables.applications["applicant"][
            became.first([OutcomeStatus.DISBURSED]) < tables.as_of - SHOWN_DAYS * DAY
        ]
    ] = True
    since = first_applied(tables)
    return LabelledApplicants(
        verdict.fraud,
        verdict.good,
        late,
        paid,
        shown & ~late,
        since < tables.as_of - _delay(verdict, since),
        since,
    )


def _delay(verdict: FraudSpells, since: Column) -> int:
    """Microseconds from a first application until three in four of the frauds known by now were known."""
    if verdict.fraud.sum() < 30:
        return MATURE_DAYS * DAY
    waited = (verdict.since - since)[verdict.fraud]
    return int(np.clip(np.quantile(waited, 0.75), 14 * DAY, 240 * DAY))
