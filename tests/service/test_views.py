"""The frame in the service: it never holds up a request, and an answer is never less than the store's own view gives."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from graph.features.looking import Observer
from graph.frame.files import Files
from graph.frame.frame import Frame
from graph.frame.layout import DIRTY, MAGIC
from graph.frame.surroundings import surroundings
from graph.frame.view import FrameView
from graph.model.errors import StoreUnavailableError
from graph.model.types import Facts
from graph.store.evidence import Subject, subject_of
from graph.store.tables import Column
from graph.stores.sqlite.view import SqliteView
from service import wiring
from service.app import create_app
from service.assessment import batch
from service.assessment.assess import replay
from service.assessment.batch import Period
from service.assessment.context import Wired
from service.assessment.deadline import Pace, Stopwatch
from service.assessment.evaluation import look
from service.assessment.views import Views
from tests.support.small_service import PlainModel, body, risk, service
from tests.support.small_worlds import applies, day, random_facts, uses


@pytest.fixture
def wired(tmp_path: Path) -> Iterator[Wired]:
    opened = service(tmp_path)
    assert frame_of(opened).holds(opened.store.mark())
    yield opened
    opened.close()


def frame_of(wired: Wired) -> Frame:
    assert wired.views.frame is not None
    return wired.views.frame


def soon(happens: Callable[[], bool]) -> bool:
    """Whether it happens within a minute."""
    until = time.monotonic() + 60
    while not happens() and time.monotonic() < until:
        time.sleep(0.01)
    return happens()


def load(count: int) -> Facts:
    """A batch of another process."""
    return Facts(applications=tuple(applies(f"load{n}", 50 + n / 1e3, uses("device", f"ld{n % 9}"), application_id=f"load{n}") for n in range(count)))


def idle(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keeper does nothing from now on; why the store was read."""
    why: list[str] = []
    monkeypatch.setattr(wired.views.keeper, "wake", lambda: None)
    wired.views.told = why.append
    return why


