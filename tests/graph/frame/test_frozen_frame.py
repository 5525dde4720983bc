"""A frame that was copied elsewhere keeps the contract of every store's views, and says what it does not
hold.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

import fsspec
import numpy as np
import pytest

from graph.frame.columns.layout import MAGIC
from graph.frame.frame import Frame
from graph.frame.frozen import FrozenFrame, freeze, thawed
from graph.frame.views.view import FrameView
from graph.model.errors import FrameUnreadableError, StoreError
from graph.stores.sqlite import SqliteStore
from tests.support.contracts.people_range_contract import PeopleRangeContract
from tests.support.contracts.store_contract import Open, StoreContract, assert_same_tables
from tests.support.small_worlds import day, random_facts


class FrozenStore(SqliteStore):
    """A SqliteStore whose views are read from copies of its frame."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._path = path
        self._copies: dict[int, FrozenFrame] = {}

    def view(self, as_of: datetime, revision: int | None = None) -> FrameView:  # type: ignore[override]
        latest = self.revision()
        if latest not in self._copies:
            frame = Frame.open(self._path.with_suffix(".frame"), self)
            assert frame.catch_up(latest)
            copy = self._path.with_suffix(f".{latest}")
            freeze(frame, latest, str(copy))
            frame.close()
            self._copies[latest] = thawed(str(copy), self.zone)
        return self._copies[latest].view(as_of, latest if revision is None else revision)


class TestFrozenFrame(StoreContract, PeopleRangeContract):
    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Open:
        return partial(FrozenStore, tmp_path / "graph.db")

    @pytest.fixture
    def store(self, open_store: Open) -> Iterator[FrozenStore]:
        with open_store() as store:
            yield store

    @pytest.fixture
    def second(self, tmp_path: Path) -> Iterator[FrozenStore]:
        with FrozenStore(tmp_path / "second.db") as store:
            yield store


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SqliteStore, Frame]]:
    folder = tmp_path_factory.mktemp("world")
    with SqliteStore(folder / "graph.db") as store:
        store.add(random_facts(5))
        frame = Frame.open(folder / "graph.frame", store)
        assert frame.catch_up()
        yield store, frame
        frame.close()


def test_a_copy_in_a_bucket_is_fetched_once_a_machine(
    world: tuple[SqliteStore, Frame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, frame = world
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    freeze(frame, frame.revision, "memory://bucket/frame")
    for again in (False, True):
        copy = thawed("memory://bucket/frame", store.zone)
        assert_same_tables(copy.view(day(60), copy.revision).tables(), store.view(day(60)).tables())
        # what the second one opens is on this machine already
        if not again:
            fsspec.filesystem("memory").rm("/bucket", recursive=True)
    assert {path.stat().st_mode & 0o077 for path in tmp_path.rglob("*")} == {0}


def test_a_copy_that_is_not_whole_is_no_frame(world: tuple[SqliteStore, Frame], tmp_path: Path) -> None:
    freeze(world[1], world[1].revision, str(tmp_path / "copy"))
    (tmp_path / "copy" / "whole").unlink()
    with pytest.raises(FrameUnreadableError, match="no whole copy"):
        thawed(str(tmp_path / "copy"), "Asia/Shanghai")


def test_a_copy_of_another_version_of_ringfence_is_refused(
    world: tuple[SqliteStore, Frame], tmp_path: Path
) -> None:
    freeze(world[1], world[1].revision, str(tmp_path / "copy"))
    header = np.fromfile(tmp_path / "copy" / "header", np.int64)
    header[MAGIC] += 1
    header.tofile(tmp_path / "copy" / "header")
    with pytest.raises(FrameUnreadableError, match="another version"):
        thawed(str(tmp_path / "copy"), "Asia/Shanghai")


def test_a_copy_refuses_a_revision_that_came_after_it(
    world: tuple[SqliteStore, Frame], tmp_path: Path
) -> None:
    freeze(world[1], world[1].revision, str(tmp_path / "copy"))
    copy = thawed(str(tmp_path / "copy"), "Asia/Shanghai")
    assert copy.catch_up(copy.revision)
    assert not copy.catch_up(copy.revision + 1)
    with pytest.raises(FrameUnreadableError, match="does not hold"):
        copy.view(day(60), copy.revision + 1).platforms()
    with pytest.raises(StoreError):
        freeze(world[1], copy.revision + 1, str(tmp_path / "later"))


def test_who_reads_a_copy_writes_nothing_to_it(world: tuple[SqliteStore, Frame], tmp_path: Path) -> None:
    freeze(world[1], world[1].revision, str(tmp_path / "copy"))
    for path in (tmp_path / "copy").iterdir():
        path.chmod(0o400)
    (tmp_path / "copy").chmod(0o500)
    before = {path.name: path.read_bytes() for path in (tmp_path / "copy").iterdir()}
    copy = thawed(str(tmp_path / "copy"), "Asia/Shanghai")
    assert copy.view(day(60), copy.revision).tables().applicant_ids.size
    with copy.reading() as arrays:
        arrays.header[MAGIC] = 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "copy").iterdir()} == before
    shutil.rmtree(tmp_path / "copy")
