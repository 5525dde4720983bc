"""What a ring snapshot, or a verdict on a member, changes about flagged rings and the loans of their
people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graph.model.rings_in_turn import AnySnapshot
from graph.model.types import Ring, RingChange, RingMember
from investigations.watch.alerts import Alert, AlertCode, about_loan
from investigations.watch.messages import Message, MessageType
from investigations.watch.watched import BeforeAndNow, loans_in_force

Members = Mapping[str, tuple[Ring, RingMember]]
_REPORTED_FLAGS = {
    "newly_flagged": MessageType.RING_FLAGGED,
    "no_longer_flagged": MessageType.RING_NO_LONGER_FLAGGED,
}


def ring_alerts(snapshot: AnySnapshot, views: BeforeAndNow) -> Iterator[Alert]:
    """The alerts of a snapshot that is in force now: loans whose borrowers are in a flagged ring that they
    were not in, and flagged rings that grew or merged while one of their people owes money.
    """
    if not _in_force(snapshot, views):
        return
    now, before = (_flagged(view.rings_in_turn()) for view in (views.now, views.before))
    loans = loans_in_force(views.now, now.keys())
    for who in sorted(loans):
        ring, member = now[who]
        for loan in loans[who] if who not in before else ():
            yield about_loan(
                AlertCode.RING_JOINED, loan.application, cause=ring.ring_id, since=member.joined_at,
                path=(
                    f"application:{loan.application.application_id}", f"applicant:{who}",
                    f"ring:{ring.ring_id}",
                ),
                values={"ring": ring.ring_id}, **_seen(views),
            )  # fmt: skip
    owing = {now[who][0].ring_id for who in loans}
    changes = {change.ring_id: change for change in snapshot.changes if change.ring_id in owing}
    for ring_id in sorted(changes):
        yield from _of_change(changes[ring_id], snapshot, views)


def member_alerts(frauds: Iterable[str], views: BeforeAndNow) -> Iterator[Alert]:
    """The alerts about flagged rings in force of which a member is now known for fraud."""
    memberships = views.now.memberships_of(sorted(frauds))
    for who, place in memberships.items():
        if place.ring.kind.flagged:
            yield Alert(
                code=AlertCode.RING_MEMBER_CONFIRMED, subject=f"ring:{place.ring.ring_id}", cause=who,
                path=(f"ring:{place.ring.ring_id}", f"applicant:{who}"), since=place.member.joined_at,
                values={"ring": place.ring.ring_id}, **_seen(views),
            )  # fmt: skip


def ring_messages(snapshot: AnySnapshot, views: BeforeAndNow) -> Iterator[Message]:
    """The messages of a snapshot that is in force now: rings that are flagged, merged, or no longer
    flagged.
    """
    if not _in_force(snapshot, views):
        return
    telling = [one for one in snapshot.changes if one.change == "merged" or one.flag in _REPORTED_FLAGS]
    of = {change.ring_id for change in telling}
    rings = {ring.ring_id: ring for ring in snapshot.rings if ring.ring_id in of}
    for change in telling:
        ring = rings.get(change.ring_id)
        for kind in _kinds(change, ring):
            yield Message(
                type=kind, subject=f"ring:{change.ring_id}", cause=snapshot.name, at=views.now.as_of,
                data=_reported(change, ring, snapshot),
            )  # fmt: skip


def _of_change(change: RingChange, snapshot: AnySnapshot, views: BeforeAndNow) -> Iterator[Alert]:
    frame = {
        "subject": f"ring:{change.ring_id}", "cause": snapshot.name, "path": (f"ring:{change.ring_id}",),
        **_seen(views),
    }  # fmt: skip
    others = [one for one in change.from_rings if one != change.ring_id]
    if change.change == "merged" and others:
        values = {"ring": change.ring_id, "others": ", ".join(others)}
        yield Alert(code=AlertCode.RING_MERGED, values=values, **frame)
    elif change.change == "grown" and change.joined:
        yield Alert(
            code=AlertCode.RING_GREW, values={"ring": change.ring_id, "joined": change.joined}, **frame
        )


def _kinds(change: RingChange, ring: Ring | None) -> Iterator[MessageType]:
    if change.flag in _REPORTED_FLAGS:
        yield _REPORTED_FLAGS[change.flag]
    if change.change == "merged" and ring is not None and ring.kind.flagged:
        yield MessageType.RING_MERGED


def _reported(change: RingChange, ring: Ring | None, snapshot: AnySnapshot) -> dict[str, Any]:
    return {
        "ring_id": change.ring_id,
        "snapshot": snapshot.name,
        "as_of": snapshot.as_of.isoformat(),
        "change": change.change,
        "from_rings": list(change.from_rings),
        "joined": change.joined,
        "left": change.left,
        "why": list(change.why),
        "kind": ring.kind.value if ring else None,
        "size": ring.size if ring else None,
        "score": ring.score if ring else None,
        "exposure": ring.exposure if ring else None,
        "reason_codes": list(ring.reason_codes) if ring else [],
    }


def _in_force(snapshot: AnySnapshot, views: BeforeAndNow) -> bool:
    latest = views.now.rings_in_turn()
    return latest is not None and latest.name == snapshot.name


def _flagged(snapshot: AnySnapshot | None) -> Members:
    rings = snapshot.rings if snapshot else ()
    return {one.applicant_id: (ring, one) for ring in rings if ring.kind.flagged for one in ring.members}


def _seen(views: BeforeAndNow) -> dict[str, Any]:
    return {"at": views.now.as_of, "recorded_by": views.now.revision}
