"""The result of one weekly ring review, as plain values: files, report and cases are made from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from graph.model.rings_in_turn import AnySnapshot
from graph.model.types import Ring, RingChange
from investigations.review.record import ReviewRecord
from investigations.review.tally import RingTally
from investigations.review.week_fairness import GroupOfWeek


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupEdge:
    """A link between two members, for drawing: `weight` 0-1, `kinds` what they share (`device`, `bank_card`,
    `transfer`, ...).
    """

    a: str
    b: str
    weight: float
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyWarning:
    """One flagged ring in the back-test: when it would have been flagged first, against its first known
    default.

    `first_default` is None while no default or fraud is known of it; `days` is first_default - flagged_at
    (negative: too late) and None when either is missing, or when the default came before the earliest moment
    looked at, so that nothing can be said. `loans` and `amount` (CNY) are the members' disbursements from
    `flagged_at` on: what could have been stopped.
    """

    ring_id: str
    flagged_at: datetime | None
    first_default: datetime | None
    days: float | None
    loans: int
    amount: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewResult:
    """A finished review. `snapshot.rings` come worst first (flagged before others, then by score),
    `snapshot.changes` by ring; `tally` is what is held of the rings.

    `previous` names the snapshot it was compared with, None on a first run. `known_frauds` are the applicants
    who were known for fraud by the moment. `edges` holds, for every flagged ring, its strongest links (at
    most 200 a ring). `early` has one row for every flagged ring. `moments` are the earlier moments the
    back-test looked at. `figures` is the command's JSON line: groups flagged members_flagged
    largest_component born grown shrunk merged split dissolved seconds (of the whole batch), then
    search_seconds (without back-test and files), applicants, links, hubs_ignored, cases_opened, peak_mb,
    known_good (applicants whose latest conclusion by then is good) and known_good_flagged (how many of those
    a flagged ring would hold had nobody cleared them: the report's headline of honest people hit),
    newly_flagged, no_longer_flagged and held (flags that stay for want of evidence against them), and for
    household, dormitory and kiosk honest_..._known and honest_..._flagged (graph.rings.weekly.honest_impact);
    honest_expected, _low and _high, the share of the honest that is expected in flagged groups, with the
    interval in which it lies nine times in ten (graph.rings.groups.budget); improbable_groups and
    improbable_people, which the store's habits of sharing do not explain
    (graph.rings.suspicion.store_habits). `before` holds the rings that were flagged last time; `record` says
    what became of the flags of the last weeks, `fairness` how each group of people fared, and `desk` where
    the page links to (empty: nowhere). The page tells times in `zone`, and names it; the files hold UTC.
    """

    snapshot: AnySnapshot
    tally: RingTally
    previous: str | None
    known_frauds: frozenset[str] = frozenset()
    edges: Mapping[str, tuple[GroupEdge, ...]]
    early: tuple[EarlyWarning, ...]
    moments: tuple[datetime, ...]
    figures: Mapping[str, float | int]
    before: tuple[Ring, ...] = ()
    zone: tzinfo = UTC
    record: ReviewRecord = field(default_factory=ReviewRecord)
    desk: str = ""
    fairness: Mapping[str, GroupOfWeek] = field(default_factory=dict)

    @property
    def changes(self) -> Iterable[RingChange]:
        """What became of each ring since the previous snapshot; each walk begins anew."""
        return self.snapshot.changes
