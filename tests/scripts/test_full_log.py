"""A command whose log is on a full disk does its work all the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def ended(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    """What became of a command that can write nothing to stderr."""
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "scripts.cli", *arguments]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=full, check=False)


def test_a_command_whose_log_is_full_does_its_work_and_says_what_it_found(tmp_path: Path) -> None:
    done = ended("world", str(tmp_path / "world"), "--applicants", "100", "--days", "60")
    assert done.returncode == 0
    assert b'"applicants":100' in done.stdout
    assert (tmp_path / "world" / "records" / "applications.parquet").is_file()


def test_a_command_whose_log_is_full_ends_with_the_status_of_its_own_fault(tmp_path: Path) -> None:
    assert ended("load", str(tmp_path), "--store", f"sqlite:///{tmp_path / 'new.db'}").returncode == 2
