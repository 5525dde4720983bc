"""The weekly ring review: search, compare with last week, back-test, write files, switch the snapshot, open
cases.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import resource
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from graph.beside import beside
from graph.full_disk import naming
from graph.model.errors import ConflictError, FrameFullError
from graph.model.moments import COUNTRY
from graph.model.rings_in_turn import RingsInTurn
from graph.model.types import Ring, RingChange
from graph.quantities import quantity
from graph.rings.error_shares import FALSE_ALARMS, HONEST_BUDGET
from graph.rings.groups.kinds import FLAG_HELD
from graph.rings.links.projection import LINK_KINDS
from graph.rings.projected import Engine, InThisProcess
from graph.rings.search import PreviousFlags, RingSearch, search
from graph.rings.weekly.honest_impact import honest_impact
from graph.rings.weekly.largest_component import largest_component
from graph.rings.weekly.snapshot import rings_found
from graph.store.port import GraphStore
from investigations.assessments import Decision
from investigations.casebook import Casebook
from investigations.review.backtest import early_warnings, look_back
from investigations.review.flag_history import record_of
from investigations.review.flag_words import why
from investigations.review.report import render
from investigations.review.result import GroupEdge, ReviewResult
from investigations.review.ring_files import FILES, REPORT, write_files
from investigations.review.source import OfStore, ReviewSource
from investigations.review.tally import RingTally
from investigations.review.week_fairness import (
    GroupOfWeek,
    UnfairRingsError,
    fairness_of_week,
    unfair_to,
)

log = logging.getLogger("ringfence.rings")

DRAWN_LINKS = 200  # the strongest links of a flagged ring, kept for drawing
_MAKING = "making"  # what is written into --out before it has its name begins so
_WEEK = timedelta(days=7)
_CHANGES = ("born", "grown", "shrunk", "merged", "split", "dissolved")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPlan:
    """What to review: as of when, into which folder, how many earlier moments the back-test looks at, and the
    clock for the cases.

    `engine` computes links, first cut and features (`graph.rings.projected`). `honest_budget` is the share
    of the honest that may be in flagged groups, `false_alarms` the share of the groups that stand out by
    the store's habits alone that may be there by chance; where they are not the usual ones, `most_times` is
    how many times as many honest of a group may be in flagged rings as of others like them
    (`investigations.review.week_fairness.unfair_to`; None: any number). `frame` is the folder of the
    store's frame (`graph.frame.location.frame_of`). `desk` is the address of the desk, to which the report
    links. `zone` is the one in which weeks are counted and the report tells times.
    """

    as_of: datetime
    out: Path
    now: datetime
    back_steps: int = 3
    engine: Engine = field(default_factory=InThisProcess)
    honest_budget: float = HONEST_BUDGET
    false_alarms: float = FALSE_ALARMS
    frame: str = ""
    desk: str = ""
    most_times: float | None = None
    zone: tzinfo = field(default_factory=lambda: ZoneInfo(COUNTRY))


def review(store: GraphStore, casebook: Casebook | None, plan: ReviewPlan) -> ReviewResult:
    """Run the weekly batch on a store: the snapshot is saved there, the files are in `plan.out`, new flagged
    rings have cases. Raises as `reviewed`.
    """
    return reviewed(OfStore(store, plan.engine, plan.frame), casebook, plan)


def reviewed(source: ReviewSource, casebook: Casebook | None, plan: ReviewPlan) -> ReviewResult:
    """Run the weekly batch on what the source has.

    Everything is computed and written beside before the source switches over, so that a run that fails leaves
    the last snapshot in force. Raises UnfairRingsError, and ConflictError where people were erased meanwhile.
    """
    started = time.perf_counter()
    name = week_of(plan.as_of, plan.zone)
    previous = _previous(source, plan.as_of, name)
    if previous is None:
        log.warning("no earlier ring snapshot: every group is new")
    compared_with = previous.name if previous else None
    flagged_before = (ring for ring in previous.rings if ring.kind.flagged) if previous else iter(())
    before = tuple(sorted(flagged_before, key=lambda ring: ring.ring_id))  # files have them worst first
    projected, usual = source.projected(plan.as_of), PreviousFlags(before)
    memory = PreviousFlags(before, plan.honest_budget, plan.false_alarms)
    found = search(projected, memory, source.closely)
    snapshot = rings_found(found, name, plan.as_of, previous.rings if previous else ())
    took = time.perf_counter() - started
    tally = RingTally.of(snapshot)
    flagged = tally.flagged
    log.info(
        "%s, %d flagged, in %.1f s; looking back",
        quantity(tally.rings.total(), "group"),
        len(flagged),
        took,
    )
    earlier = look_back(source, plan.as_of, plan.back_steps)
    decisions = casebook.scores.decided(plan.as_of - _WEEK, plan.as_of) if casebook else {}
    as_usual = search(projected, usual, source.closely) if memory != usual else None
    fairness = _fairness(found, source, decisions, as_usual)
    if plan.most_times is not None and (unfair := unfair_to(fairness, plan.most_times)):
        raise UnfairRingsError(unfair)
    result = ReviewResult(
        snapshot=snapshot,
        tally=tally,
        known_frauds=frozenset(found.applicants.names(found.known.frauds).tolist()),
        previous=compared_with,
        edges=_edges(found, flagged),
        early=early_warnings(flagged, earlier, found.applicants),
        moments=tuple(e.at for e in earlier),
        figures=_figures(snapshot.changes, tally, found, took),
        before=before,
        zone=plan.zone,
        record=record_of(source.rings_before, casebook, snapshot, found.applicants, plan.now),
        desk=plan.desk,
        fairness=fairness,
    )
    _publish(source, result, plan.out)
    with _taken_back(plan.out):
        opened = _open_cases(result, casebook, plan, source)
        if opened:  # the page was in place before: what cannot be opened costs nobody the report
            record = record_of(source.rings_before, casebook, snapshot, found.applicants, plan.now)
            render(dataclasses.replace(result, record=record), plan.out / REPORT)
        source.refuse_another()
    whole = {"cases_opened": opened, "seconds": round(time.perf_counter() - started, 3)}
    return dataclasses.replace(result, figures={**result.figures, **whole})


def _fairness(
    found: RingSearch,
    source: ReviewSource,
    decisions: Mapping[str, Decision],
    as_usual: RingSearch | None,
) -> Mapping[str, GroupOfWeek]:
    """How each group fared. Where the source cannot say how people live, nothing, unless the settings are to
    be judged by it: then FrameFullError.
    """
    try:
        return fairness_of_week(found, source.few, decisions, as_usual)
    except FrameFullError as full:
        if as_usual is not None:
            raise
        log.warning("%s: nobody can say how groups of people fared", full)
        return {}


def week_of(as_of: datetime, zone: tzinfo) -> str:
    """The name of a snapshot: the ISO week just before its moment (`2026-W01`), as it is counted in
    `zone`.
    """
    year, week, _ = (as_of - timedelta(microseconds=1)).astimezone(zone).isocalendar()
    return f"{year}-W{week:02d}"


def _previous(source: ReviewSource, as_of: datetime, name: str) -> RingsInTurn | None:
    """The last snapshot before this one; a second run in the same week compares with the week before."""
    before = source.rings_before(as_of)
    while before is not None and before.name == name:
        before = source.rings_before(before.as_of - timedelta(microseconds=1))
    return before


def _edges(search: RingSearch, flagged: Sequence[Ring]) -> Mapping[str, tuple[GroupEdge, ...]]:
    """Every flagged ring's strongest inner links."""
    people, group = search.flagged_people, search.group[search.in_flagged]
    links, ids = (
        search.links.among(people),
        dict(zip(people.tolist(), search.applicants.names(people).tolist())),
    )
    a, b = (np.searchsorted(people, end) for end in (links.a, links.b))
    inside = np.flatnonzero(group[a] == group[b])
    ring_of = {member.applicant_id: ring.ring_id for ring in flagged for member in ring.members}
    out: dict[str, list[GroupEdge]] = {ring.ring_id: [] for ring in flagged}
    for i in inside[np.argsort(-links.weight[inside], kind="stable")].tolist():
        a, b = ids[int(links.a[i])], ids[int(links.b[i])]
        drawn = out[ring_of[a]]
        if len(drawn) < DRAWN_LINKS:
            kinds = tuple(LINK_KINDS[k] for k in np.flatnonzero(links.shared[i]).tolist())
            drawn.append(GroupEdge(a=a, b=b, weight=round(float(links.weight[i]), 6), kinds=kinds))
    return {ring_id: tuple(edges) for ring_id, edges in out.items()}


