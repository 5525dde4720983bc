"""The frame in the service: it never holds up a request, and an answer is never less than the store's own
view gives.
"""

from __future__ import annotations

import errno
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from graph.facts.tables import Column
from graph.features.compute import FeatureExtractor
from graph.features.read_neighbourhood import read_neighbourhood
from graph.frame.columns.layout import DIRTY, MAGIC
from graph.frame.files import Files
from graph.frame.frame import Frame
from graph.frame.views.view import FrameView
from graph.model.errors import ConflictError, StoreUnavailableError, UnknownApplicantError
from graph.model.types import Facts
from graph.store.evidence import Subject, subject_of
from graph.stores.sqlite.view import SqliteView
from service import wiring
from service.app import create_app
from service.assessment import assess
from service.assessment.batches import batch
from service.assessment.batches.batch import Scoring
from service.assessment.batches.output import ScoresOut
from service.assessment.batches.processes import InProcesses
from service.assessment.batches.work import BatchTask, Period, Rows
from service.assessment.context import AppContext
from service.assessment.evaluation import Effort, evaluate
from service.assessment.repeats.replay import replay
from service.assessment.views import Views
from tests.support.contracts.erasure_contract import erased
from tests.support.small_service import PlainModel, body, risk, service
from tests.support.small_worlds import applies, day, random_facts, uses
from tests.support.stores import open_url


@pytest.fixture
def context(tmp_path: Path) -> Iterator[AppContext]:
    opened = service(tmp_path)
    assert frame_of(opened).holds(opened.store.revision())
    yield opened
    opened.close()


def frame_of(context: AppContext) -> Frame:
    assert context.views.frame is not None
    return context.views.frame


def soon(happens: Callable[[], bool]) -> bool:
    """Whether it happens within a minute."""
    until = time.monotonic() + 60
    while not happens() and time.monotonic() < until:
        time.sleep(0.01)
    return happens()


def load(count: int) -> Facts:
    """A batch of another process."""
    return Facts(
        applications=tuple(
            applies(f"load{n}", 50 + n / 1e3, uses("device", f"ld{n % 9}"), application_id=f"load{n}")
            for n in range(count)
        )
    )


