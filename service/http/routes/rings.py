"""/rings: the snapshot in force, worst first, and one ring with its members."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response

from graph.model.errors import UnknownRingError
from graph.model.types import Ring
from service.http.calls import app_context
from service.http.schemas.answers import RingMemberShown, RingPage, RingShown, RingSummary
from service.http.schemas.parameters import RingQuery
from service.http.schemas.queries import query

bp = Blueprint("rings", __name__)


@bp.get("/rings")
def rings() -> Response:
    """Rings of the snapshot in force: `kind`, `flagged` and `min_score` narrow, `limit` and `offset` page."""
    requested = query(RingQuery)
    snapshot = app_context().store.view(app_context().clock()).rings()
    if snapshot is None:
        return _json(RingPage(snapshot=None, as_of=None, total=0, rings=[]))
    chosen = sorted(
        (ring for ring in snapshot.rings if _wanted(ring, requested)),
        key=lambda ring: (not ring.kind.flagged, -ring.score, ring.ring_id),
    )
    page = [_summary(ring) for ring in chosen[requested.offset : requested.offset + requested.limit]]
    return _json(
        RingPage(
            snapshot=snapshot.name,
            as_of=app_context().responses.time(snapshot.as_of),
            total=len(chosen),
            rings=page,
        )
    )


@bp.get("/rings/<ring_id>")
def ring(ring_id: str) -> Response:
    """One ring with its members, the core first, and its open case."""
    result = app_context().store.view(app_context().clock()).ring(ring_id)
    if result is None:
        raise UnknownRingError(f"no ring {ring_id} in the snapshot in force")
    case = app_context().casebook.open_case_of_ring(ring_id)
    members: list[RingMemberShown] = [
        {
            "applicant_id": m.applicant_id,
            "role": m.role,
            "joined_at": app_context().responses.time(m.joined_at),
            "distance_to_core": m.distance_to_core,
            "strength": m.strength,
        }
        for m in sorted(result.members, key=lambda m: (m.distance_to_core, -m.strength, m.applicant_id))
    ]
    return _json(RingShown(**_summary(result), members=members, open_case=case.case_id if case else None))


def _wanted(ring: Ring, requested: RingQuery) -> bool:
    return (
        ring.score >= requested.min_score
        and requested.kind in (None, ring.kind)
        and requested.flagged in (None, ring.kind.flagged)
    )


def _summary(ring: Ring) -> RingSummary:
    return {
        "ring_id": ring.ring_id,
        "kind": ring.kind,
        "flagged": ring.kind.flagged,
        "score": ring.score,
        "state": ring.state,
        "size": ring.size,
        "first_seen": app_context().responses.time(ring.first_seen),
        "last_seen": app_context().responses.time(ring.last_seen),
        "confirmed_bad": ring.confirmed_bad,
        "suspected": ring.suspected,
        "bad_rate": ring.bad_rate,
        "exposure": ring.exposure,
        "shared_by_kind": dict(ring.shared_by_kind),
        "crew_id": ring.crew_id or ring.ring_id,
        "hubs_ignored": ring.hubs_ignored,
        "density": ring.density,
        "burst_days": ring.burst_days,
        "platforms": ring.platforms,
        "reason_codes": list(ring.reason_codes),
    }


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), mimetype="application/json")