def _figures(
    changed: Iterable[RingChange], tally: RingTally, search: RingSearch, took: float
) -> dict[str, float | int]:
    changes, flags = (Counter(getattr(change, name) for change in changed) for name in ("change", "flag"))
    return {
        "groups": tally.rings.total(),
        "flagged": len(tally.flagged),
        "members_flagged": sum(ring.size for ring in tally.flagged),
        "largest_component": largest_component(search),
        "largest_group": tally.largest,
        **{change: changes[change] for change in _CHANGES},
        "newly_flagged": flags["newly_flagged"],
        "no_longer_flagged": flags["no_longer_flagged"],
        "held": len(search.flags.retained),
        "applicants": len(search.applicants),
        "links": len(search.links),
        "hubs_ignored": search.sharing.hubs(),
        "known_good": search.known.totals.goods,
        "known_good_flagged": len(search.spared),
        "improbable_groups": len(search.unusual.chance),
        "improbable_people": len(search.unusual.people),
        "honest_expected": round(search.honest.expected, 6),
        "honest_expected_low": round(search.honest.low, 6),
        "honest_expected_high": round(search.honest.high, 6),
        **{
            f"honest_{kind.value}_{name}": n
            for kind, hit in honest_impact(search).items()
            for name, n in asdict(hit).items()
        },
        "search_seconds": round(took, 3),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def _publish(source: ReviewSource, result: ReviewResult, out: Path) -> None:
    """Files beside, then the switch, then the files into place. Raises ConflictError where people were erased
    meanwhile.
    """
    out.mkdir(parents=True, exist_ok=True)
    with beside(out / _MAKING) as made:
        made.mkdir(0o700)  # its own: nobody else can put a link into it
        with naming(out):
            write_files(result, made)
        source.save(result.snapshot)
        for name in FILES:
            os.replace(made / name, out / name)


@contextmanager
def _taken_back(out: Path) -> Iterator[None]:
    """The files of a review that is refused after all go."""
    try:
        yield
    except ConflictError:
        for name in FILES:
            (out / name).unlink(missing_ok=True)
        raise


def _open_cases(
    result: ReviewResult, casebook: Casebook | None, plan: ReviewPlan, source: ReviewSource
) -> int:
    """Open a case for each flagged ring without one; returns how many. The open case of a ring that lost its
    flag gets a note that says why.

    A flag that is merely held is no new evidence: a case that somebody has closed is not opened again for it.
    """
    if casebook is None:
        return 0
    opened = 0
    for ring in result.tally.flagged:
        source.refuse_another()
        if FLAG_HELD in ring.reason_codes and casebook.had_case_of_ring(ring.ring_id):
            continue
        about = source.case_about(ring, result.snapshot.name, plan.as_of)
        opened += casebook.open_case(about, at=plan.now, by="ring_review")[1]
    for change in result.changes:
        if change.flag == "no_longer_flagged":
            source.refuse_another()
            note = f"{result.snapshot.name}: {why(change.why)[0]}"
            casebook.note_case_of_ring(change.ring_id, (change.flag, note), at=plan.now, by="ring_review")
    return opened
