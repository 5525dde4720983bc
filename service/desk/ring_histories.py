"""What the people of a ring, or one person, did and when: the case's table of members and the timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from graph.facts.fraud_labels import fraud_status
from graph.facts.loans import DEFAULTED, first_reported, paid_out
from graph.model.errors import InputError, NotFoundError
from graph.model.types import Application, Label, Outcome, OutcomeStatus, RingMember
from graph.store.port import GraphStore, GraphView
from service.desk.drawings import drawn_at
from service.desk.ring_dossiers import LISTED_MEMBERS
from service.desk.subgraphs import split

LOOKED_BACK = 12  # snapshots in which a ring's changes are looked for
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """One application: where it was made (`city` as the lender wrote it, without 市), its latest step, and
    when that was reported.
    """

    application_id: str
    at: datetime
    lender: str
    city: str | None
    amount: float | None
    status: str | None
    status_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Concluded:
    """A label, known from `at` on."""

    at: datetime
    label: str
    source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """What one person did: applications oldest first, `loans` paid out with their sum in CNY, and how many of
    them are in default.
    """

    applicant_id: str
    role: str | None
    joined_at: datetime | None
    bad: bool
    applications: tuple[Applied, ...]
    loans: int
    amount: float
    defaulted: int
    labels: tuple[Concluded, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedChange:
    """What became of the ring in one weekly review; `from_rings` are those whose people it took over."""

    at: datetime
    snapshot: str
    change: str
    from_rings: tuple[str, ...]
    joined: int
    left: int
    flag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RingHistory:
    """Of a ring the members closest to the core and its changes, oldest first; of an applicant that one
    person.
    """

    node: str
    as_of: datetime
    size: int
    members: tuple[Member, ...]
    changes: tuple[DatedChange, ...]


def history(store: GraphStore, view: GraphView, node: str) -> RingHistory:
    """The history of an `applicant:` or a `ring:` node. Raises NotFoundError when nothing is known of it, and
    InputError for another kind of node.
    """
    kind, value = split(node)
    changes: tuple[DatedChange, ...] = ()
    if kind == "applicant":
        members, size = [_alone(view, value)], 1
    elif kind == "ring":
        ring = view.ring(value)
        if ring is None:
            raise NotFoundError(f"no ring {value!r} in the snapshot in force at {drawn_at(view)}")
        order = sorted(ring.members, key=lambda m: (m.distance_to_core, -m.strength, m.applicant_id))
        members, size, changes = (
            _members(view, order[:LISTED_MEMBERS]),
            ring.size,
            _changes(store, view, value),
        )
    else:
        raise InputError("node: only an applicant or a ring has a history")
    return RingHistory(node=node, as_of=view.as_of, size=size, members=tuple(members), changes=changes)


def _alone(view: GraphView, applicant_id: str) -> Member:
    made = view.applications_of([applicant_id])[applicant_id]
    labels = view.labels_of([applicant_id]).get(applicant_id, ())
    if not (made or labels or view.ties_of([applicant_id])[applicant_id]):
        raise NotFoundError(f"nothing is known of applicant {applicant_id!r} before {drawn_at(view)}")
    outcomes = view.outcomes_of([one.application_id for one in made])
    return _member(view, applicant_id, made, outcomes, labels)


def _members(view: GraphView, listed: Sequence[RingMember]) -> list[Member]:
    people = [one.applicant_id for one in listed]
    made, labels = view.applications_of(people), view.labels_of(people)
    outcomes = view.outcomes_of([one.application_id for each in made.values() for one in each])
    return [
        replace(
            _member(view, who, made[who], outcomes, labels.get(who, ())),
            role=one.role,
            joined_at=one.joined_at,
        )
        for who, one in zip(people, listed, strict=True)
    ]


def _member(
    view: GraphView,
    applicant_id: str,
    made: Sequence[Application],
    outcomes: Mapping[str, Sequence[Outcome]],
    labels: Sequence[Label],
) -> Member:
    reported = {one.application_id: first_reported(outcomes[one.application_id]) for one in made}
    paid = [one for one in made if OutcomeStatus.DISBURSED in reported[one.application_id]]
    in_order = sorted(made, key=lambda one: (one.applied_at, one.application_id))
    return Member(
        applicant_id=applicant_id,
        role=None,
        joined_at=None,
        bad=fraud_status(labels).fraud,
        applications=tuple(_applied(view, one, outcomes[one.application_id]) for one in in_order),
        loans=len(paid),
        amount=sum(paid_out(one, outcomes[one.application_id]) or 0.0 for one in paid),
        defaulted=sum(not DEFAULTED.isdisjoint(reported[one.application_id]) for one in paid),
        labels=tuple(Concluded(at=one.known_at, label=one.label.value, source=one.source) for one in labels),
    )


def _applied(view: GraphView, application: Application, outcomes: Sequence[Outcome]) -> Applied:
    lender = view.platforms().get(application.platform_id)
    last = outcomes[-1] if outcomes else None
    return Applied(
        application_id=application.application_id,
        at=application.applied_at,
        lender=lender.type.value if lender else "other",
        city=(application.city or "").removesuffix("市") or None,
        amount=application.amount,
        status=last.status.value if last else None,
        status_at=last.at if last else None,
    )


def _changes(store: GraphStore, view: GraphView, ring_id: str) -> tuple[DatedChange, ...]:
    """What the latest snapshots up to the view's moment said of a ring, oldest first."""
    found: list[DatedChange] = []
    for _ in range(LOOKED_BACK):
        if (snapshot := view.rings_in_turn()) is None:
            break
        if (one := view.change_of(ring_id)) is not None:
            found.append(
                DatedChange(
                    at=snapshot.as_of,
                    snapshot=snapshot.name,
                    change=one.change,
                    from_rings=one.from_rings,
                    joined=one.joined,
                    left=one.left,
                    flag=one.flag,
                )
            )
        view = store.view(snapshot.as_of - _INSTANT)
    return tuple(reversed(found))