def test_a_large_load_of_another_process_is_not_the_requests_to_bring_in(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> None:
    why, before = idle(wired, monkeypatch), frame_of(wired).mark
    wired.store.add(load(2_000))
    answer = risk(wired, body("live-1"))
    assert answer["degraded"]["level"] == "full"
    assert (frame_of(wired).mark, why) == (before, ["behind"])
    while not wired.views._bring():
        pass
    assert risk(wired, body("live-2"))["degraded"]["level"] == "full"
    assert why == ["behind"], "now through the frame, which the request brought its own fact"
    assert frame_of(wired).mark == wired.store.mark()
    assert replay(wired, answer["assessment_id"])["equal"]


def test_a_frame_far_behind_is_brought_up_by_the_keeper_alone(wired: Wired) -> None:
    for n in range(40):
        wired.store.add(Facts(applications=(applies(f"x{n}", 50, application_id=f"x{n}"),)))
    assert risk(wired, body("live-1"))["degraded"]["level"] == "full"
    assert soon(lambda: frame_of(wired).holds(wired.store.mark()))


def test_after_a_writer_was_killed_within_a_slice_requests_are_whole_and_the_keeper_fills_anew(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> None:
    whose, begin_anew = [], Files.begin_anew

    def noted(files: Files) -> None:
        whose.append(threading.current_thread().name)
        begin_anew(files)

    monkeypatch.setattr(Files, "begin_anew", noted)
    frame_of(wired)._files.header[DIRTY] = 1
    answer = risk(wired, body("live-1"))
    assert answer["degraded"] == {"level": "full", "missing": [], "reason": None}
    assert soon(lambda: frame_of(wired).holds(wired.store.mark()))
    assert whose == ["keeper"]
    assert replay(wired, answer["assessment_id"])["equal"]


def row_of(n: object) -> Column:
    return Observer().row(n)[0].copy()  # type: ignore[arg-type]


def test_a_frame_that_breaks_between_two_reads_of_an_answer_ends_in_the_stores_view(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> None:
    why, mark = idle(wired, monkeypatch), wired.store.mark()
    application = next(wired.store.view(day(60)).applications(day(50)))
    for subject in (subject_of(application), Subject(applicant_id="p003")):
        whole = look(wired.views.at(day(65), mark), subject, PlainModel(), Stopwatch(Pace(), 1e9))
        view = wired.views.at(day(65), mark)
        assert isinstance(view, FrameView)
        expected = row_of(surroundings(view, subject)[0])
        frame_of(wired)._files.header[DIRTY] = 1
        broken = look(view, subject, PlainModel(), Stopwatch(Pace(), 1e9))
        assert broken.degraded == whole.degraded
        assert broken.findings.signals == whole.findings.signals
        assert broken.findings.known == whole.findings.known
        assert broken.findings.probability == whole.findings.probability
        assert np.array_equal(row_of(surroundings(view, subject)[0]), expected, equal_nan=True)
        frame_of(wired)._files.header[DIRTY] = 0
    assert set(why) == {"unreadable"}


def test_a_second_scan_is_compared_with_the_first_though_the_frame_is_broken(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> None:
    idle(wired, monkeypatch)
    risk(wired, body("live-1"))
    frame_of(wired)._files.header[DIRTY] = 1
    second = risk(wired, {"application_id": "live-1", "stage": "disbursement"} | body())
    assert second["degraded"]["level"] == "full"
    assert second["changes_since"]["person"] is not None


def test_a_service_answers_in_full_while_its_frame_is_filled_for_the_first_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "START_S", -1.0)
    wired = service(tmp_path, load(3_000))
    try:
        idle(wired, monkeypatch)
        assert not frame_of(wired).is_whole
        assert wired.views.without_store(day(60)) is None, "who knows a part alone does not answer for the store"
        assert risk(wired, body("live-1"))["degraded"]["level"] == "full"
        ready = create_app(wired).test_client().get("/readyz")
        assert (ready.status_code, ready.get_json()["frame"]["state"]) == (200, "filling")
        monkeypatch.undo()
        wired.views.keeper.wake()
        assert soon(lambda: frame_of(wired).holds(wired.store.mark()))
        told = create_app(wired).test_client().get("/readyz").get_json()["frame"]
        assert told == {"state": "current", "behind": 0}
    finally:
        wired.close()


def test_a_store_that_is_away_at_the_start_has_its_frame_as_soon_as_it_is_back(wired: Wired) -> None:
    there = threading.Event()

    def find() -> Frame:
        if not there.is_set():
            raise StoreUnavailableError("away")
        return frame_of(wired)

    views = Views(wired.store, None, find=find)
    views.keeper._pause_s = 0.01
    views.keeper.wake()
    time.sleep(0.05)
    assert views.frame is None
    there.set()
    assert soon(lambda: views.frame is not None)
    views.keeper.close()


def test_a_folder_that_another_version_has_taken_over_is_left_to_it(wired: Wired) -> None:
    header = frame_of(wired)._files.header
    header[MAGIC] += 1
    assert risk(wired, body("live-1"))["degraded"]["level"] == "full"
    with pytest.raises(StoreUnavailableError, match="another version"):
        wired.views._bring()
    assert wired.views.latest() == wired.store.mark()
    header[MAGIC] -= 1


@pytest.mark.parametrize("processes", [1, 2])
def test_a_batch_through_the_frame_writes_the_rows_that_the_store_gives(tmp_path: Path, processes: int) -> None:
    wired = service(tmp_path, random_facts(3))
    settings, period = wired.settings, Period(since=day(5), until=day(60))
    wired.close()
    written = []
    for frame in ("", "none"):
        out = tmp_path / f"{frame or 'framed'}.parquet"
        batch.score(settings.__class__(store=settings.store, frame=frame), period, out, processes=processes)
        written.append(pq.read_table(out))
    assert written[0].num_rows > 20
    assert written[0].equals(written[1])


def test_a_store_that_goes_away_before_the_frame_has_the_fact_leaves_what_the_frame_knows(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> None:
    idle(wired, monkeypatch)
    before = frame_of(wired).mark
    wired.store.add(load(2_000))  # more than a request brings in: the store's own view is to answer

    def away(*_: object) -> None:
        raise StoreUnavailableError("away")

    with monkeypatch.context() as outage:
        outage.setattr(SqliteView, "ties_of", away)
        outage.setattr(SqliteView, "evidence_of", away)
        answer = risk(wired, body("live-1"))
    assert answer["degraded"] == {"level": "full", "missing": [], "reason": "store_unavailable"}
    assert wired.casebook.assessment(answer["assessment_id"]).recorded_by == before
    assert replay(wired, answer["assessment_id"])["equal"]
