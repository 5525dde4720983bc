"""A command whose disk is full ends with the file that found no room, and what to do."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from scripts.cli.command import FAILED, Result, ended
from scripts.cli.main import main
from tests.support.full_disks import full_disk


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_world_that_finds_no_room_names_its_folder(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "world"
    with full_disk(2_000):
        assert main(["world", str(folder), "--applicants", "200", "--days", "60", "--format", form]) == FAILED
    said = capsys.readouterr().err.splitlines()[-1]
    assert f"there is no room for {folder}" in said
    assert "make room" in said


def test_a_full_disk_of_which_no_file_is_known_may_be_that_of_temporary_files(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run() -> Result:
        raise OSError(errno.ENOSPC, "No space left on device")

    assert ended("rings", run) == FAILED
    assert "TMPDIR" in capsys.readouterr().err
