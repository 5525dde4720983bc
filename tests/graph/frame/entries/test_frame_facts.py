"""Whatever is told in whatever order, the frame answers as the store's own views do, at every moment and
revision.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.frame import frame as frames
from graph.frame.columns.texts import A_PERSON, compare
from graph.frame.frame import Frame
from graph.frame.views.read import FactReader
from graph.model.types import Application, Facts, Identifier, Mention, RingSnapshot, Role
from tests.support.frames import FramedStore, assert_same_answers, deliver, deliveries, tiny_rooms, views_of
from tests.support.small_worlds import day, known_as

Told = list[Facts | RingSnapshot]
slowly = settings(
    max_examples=settings().max_examples // 2,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@slowly
@given(told=deliveries)
def test_facts_one_delivery_after_the_other_give_the_same_answers(told: Told) -> None:
    with tempfile.TemporaryDirectory() as folder, FramedStore(Path(folder) / "graph.db") as store:
        for one in told:
            deliver(store, one)
            assert store.frame.catch_up()
        for as_of, mark in views_of(store.revision()):
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
            for as_of, mark in views_of(store.revision())[-4:]:
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
        before = again.revision
        assert before <= store.revision()
        assert again.catch_up()
        for as_of, mark in views_of(store.revision())[-8:]:
            assert_same_answers(again.view(as_of, mark), store.of_sqlite(as_of, mark))
        again.close()


def test_many_ties_of_people_and_identifiers_answer_alike_whichever_came_first() -> None:
    people, values = [f"p{n}" for n in range(36)], [known_as("phone", f"v{n}") for n in range(36)]

    def said(at: int, names: Sequence[Identifier], who: Sequence[str]) -> Facts:
        mentions = tuple(Mention(name, Role.OWN) for name in names)
        return Facts(
            applications=tuple(
                Application(
                    application_id=f"{person}-{at}-{names[0].token}",
                    applied_at=day(at),
                    applicant_id=person,
                    platform_id="L",
                    mentions=mentions,
                )
                for person in who
            )
        )

    with (
        tempfile.TemporaryDirectory() as folder,
        tiny_rooms(),
        FramedStore(Path(folder) / "graph.db") as store,
    ):
        for reported in (
            said(5, values[:30], people),
            said(4, values[30:], people[::-1]),
            said(3, values[10:], people[5:]),
            said(5, values[:8], people),
        ):
            store.add(reported)
            assert store.frame.catch_up()
        for as_of, mark in [(day(n), mark) for n in (4, 5, 6) for mark in range(1, store.revision() + 1)]:
            one, other = store.frame.view(as_of, mark), store.of_sqlite(as_of, mark)
            assert one.ties_of(people, 64) == other.ties_of(people, 64)
            assert [one.latest_holders(value, 50) for value in values] == [
                other.latest_holders(value, 50) for value in values
            ]
            assert one.holder_counts(values) == other.holder_counts(values)


@given(
    text=st.one_of(st.text(max_size=300), st.from_regex(r"[k1.]{0,4}[0-9a-f]{0,60}", fullmatch=True)),
    other=st.text("0129afgé", max_size=20),
)
@settings(max_examples=settings().max_examples, deadline=None)
def test_a_text_is_read_as_it_was_written_and_stands_where_it_should(text: str, other: str) -> None:
    with tempfile.TemporaryDirectory() as folder, FramedStore(Path(folder) / "graph.db") as store:
        for who in {text, other}:
            store.add(
                Facts(
                    applications=(
                        Application(
                            application_id=f"of {who}", applied_at=day(1), applicant_id=who, platform_id="L"
                        ),
                    )
                )
            )
        assert store.frame.catch_up()
        with store.frame.reading() as arrays:
            r = FactReader(arrays)
            one, two = (r.row(A_PERSON, who) for who in (text, other))
            assert (r.person(one), r.person(two)) == (text, other)
            order = compare(
                arrays.texts, np.int64(arrays.people[one]["name"]), np.int64(arrays.people[two]["name"])
            )
            assert order == (text.encode() > other.encode()) - (text.encode() < other.encode())
