"""Whatever is told in whatever order, the frame answers as the store's own views do, at every moment and mark."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from graph.frame import frame as frames
from graph.frame.frame import Frame
from graph.model import Facts, RingSnapshot
from tests.frames import FramedStore, assert_same_answers, deliver, deliveries, tiny_rooms, views_of

Told = list[Facts | RingSnapshot]
slowly = settings(max_examples=settings().max_examples // 2, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


@slowly
@given(told=deliveries)
def test_facts_one_delivery_after_the_other_give_the_same_answers(told: Told) -> None:
    with tempfile.TemporaryDirectory() as folder, FramedStore(Path(folder) / "graph.db") as store:
        for one in told:
            deliver(store, one)
            assert store.frame.catch_up()
        for as_of, mark in views_of(store.mark()):
            assert_same_answers(store.frame.view(as_of, mark), store.of_sqlite(as_of, mark))


@slowly
@given(told=deliveries)
def test_facts_all_at_once_into_files_that_grow_give_the_same_answers(told: Told) -> None:
    with tempfile.TemporaryDirectory() as folder, tiny_rooms(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(frames, "SLICE", 1)
        with FramedStore(Path(folder) / "graph.db") as store:
            for one in told:
                deliver(store, one)
            assert store.frame.catch_up()
            for as_of, mark in views_of(store.mark())[-4:]:
                assert_same_answers(store.frame.view(as_of, mark), store.of_sqlite(as_of, mark))


@slowly
@given(told=deliveries)
def test_a_folder_that_is_opened_again_answers_as_before_and_goes_on(told: Told) -> None:
    with tempfile.TemporaryDirectory() as folder, FramedStore(Path(folder) / "graph.db") as store:
        deliver(store, told[0])
        assert store.frame.catch_up()
        for one in told[1:]:
            deliver(store, one)
        store.frame.snapshot()
        again = Frame.open(Path(folder) / "graph.frame", store)
        before = again.mark
        assert before <= store.mark()
        assert again.catch_up()
        for as_of, mark in views_of(store.mark())[-8:]:
            assert_same_answers(again.view(as_of, mark), store.of_sqlite(as_of, mark))
        again.close()
