"""A frame of which some file was damaged is filled anew by the next command, and answers as the store."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from math import inf
from pathlib import Path

import numpy as np
import pytest

from graph.frame import seals
from graph.frame.catch_up import LITTLE
from graph.frame.columns.layout import KEPT, NAMES, SEALED, USED, Arrays
from graph.frame.columns.pages import read_ahead
from graph.frame.frame import Frame
from graph.frame.location import folder_of, frame_of
from graph.frame.seals import seal_folder
from graph.model.types import Contact, Facts
from graph.rings.applicants.rows import HeldApplicants
from graph.rings.suspicion.people import through_frame
from graph.stores.sqlite import SqliteStore
from tests.support.contracts.store_contract import a_snapshot, assert_same_tables
from tests.support.small_worlds import applies, day, known_as, random_facts


def _knows(on: float) -> Contact:
    return Contact(applicant_id="p001", phone=known_as("phone", "known"), relation="friend", at=day(on))


def removed(file: Path) -> None:
    file.unlink()


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def zeroed(file: Path) -> None:
    file.write_bytes(bytes(file.stat().st_size))


def overwritten(file: Path) -> None:
    file.write_bytes(b"\xff" * file.stat().st_size)


def with_another_byte(file: Path) -> None:
    held = bytearray(file.read_bytes())
    held[1] ^= 4
    file.write_bytes(held)


FEW_LOOKED_AT = ("snapshots", "parts", "rings", "members", "header")
DAMAGES = (removed, cut_off, zeroed, overwritten, with_another_byte)
"""A page that the disk lost is zeroed, one that it never wrote is 0xff, a bit may turn in memory."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """A store whose frame was filled by a command that has ended."""
    with SqliteStore(tmp_path / "graph.db") as store:
        store.add(random_facts(4, people=40))
        store.add(Facts(contacts=tuple(_knows(on) for on in (1, 2))))
        store.save_rings(a_snapshot(7, 1))
        with closing(frame_of(store)) as frame:
            assert frame.catch_up()
            assert all(frame._files.header[USED + n] for n in range(len(NAMES)))
        yield store


def only_file(store: SqliteStore, name: str) -> Path:
    [file] = folder_of(store).glob(f"{name}.[0-9]*") if name != "header" else [folder_of(store) / name]
    return file


def looked(store: SqliteStore) -> bytes:
    """What a search sees of everybody through the frame."""
    applicants = HeldApplicants(store.view(day(70)).tables())
    look = through_frame(store, store.revision())
    return look(applicants, np.arange(len(applicants))).values.tobytes()


def assert_right(frame: Frame, store: SqliteStore) -> None:
    assert_same_tables(frame.view(day(70)).tables(), store.view(day(70)).tables())
    assert frame.view(day(70)).rings() == store.view(day(70)).rings()


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", [*NAMES, "header"])
def test_a_damaged_file_changes_no_answer(
    store: SqliteStore, name: str, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    with closing(frame_of(store)) as frame:
        seed, of_whole = frame.seed, None if name in FEW_LOOKED_AT else looked(store)
    damage(only_file(store, name))
    with caplog.at_level(logging.WARNING), closing(frame_of(store)) as frame:
        assert frame.catch_up()
        assert frame.seed != seed
        assert_right(frame, store)
    assert of_whole is None or looked(store) == of_whole
    if name != "header":  # without a header there is no frame
        is_said = damage not in (removed, cut_off)
        assert ("is damaged: it is filled anew" in caplog.text) == is_said


def test_a_frame_that_nobody_damaged_is_not_filled_again(
    store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    for more in range(3):
        with closing(frame_of(store)) as frame:
            assert frame.catch_up()
            seed = frame.seed
        store.add(Facts(applications=(applies(f"more{more}", 3),)))
    with closing(frame_of(store)) as frame:
        assert frame.catch_up()
        assert frame.seed == seed
        assert_right(frame, store)
    assert "damaged" not in caplog.text


def test_a_frame_whose_last_writer_was_killed_is_not_taken_for_damaged(
    store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    """Sums of before the change are no sums of what is there."""
    frame = frame_of(store)
    store.add(Facts(applications=(applies("more", 3),)))
    assert frame.catch_up()
    with closing(frame_of(store)) as again:
        assert again.catch_up()
        assert again.seed == frame.seed
    assert "damaged" not in caplog.text


def test_who_sums_a_frame_keeps_nobody_out_and_leaves_what_came_in_unsaid(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(frame_of(store)) as served, closing(frame_of(store)) as ends:
        store.add(Facts(applications=(applies("more", 3),)))
        assert ends.catch_up()

        @contextmanager
        def somebody_applies(arrays: Arrays) -> Iterator[None]:
            with read_ahead(arrays):
                revision = store.add(Facts(applications=(applies("meanwhile", 4),))).revision
                assert served.catch_up(revision, 0.0, LITTLE), "nobody waits for the sums"
                yield

        monkeypatch.setattr(seals, "read_ahead", somebody_applies)
        ends.snapshot()
        assert not served._files.header[[SEALED, KEPT]].any()
        monkeypatch.undo()
        ends.snapshot()
        assert served._files.header[[SEALED, KEPT]].all()
        seed = served.seed
    with closing(frame_of(store)) as frame:
        assert frame.catch_up()
        assert frame.seed == seed
        assert_right(frame, store)
    assert "damaged" not in caplog.text


def test_a_frame_that_cannot_be_summed_in_time_is_left_as_one_without_sums(store: SqliteStore) -> None:
    with closing(frame_of(store)) as frame:
        store.add(Facts(applications=(applies("more", 3),)))
        assert frame.catch_up()
        frame.snapshot(seconds=0)
        frame.close(seconds=0)
    seal_folder(folder_of(store), until=0)
    header, seed = frame._files.header, frame.seed
    assert not header[[SEALED, KEPT]].any()
    seal_folder(folder_of(store), until=inf)
    assert header[[SEALED, KEPT]].all()
    with_another_byte(only_file(store, "ties"))
    with closing(frame_of(store)) as again:
        assert again.catch_up()
        assert again.seed != seed, "the damage is found"
        assert_right(again, store)


def test_a_folder_that_is_not_there_has_nothing_to_be_said_of(tmp_path: Path) -> None:
    seal_folder(tmp_path / "graph.db.frame", until=inf)
    assert not any(tmp_path.iterdir())


def test_damage_is_found_while_a_service_has_the_frame_open(store: SqliteStore) -> None:
    """It goes on with the files that took the place of the damaged ones."""
    with closing(frame_of(store)) as served:
        assert served.catch_up(effort=LITTLE)
        file = only_file(store, "ties")
        with file.open("r+b") as there:
            there.write(bytes(file.stat().st_size))
        with closing(frame_of(store)) as frame:
            assert frame.catch_up()
        assert served.catch_up(effort=LITTLE)
        assert_right(served, store)
