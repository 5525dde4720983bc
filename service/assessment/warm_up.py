"""Warm-up in a temporary store, so that the first request does not wait for compilation and loading."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from graph.features.signals.catalogue import SIGNALS
from graph.frame.frame import Frame
from graph.model.errors import StoreError, StoreUnavailableError
from graph.model.types import (
    Application,
    Event,
    Facts,
    Identifier,
    IdentifierKind,
    Label,
    LabelValue,
    Mention,
    Outcome,
    OutcomeStatus,
    Platform,
    PlatformType,
    Ring,
    RingKind,
    RingMember,
    RingSnapshot,
    Role,
)
from graph.store.evidence import subject_of
from graph.stores.sqlite import SqliteStore
from investigations.assessments import Conclusion
from investigations.policy import Policy
from service.assessment.evaluation import Effort, Evaluation, evaluate

if TYPE_CHECKING:
    from gnn.scoring.scorer import Scorer

log = logging.getLogger("ringfence.app")
_DAY = datetime(2025, 1, 1, tzinfo=UTC)
# one that no answer has unasked, and one of the ring: all others are counted by the same code
_WANTED = ("ml_1h_device_all_apps", "ml_1h_ring_all_apps")


def exercise_where_there_is_room(scorer: Scorer | None, policy: Policy) -> None:
    """`exercise_kernels`; where the temp folder has no room the first callers wait, and nobody else does."""
    try:
        exercise_kernels(scorer, policy)
    except (OSError, StoreError) as error:
        log.warning("nothing was exercised, so the first answers may be late: %s", error)


def exercise_kernels(scorer: Scorer | None, policy: Policy) -> tuple[Evaluation, Conclusion]:
    """Assess a person who shares everything with a known fraud, from a temporary frame, so that every kernel
    of an answer runs once.
    """
    requested = _application("C", 9)
    with (
        TemporaryDirectory(prefix="ringfence-warm-up-") as folder,
        SqliteStore(Path(folder) / "store.db") as store,
    ):
        store.add(_facts())
        store.save_rings(_rings())
        revision = store.add(Facts(applications=(requested,))).revision
        frame = Frame.open(Path(folder) / "frame", store, store.zone)
        frame.catch_up()
        evaluation = evaluate(
            frame.view(requested.applied_at, revision),
            subject_of(requested),
            Effort(scorer, wanted=_WANTED),
        )
        guide = evaluation.findings.paths
        if guide is None:
            raise StoreUnavailableError("the warm-up's own store did not answer")
        for name in SIGNALS:  # whatever an answer says, its ways are compiled
            guide.to_signal(name)
        concluded = policy.conclude(evaluation.findings)
        frame.close()
    return evaluation, concluded


def _facts() -> Facts:
    created = tuple(_application(who, day) for day, who in enumerate("ABC"))
    return Facts(
        applications=created,
        events=(
            Event(
                event_id="E",
                kind="transfer",
                at=_DAY + timedelta(days=4),
                applicant_id="A",
                counterparty_id="C",
                amount=1.0,
            ),
        ),
        outcomes=(
            Outcome(
                application_id=created[0].application_id,
                status=OutcomeStatus.DISBURSED,
                at=_DAY + timedelta(days=5),
                amount=1.0,
            ),
        ),
        labels=(Label(label=LabelValue.FRAUD, known_at=_DAY + timedelta(days=6), applicant_id="A"),),
        platforms=(Platform(platform_id="L", type=PlatformType.P2P),),
    )


def _rings() -> RingSnapshot:
    """A ring of which they are members."""
    members = tuple(
        RingMember(applicant_id=who, role="core", joined_at=_DAY, distance_to_core=0, strength=1.0)
        for who in "ABC"
    )
    ring = Ring(
        ring_id="R", kind=RingKind.UNKNOWN, score=0.0, state="growing", first_seen=_DAY, last_seen=_DAY,
        confirmed_bad=0, suspected=0, bad_rate=0.0, exposure=0.0, shared_by_kind={}, hubs_ignored=0,
        density=1.0, burst_days=1.0, platforms=1, reason_codes=(), members=members,
    )  # fmt: skip
    return RingSnapshot(name="warm-up", as_of=_DAY, rings=(ring,))


def _application(who: str, day: int) -> Application:
    """One of several people who share everything."""
    phone, device, employer = (
        Identifier(kind, "shared")
        for kind in (IdentifierKind.PHONE, IdentifierKind.DEVICE, IdentifierKind.EMPLOYER)
    )
    named = (Mention(phone), Mention(phone, Role.CONTACT), Mention(device), Mention(employer, Role.EMPLOYER))
    return Application(
        application_id=f"{who}{day}", applied_at=_DAY + timedelta(days=day), applicant_id=who,
        platform_id="L", merchant_id="M", agent_id="G", amount=1.0, mentions=named,
    )  # fmt: skip
