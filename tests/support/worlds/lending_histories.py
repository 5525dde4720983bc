"""Random histories of few people who share few values, at the edges of the multi-lending windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from graph.model.types import (
    Application,
    Contact,
    Facts,
    Mention,
    Outcome,
    OutcomeStatus,
    Platform,
    PlatformType,
    Role,
)
from tests.support.small_worlds import known_as

NOW = datetime(2026, 3, 2, 16, tzinfo=UTC)  # midnight in Shanghai: the last day before is a Monday
PLATFORMS = tuple(
    Platform(platform_id=f"L{n}", type=kind, is_own=n == 0) for n, kind in enumerate(PlatformType)
)
LENDERS = (*(one.platform_id for one in PLATFORMS), "L9")  # of the last nothing is known
PRODUCTS = (None, "cash", "cash_inst", "off_inst", "cons_inst", "card", "auto", "Cash", "all", "lease")
PEOPLE = ("ann", "bob", "cat", "dan", "eve")
VALUES = tuple(
    known_as(kind, f"{kind[:2]}{n}")
    for kind in ("national_id", "phone", "device", "bank_card", "address")
    for n in range(2)
)
SPANS = (1, 3, 6, 12, 24, 72, 168, 336, 360, 720, 2_160, 4_320, 8_640)  # hours, of the windows
STEPS = (OutcomeStatus.APPROVED, OutcomeStatus.REJECTED, OutcomeStatus.DISBURSED, OutcomeStatus.RETURNED)

ago = st.one_of(
    st.tuples(st.sampled_from(SPANS), st.sampled_from((-1, 0, 1))).map(
        lambda edge: timedelta(hours=edge[0], microseconds=edge[1])
    ),
    st.integers(1, 24 * 400).map(lambda hours: timedelta(hours=hours)),
    st.integers(1, 60 * 72).map(lambda minutes: timedelta(minutes=minutes)),
)
mentions = st.lists(
    st.builds(Mention, st.sampled_from(VALUES), st.sampled_from((Role.OWN, Role.OWN, Role.CONTACT))),
    min_size=1,
    max_size=4,
).map(tuple)


@st.composite
def histories(draw: Any) -> Facts:
    """Applications of few people who share few values, at the edges of the windows, and what became of
    them.
    """
    applications, outcomes = [], []
    for number in range(draw(st.integers(1, 14))):
        made = NOW - draw(ago)
        applications.append(
            Application(
                application_id=f"a{number:02d}",
                applied_at=made,
                applicant_id=draw(st.sampled_from(PEOPLE)),
                platform_id=draw(st.sampled_from(LENDERS)),
                product=draw(st.sampled_from(PRODUCTS)),
                amount=draw(st.sampled_from((None, 0.0, 1000.0, 333.33))),
                mentions=draw(mentions),
            )
        )
        for step in draw(st.lists(st.sampled_from(STEPS), max_size=3)):
            later = timedelta(hours=draw(st.sampled_from((1, 24, 24 * 7, 24 * 8, 24 * 20))))
            amount = draw(st.sampled_from((None, 500.0, 600.1)))
            outcomes.append(
                Outcome(application_id=f"a{number:02d}", status=step, at=made + later, amount=amount)
            )
    contacts = tuple(
        Contact(
            applicant_id=draw(st.sampled_from(PEOPLE)), phone=VALUES[2], relation="friend", at=NOW - draw(ago)
        )
        for _ in range(draw(st.integers(0, 2)))
    )
    # one outcome is reported once: a second one of the same moment is the same fact
    distinct = {(o.application_id, o.status, o.at): o for o in outcomes}
    return Facts(
        applications=tuple(applications),
        outcomes=tuple(distinct.values()),
        contacts=contacts,
        platforms=PLATFORMS,
    )
