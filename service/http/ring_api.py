"""/rings: the snapshot in force, worst first, and one ring with its members."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, request

from graph.model.errors import InputError, UnknownRingError
from graph.model.types import Ring, RingKind
from service.http.calls import wired

bp = Blueprint("rings", __name__)

MOST = 500  # rings on one page


class QueryError(InputError):
    """A parameter of the query cannot be read."""

    problem = "bad_query"


@bp.get("/rings")
def rings() -> Response:
    """Rings of the snapshot in force: `kind`, `flagged` and `min_score` narrow, `limit` and `offset` page."""
    wanted, first, limit = _wanted(), _number("offset", 0, 10**9), _number("limit", 50, MOST)
    snapshot = wired().store.view(wired().clock()).rings()
    if snapshot is None:
        return _json({"snapshot": None, "as_of": None, "total": 0, "rings": []})
    chosen = sorted(filter(wanted, snapshot.rings), key=lambda ring: (not ring.kind.flagged, -ring.score, ring.ring_id))
    page = [_summary(ring) for ring in chosen[first : first + limit]]
    return _json({"snapshot": snapshot.name, "as_of": wired().answers.time(snapshot.as_of), "total": len(chosen), "rings": page})


@bp.get("/rings/<ring_id>")
def ring(ring_id: str) -> Response:
    """One ring with its members, the core first, and its open case."""
    found = wired().store.view(wired().clock()).ring(ring_id)
    if found is None:
        raise UnknownRingError(f"no ring {ring_id} in the snapshot in force")
    case = wired().casebook.open_case_of_ring(ring_id)
    members = [
        {
            "applicant_id": m.applicant_id,
            "role": m.role,
            "joined_at": wired().answers.time(m.joined_at),
            "distance_to_core": m.distance_to_core,
            "strength": m.strength,
        }
        for m in sorted(found.members, key=lambda m: (m.distance_to_core, -m.strength, m.applicant_id))
    ]
    return _json(_summary(found) | {"members": members, "open_case": case.case_id if case else None})


def _summary(ring: Ring) -> dict[str, Any]:
    return {
        "ring_id": ring.ring_id,
        "kind": ring.kind.value,
        "flagged": ring.kind.flagged,
        "score": ring.score,
        "state": ring.state,
        "size": ring.size,
        "first_seen": wired().answers.time(ring.first_seen),
        "last_seen": wired().answers.time(ring.last_seen),
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


def _wanted() -> Any:
    """The filter that the query asks for. Raises QueryError."""
    kind, flagged = request.args.get("kind"), request.args.get("flagged")
    if kind is not None and kind not in tuple(RingKind):
        raise QueryError(f"kind: one of {', '.join(RingKind)}")
    if flagged not in (None, "true", "false"):
        raise QueryError("flagged: true or false")
    try:
        least = float(request.args.get("min_score", "0"))
    except ValueError:
        least = -1.0
    if not 0.0 <= least <= 1.0:
        raise QueryError("min_score: a number from 0 to 1")

    def wanted(ring: Ring) -> bool:
        return ring.score >= least and kind in (None, ring.kind) and (flagged is None or ring.kind.flagged == (flagged == "true"))

    return wanted


def _number(name: str, usual: int, most: int) -> int:
    text = request.args.get(name, str(usual))
    if not text.isdecimal() or int(text) > most:
        raise QueryError(f"{name}: a whole number from 0 to {most}")
    return int(text)


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), mimetype="application/json")
