"""A ring snapshot as JSON, complete with its rings, their members and what changed; floats come back bit for bit."""

from __future__ import annotations

import json
from typing import Any

from graph.model import Ring, RingChange, RingKind, RingMember, RingSnapshot
from graph.moments import micros, moment

_PLAIN = (
    "ring_id", "kind", "score", "state", "confirmed_bad", "suspected", "bad_rate", "exposure", "hubs_ignored", "density", "burst_days",
    "platforms", "reason_codes", "crew_id",
)  # fmt: skip


def snapshot_text(snapshot: RingSnapshot) -> str:
    """A snapshot as JSON."""
    told = {
        "name": snapshot.name,
        "as_of": micros(snapshot.as_of),
        "rings": [_ring_body(ring) for ring in snapshot.rings],
        "changes": [[c.ring_id, c.change, c.from_rings, c.joined, c.left, c.jaccard, c.flag, c.why] for c in snapshot.changes],
    }
    return json.dumps(told, ensure_ascii=False)


def snapshot_of(text: str | bytes) -> RingSnapshot:
    """The snapshot behind `snapshot_text`."""
    told = json.loads(text)
    rings, changes = tuple(map(_ring, told["rings"])), tuple(_change(*row) for row in told["changes"])
    return RingSnapshot(name=told["name"], as_of=moment(told["as_of"]), rings=rings, changes=changes)


def _ring_body(ring: Ring) -> dict[str, Any]:
    told = {name: getattr(ring, name) for name in _PLAIN}
    told |= {"first_seen": micros(ring.first_seen), "last_seen": micros(ring.last_seen), "shared_by_kind": dict(ring.shared_by_kind)}
    return told | {"members": [[m.applicant_id, m.role, micros(m.joined_at), m.distance_to_core, m.strength] for m in ring.members]}


def _ring(told: dict[str, Any]) -> Ring:
    members = tuple(_member(*row) for row in told["members"])
    moments = {name: moment(told[name]) for name in ("first_seen", "last_seen")}
    return Ring(**told | moments | {"kind": RingKind(told["kind"]), "reason_codes": tuple(told["reason_codes"]), "members": members})


def _member(who: str, role: str, joined_at: int, distance: int, strength: float) -> RingMember:
    return RingMember(applicant_id=who, role=role, joined_at=moment(joined_at), distance_to_core=distance, strength=strength)


def _change(ring_id: str, change: str, sources: list[str], *rest: Any) -> RingChange:
    joined, left, jaccard, flag, why = rest
    return RingChange(ring_id=ring_id, change=change, from_rings=tuple(sources), joined=joined, left=left, jaccard=jaccard, flag=flag, why=tuple(why))
