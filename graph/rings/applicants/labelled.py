"""Labels and outcomes by applicant as of a moment: confirmed frauds, confirmed goods, defaults, and whose
history is mature.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from graph.facts.tables import Column
from graph.model.moments import DAY
from graph.rings.applicants.rows import ApplicantRows

ENOUGH_FRAUDS = 20  # with fewer there is nothing to learn from, and signs that hold anywhere must do
# of all applicants, for long enough: in its first weeks a store has frauds, and nobody to tell them from
ENOUGH_SILENT = 0.1
# of what is believed without a store's own labels, a smaller share than this is not worth the time
_LEAST_SHARE = 0.05
ENOUGH_GOODS = 30  # confirmed goods from which on silence is no longer taken for innocence
MATURE_DAYS = 90  # without any fraud label to learn the delay from


@dataclass(frozen=True)
class LabelTotals:
    """How many `people` a store has, and of these how many are known `frauds`, known `goods`, and `silent`:
    mature, and not known for fraud.
    """

    people: int
    frauds: int
    goods: int
    silent: int

    @property
    def are_enough(self) -> bool:
        """Whether there are enough frauds, and enough honest people beside them, to learn from."""
        honest = self.silent >= ENOUGH_SILENT * self.people or self.goods >= ENOUGH_GOODS
        return self.frauds >= ENOUGH_FRAUDS and honest


@dataclass(frozen=True)
class LabelledApplicants:
    """Per applicant (A,): fraud and good as `graph.facts.fraud_labels` says, late (30 days past due or
    worse), paid (a loan closed), bool. `performing`: a loan had time to go bad
    (`graph.rings.applicants.columns.SHOWN_DAYS`), and none is late.

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
    def mature_before(self) -> int:
        """Whoever applied first before that moment (microseconds) is mature."""
        return int(self.since[self.mature].max(initial=-1)) + 1

    @property
    def totals(self) -> LabelTotals:
        """Of everybody."""
        silent = int((self.mature & ~self.fraud).sum())
        return LabelTotals(len(self.fraud), int(self.fraud.sum()), int(self.good.sum()), silent)

    def of(self, people: Column) -> SomeLabelled:
        """Of some people (N,) alone."""
        rows = {field.name: getattr(self, field.name)[people] for field in fields(LabelledApplicants)}
        return SomeLabelled(**rows, store=self.totals)

    @property
    def has_enough_labels(self) -> bool:
        """Whether the store has enough of them to learn from."""
        return self.totals.are_enough

    @property
    def share_without_labels(self) -> float:
        """How much counts (0-1) what needs no label of this store: other stores' experience, and that a
        group is improbable.

        All until the store has enough labels, and from then on less with every fraud: in no week does
        another judgement take over at once.
        """
        if not self.has_enough_labels:
            return 1.0
        share = ENOUGH_FRAUDS / self.totals.frauds
        return share if share >= _LEAST_SHARE else 0.0


@dataclass(frozen=True)
class SomeLabelled(LabelledApplicants):
    """Of some people (N,) of a `store`."""

    store: LabelTotals

    @property
    def totals(self) -> LabelTotals:
        """Of everybody in the store."""
        return self.store


def labelled_applicants(applicants: ApplicantRows) -> LabelledApplicants:
    """Labels (of the applicant or of an application) and outcomes, by applicant."""
    fraud, late, since = (applicants.column(name) for name in ("fraud", "late", "since"))
    return LabelledApplicants(
        fraud,
        applicants.column("good"),
        late,
        applicants.column("paid"),
        applicants.column("shown") & ~late,
        since < applicants.as_of - _delay(fraud, applicants.column("fraud_since"), since),
        since,
    )


def _delay(fraud: Column, known: Column, since: Column) -> int:
    """Microseconds from a first application until three in four of the frauds known by now were known."""
    if fraud.sum() < 30:
        return MATURE_DAYS * DAY
    waited = known[fraud] - since[fraud]
    return int(np.clip(np.quantile(waited, 0.75), 14 * DAY, 240 * DAY))
