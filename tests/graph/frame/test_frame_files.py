"""The frame's folder: several processes at once, whoever is killed in the middle, files that grow under a
reader, folders of another store.
"""

from __future__ import annotations

import errno
import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from graph.frame import files
from graph.frame.catch_up import LITTLE, AtHand
from graph.frame.columns.layout import BOOT, DIRTY, FILES, GENERATION, KEPT, NAMES, SEED, TEXT_STEP, USED
from graph.frame.files import Files
from graph.frame.frame import Frame
from graph.frame.location import folder_of
from graph.model.errors import FrameUnreadableError, StoreUnavailableError
from graph.model.types import Facts
from graph.stores.sqlite import SqliteStore
from tests.support.contracts.erasure_contract import erased
from tests.support.contracts.store_contract import assert_same_tables, in_parts
from tests.support.frames import FramedStore, tiny_rooms
from tests.support.small_worlds import applies, day, random_facts, shuffled, uses

SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FramedStore]:
    with FramedStore(tmp_path / "graph.db") as store:
        yield store


def one_more(n: int) -> Facts:
    return Facts(
        applications=(
            applies(
                f"n{n}", n % 50, uses("device", f"d{n % 7}"), uses("phone", f"x{n}"), application_id=f"n{n}"
            ),
        )
    )


def assert_right(frame: Frame, store: SqliteStore) -> None:
    """The frame has what the store has."""
    assert frame.catch_up()
    assert_same_tables(
        frame.view(day(70)).tables(), SqliteStore.view(store, day(70), frame.revision).tables()
    )
    for who in ("p001", "n3"):
        assert frame.view(day(70)).ties_of([who]) == SqliteStore.view(store, day(70), frame.revision).ties_of(
            [who]
        )


# -- who dies


def _fill(path: Path, slice_: int) -> None:
    from graph.frame import frame as frames

    with pytest.MonkeyPatch.context() as patch, tiny_rooms(), SqliteStore(path) as store:
        patch.setattr(frames, "SLICE", slice_)
        Frame.open(path.with_suffix(".frame"), store).catch_up()


KILLS = int(os.environ.get("FRAME_KILLS", "6"))


def _filling(path: Path, slice_: int) -> int:
    """A child that fills an empty folder."""
    for name in path.with_suffix(".frame").glob("*"):
        name.unlink()
    child = os.fork()
    if child == 0:
        _fill(path, slice_)
        os._exit(0)
    return child


@pytest.mark.parametrize("slice_", [1, 10_000])
def test_a_frame_whose_writer_was_killed_is_put_right_by_the_next_process(
    tmp_path: Path, slice_: int
) -> None:
    path, luck = tmp_path / "graph.db", random.Random(slice_)
    with SqliteStore(path) as store:
        for part in in_parts(shuffled(random_facts(1, people=300), 3), 8):
            store.add(part)
        _fill(path, slice_)  # so that the children find the machine code
        began = time.perf_counter()
        assert os.waitpid(_filling(path, slice_), 0)[1] == 0
        whole, killed, within = time.perf_counter() - began, 0, 0
        for attempt in range(20 * KILLS):
            if attempt >= KILLS and killed:  # on a busy machine a child may be done before it is killed
                break
            child = _filling(path, slice_)
            time.sleep(luck.random() * whole)
            os.kill(child, signal.SIGKILL)
            killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
            left = path.with_suffix(".frame") / "header"
            within += (
                left.exists() and len(words := np.fromfile(left, np.int64)) > DIRTY and bool(words[DIRTY])
            )
            frame = Frame.open(path.with_suffix(".frame"), store)
            assert_right(frame, store)
            frame.close()
        print(f"{killed} killed, {within} of them within a slice")
        assert killed


def test_a_frame_in_which_somebody_died_is_read_by_nobody_until_it_is_filled_anew(store: FramedStore) -> None:
    store.add(random_facts(1))
    assert store.frame.catch_up()
    store.frame._files.header[DIRTY] = 1
    with pytest.raises(StoreUnavailableError):
        store.frame.view(day(9)).ties_of(["p001"])
    assert_right(store.frame, store)


