"""What became of the flags of the last weeks: the trend, what was saved since, and what people concluded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

import numpy as np

from graph.facts.fraud_labels import NEVER
from graph.facts.loans import DEFAULTED, loan_histories
from graph.facts.tables import Column, Tables
from graph.model.moments import micros
from graph.model.rings_in_turn import AnySnapshot, RingsInTurn
from graph.model.types import OutcomeStatus, Ring
from graph.rings.applicants.rows import ApplicantRows
from investigations.casebook import Casebook
from investigations.monitoring.record import KeptKind
from investigations.review.backtest import first_hurt
from investigations.review.record import NONE, ReviewRecord, Saved, TrendWeek

WEEKS = 12  # snapshots that the trend goes back, this one included
_INSTANT = timedelta(microseconds=1)


RingsBefore = Callable[[datetime], RingsInTurn | None]
"""From a moment to the snapshot that was in force as of then."""


def record_of(
    rings_before: RingsBefore,
    casebook: Casebook | None,
    snapshot: AnySnapshot,
    applicants: ApplicantRows,
    now: datetime,
) -> ReviewRecord:
    """The record as of the snapshot, which need not be saved yet; cases as they stand now."""
    weeks = _weeks(rings_before, snapshot)
    changed = (change.ring_id for change in snapshot.changes)  # of every ring of the week: never held at once
    known = chain(changed, (ring.ring_id for ring in weeks[-1].flagged))
    since = weeks[0].trend.as_of if len(weeks) > 1 else snapshot.as_of - timedelta(weeks=WEEKS)
    return ReviewRecord(
        trend=tuple([week.trend for week in weeks]),
        saved=_saved(weeks, applicants),
        cases=casebook.outcomes.of_rings(known, now) if casebook else None,
        verdicts=casebook.outcomes.counts(since, now) if casebook else NONE,
        alarms=casebook.monitoring.alarms() if casebook else None,
        monitored=_monitored(casebook, now) if casebook else None,
    )


def _monitored(casebook: Casebook, now: datetime) -> datetime | None:
    run = casebook.monitoring.latest(KeptKind.RUN, now)
    return run.since if run else None


@dataclass(frozen=True)
class _Week:
    """What is kept of a snapshot: its line of the trend, and its flagged rings."""

    trend: TrendWeek
    flagged: tuple[Ring, ...]


def _weeks(rings_before: RingsBefore, latest: AnySnapshot) -> list[_Week]:
    """The last snapshots, the oldest first, the last of each week."""
    found, before = [_week(latest)], rings_before(latest.as_of)
    while before is not None and len(found) < WEEKS:
        if before.name != found[-1].trend.snapshot:
            found.append(_week(before))
        before = rings_before(before.as_of - _INSTANT)
    return found[::-1]


def _week(snapshot: AnySnapshot) -> _Week:
    flagged = tuple(ring for ring in snapshot.rings if ring.kind.flagged)
    flags = Counter(change.flag for change in snapshot.changes)
    trend = TrendWeek(
        snapshot=snapshot.name,
        as_of=snapshot.as_of,
        flagged=len(flagged),
        people=sum(ring.size for ring in flagged),
        exposure=sum(ring.exposure for ring in flagged),
        newly_flagged=flags["newly_flagged"],
        no_longer_flagged=flags["no_longer_flagged"],
    )
    return _Week(trend, flagged)


def _saved(weeks: Sequence[_Week], applicants: ApplicantRows) -> Saved:
    flags = _first_flags(weeks)
    there = applicants.places([one for _, members in flags for one in members])
    everyone = np.unique(there[there >= 0])
    facts = applicants.facts_of(everyone)
    hurt = first_hurt(facts)
    flagged_at = np.full(len(everyone), NEVER)  # of whom a ring ahead of its defaults holds
    rings = ahead = late = 0
    ends = np.cumsum([len(members) for _, members in flags])[:-1]
    for (at, _), some in zip(flags, np.split(there, ends)):
        people = np.searchsorted(everyone, some[some >= 0])
        first = int(hurt[people].min(initial=NEVER))
        rings, late = rings + 1, late + int(first <= micros(at))
        if micros(at) < first < NEVER:
            ahead += 1
        if first > micros(at):
            np.minimum.at(flagged_at, people, micros(at))
    return _after(flagged_at, facts, Saved(rings=rings, ahead=ahead, late=late))


def _first_flags(weeks: Sequence[_Week]) -> list[tuple[datetime, Collection[str]]]:
    """When each ring was flagged first in these weeks, with its members then; those that the oldest one
    flags already came before the record.
    """
    known = {ring.ring_id for ring in weeks[0].flagged} if len(weeks) > 1 else set()
    found: list[tuple[datetime, Collection[str]]] = []
    for week in weeks if not known else weeks[1:]:
        for ring in week.flagged:
            if ring.ring_id not in known:
                known.add(ring.ring_id)
                found.append((week.trend.as_of, [member.applicant_id for member in ring.members]))
    return found


def _after(flagged_at: Column, tables: Tables, saved: Saved) -> Saved:
    """What the flagged people applied for from their flag on, and what became of it."""
    became, applications = loan_histories(tables), tables.applications
    later = applications["at"] >= flagged_at[applications["applicant"]]
    paid = later & became.ever(OutcomeStatus.DISBURSED)
    refused = later & ~paid & became.ever(OutcomeStatus.REJECTED)
    wanted = np.nan_to_num(applications["amount"])
    return Saved(
        rings=saved.rings,
        ahead=saved.ahead,
        late=saved.late,
        refused=int(refused.sum()),
        refused_amount=round(float(wanted[refused].sum()), 2),
        paid=int(paid.sum()),
        paid_amount=round(float(became.paid_out[paid].sum()), 2),
        paid_defaulted=int((paid & became.ever(*DEFAULTED)).sum()),
    )
