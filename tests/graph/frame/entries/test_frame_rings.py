"""A ring snapshot comes into the frame part by part, and nobody sees only some of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph.frame.catch_up import CatchUpBudget
from graph.frame.frame import Frame
from graph.stores.sqlite import SqliteStore
from tests.support.contracts.journal_contract import several_rings
from tests.support.contracts.store_contract import a_snapshot
from tests.support.frames import FramedStore, in_turn, tiny_rooms
from tests.support.small_worlds import applies, day, facts_of


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FramedStore]:
    with FramedStore(tmp_path / "graph.db") as store:
        store.part_bytes = 1
        yield store


def a_part_at_a_time(store: SqliteStore) -> CatchUpBudget:
    """What brings in one more part at least, and not all."""
    return CatchUpBudget(bytes=max(len(body) for _, body in store.tail(store.revision() - 1)))


def test_nobody_sees_some_of_a_snapshot_whose_parts_come_in(store: FramedStore, tmp_path: Path) -> None:
    store.save_rings(several_rings(7, 2))
    assert store.frame.catch_up()
    store.save_rings(several_rings(14, 6))
    steps = 0
    while not (frame := Frame.open(tmp_path / "graph.frame", store)).catch_up(effort=a_part_at_a_time(store)):
        steps += 1
        view = frame.view(day(20))
        assert (view.revision, view.rings()) == (1, several_rings(7, 2))
        assert in_turn(view) == several_rings(7, 2)
        assert [*view.memberships_of(["many1", "many5"])] == ["many1"]
        assert steps < 20
    assert steps > 4, "each time by another process, from where the one before had stopped"
    view = frame.view(day(20))
    assert view.rings() == in_turn(view) == several_rings(14, 6)
    assert view.memberships_of(["many5"])["many5"].ring.ring_id == "R-5"
    assert frame.view(day(10)).rings() == several_rings(7, 2)


def test_a_frame_with_some_parts_is_filled_anew_for_a_store_that_was_restored(
    tmp_path: Path,
) -> None:
    path, folder = tmp_path / "graph.db", tmp_path / "frame"
    with SqliteStore(path) as store:
        store.add(facts_of(applies("p0", 1)))
    shutil.copyfile(path, tmp_path / "backup.db")
    for count in (6, 4):
        with SqliteStore(path) as store:
            store.part_bytes = 1
            store.save_rings(several_rings(14, count))
            frame = Frame.open(folder, store)
            assert frame.catch_up(1)
            if count == 6:
                assert not frame.catch_up(effort=a_part_at_a_time(store))
            else:
                assert frame.catch_up()
                assert frame.view(day(20)).rings() == several_rings(14, 4)
                assert [a.applicant_id for a in frame.view(day(20)).applications(day(0))] == ["p0"]
            frame.close()
        for beside in ("-wal", "-shm"):
            path.with_name(path.name + beside).unlink(missing_ok=True)
        shutil.copyfile(tmp_path / "backup.db", path)


@pytest.mark.parametrize("size", [1, 900, 4_000])
def test_rings_of_any_parts_are_the_stores_where_files_grow_at_every_turn(tmp_path: Path, size: int) -> None:
    with tiny_rooms(), FramedStore(tmp_path / "graph.db") as store:
        store.part_bytes = size
        for week, count in ((7, 11), (14, 0), (21, 30)):
            store.save_rings(several_rings(week, count))
            store.save_rings(a_snapshot(week + 1, 3))
        for n in (6, 7, 9, 15, 21, 23):
            of_frame, of_store = store.view(day(n)), store.of_sqlite(day(n))
            assert of_frame.rings() == of_store.rings() == in_turn(of_frame)
            changes = [[of.change_of(f"R-{ring}") for ring in range(31)] for of in (of_frame, of_store)]
            assert changes[0] == changes[1]
            people = ["p0", "p2", "many0", "many10", "many29"]
            assert of_frame.memberships_of(people) == of_store.memberships_of(people)
