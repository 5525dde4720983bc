"""The folder of a run's metrics goes with the run, or with the next one after a run that was killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from service.processes.metrics_folder import metrics_folder

_RUN = """
import os, time
from service.processes.metrics_folder import metrics_folder
with metrics_folder("") as folder:
    print(folder, flush=True)
    {then}
"""
_WORKER = "worker = os.fork(); print(worker or '', flush=True); time.sleep(600)"


@pytest.fixture(autouse=True)
def temp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def run(then: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _RUN.format(then=then)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def folder_of(process: subprocess.Popen[str]) -> Path:
    assert process.stdout is not None
    return Path(process.stdout.readline().strip())


def test_a_run_takes_its_folder_away() -> None:
    with metrics_folder("") as folder:
        (folder / "counter_7.db").touch()
    assert not folder.exists()


def test_a_folder_that_the_lender_names_is_made_and_stays(tmp_path: Path) -> None:
    with metrics_folder(str(tmp_path / "ours")) as folder:
        pass
    assert folder == tmp_path / "ours"
    assert folder.is_dir()


def test_what_a_killed_run_left_is_removed_by_the_next(temp: Path) -> None:
    with run("time.sleep(600)") as killed, run("time.sleep(600)") as living:
        left, kept = folder_of(killed), folder_of(living)
        stranger = temp / "ringfence-metrics-of-another"
        stranger.mkdir()
        killed.kill()
        killed.wait()
        assert left.is_dir()
        with metrics_folder("") as folder:
            assert set(temp.glob("ringfence-metrics-*")) == {kept, folder, stranger}
        living.kill()


def test_a_folder_stays_while_a_worker_of_the_killed_run_lives(temp: Path) -> None:
    with run(_WORKER) as killed:
        left = folder_of(killed)
        assert killed.stdout is not None
        worker = int("".join(killed.stdout.readline() for _ in range(2)))
        killed.kill()
        killed.wait()
        with metrics_folder(""):
            assert left.is_dir()
        subprocess.run(["kill", "-9", str(worker)], check=True)
