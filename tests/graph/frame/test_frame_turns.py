"""Readers and the writer of a frame: neither keeps the other out, and who dies or reads for long holds up
nobody else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from graph.frame import frame as frames
from graph.frame.catch_up import CatchUpBudget
from graph.frame.columns.layout import DIRTY, UNDERWAY
from graph.frame.locks import FairLock
from graph.model.types import Facts
from tests.graph.frame.test_frame_files import assert_right
from tests.support.frames import FramedStore
from tests.support.small_worlds import applies, day, random_facts, uses

LONG_S = 60.0  # no machine is that busy


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[FairLock]:
    created = FairLock(tmp_path / "readers", tmp_path, np.zeros(1, np.int64))
    yield created
    created.close()


@contextmanager
def going_on(*works: object) -> Iterator[threading.Event]:
    """Each of the works again and again, in a thread of its own, until the end."""
    over = threading.Event()

    def again(work: object) -> None:
        while not over.is_set():
            work()  # type: ignore[operator]

    threads = [threading.Thread(target=again, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield over
    finally:
        over.set()
        for thread in threads:
            thread.join(LONG_S)


def test_readers_that_overlap_all_the_time_do_not_keep_a_writer_out(lock: FairLock) -> None:
    reads = [0]

    def read() -> None:
        with lock.shared():
            reads[0] += 1
            time.sleep(0.003)

    with going_on(*[read] * 8):
        while reads[0] < 20:
            time.sleep(0.001)
        for _ in range(20):
            began, before = time.monotonic(), reads[0]
            with lock.alone():
                waited = time.monotonic() - began
            assert waited < LONG_S
            assert reads[0] - before < 200, (
                "a plain file lock waits for a moment at which nobody reads, which does not come"
            )


def test_a_writer_that_comes_back_at_once_does_not_keep_who_waits_out(lock: FairLock) -> None:
    slices = [0]

    def write() -> None:
        with lock.alone():
            slices[0] += 1
            time.sleep(0.001)

    with going_on(write):
        while not slices[0]:
            time.sleep(0.001)
        passed = []
        for _ in range(100):
            before = slices[0]
            with lock.shared():
                passed.append(slices[0] - before)
    assert max(passed) <= 3, "the slice at which it came, one that began while it lined up, and no more"


def test_who_reads_for_long_holds_up_the_writer_and_no_other_reader(lock: FairLock) -> None:
    reading, over, written = threading.Event(), threading.Event(), threading.Event()

    def read() -> None:
        with lock.shared():
            reading.set()
            over.wait(LONG_S)

    def write() -> None:
        with lock.alone():
            written.set()

    threads = [threading.Thread(target=work) for work in (read, write)]
    threads[0].start()
    reading.wait(LONG_S)
    threads[1].start()
    for _ in range(50):
        with lock.shared():
            assert not written.is_set()
        time.sleep(0.001)
    over.set()
    assert written.wait(LONG_S)
    for thread in threads:
        thread.join(LONG_S)


def test_the_sign_of_a_writer_who_was_killed_stops_nobody(tmp_path: Path) -> None:
    lock = FairLock(tmp_path / "readers", tmp_path, np.ones(1, np.int64))
    had = []

    def take() -> None:
        for how in (lock.shared, lock.alone):
            with how():
                had.append(how.__name__)

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    thread.join(LONG_S)
    assert had == ["shared", "alone"]
    lock.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FramedStore]:
    with FramedStore(tmp_path / "graph.db") as store:
        yield store


def crowd(holders: int, name: str, since: float) -> Facts:
    """Applications that name one device."""
    device = uses("device", "crowd")
    return Facts(
        applications=tuple(
            applies(f"{name}{n}", since + n / 1e6, device, application_id=f"{name}{n}")
            for n in range(holders)
        )
    )


def test_late_facts_of_a_device_that_thousands_hold_come_in_in_smaller_slices(
    store: FramedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add(crowd(9_000, "p", 20.0))
    assert store.frame.catch_up()
    slices, apply_slice = [0], frames.apply_slice

    def counted(*asked: object) -> object:
        slices[0] += 1
        return apply_slice(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(frames, "apply_slice", counted)
    store.add(crowd(4 * frames.SLICE, "later", 30.0))
    assert store.frame.catch_up()
    in_order, slices[0] = slices[0], 0
    store.add(crowd(4 * frames.SLICE, "earlier", 10.0))
    assert store.frame.catch_up()
    assert slices[0] >= 2 * in_order, "each of them moves what 9,000 others have there"
    assert (
        store.frame.view(day(40)).holder_counts([uses("device", "crowd").identifier]).popitem()[1]
        == store.of_sqlite(day(40)).holder_counts([uses("device", "crowd").identifier]).popitem()[1]
    )


def test_who_has_little_time_stops_within_an_entry_and_the_next_one_goes_on_there(store: FramedStore) -> None:
    store.add(random_facts(1, people=300))
    assert not store.frame.catch_up(effort=CatchUpBudget(seconds=-1.0))
    assert store.frame.revision == 0
    assert not store.frame.is_whole
    steps = 1
    while not store.frame.catch_up(effort=CatchUpBudget(seconds=-1.0)):
        steps += 1
    assert steps > 1
    assert store.frame.is_whole
    assert_right(store.frame, store)


def test_an_entry_that_is_partly_in_and_is_another_now_makes_the_frame_begin_anew(store: FramedStore) -> None:
    store.add(random_facts(1, people=300))
    assert not store.frame.catch_up(effort=CatchUpBudget(seconds=-1.0))
    # as if the store had been brought back from a copy, and told something else
    store.frame._files.header[UNDERWAY] += 1
    assert_right(store.frame, store)


def test_a_frame_into_which_a_slice_is_coming_is_whole_all_the_same(store: FramedStore) -> None:
    store.add(random_facts(1))
    assert store.frame.catch_up()
    header, underway, ends = store.frame._files.header, threading.Event(), threading.Event()

    def bring_in() -> None:
        with store.frame._reading.alone():
            header[DIRTY] = 1
            underway.set()
            ends.wait(10)
            header[DIRTY] = 0

    writer = threading.Thread(target=bring_in)
    writer.start()
    underway.wait(10)
    threading.Timer(0.05, ends.set).start()
    assert store.frame.is_whole
    writer.join()
    header[DIRTY] = 1  # its writer died
    assert not store.frame.is_whole