def test_files_that_the_disk_may_have_lost_are_not_trusted_after_a_restart(
    store: FramedStore,
) -> None:
    store.add(random_facts(1))
    assert store.frame.catch_up()
    header = store.frame._files.header
    seed = int(header[SEED])
    header[BOOT] = 1  # as if another start of the machine had written it
    assert _seed_of_reopened(store) != seed
    store.frame.catch_up()
    seed = int(header[SEED])
    store.frame.snapshot()
    header[BOOT] = 1
    assert _seed_of_reopened(store) == seed
    assert_right(store.frame, store)
    store.add(one_more(1))
    store.frame.catch_up()
    assert not header[KEPT]


def _seed_of_reopened(store: FramedStore) -> int:
    again = Frame.open(store.frame._files.folder, store)
    again.close()
    return int(again._files.header[SEED])


# -- whose folder it is


def test_a_folder_of_another_store_or_of_another_past_is_filled_anew(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "one.db") as one, SqliteStore(tmp_path / "two.db") as two:
        one.add(random_facts(1))
        two.add(random_facts(2))
        for store in (one, two, one):
            frame = Frame.open(tmp_path / "frame", store)
            assert_right(frame, store)
            frame.close()
        past = (tmp_path / "one.db").read_bytes()
        one.add(one_more(1))
        frame = Frame.open(tmp_path / "frame", one)
        assert_right(frame, one)
        frame.close()
    assert past
    for left in tmp_path.glob("one.db*"):
        left.unlink()
    (tmp_path / "one.db").write_bytes(past)
    with SqliteStore(tmp_path / "one.db") as one:  # brought back from a copy, then told something else
        one.add(one_more(2))
        frame = Frame.open(tmp_path / "frame", one)
        assert_right(frame, one)
        frame.close()


def test_a_frame_of_before_an_erasure_is_filled_anew_and_names_nobody_erased(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "graph.db") as store:
        for n, who in enumerate(("Wang-Fang-0071", "Li-Na-0072")):
            store.add(Facts(applications=(applies(who, n, uses("device", "shared")),)))
        frame = Frame.open(tmp_path / "frame", store)
        assert frame.catch_up()
        frame.snapshot()
        frame.close()
        erased(store, "Wang-Fang-0071")
        again = Frame.open(tmp_path / "frame", store)
        assert not again.holds(store.revision())
        assert again.catch_up()
        assert_right(again, store)
        again.snapshot()
        held = b"".join(path.read_bytes() for path in (tmp_path / "frame").iterdir())
        again.close()
    assert b"Wang-Fang-0071" not in held
    assert b"Li-Na-0072" in held


def test_where_there_is_no_room_for_a_new_frame_the_old_one_goes_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*given: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with SqliteStore(tmp_path / "graph.db") as store:
        store.add(Facts(applications=(applies("Wang-Fang-0071", 1),)))
        frame = Frame.open(tmp_path / "frame", store)
        assert frame.catch_up()
        erased(store, "Wang-Fang-0071")
        monkeypatch.setattr(os, "posix_fallocate", no_room)
        with pytest.raises(StoreUnavailableError, match="no room for the frame"):
            frame.catch_up()
        assert b"Wang-Fang-0071" not in b"".join(p.read_bytes() for p in (tmp_path / "frame").iterdir())
        frame.close()


def test_a_store_has_one_frame_by_whatever_link_it_is_opened(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "graph.db")
    with SqliteStore(tmp_path / "graph.db") as store, SqliteStore(tmp_path / "link.db") as same:
        assert folder_of(store) == folder_of(same)


NAMED = ("Wang-Fang-0071", "Li-Na-0072")


@pytest.fixture
def two_frames(tmp_path: Path) -> Iterator[tuple[SqliteStore, Frame, Frame]]:
    """A store of two people, and the frame as two processes have it."""
    with SqliteStore(tmp_path / "graph.db") as store:
        for n, who in enumerate(NAMED):
            store.add(Facts(applications=(applies(who, n, uses("device", "shared")),)))
        frames = [Frame.open(tmp_path / "frame", store) for _ in range(2)]
        assert all(frame.catch_up() for frame in frames)
        yield store, *frames
        for frame in frames:
            frame.close()


def named_in(folder: Path) -> set[str]:
    held = b"".join(path.read_bytes() for path in folder.iterdir())
    return {who for who in NAMED if who.encode() in held}


