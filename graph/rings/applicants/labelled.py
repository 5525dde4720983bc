"""Labels and outcomes by applicant as of a moment: confirmed frauds, confirmed goods, defaults, and whose
history is mature.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial

import numpy as np

from graph.facts.tables import Column
from graph.model.moments import DAY
from graph.rings.applicants.everybody import Everybody, Rows, added, merged

ENOUGH_FRAUDS = 20  # with fewer there is nothing to learn from, and signs that hold anywhere must do
# of all applicants, for long enough: in its first weeks a store has frauds, and nobody to tell them from
ENOUGH_SILENT = 0.1
# of what is believed without a store's own labels, a smaller share than this is not worth the time
_LEAST_SHARE = 0.05
ENOUGH_GOODS = 30  # confirmed goods from which on silence is no longer taken for innocence
MATURE_DAYS = 90  # without any fraud label to learn the delay from
LABELS = ("fraud", "good", "late", "paid", "shown", "since")  # the columns that labels are made of


@dataclass(frozen=True)
class LabelTotals:
    """How many `people` a store has, and of these how many are known `frauds`, known `goods`, `mature`, known
    goods who are mature, and `honest`: not known for fraud, and mature or known to be good. `silent` are
    mature, and not known for fraud.
    """

    people: int
    frauds: int
    goods: int
    silent: int
    mature: int
    mature_goods: int
    honest: int

    @property
    def are_enough(self) -> bool:
        """Whether there are enough frauds, and enough honest people beside them, to learn from."""
        honest = self.silent >= ENOUGH_SILENT * self.people or self.goods >= ENOUGH_GOODS
        return self.frauds >= ENOUGH_FRAUDS and honest

    @property
    def share_without_labels(self) -> float:
        """How much counts (0-1) what needs no label of this store: other stores' experience, and that a
        group is improbable.

        All until the store has enough labels, and from then on less with every fraud: in no week does
        another judgement take over at once.
        """
        if not self.are_enough:
            return 1.0
        share = ENOUGH_FRAUDS / self.frauds
        return share if share >= _LEAST_SHARE else 0.0


@dataclass(frozen=True)
class LabelledApplicants:
    """Per applicant (N,): fraud and good as `graph.facts.fraud_labels` says, late (30 days past due or
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
    def totals(self) -> LabelTotals:
        """Of everybody."""
        return LabelTotals(**{name: int(count.sum()) for name, count in _counts(vars(self)).items()})

    def of(self, people: Column) -> SomeLabelled:
        """Of some people (N,) alone."""
        rows = {field.name: getattr(self, field.name)[people] for field in fields(LabelledApplicants)}
        return SomeLabelled(**rows, store=self.totals)

    @property
    def has_enough_labels(self) -> bool:
        """Whether the store has enough of them to learn from."""
        return self.totals.are_enough


@dataclass(frozen=True)
class SomeLabelled(LabelledApplicants):
    """Of some people (N,) of a `store`."""

    store: LabelTotals

    @property
    def totals(self) -> LabelTotals:
        """Of everybody in the store."""
        return self.store


@dataclass(frozen=True)
class StoreLabels:
    """The labels of a store, asked for of some people. Whoever applied first before `mature_before`
    (microseconds) is mature; `frauds` (F,) are the positions of the known frauds, ascending.
    """

    everybody: Everybody
    mature_before: int
    totals: LabelTotals
    frauds: Column

    def of(self, people: Column) -> SomeLabelled:
        """Of `people` (N,), positions in ascending order."""
        return SomeLabelled(
            **labels_of(self.everybody.of(people, *LABELS), self.mature_before), store=self.totals
        )


def store_labels(everybody: Everybody, as_of: int) -> StoreLabels:
    """Labels (of the applicant or of an application) and outcomes as of a moment (microseconds)."""
    frauds = merged(everybody.answers(_frauds, ("fraud", "fraud_since", "since")))
    before = as_of - _delay(frauds["waited"])
    counted = added(everybody.answers(partial(_counted, before=before), LABELS))
    return StoreLabels(everybody, before, LabelTotals(**counted), frauds["who"].astype(np.int64))


def labels_of(rows: Rows, mature_before: int) -> dict[str, Column]:
    """The columns LABELS of some people as those of `LabelledApplicants`."""
    named = {name: rows[name] for name in ("fraud", "good", "late", "paid", "since")}
    return {
        **named,
        "performing": rows["shown"] & ~rows["late"],
        "mature": rows["since"] < mature_before,
    }


def _frauds(rows: Rows, given: Rows) -> Rows:
    """The known frauds, and how long it took until each was known."""
    at = np.flatnonzero(rows["fraud"])
    return {"who": rows["who"][at], "waited": rows["fraud_since"][at] - rows["since"][at]}


def _counted(rows: Rows, given: Rows, before: int) -> Rows:
    return {name: np.array([some.sum()]) for name, some in _counts(labels_of(rows, before)).items()}


def _counts(labels: Rows) -> Rows:
    """Whom each of LabelTotals counts (N,) bool."""
    fraud, good, mature = labels["fraud"], labels["good"], labels["mature"]
    return {
        "people": np.ones(len(fraud), bool),
        "frauds": fraud,
        "goods": good,
        "silent": mature & ~fraud,
        "mature": mature,
        "mature_goods": mature & good,
        "honest": ~fraud & (good | mature),
    }


def _delay(waited: Column) -> int:
    """Microseconds from a first application until three in four of the frauds known by now were known, of how
    long each took.
    """
    if len(waited) < 30:
        return MATURE_DAYS * DAY
    return int(np.clip(np.quantile(waited, 0.75), 14 * DAY, 240 * DAY))
