"""The record of the flags: what became of rings after they were flagged, and what people concluded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from graph.model.rings_in_turn import InTurn, RingsInTurn
from graph.model.types import Facts, Outcome, OutcomeStatus, RingChange, RingKind, RingSnapshot
from graph.rings.applicants.rows import HeldApplicants
from graph.store.port import GraphStore
from investigations.casebook import Casebook
from investigations.cases import CaseKind, NewCase, Verdict, VerdictValue
from investigations.review import flag_history
from investigations.review.record import ReviewRecord
from tests.support.desk.worlds import ring_of
from tests.support.small_worlds import applies, day
from tests.support.stores import open_store

NOW = day(100)
RINGS = ("R-0", "R-499", "R-500", "R-1999")  # that have a case, of a week's 2,000


def became(application_id: str, status: str, on: float) -> Outcome:
    return Outcome(application_id=application_id, status=OutcomeStatus(status), at=day(on))


def snapshot(name: str, on: float, *rings: str, flag: str = "") -> RingSnapshot:
    flagged = tuple(replace(ring_of("ann", "bo"), ring_id=ring, exposure=1000.0) for ring in rings)
    changes = tuple(
        RingChange(ring_id=ring, change="born", from_rings=(), joined=2, left=0, jaccard=0.0, flag=flag)
        for ring in rings
    )
    return RingSnapshot(name=name, as_of=day(on), rings=flagged, changes=changes)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    with open_store(tmp_path / "store.db") as opened:
        facts = (
            applies("ann", 10, amount=3000.0),
            applies("ann", 60, amount=4000.0),
            applies("bo", 70, amount=7000.0),
        )
        outcomes = (
            became("ann@10", "disbursed", 11),
            became("ann@10", "dpd90", 90),
            became("ann@60", "rejected", 61),
            became("bo@70", "disbursed", 71),
        )
        opened.add(Facts(applications=facts, outcomes=outcomes))
        opened.save_rings(snapshot("2025-W07", 50))
        opened.save_rings(snapshot("2025-W08", 57, "R-1", flag="newly_flagged"))
        yield opened


@pytest.fixture
def casebook(tmp_path: Path) -> Iterator[Casebook]:
    with Casebook(f"sqlite:///{tmp_path}/cases.db") as opened:
        yield opened


def record_of(store: GraphStore, *of: Any) -> ReviewRecord:
    """The record by what the store holds of earlier snapshots."""
    return flag_history.record_of(lambda at: store.view(at).rings_in_turn(), *of)


def test_what_was_refused_and_what_was_paid_after_the_flag_is_told_apart(store: GraphStore) -> None:
    latest = snapshot("2025-W14", 99, "R-1")
    record = record_of(store, None, latest, HeldApplicants(store.view(day(99)).tables()), NOW)
    saved = record.saved
    assert (saved.rings, saved.ahead, saved.late) == (1, 1, 0), "flagged on day 57, the default on day 90"
    assert (saved.refused, saved.refused_amount) == (1, 4000.0)
    assert (saved.paid, saved.paid_amount, saved.paid_defaulted) == (1, 7000.0, 0)
    assert [(week.snapshot, week.flagged, week.newly_flagged) for week in record.trend] == [
        ("2025-W07", 0, 0), ("2025-W08", 1, 1), ("2025-W14", 1, 0),
    ]  # fmt: skip


def test_a_ring_flagged_after_its_default_saved_nothing(store: GraphStore) -> None:
    late = snapshot("2025-W14", 99, "R-1", "R-9")
    record = record_of(store, None, late, HeldApplicants(store.view(day(99)).tables()), NOW)
    assert (record.saved.rings, record.saved.ahead, record.saved.late) == (2, 1, 1)


def test_the_future_does_not_change_the_record(store: GraphStore) -> None:
    latest = snapshot("2025-W14", 80, "R-1")
    before = record_of(store, None, latest, HeldApplicants(store.view(day(80)).tables()), NOW)
    store.add(Facts(outcomes=(became("ann@10", "written_off", 95), became("bo@70", "dpd90", 96))))
    assert record_of(store, None, latest, HeldApplicants(store.view(day(80)).tables()), NOW) == before
    assert before.saved.ahead == 0, "the default of day 90 is not known on day 80"


def test_verdicts_are_counted_by_kind_and_by_reason_the_standing_one_of_each_case(
    store: GraphStore, casebook: Casebook
) -> None:
    about = NewCase(reason="ring_review", ring_id="R-1", kind=CaseKind.MERCHANT, reason_codes=("RING_DENSE",))
    case_id, _ = casebook.open_case(about, at=day(58), by="review")
    for on, value in (
        (60, VerdictValue.CONFIRMED_FRAUD),
        (61, VerdictValue.FALSE_POSITIVE),
        (62, VerdictValue.INCONCLUSIVE),
    ):
        casebook.give_verdict(
            case_id, Verdict(at=day(on), by="li", value=value), casebook.case(case_id).version
        )
    latest = snapshot("2025-W14", 99, "R-1")
    record = record_of(store, casebook, latest, HeldApplicants(store.view(day(99)).tables()), NOW)
    assert record.cases is not None
    assert record.cases["R-1"].verdict is VerdictValue.FALSE_POSITIVE
    tally = record.verdicts.codes["RING_DENSE"]
    assert (tally.confirmed_fraud, tally.false_positive, tally.share_wrong) == (0, 1, 1.0)
    assert record.verdicts.kinds[RingKind.MERCHANT.value].false_positive == 1


def test_the_cases_of_a_weeks_rings_are_looked_up_while_its_rings_are_read(
    store: GraphStore, casebook: Casebook
) -> None:
    opened = {
        ring: casebook.open_case(NewCase(reason="x", ring_id=ring), at=day(58), by="x")[0] for ring in RINGS
    }
    walked: list[int] = []
    read: list[int] = []  # at each look-up of cases, how many rings had been read by then

    def walk() -> Iterator[RingChange]:
        walked.append(0)
        for change in whole.changes:
            walked[-1] += 1
            yield change

    whole = snapshot("2025-W14", 99, *(f"R-{n}" for n in range(2_000)))
    week = RingsInTurn(name=whole.name, as_of=whole.as_of, rings=whole.rings[:1], changes=InTurn(walk))
    sa.event.listen(casebook._engines.reader, "before_cursor_execute", lambda *given: read.append(walked[-1]))
    record = record_of(store, casebook, week, HeldApplicants(store.view(day(99)).tables()), NOW)
    assert record.cases is not None
    assert {ring: standing.case_id for ring, standing in record.cases.items()} == opened
    assert sorted(set(read)) == [500, 1_000, 1_500, 2_000], "none is read before those before are looked up"