def test_an_open_frame_notices_an_erasure_and_overwrites_what_everybody_holds(
    two_frames: tuple[SqliteStore, Frame, Frame], tmp_path: Path
) -> None:
    store, one, other = two_frames
    with other.reading() as arrays:
        texts = arrays.texts  # as a process has them that looks at nothing for long
    assert b"Wang-Fang-0071" in texts.tobytes()
    erased(store, NAMED[0])
    assert not one.holds(store.revision(), store.edition())
    assert_right(one, store)
    assert not texts.any()
    assert named_in(tmp_path / "frame") == {NAMED[1]}
    assert other.holds(store.revision(), store.edition())
    assert_right(other, store)


def test_a_view_of_before_an_erasure_reads_nothing_of_after(
    two_frames: tuple[SqliteStore, Frame, Frame],
) -> None:
    store, one, other = two_frames
    view = other.view(day(70))
    assert view.is_of_one_filling
    erased(store, NAMED[0])
    assert_right(one, store)
    assert not view.is_of_one_filling
    with pytest.raises(FrameUnreadableError, match="begun anew"):
        view.ties_of([NAMED[1]])


def test_what_a_killed_process_was_to_overwrite_is_overwritten_by_the_next(
    two_frames: tuple[SqliteStore, Frame, Frame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, one, _ = two_frames
    erased(store, NAMED[0])
    with monkeypatch.context() as killed:
        killed.setattr(Files, "remove_old", lambda *_, **__: None)
        assert_right(one, store)
    assert named_in(tmp_path / "frame") == {*NAMED}
    Frame.open(tmp_path / "frame", store).close()
    assert named_in(tmp_path / "frame") == {NAMED[1]}
    assert_right(one, store)


def test_entries_of_after_an_erasure_come_into_no_frame_of_before(
    two_frames: tuple[SqliteStore, Frame, Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, one, _ = two_frames
    edition, told = store.edition(), store.tail
    revision = store.add(Facts(applications=(applies(NAMED[0], 9, uses("phone", "new")),))).revision

    def erased_meanwhile(after: int, upto: int | None = None) -> Iterator[tuple[int, bytes]]:
        monkeypatch.undo()
        erased(store, NAMED[0])
        return told(after, upto)

    monkeypatch.setattr(store, "tail", erased_meanwhile)
    assert not one.catch_up(revision, effort=LITTLE, at_hand=AtHand(edition))
    assert one.revision < revision
    assert_right(one, store)


def test_files_of_another_layout_are_filled_anew(store: FramedStore) -> None:
    store.add(random_facts(1))
    assert store.frame.catch_up()
    store.frame._files.header[0] += 1
    again = Frame.open(store.frame._files.folder, store)
    assert again.revision == 0
    assert_right(again, store)
    again.close()


def test_the_files_are_their_owners_alone(store: FramedStore) -> None:
    store.add(random_facts(1))
    assert store.frame.catch_up()
    folder = store.frame._files.folder
    assert {
        path.stat().st_mode & 0o077
        for path in (folder, *folder.iterdir(), *folder.parent.glob("graph.frame.*"))
    } == {0}


# -- files that grow


@pytest.mark.parametrize("name", NAMES)
def test_each_file_grows_by_itself(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, _ = FILES[name]
    monkeypatch.setitem(FILES, name, (kind, {"slots": 32, "texts": 256, "words": 16}.get(name, 1)))
    with FramedStore(tmp_path / "graph.db") as store:
        store.add(random_facts(1, people=90))  # so many that lists become long
        assert store.frame.catch_up()
        generation = int(store.frame._files.header[GENERATION])
        assert_right(store.frame, store)
        assert generation > 1 or name in ("snapshots", "parts", "rings", "members")


@pytest.mark.parametrize("packed", [True, False])
def test_a_full_frame_gives_no_row_a_number_that_it_does_not_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    numbers, of_two_bits_more = 1_000, files._PACKED
    monkeypatch.setattr(files, "_ROWS", numbers)
    monkeypatch.setattr(files, "_PACKED", of_two_bits_more if packed else frozenset())
    with tiny_rooms(), FramedStore(tmp_path / "graph.db") as store:
        for n in range(9):
            SqliteStore.add(store, random_facts(n, people=90))
        with pytest.raises(StoreUnavailableError, match="the frame can hold no more"):
            store.frame.catch_up()
        header = store.frame._files.header
        used = {name: int(header[USED + n]) for n, name in enumerate(NAMES) if name != "slots"}
    assert used.pop("texts") <= numbers * TEXT_STEP
    assert max(used.values()) <= numbers
    assert not packed or max(used[name] for name in of_two_bits_more) <= numbers // 4


def _read(path: Path, until: int, reported: multiprocessing.connection.Connection) -> None:
    with SqliteStore(path) as store:
        frame = Frame.open(path.with_suffix(".frame"), store)
        reads = 0
        reported.send("ready")
        while frame.revision < until:
            mark = frame.revision
            held = frame.view(day(70), mark).holder_counts(
                [uses("device", f"d{n}").identifier for n in range(7)]
            )
            assert sum(held.values()) == mark, (mark, held)
            reads += 1
        reported.send((reads, int(frame._files.header[GENERATION])))


def test_a_reader_in_another_process_sees_every_mark_whole_while_files_grow_under_it(tmp_path: Path) -> None:
    path, here = tmp_path / "graph.db", 200
    with tiny_rooms(), SqliteStore(path) as store:
        frame = Frame.open(path.with_suffix(".frame"), store)
        mine, theirs = SPAWN.Pipe()
        reader = SPAWN.Process(target=_read, args=(path, here, theirs))
        reader.start()
        assert mine.recv() == "ready"
        for n in range(here):
            store.add(one_more(n))
            assert frame.catch_up()
        reader.join(120)
        assert reader.exitcode == 0
        reads, generation = mine.recv()
        assert reads > 0
        assert generation > 20
        frame.close()


def _write(path: Path, writer: int, facts: int) -> None:
    with FramedStore(path) as store:
        for n in range(facts):
            number = writer * 1_000 + n
            mark = store.add(one_more(number)).revision
            assert store.frame.catch_up(mark)
            view = store.frame.view(day(70), mark)
            assert view.application(f"n{number}") is not None
            assert view.holder_counts([uses("phone", f"x{number}").identifier]).popitem()[1] == 1


def test_two_processes_write_and_read_at_once_and_each_sees_its_own_fact(tmp_path: Path) -> None:
    path = tmp_path / "graph.db"
    SqliteStore(path).close()
    writers = [SPAWN.Process(target=_write, args=(path, n, 30)) for n in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(240)
    assert [writer.exitcode for writer in writers] == [0, 0]
    with FramedStore(path) as store:
        assert store.frame.revision == 60
        assert_right(store.frame, store)


def test_who_opens_the_frame_does_not_wait_for_who_fills_it(store: FramedStore) -> None:
    store.add(random_facts(1))
    store.frame.catch_up()
    with store.frame._writing.alone():  # by another descriptor than the one that opens
        again = Frame.open(store.frame._files.folder, store)
        assert again.revision == 1
        assert again.catch_up(1, patience=0.0)
        store.add(one_more(1))
        assert again.catch_up(2, patience=0.0) is False
    assert again.catch_up(2)
    again.close()


def test_who_wrote_a_fact_brings_it_in_without_asking_the_store_for_it(
    store: FramedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add(random_facts(1))
    assert store.frame.catch_up()
    queries: list[int] = []
    tail = store.tail

    def counted(after: int, upto: int | None = None) -> Iterator[tuple[int, bytes]]:
        for mark, body in tail(after, upto):
            queries.append(mark)
            yield mark, body

    monkeypatch.setattr(store, "tail", counted)
    added = store.add(one_more(1))
    assert store.frame.catch_up(added.revision, at_hand=AtHand(entry=added.entry))
    assert queries == []
    store.add(one_more(2))
    added = store.add(one_more(3))
    assert store.frame.catch_up(added.revision, at_hand=AtHand(entry=added.entry))
    assert queries == [added.revision - 1]
    assert_right(store.frame, store)


def test_many_threads_read_while_files_grow_under_them(tmp_path: Path) -> None:
    with tiny_rooms(), SqliteStore(tmp_path / "graph.db") as store:
        frame = Frame.open(tmp_path / "frame", store)
        wrong: list[object] = []

        def read() -> None:
            while frame.revision < 100:
                mark = frame.revision
                held = frame.view(day(70), mark).holder_counts(
                    [uses("device", f"d{n}").identifier for n in range(7)]
                )
                if sum(held.values()) != mark:
                    wrong.append((mark, held))

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        for n in range(100):
            store.add(one_more(n))
            assert frame.catch_up()
        for reader in readers:
            reader.join(60)
        assert wrong == []
        frame.close()
