"""Dossiers of rings: one ring's table, and the worst rings of the snapshot in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from graph.facts.fraud_labels import fraud_status
from graph.model.errors import NotFoundError
from graph.model.types import Ring, RingSnapshot
from graph.store.port import GraphView
from investigations.review.flag_words import why as why_in_words
from service.desk.drawings import drawn_at

LISTED_MEMBERS = 200  # of one ring, the core first
LISTED_RINGS = 12  # the worst ones of the snapshot in force


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedMember:
    """One line of a ring's table."""

    applicant_id: str
    role: str
    joined_at: datetime
    distance_to_core: int
    strength: float
    bad: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence in each language; empty where there is nothing to say."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GoneFlag:
    """A ring that was flagged in the snapshot before and is not now. `here`: it is still a group of the
    snapshot in force, taken for `kind`.
    """

    ring_id: str
    here: bool
    kind: str | None
    why: Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class RingDossier:
    """A ring of the snapshot in force, with what became of it since the one before (`change` is None where
    nothing was compared).

    `flag`: flagged, newly_flagged, no_longer_flagged or empty, and why it came, stays or went.
    """

    type: str
    id: str
    snapshot: str
    ring: Mapping[str, object]
    change: str | None
    flag: str
    flag_why: Sentence
    joined: int
    left: int
    members: tuple[ListedMember, ...]
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The desk before anything is searched: the snapshot in force and its worst flagged rings."""

    as_of: datetime
    snapshot: str | None
    snapshot_as_of: datetime | None
    groups: int
    flagged: int
    members_flagged: int
    worst: tuple[Mapping[str, object], ...]
    gone: tuple[GoneFlag, ...]


def ring(view: GraphView, ring_id: str) -> RingDossier:
    """The ring's table. Raises NotFoundError when the snapshot in force has no such ring."""
    result, snapshot = view.ring(ring_id), view.rings_in_turn()
    if result is None or snapshot is None:
        raise NotFoundError(f"no ring {ring_id!r} in the snapshot in force at {drawn_at(view)}")
    change = view.change_of(ring_id)
    listed = sorted(result.members, key=lambda m: (m.distance_to_core, -m.strength, m.applicant_id))[
        :LISTED_MEMBERS
    ]
    labels = view.labels_of([m.applicant_id for m in listed])
    return RingDossier(
        type="ring",
        id=ring_id,
        snapshot=snapshot.name,
        ring=summary(result),
        change=change.change if change else None,
        flag=change.flag if change else "",
        flag_why=_sentence(change.why if change else ()),
        joined=change.joined if change else 0,
        left=change.left if change else 0,
        members=tuple(
            ListedMember(
                applicant_id=m.applicant_id,
                role=m.role,
                joined_at=m.joined_at,
                distance_to_core=m.distance_to_core,
                strength=m.strength,
                bad=fraud_status(labels[m.applicant_id]).fraud,
            )
            for m in listed
        ),
        size=result.size,
    )


def overview(view: GraphView) -> Overview:
    """The snapshot in force and its worst flagged rings, by score and then by money open."""
    snapshot = view.rings()
    flagged = _flagged(snapshot)
    return Overview(
        as_of=view.as_of,
        snapshot=snapshot.name if snapshot else None,
        snapshot_as_of=snapshot.as_of if snapshot else None,
        groups=len(snapshot.rings) if snapshot else 0,
        flagged=len(flagged),
        members_flagged=sum(r.size for r in flagged),
        worst=tuple(summary(r) for r in flagged[:LISTED_RINGS]),
        gone=_gone(snapshot)[:LISTED_RINGS] if snapshot else (),
    )


def summary(result: Ring) -> dict[str, object]:
    """A ring's columns without its members."""
    return {
        "ring_id": result.ring_id,
        "kind": result.kind.value,
        "flagged": result.kind.flagged,
        "score": result.score,
        "size": result.size,
        "state": result.state,
        "first_seen": result.first_seen,
        "last_seen": result.last_seen,
        "confirmed_bad": result.confirmed_bad,
        "suspected": result.suspected,
        "bad_rate": result.bad_rate,
        "exposure": result.exposure,
        "shared_by_kind": dict(result.shared_by_kind),
        "hubs_ignored": result.hubs_ignored,
        "density": result.density,
        "burst_days": result.burst_days,
        "platforms": result.platforms,
        "reason_codes": result.reason_codes,
    }


def _gone(snapshot: RingSnapshot) -> tuple[GoneFlag, ...]:
    why = {one.ring_id: one.why for one in snapshot.changes if one.flag == "no_longer_flagged"}
    now = {ring.ring_id: ring.kind.value for ring in snapshot.rings if ring.ring_id in why}
    return tuple(
        GoneFlag(ring_id=i, here=i in now, kind=now.get(i), why=_sentence(why[i])) for i in sorted(why)
    )


def _sentence(words: tuple[str, ...]) -> Sentence:
    english, chinese = why_in_words(words)
    return Sentence(en=english, zh=chinese)


def _flagged(snapshot: RingSnapshot | None) -> list[Ring]:
    rings = [r for r in snapshot.rings if r.kind.flagged] if snapshot else []
    return sorted(rings, key=lambda r: (-r.score, -r.exposure, r.ring_id))