def idle(context: AppContext, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keeper does nothing from now on; why the store was read."""
    why: list[str] = []
    monkeypatch.setattr(context.views.keeper, "wake", lambda: None)
    context.views.on_fall_back = why.append
    return why


def test_a_large_load_of_another_process_is_not_the_requests_to_bring_in(
    context: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    why, before = idle(context, monkeypatch), frame_of(context).revision
    context.store.add(load(2_000))
    answer = risk(context, body("live-1"))
    assert answer["degraded"]["level"] == "full"
    assert (frame_of(context).revision, why) == (before, ["behind"])
    while not context.views._bring():
        pass
    assert risk(context, body("live-2"))["degraded"]["level"] == "full"
    assert why == ["behind"], "now through the frame, which the request brought its own fact"
    assert frame_of(context).revision == context.store.revision()
    assert replay(context, answer["assessment_id"])["equal"]


def test_a_frame_far_behind_is_brought_up_by_the_keeper_alone(context: AppContext) -> None:
    for n in range(40):
        context.store.add(Facts(applications=(applies(f"x{n}", 50, application_id=f"x{n}"),)))
    assert risk(context, body("live-1"))["degraded"]["level"] == "full"
    assert soon(lambda: frame_of(context).holds(context.store.revision()))


def test_after_a_writer_was_killed_requests_are_whole_and_none_waits_for_the_refill(
    context: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered, after_the_answer, begin_anew = threading.Event(), [], Files.begin_anew

    def noted(files: Files) -> None:
        after_the_answer.append(answered.wait(10))
        begin_anew(files)

    monkeypatch.setattr(Files, "begin_anew", noted)
    frame_of(context)._files.header[DIRTY] = 1
    answer = risk(context, body("live-1"))
    answered.set()
    assert answer["degraded"] == {"level": "full", "missing": [], "reason": None}
    assert soon(lambda: frame_of(context).holds(context.store.revision()))
    assert after_the_answer == [True]
    assert replay(context, answer["assessment_id"])["equal"]


def row_of(n: object) -> Column:
    return FeatureExtractor().row(n)[0].copy()  # type: ignore[arg-type]


def test_a_frame_that_breaks_between_two_reads_of_an_answer_ends_in_the_stores_view(
    context: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    why, mark = idle(context, monkeypatch), context.store.revision()
    application = next(context.store.view(day(60)).applications(day(50)))
    for subject in (subject_of(application), Subject(applicant_id="p003")):
        whole = evaluate(context.views.at(day(65), mark), subject, Effort(PlainModel()))
        view = context.views.at(day(65), mark)
        assert isinstance(view, FrameView)
        expected = row_of(read_neighbourhood(view, subject)[0])
        frame_of(context)._files.header[DIRTY] = 1
        broken = evaluate(view, subject, Effort(PlainModel()))
        assert broken.degraded == whole.degraded
        assert broken.findings.signals == whole.findings.signals
        assert broken.findings.rule_inputs == whole.findings.rule_inputs
        assert broken.findings.probability == whole.findings.probability
        assert np.array_equal(row_of(read_neighbourhood(view, subject)[0]), expected, equal_nan=True)
        frame_of(context)._files.header[DIRTY] = 0
    assert set(why) == {"unreadable"}


def test_a_second_scan_is_compared_with_the_first_though_the_frame_is_broken(
    context: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle(context, monkeypatch)
    risk(context, body("live-1"))
    frame_of(context)._files.header[DIRTY] = 1
    second = risk(context, {"application_id": "live-1", "stage": "disbursement"} | body())
    assert second["degraded"]["level"] == "full"
    assert second["changes_since"]["person"] is not None


def test_a_service_answers_in_full_while_its_frame_is_filled_for_the_first_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "START_S", -1.0)
    context = service(tmp_path, load(3_000))
    try:
        idle(context, monkeypatch)
        assert not frame_of(context).is_whole
        assert context.views.without_store(day(60)) is None, (
            "who knows a part alone does not answer for the store"
        )
        assert risk(context, body("live-1"))["degraded"]["level"] == "full"
        ready = create_app(context).test_client().get("/readyz")
        assert (ready.status_code, ready.get_json()["frame"]["state"]) == (200, "filling")
        assert create_app(context).test_client().get("/readyz?behind=100000").status_code == 503, (
            "a balancer over several machines waits for the frame"
        )
        monkeypatch.undo()
        context.views.keeper.wake()
        assert soon(lambda: frame_of(context).holds(context.store.revision()))
        response = create_app(context).test_client().get("/readyz").get_json()["frame"]
        assert response == {"state": "current", "behind": 0}
        assert create_app(context).test_client().get("/readyz?behind=0").status_code == 200
    finally:
        context.close()


def test_a_store_that_is_away_at_the_start_has_its_frame_as_soon_as_it_is_back(context: AppContext) -> None:
    there = threading.Event()

    def find() -> Frame:
        if not there.is_set():
            raise StoreUnavailableError("away")
        return frame_of(context)

    views = Views(context.store, None, find=find)
    views.keeper._pause_s = 0.01
    views.keeper.wake()
    time.sleep(0.05)
    assert views.frame is None
    there.set()
    assert soon(lambda: views.frame is not None)
    views.keeper.close()


def test_a_service_whose_disk_has_no_room_for_a_frame_starts_and_has_it_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Frame:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Frame, "open", full)
    context = service(tmp_path)
    try:
        assert risk(context, body("live-1"))["degraded"]["level"] == "full"
        ready = create_app(context).test_client().get
        assert [ready("/readyz").status_code, ready("/readyz?behind=1000").status_code] == [200, 503]
        monkeypatch.undo()
        context.views.keeper.wake()
        assert soon(lambda: context.views.frame is not None)
    finally:
        context.close()


def test_a_folder_that_another_version_has_taken_over_is_left_to_it(context: AppContext) -> None:
    header = frame_of(context)._files.header
    header[MAGIC] += 1
    assert risk(context, body("live-1"))["degraded"]["level"] == "full"
    with pytest.raises(StoreUnavailableError, match="another version"):
        context.views._bring()
    assert context.views.latest() == context.store.revision()
    header[MAGIC] -= 1


def test_a_frame_whose_folder_is_taken_away_is_filled_anew_beside_the_answers(context: AppContext) -> None:
    client, lost = create_app(context).test_client(), frame_of(context)
    for path in (folder := lost._files.folder).parent.glob(f"{folder.name}*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    lost._files.header[DIRTY] = 1  # in the middle of a change
    with ThreadPoolExecutor(1) as another_thread:  # which has no lock's file open
        assert another_thread.submit(client.get, "/readyz").result().get_json()["frame"]["state"] == "filling"
    assert risk(context, body("l-1"))["degraded"]["level"] == "full"
    context.views.keeper.wake()
    assert soon(lambda: context.views.frame is not None and context.views.frame is not lost)
    assert soon(lambda: frame_of(context).holds(context.store.revision()))
    answer = risk(context, body("l-2"))
    assert isinstance(context.views.at(day(80), context.views.now()), FrameView)
    assert replay(context, answer["assessment_id"])["equal"]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_batch_through_the_frame_writes_the_rows_that_the_store_gives(
    tmp_path: Path, processes: int
) -> None:
    context = service(tmp_path, random_facts(3))
    settings, period = context.settings, Period(since=day(5), until=day(60))
    context.close()
    written = []
    for frame in ("", "none"):
        out = tmp_path / f"{frame or 'framed'}.parquet"
        batch.score(
            settings.__class__(store=settings.store, frame=frame),
            period,
            ScoresOut(out),
            Scoring(InProcesses(processes)),
        )
        written.append(pq.read_table(out))
    assert written[0].num_rows > 20
    assert written[0].equals(written[1])


def test_a_store_that_goes_before_the_frame_has_the_fact_leaves_what_the_frame_knows(
    context: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle(context, monkeypatch)
    before = frame_of(context).revision
    context.store.add(load(2_000))  # more than a request brings in: the store's own view is to answer

    def away(*_: object) -> None:
        raise StoreUnavailableError("away")

    with monkeypatch.context() as outage:
        outage.setattr(SqliteView, "ties_of", away)
        outage.setattr(SqliteView, "evidence_of", away)
        answer = risk(context, body("live-1"))
    assert answer["degraded"] == {"level": "full", "missing": [], "reason": "store_unavailable"}
    assert context.casebook.assessment(answer["assessment_id"]).recorded_by == before
    assert replay(context, answer["assessment_id"])["equal"]


# -- somebody is erased while the service runs


def scanned(context: AppContext, who: str) -> dict[str, Any]:
    return risk(context, {"applicant_id": who, "stage": "monitoring"})


def told(context: AppContext, assessment_id: str) -> bool:
    return bool(replay(context, assessment_id)["equal"])


def test_who_was_erased_is_nobody_from_the_next_request_on_and_other_answers_stay(
    context: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = idle(context, monkeypatch)
    before = [scanned(context, who) for who in ("p001", "p007")]
    erased(context.store, "p003")
    assert frame_of(context).holds(context.store.revision()), "nobody has looked at it yet"
    with pytest.raises(UnknownApplicantError):
        scanned(context, "p003")
    assert all(told(context, one["assessment_id"]) for one in before)
    assert risk(context, body("live-1"))["degraded"]["level"] == "full"
    assert set(why) == {"behind"}, "the store's view until the frame is filled anew"
    while not context.views._bring():
        pass
    assert all(told(context, one["assessment_id"]) for one in before)
    assert len(set(why)) == 1
    with pytest.raises(UnknownApplicantError):
        scanned(context, "p003")


def test_every_process_fills_the_frame_anew_by_itself(context: AppContext) -> None:
    context.views.keeper.wake()
    erased(context.store, "p003")
    assert soon(lambda: frame_of(context).holds(context.store.revision(), context.store.edition()))


def test_a_batch_through_which_somebody_is_erased_leaves_no_file(tmp_path: Path) -> None:
    context = service(tmp_path, random_facts(3))
    settings, period, out = context.settings, Period(since=day(5), until=day(60)), tmp_path / "scores.parquet"
    context.close()

    def erasing(task: BatchTask, period: Period) -> Iterator[Rows]:
        with open_url(settings.store) as store:
            erased(store, "p003")
        yield from InProcesses(1)(task, period)

    bare = settings.__class__(store=settings.store)
    with pytest.raises(ConflictError, match="begin it again"):
        batch.score(bare, period, ScoresOut(out), Scoring(engine=erasing))
    assert not out.exists()
    assert batch.score(bare, period, ScoresOut(out), Scoring(engine=InProcesses(1)))["scored"] > 20


@pytest.mark.parametrize("frame", ["", "none"])
def test_an_answer_during_which_somebody_is_erased_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frame: str
) -> None:
    context, times = service(tmp_path, random_facts(1), frame=frame), 0
    findings = assess.findings_of

    def erased_meanwhile(*given: Any) -> dict[str, Any]:
        nonlocal times
        times += 1
        if times == 1:
            erased(context.store, "p003")
            while not context.views._bring():
                pass
        return findings(*given)

    try:
        monkeypatch.setattr(assess, "findings_of", erased_meanwhile)
        answer = scanned(context, "p001")
        assert times == 2
        assert told(context, answer["assessment_id"])
    finally:
        context.close()
