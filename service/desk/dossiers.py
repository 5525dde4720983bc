"""Dossiers of one applicant, application, identifier or shop: the panel beside the drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from graph.facts.fraud_labels import fraud_status
from graph.facts.hubs import COUNT_CAP, GUARD, hub_reason
from graph.model.errors import NotFoundError
from graph.model.types import Application, Event, IdentifierKind, Label, Membership, Outcome, Platform
from graph.store.port import GraphView
from investigations.last_scores import RecordedScore
from service.desk.circles import Circle, of_identifier, of_place
from service.desk.drawings import drawn_at, label_of

LISTED_APPLICATIONS = 12  # the latest ones of a person
LISTED_EVENTS = 12
LISTED_HOLDERS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedApplication:
    """One line of a person's history. The lender is given by its type alone; `status` is the latest
    outcome.
    """

    application_id: str
    applied_at: datetime
    lender: str | None
    own: bool
    product: str | None
    amount: float | None
    status: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedEvent:
    """Something a person did, or (`received`) that another did towards them; `other` is the counterparty."""

    kind: str
    at: datetime
    received: bool
    other: str | None
    amount: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An applicant's place in the ring they belong to."""

    ring_id: str
    snapshot: str
    kind: str
    flagged: bool
    score: float
    state: str
    size: int
    role: str
    joined_at: datetime
    distance_to_core: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDossier:
    """An applicant as known before the moment: applications, events and conclusions (newest first), ring,
    the latest recorded score, and what models in shadow said.
    """

    type: str
    id: str
    bad: bool
    applications: tuple[ListedApplication, ...]
    events: tuple[ListedEvent, ...]
    labels: tuple[Label, ...]
    place: Place | None
    score: RecordedScore | None = None
    in_shadow: tuple[RecordedScore, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationDossier:
    """One application: its own columns without identifiers, and what became of it (oldest first)."""

    type: str
    id: str
    applicant_id: str
    listed: ListedApplication
    term_months: int | None
    channel: str | None
    city: str | None
    face_match: float | None
    liveness: float | None
    phone_three_element: bool | None
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One holder of an identifier: since the first mention, last the latest."""

    applicant_id: str
    role: str
    since: datetime
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierDossier:
    """An identifier: masked form, who holds it (the latest; `holders` counted up to a cap) and, of a device,
    what it is.

    `hub` says why nobody is followed through it, `guard` how many holders of its kind still tie people
    together.
    """

    type: str
    id: str
    masked: str
    linking: bool
    holders: int
    capped: bool
    hub: str | None
    guard: int
    latest: tuple[Holding, ...]
    circle: Circle
    os: str | None
    model: str | None
    is_emulator: bool | None
    is_rooted: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopDossier:
    """A merchant or an agent: of an agent nothing but the name is known."""

    type: str
    id: str
    category: str | None
    city: str | None
    opened_at: datetime | None
    circle: Circle


def person(view: GraphView, applicant_id: str) -> PersonDossier:
    """The applicant's panel. Raises NotFoundError when nothing is known of them before the view's moment."""
    created = view.applications_of([applicant_id], LISTED_APPLICATIONS)[applicant_id]
    events = _events(view, applicant_id)
    if not created and not events and not view.ties_of([applicant_id], 1)[applicant_id]:
        raise NotFoundError(f"nothing is known of applicant {applicant_id!r} before {drawn_at(view)}")
    labels = view.labels_of([applicant_id])[applicant_id]
    membership = view.memberships_of([applicant_id]).get(applicant_id)
    return PersonDossier(
        type="applicant",
        id=applicant_id,
        bad=fraud_status(labels).fraud,
        applications=_listed(view, created),
        events=events,
        labels=tuple(reversed(labels)),
        place=_place(membership) if membership else None,
    )


def application(view: GraphView, application_id: str) -> ApplicationDossier:
    """The application's panel. Raises NotFoundError."""
    result = view.application(application_id)
    if result is None:
        raise NotFoundError(f"no application {application_id!r} before {drawn_at(view)}")
    return ApplicationDossier(
        type="application",
        id=application_id,
        applicant_id=result.applicant_id,
        listed=_listed(view, (result,))[0],
        term_months=result.term_months,
        channel=result.channel,
        city=result.city,
        face_match=result.face_match,
        liveness=result.liveness,
        phone_three_element=result.phone_three_element,
        outcomes=view.outcomes_of([application_id])[application_id],
    )


def identifier(view: GraphView, node: str) -> IdentifierDossier:
    """The panel of an identifier's node. Raises NotFoundError."""
    result = view.identifier(node)
    holders = view.holders_of([result])[result] if result else None
    if result is None or holders is None or not holders.count:
        raise NotFoundError(f"nothing is known of {node!r} before {drawn_at(view)}")
    hub, latest = hub_reason(result, holders.count), view.latest_holders(result, LISTED_HOLDERS)
    device = view.devices_of([result]).get(result) if result.kind is IdentifierKind.DEVICE else None
    return IdentifierDossier(
        type=result.kind.value,
        id=node,
        masked=label_of(node, result),
        linking=result.linking,
        holders=holders.count,
        capped=holders.count >= COUNT_CAP,
        hub=hub,
        guard=GUARD[result.kind],
        latest=tuple(
            Holding(applicant_id=t.applicant_id, role=t.role.value, since=t.since, last=t.last)
            for t in latest
        ),
        os=device.os if device else None,
        model=device.model if device else None,
        is_emulator=device.is_emulator if device else None,
        is_rooted=device.is_rooted if device else None,
        circle=of_identifier(view, result),
    )


def shop(view: GraphView, kind: str, shop_id: str) -> ShopDossier:
    """The panel of a merchant or an agent; applications may name shops that no delivery described.

    Raises NotFoundError where no application before the view's moment names it and no delivery describes it.
    """
    circle = of_place(view, kind, shop_id)
    known = view.merchants_of([shop_id]).get(shop_id) if kind == "merchant" else None
    if known is None and not circle.people:
        raise NotFoundError(f"no application at {kind} {shop_id!r} before {drawn_at(view)}")
    return ShopDossier(
        type=kind,
        id=shop_id,
        category=known.category if known else None,
        city=known.city if known else None,
        opened_at=known.opened_at if known else None,
        circle=circle,
    )


def _events(view: GraphView, applicant_id: str) -> tuple[ListedEvent, ...]:
    own = view.events_of([applicant_id], LISTED_EVENTS)[applicant_id]
    results = {
        event.event_id: event
        for event in (*own, *view.dealings_of([applicant_id], LISTED_EVENTS).get(applicant_id, ()))
    }
    latest = sorted(results.values(), key=lambda event: (event.at, event.event_id), reverse=True)[
        :LISTED_EVENTS
    ]
    return tuple(_listed_event(event, applicant_id) for event in latest)


def _listed_event(event: Event, applicant_id: str) -> ListedEvent:
    received = event.applicant_id != applicant_id
    other = event.applicant_id if received else event.counterparty_id
    return ListedEvent(kind=event.kind, at=event.at, received=received, other=other, amount=event.amount)


def _place(membership: Membership) -> Place:
    result, member = membership.ring, membership.member
    return Place(
        ring_id=result.ring_id,
        snapshot=membership.snapshot,
        kind=result.kind.value,
        flagged=result.kind.flagged,
        score=result.score,
        state=result.state,
        size=membership.size,
        role=member.role,
        joined_at=member.joined_at,
        distance_to_core=member.distance_to_core,
    )


def _listed(view: GraphView, applications: Sequence[Application]) -> tuple[ListedApplication, ...]:
    platforms: Mapping[str, Platform] = view.platforms()
    outcomes = view.outcomes_of([a.application_id for a in applications])
    lines = []
    for one in applications:
        lender, steps = platforms.get(one.platform_id), outcomes[one.application_id]
        lines.append(
            ListedApplication(
                application_id=one.application_id,
                applied_at=one.applied_at,
                lender=lender.type.value if lender else None,
                own=bool(lender and lender.is_own),
                product=one.product,
                amount=one.amount,
                status=steps[-1].status.value if steps else None,
            )
        )
    return tuple(lines)
