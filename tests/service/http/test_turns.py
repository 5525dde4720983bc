"""Turns: one piece of work at a time, and long work lets short work pass between its slices."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from service.http.front.turns import Turns
from service.http.limits.slots import Slots


def _together(*works: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive(), "somebody waits for ever"


def test_only_one_works_at_a_time_and_everybody_ends() -> None:
    turns, inside, most = Turns(), [0], [0]
    ended: list[str] = []

    def slice_of_work() -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.0005)
        inside[0] -= 1

    def long(name: str) -> None:
        with turns.long():
            for _ in range(30):
                slice_of_work()
                turns.give_way()
        ended.append(name)

    def short() -> None:
        for _ in range(60):
            with turns.short():
                slice_of_work()
        ended.append("short")

    _together(lambda: long("a"), lambda: long("b"), lambda: long("c"), short)
    assert most == [1]
    assert sorted(ended) == ["a", "b", "c", "short"]


def test_short_work_waits_for_one_slice_however_many_batches_wait() -> None:
    turns, done, waited = Turns(), [0], list[int]()
    started, finished = threading.Barrier(4), threading.Event()

    def long() -> None:
        started.wait()
        with turns.long():
            while not finished.is_set():
                time.sleep(0.001)
                done[0] += 1
                turns.give_way()

    def short() -> None:
        started.wait()
        for _ in range(50):
            time.sleep(0.002)
            before = done[0]
            with turns.short():
                waited.append(done[0] - before)
        finished.set()

    _together(long, long, long, short)
    assert max(waited) <= 2, "the slice that runs, and one that may begin while we ask"


@pytest.mark.parametrize("shared", [False, True])
def test_a_key_has_only_so_many_batches_under_way(tmp_path: Path, shared: bool) -> None:
    slots = Slots(2, tmp_path if shared else None)
    other = Slots(2, tmp_path) if shared else slots  # another worker
    with (
        slots.slot("engine") as first,
        other.slot("engine") as second,
        slots.slot("engine") as third,
        other.slot("other") as foreign,
    ):
        assert (first, second, third, foreign) == (True, True, False, True)
    with slots.slot("engine") as again:
        assert again
