"""Of what runs leave behind that were killed, or worked at the same time, only whole stages count."""

from __future__ import annotations

import types
from pathlib import Path

import fsspec
import numpy as np
import pandas as pd
import pytest

from graph.model.errors import RingfenceError
from graph.rings.spark import marks
from graph.rings.spark.buckets import Parted, bucket, running, whole, write_bucket
from graph.rings.spark.stages import Stages

KINDS = {"who": "i4"}
WHO = np.arange(6, dtype=np.int32)


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return f"file://{tmp_path / 'stages of 折段'}"


def run(folder: str) -> Stages:
    """As another process has it."""
    return Stages(None, folder, 10)


def give(stages: Stages, who: np.ndarray = WHO) -> None:
    stages.given("people", who % 2, {"who": who})


def people(folder: str) -> list[int]:
    return sorted(whole(folder, "people", KINDS)["who"].tolist())


def files(folder: str) -> list[Path]:
    return sorted(path for path in Path(folder.removeprefix("file://")).rglob("0*.parquet"))


def lost(file: Path) -> None:
    file.unlink()


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-9])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def doubled(file: Path) -> None:
    file.with_name("00007.parquet").write_bytes(file.read_bytes())


@pytest.mark.parametrize("harm", [lost, cut_short, empty, doubled])
def test_a_stage_that_is_no_longer_as_it_was_written_is_made_again(
    folder: str, harm, caplog: pytest.LogCaptureFixture
) -> None:
    give(run(folder))
    assert run(folder).done("people")
    harm(files(folder)[0])
    assert not run(folder).done("people")
    give(run(folder))
    assert people(folder) == WHO.tolist()
    assert run(folder).done("people")
    assert "stage people" in caplog.text


def test_what_is_whole_is_not_made_again_and_said_to_be_there(
    folder: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "ringfence.stages")
    give(run(folder))
    assert "stage people in 0" in caplog.text
    assert "there already" not in caplog.text
    again = run(folder)
    for _ in range(2):
        again.made("people", lambda _: pytest.fail("it is there"))
    assert caplog.text.count("stage people is there already") == 1


def test_files_of_a_run_that_was_killed_before_its_mark_do_not_count(folder: str) -> None:
    killed = run(folder)
    write_bucket(marks.place_of(folder, "people", killed.run), 0, {"who": WHO + 100})
    assert not run(folder).done("people")
    with pytest.raises(RingfenceError, match=r"there is no stage people in .*--stages"):
        people(folder)
    give(run(folder))
    assert people(folder) == WHO.tolist()


@pytest.mark.parametrize("content", ["", "{", '{"other": 1}', "[]"])
def test_half_a_mark_is_none(folder: str, content: str) -> None:
    give(run(folder))
    mark = Path(folder.removeprefix("file://"), "people.done")
    mark.write_text(content)
    assert not run(folder).done("people")
    give(run(folder), WHO[:3])
    assert people(folder) == [0, 1, 2]


def test_two_runs_over_the_same_stages_read_no_row_twice(folder: str) -> None:
    one, other = run(folder), run(folder)

    def meanwhile(place: str) -> None:
        write_bucket(place, 0, {"who": WHO})
        give(other)
        assert people(folder) == WHO.tolist()

    one.made("people", meanwhile)
    assert one.place("people") == other.place("people")
    assert people(folder) == WHO.tolist()
    assert len(files(folder)) == 2  # those of the quicker run: the other took its own away


def test_a_task_that_outlives_its_run_disturbs_no_later_one(folder: str) -> None:
    killed = run(folder)
    give(run(folder))
    write_bucket(marks.place_of(folder, "people", killed.run), 0, {"who": WHO + 100})
    assert people(folder) == WHO.tolist()
    assert run(folder).done("people")


def test_a_task_that_runs_twice_writes_the_same_file(folder: str) -> None:
    give(run(folder))
    place = marks.place_of(folder, "twice", "a")

    def task(where: str, number: int) -> Parted:
        held = bucket(where, "people", number, KINDS)
        return Parted({"one": held, "two": {"who": held["who"][:number]}})

    for _ in range(2):
        [told] = running(task, folder, place)(iter([pd.DataFrame({"id": [0, 1]})]))
        assert told["files"].tolist() == [1, 2]
    assert list(marks.files_in(place)) == ["one/00000.parquet", "one/00001.parquet", "two/00001.parquet"]


def test_a_task_says_how_much_memory_its_process_has_held(folder: str) -> None:
    held = np.ones(2**23)  # 64 MB
    task = running(lambda _, number: {"who": WHO[: int(held[number])]}, folder, f"{folder}/said")
    [done] = task(iter([pd.DataFrame({"id": [0, 1]})]))
    assert (done["peak_mb"] > 64).all()


def test_files_that_executors_wrote_elsewhere_end_the_run(
    folder: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Elsewhere:
        """A cluster whose executors have a folder of their own by the same name."""

        conf = types.MappingProxyType({"spark.sql.shuffle.partitions": "2"})

        def range(self, *_: int) -> Elsewhere:
            return self

        def mapInPandas(self, *_: object) -> Elsewhere:
            return self

        def collect(self) -> list[dict[str, int]]:
            return [{"id": 0, "files": 1, "peak_mb": 90}, {"id": 1, "files": 1, "peak_mb": 120}]

    caplog.set_level("INFO", "ringfence.stages")
    with pytest.raises(RingfenceError, match="executors wrote 2 files of stage people, and 0 are in"):
        Stages(Elsewhere(), folder, 10).each("people", 2, lambda _, number: {"who": WHO})
    assert "more than 120 MB" in caplog.text
    assert not run(folder).done("people")


def test_a_stage_without_room_is_named_and_leaves_nothing(folder: str) -> None:
    def write(place: str) -> None:
        write_bucket(place, 0, {"who": WHO})
        raise OSError(28, "No space left on device")

    with pytest.raises(RingfenceError, match=r"stage people cannot be written in .*No space left"):
        run(folder).made("people", write)
    assert not files(folder)
    give(run(folder))
    assert people(folder) == WHO.tolist()


def test_a_spark_that_dies_midway_is_not_taken_for_a_folder_without_room(folder: str) -> None:
    def write(place: str) -> None:
        write_bucket(place, 0, {"who": WHO})
        raise ConnectionRefusedError(111, "Connection refused")

    with pytest.raises(ConnectionRefusedError) as error:
        run(folder).made("people", write)
    assert error.value.__notes__ == ["stage people"]
    assert not files(folder)


def test_a_file_that_cannot_be_read_is_named_with_the_next_step(folder: str) -> None:
    give(run(folder))
    for file in files(folder):
        file.write_bytes(b"x" * file.stat().st_size)
    with pytest.raises(RingfenceError, match=r"cannot be read .* delete it, and the same command"):
        people(folder)


def test_a_stage_of_another_ringfence_is_said_to_be_one_and_not_to_be_unreadable(folder: str) -> None:
    give(run(folder))
    with pytest.raises(RingfenceError, match=r"has no column age: another Ringfence .* Delete the folder"):
        whole(folder, "people", {**KINDS, "age": "i4"})


def test_stages_of_a_bucket_are_marked_as_those_of_a_folder() -> None:
    folder = "memory://stages-of-a-test"
    give(run(folder))
    assert people(folder) == WHO.tolist()
    files, place = fsspec.core.url_to_fs(f"{run(folder).place('people')}/00001.parquet")
    files.rm(place)
    assert not run(folder).done("people")
    give(run(folder))
    assert people(folder) == WHO.tolist()
