"""The early-warning back-test: would today's flagged rings have been flagged before their first default?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from graph.facts.fraud_labels import NEVER, fraud_spells
from graph.facts.loans import DEFAULTED, loan_histories
from graph.facts.tables import Column, Tables
from graph.model.moments import micros, moment
from graph.model.types import OutcomeStatus, Ring
from graph.rings.applicants.rows import ApplicantRows
from graph.rings.search import RingSearch, search
from investigations.review.result import EarlyWarning
from investigations.review.source import ReviewSource

STEP = timedelta(days=28)
_SMALLEST = 3  # members already together in one flagged group at the earlier moment


@dataclass(frozen=True)
class EarlierFlags:
    """What would have been flagged at an earlier moment, by a view as of then: applicant id -> number of the
    group.
    """

    at: datetime
    flagged: Mapping[str, int]


def moments_before(as_of: datetime, steps: int) -> tuple[datetime, ...]:
    """So many earlier moments, 28 days apart, oldest first."""
    return tuple(as_of - step * STEP for step in range(steps, 0, -1))


def look_back(source: ReviewSource, as_of: datetime, steps: int) -> tuple[EarlierFlags, ...]:
    """The whole search repeated as of so many earlier moments; each sees only what was known by then."""
    earlier = []
    for at in moments_before(as_of, steps):
        then = search(source.projected(at), closely=source.closely)
        earlier.append(EarlierFlags(at, flagged_then(then)))
    return tuple(earlier)


def flagged_then(search: RingSearch) -> dict[str, int]:
    """Members of flagged groups."""
    names = search.applicants.names(search.flagged_people)
    return dict(zip(names.tolist(), search.group[search.in_flagged].tolist()))


def early_warnings(
    rings: Sequence[Ring], earlier: Sequence[EarlierFlags], applicants: ApplicantRows
) -> tuple[EarlyWarning, ...]:
    """One row for each ring of `rings` (the flagged ones), as of the applicants' moment."""
    at = applicants.places([member.applicant_id for ring in rings for member in ring.members])
    everyone, place = np.unique(at, return_inverse=True)
    facts = applicants.facts_of(everyone)
    observed = (earlier, first_hurt(facts), _paid_out(facts))
    ends = np.cumsum([len(ring.members) for ring in rings])[:-1]
    return tuple(
        _warning(ring, people, observed, facts.as_of)
        for ring, people in zip(rings, np.split(place, ends) if rings else (), strict=True)
    )


def _warning(
    ring: Ring,
    people: Column,
    observed: tuple[Sequence[EarlierFlags], Column, tuple[Column, Column, Column]],
    as_of: int,
) -> EarlyWarning:
    earlier, hurt, (who, when, amount) = observed
    flagged_at = next((e.at for e in earlier if _flagged(ring, e)), moment(as_of))
    first = int(hurt[people].min(initial=np.iinfo(np.int64).max))
    default = moment(first) if first < as_of else None
    looked_from = earlier[0].at if earlier else moment(as_of)
    after = np.isin(who, people) & (when >= micros(flagged_at))
    return EarlyWarning(
        ring_id=ring.ring_id,
        flagged_at=flagged_at,
        first_default=default,
        days=(default - flagged_at) / timedelta(days=1) if default and default > looked_from else None,
        loans=int(after.sum()),
        amount=round(float(amount[after].sum()), 2),
    )


def _flagged(ring: Ring, earlier: EarlierFlags) -> bool:
    groups = Counter(
        earlier.flagged[m.applicant_id] for m in ring.members if m.applicant_id in earlier.flagged
    )
    return bool(groups) and max(groups.values()) >= _SMALLEST


def first_hurt(tables: Tables) -> Column:
    """Microseconds of the first default on a loan, or of when the current fraud status began (A,)."""
    out = fraud_spells(tables).since
    np.minimum.at(out, tables.applications["applicant"], loan_histories(tables).first(DEFAULTED))
    return out


def _paid_out(tables: Tables) -> tuple[Column, Column, Column]:
    """Applicant, moment and CNY of every loan paid out."""
    became = loan_histories(tables)
    at = became.first([OutcomeStatus.DISBURSED])
    paid = at < NEVER
    return tables.applications["applicant"][paid], at[paid], became.paid_out[paid]
