"""What a killed run of Spark left among temporary files names people: the next run removes it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from service.own_folder import own_folder

RUN = """
import sys, time
from service.own_folder import own_folder
with own_folder("rows-", sys.argv[1]) as folder:
    (folder / "people").mkdir()
    (folder / "people" / "0.parquet").write_text("ann")
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """The folder of a run that was killed."""
    command = [sys.executable, "-c", RUN, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        folder = Path(run.stdout.readline().strip())
        with own_folder("rows-", str(tmp_path)):
            assert (folder / "people" / "0.parquet").exists(), "a run that lives keeps its own"
        run.kill()
    return folder


def test_rows_of_a_killed_run_go_with_the_next_of_its_kind(killed: Path, tmp_path: Path) -> None:
    with own_folder("others-", str(tmp_path)):
        assert killed.is_dir()
    with own_folder("rows-", str(tmp_path)) as own:
        assert list(tmp_path.iterdir()) == [own]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_a_run_that_was_killed_as_it_began_goes_after_an_hour(tmp_path: Path) -> None:
    for name in (".rows-just-now", ".rows-long-ago"):
        (tmp_path / name).mkdir()
    os.utime(tmp_path / ".rows-long-ago", (time.time() - 4000,) * 2)
    with own_folder("rows-", str(tmp_path)) as own:
        assert sorted(tmp_path.iterdir()) == [tmp_path / ".rows-just-now", own]


def test_a_folder_whose_removal_was_cut_short_goes_after_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed_midway(folder: Path, **_: object) -> None:
        (folder / "in-use").unlink(missing_ok=True)

    with monkeypatch.context() as patch, own_folder("rows-", str(tmp_path)) as own:
        (own / "people").write_text("ann")
        patch.setattr(shutil, "rmtree", killed_midway)
        going = own.with_name(f".{own.name}")
    assert list(tmp_path.iterdir()) == [going]
    os.utime(going, (time.time() - 4000,) * 2)
    with own_folder("rows-", str(tmp_path)) as own:
        assert list(tmp_path.iterdir()) == [own]
