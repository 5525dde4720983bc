"""The people of a shop, an agent or an identifier: loans, outcomes and known frauds, as of the view's
moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from graph.facts.fraud_labels import fraud_statuses
from graph.facts.loans import DEFAULTED, first_reported, paid_out
from graph.facts.local_time import local
from graph.model.types import Application, Identifier, OutcomeStatus
from graph.store.port import GraphView

READ_PEOPLE = 200  # applications at a shop, or holders of an identifier: the latest
APPLICATIONS_EACH = 4  # of each holder, the latest
LISTED_PEOPLE = 12
LISTED_RINGS = 6
MONTHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class NearRing:
    """A ring of the snapshot in force to which `people` of the circle belong."""

    ring_id: str
    kind: str
    flagged: bool
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPerson:
    """One of the latest people: when they came, the latest step of their loan, and whether they are known for
    fraud.
    """

    applicant_id: str
    at: datetime
    status: str | None
    amount: float | None
    bad: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanMonth:
    """The applications of one month: how many, how many of them were paid out, and how many of these loans
    are in default, or of somebody known for fraud, by the view's moment.
    """

    month: str
    applications: int
    loans: int
    bad: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """The people of a shop, an agent or an identifier. `more`: there are others beyond those read, who are
    not counted here.

    `loans` were paid out, `amount` is what was paid out (CNY), `defaulted` of them are in default; `outcomes`
    counts the applications by their latest step. `frauds`: people known for fraud. `rings`: the flagged ones
    first, then those with the most people. `months`: the last MONTHS up to the latest application, without a
    gap.
    """

    people: int
    more: bool
    applications: int
    loans: int
    amount: float
    defaulted: int
    outcomes: Mapping[str, int]
    frauds: int
    rings: tuple[NearRing, ...]
    latest: tuple[ListedPerson, ...]
    months: tuple[LoanMonth, ...] = ()


def of_place(view: GraphView, kind: str, place_id: str) -> Circle:
    """Those who applied at a merchant or through an agent; empty when nobody did."""
    merchant, agent = (place_id, None) if kind == "merchant" else (None, place_id)
    result = view.applications_at(merchant, agent, READ_PEOPLE + 1)
    created = result[:READ_PEOPLE]
    came = {a.applicant_id: a.applied_at for a in reversed(created)}  # the latest time holds
    return _circle(view, came, created, more=len(result) > READ_PEOPLE)


def of_identifier(view: GraphView, identifier: Identifier) -> Circle:
    """Those who hold it, in any role: a hub's latest ones too, which are shown and never followed."""
    result = view.latest_holders(identifier, READ_PEOPLE + 1)
    came = {tie.applicant_id: tie.since for tie in reversed(result[:READ_PEOPLE])}
    created = [a for each in view.applications_of(list(came), APPLICATIONS_EACH).values() for a in each]
    return _circle(view, came, created, more=len(result) > READ_PEOPLE)


def _circle(
    view: GraphView, came: Mapping[str, datetime], applications: Sequence[Application], *, more: bool
) -> Circle:
    people = list(came)
    outcomes = view.outcomes_of([a.application_id for a in applications])
    summary = {a.application_id: first_reported(outcomes[a.application_id]) for a in applications}
    paid = [a for a in applications if OutcomeStatus.DISBURSED in summary[a.application_id]]
    known = fraud_statuses(view.labels_of(people)) if people else {}
    bad = {who for who, stands in known.items() if stands.fraud}
    latest = {
        a.application_id: steps[-1].status.value
        for a in applications
        if (steps := outcomes[a.application_id])
    }
    return Circle(
        people=len(people),
        more=more,
        applications=len(applications),
        loans=len(paid),
        amount=sum(paid_out(a, outcomes[a.application_id]) or 0.0 for a in paid),
        defaulted=sum(not DEFAULTED.isdisjoint(summary[a.application_id]) for a in paid),
        outcomes=dict(Counter(latest.values()).most_common()),
        frauds=len(bad),
        rings=_rings(view, people),
        latest=_people(came, applications, latest, bad),
        months=_months(view, applications, summary, bad),
    )


def _months(
    view: GraphView,
    applications: Sequence[Application],
    summary: Mapping[str, Mapping[OutcomeStatus, datetime]],
    bad: set[str],
) -> tuple[LoanMonth, ...]:
    """On the borrowers' calendar."""
    if not applications:
        return ()
    parts: dict[int, list[Application]] = {}
    for one in applications:
        at = local(one.applied_at, view.zone)
        parts.setdefault(at.year * 12 + at.month - 1, []).append(one)
    last = max(parts)
    months = []
    for month in range(max(min(parts), last - MONTHS + 1), last + 1):
        made = parts.get(month, [])
        paid = [one for one in made if OutcomeStatus.DISBURSED in summary[one.application_id]]
        lost = sum(
            one.applicant_id in bad or not DEFAULTED.isdisjoint(summary[one.application_id]) for one in paid
        )
        label = f"{month // 12}-{month % 12 + 1:02d}"
        months.append(LoanMonth(month=label, applications=len(made), loans=len(paid), bad=lost))
    return tuple(months)


def _rings(view: GraphView, people: list[str]) -> tuple[NearRing, ...]:
    results = [membership.ring for membership in view.memberships_of(people).values()] if people else []
    counts, rings = Counter(ring.ring_id for ring in results), {ring.ring_id: ring for ring in results}
    near = [
        NearRing(ring_id=i, kind=rings[i].kind.value, flagged=rings[i].kind.flagged, people=n)
        for i, n in counts.items()
    ]
    return tuple(sorted(near, key=lambda ring: (not ring.flagged, -ring.people, ring.ring_id))[:LISTED_RINGS])


def _people(
    came: Mapping[str, datetime],
    applications: Sequence[Application],
    latest: Mapping[str, str],
    bad: set[str],
) -> tuple[ListedPerson, ...]:
    """The latest to come, each with their latest application of those read."""
    last: dict[str, Application] = {}
    for application in sorted(applications, key=lambda a: (a.applied_at, a.application_id)):
        last[application.applicant_id] = application
    order = sorted(came, key=lambda who: (-came[who].timestamp(), who))[:LISTED_PEOPLE]
    return tuple(
        ListedPerson(
            applicant_id=who,
            at=came[who],
            status=latest.get(last[who].application_id) if who in last else None,
            amount=last[who].amount if who in last else None,
            bad=who in bad,
        )
        for who in order
    )
