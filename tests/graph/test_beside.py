"""What a run writes takes its place whole or not at all: beside other runs, after killed ones, on a full
disk.
"""

from __future__ import annotations

import errno
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from graph import private
from graph.beside import beside
from graph.full_disk import naming
from tests.support.full_disks import full_disk

KILLED = """
import os, sys
from pathlib import Path
from graph.beside import beside
with beside(Path(sys.argv[1])) as made:
    made.mkdir()
    (made / "half").write_text("names")
    os.kill(os.getpid(), 9)
"""


def test_of_many_that_write_a_file_at_once_each_leaves_it_whole(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    pages = [bytes([65 + n]) * 200_000 for n in range(8)]
    file.write_bytes(pages[0])

    def written(page: bytes) -> bytes:
        private.write(file, page)
        return file.read_bytes()

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(written, pages * 5)) <= set(pages)
    assert list(tmp_path.iterdir()) == [file]


def test_what_a_killed_run_left_beside_goes_with_the_next(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    killed = subprocess.run([sys.executable, "-c", KILLED, str(folder)], check=False)
    assert killed.returncode == -9
    assert [one.name[:7] for one in tmp_path.iterdir()] == [".model."]
    with beside(folder) as made:
        assert not made.exists()
    assert list(tmp_path.iterdir()) == []


def test_what_another_run_is_writing_beside_stays(tmp_path: Path) -> None:
    with beside(tmp_path / "model") as mine:
        mine.mkdir()
        with beside(tmp_path / "model") as other:
            other.write_text("other")
        assert mine.is_dir()
        assert not other.exists()


def test_a_full_disk_leaves_the_file_as_it_was_and_is_said_of_it(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    private.write(file, b"last week")
    with full_disk(), pytest.raises(OSError) as full:
        private.write(file, b"this week")
    assert full.value.filename == str(file)
    assert file.read_bytes() == b"last week"
    assert list(tmp_path.iterdir()) == [file]


def test_other_errors_stay_what_they_are(tmp_path: Path) -> None:
    for error in (OSError(errno.EIO, "broken"), OSError(errno.ENOSPC, "full", "another file")):
        with pytest.raises(OSError) as stays, naming(tmp_path / "report.html"):
            raise error
        assert stays.value is error
