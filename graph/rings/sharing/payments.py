"""One amount paid at one shop by people who have just asked for money: loans that become cash at a till."""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column, Tables
from graph.model.moments import DAY

SOON = 30 * DAY  # from the application before to the payment
TOGETHER = 3  # people at least: two pay the same by chance
_HUNDREDTHS = 100


def same_payments(tables: Tables) -> tuple[Column, Column, Column]:
    """Which amount at which shop each row is of (rows,), numbered from 0, who paid it, and when, in
    microseconds. What fewer than TOGETHER paid within SOON of an application of theirs is left out.
    """
    events = tables.events
    at = np.flatnonzero((events["merchant"] >= 0) & (events["amount"] > 0))
    at = at[_soon_after_asking(tables, at)]
    _, amount = np.unique(np.rint(events["amount"][at] * _HUNDREDTHS), return_inverse=True)
    shop = events["merchant"][at].astype(np.int64)
    _, what = np.unique(shop * (int(amount.max(initial=0)) + 1) + amount, return_inverse=True)
    who = events["applicant"][at]
    pairs = np.unique(np.stack([what, who]), axis=1)
    people = np.bincount(pairs[0], minlength=1)
    kept = people[what] >= TOGETHER
    _, what = np.unique(what[kept], return_inverse=True)
    return what, who[kept], events["at"][at][kept]


def _soon_after_asking(tables: Tables, at: Column) -> Column:
    """Whether each of these events (N,) came within SOON after an application of the same person, bool."""
    applications, events = tables.applications, tables.events
    who = np.r_[applications["applicant"], events["applicant"][at]]
    when = np.r_[applications["at"], events["at"][at]]
    asks = np.arange(len(who)) < len(applications["at"])
    order = np.lexsort((~asks, when, who))  # who asks and pays at one moment has asked before
    who, when, ordered = who[order], when[order], asks[order]
    latest = np.maximum.accumulate(np.where(ordered, np.arange(len(who)), -1))
    soon = np.zeros(len(who), bool)
    soon[order] = (latest >= 0) & (who[latest] == who) & (when - when[latest] <= SOON)
    return soon[~asks]
