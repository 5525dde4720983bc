"""A small world for the desk: a ring on one device, a dormitory behind one Wi-Fi, and an id that somebody
made up to do harm.
"""

from __future__ import annotations

from graph.model.types import (
    Facts,
    Identifier,
    IdentifierKind,
    Mention,
    Ring,
    RingChange,
    RingKind,
    RingMember,
    RingSnapshot,
)
from graph.store.port import GraphStore
from tests.support.small_worlds import PLATFORMS, applies, day, does, fraud, uses

PHONE = Identifier(IdentifierKind.PHONE, "k1.9a44c2", "150****7065")
HOSTILE = '<img src=x onerror="window.pwned=1">'


def ring_of(*names: str) -> Ring:
    """A flagged ring of these people; the first two are its core."""
    members = tuple(
        RingMember(
            applicant_id=name,
            role="core" if n < 2 else "member",
            joined_at=day(n),
            distance_to_core=int(n >= 2),
            strength=3.0 - n * 0.1,
        )
        for n, name in enumerate(names)
    )
    return Ring(
        ring_id="R-000042",
        kind=RingKind.RING,
        score=0.87,
        state="growing",
        first_seen=day(60),
        last_seen=day(80),
        confirmed_bad=1,
        suspected=2,
        bad_rate=0.2,
        exposure=58_000.0,
        shared_by_kind={"device": 3},
        hubs_ignored=1,
        density=0.4,
        burst_days=9.0,
        platforms=2,
        reason_codes=("RING_SHARED_DEVICE",),
        members=members,
    )


def dormitory_and_ring() -> Facts:
    """Five people of a ring on one device, one of them a known fraud from day 50; a dormitory Wi-Fi with 120
    people; a hostile id.
    """
    crew = ["ann", "bo", "cy", "di", "ed"]
    applications = [
        applies(
            name,
            10 + n,
            uses("device", "shared1"),
            uses("wifi", "dorm"),
            Mention(PHONE) if name == "ann" else uses("phone", f"own{n}"),
        )
        for n, name in enumerate(crew)
    ]
    applications += [
        applies(f"w{n:03d}", n / 4, uses("wifi", "dorm"), uses("phone", f"w{n:03d}")) for n in range(120)
    ]
    applications.append(
        applies(HOSTILE, 20, uses("device", "shared1"), application_id="<script>window.pwned=1</script>")
    )
    events = (does("bo", "transfer", 30, counterparty_id="cy"),)
    return Facts(
        applications=tuple(applications), events=events, labels=(fraud("bo@11", 50),), platforms=PLATFORMS
    )


def fill(store: GraphStore) -> None:
    """The world and its ring snapshot of day 80, in which the ring has grown by two people."""
    store.add(dormitory_and_ring())
    change = RingChange(
        ring_id="R-000042", change="grown", from_rings=("R-000042",), joined=2, left=1, jaccard=0.6
    )
    store.save_rings(
        RingSnapshot(
            name="2025-W12", as_of=day(80), rings=(ring_of("ann", "bo", "cy", "di", "ed"),), changes=(change,)
        )
    )
