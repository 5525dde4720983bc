"""A full temp folder ends no worker: what workers count has its space beforehand, or is counted alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.http.limits.rate_limits import RateLimit

MANY = 3_000  # methods, so that a file of metrics has to grow several times
COUNTS = """
import errno, json, os, sys
many, room = int(sys.argv[1]), int(sys.argv[2])
take = os.posix_fallocate
def full(descriptor, start, size):
    if size > room:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    take(descriptor, start, size)
os.posix_fallocate = full
from service.http import metrics
for n in range(many):
    metrics.REQUESTS.labels(f"route-{n}", "GET", "200").inc(n)
assert b"# HELP" in metrics.exposition() or room == 0
print(json.dumps([metrics.REQUESTS.labels(f"route-{n}", "GET", "200")._value.get() for n in range(many)]))
"""


def counted(folder: Path, room: int) -> subprocess.CompletedProcess[str]:
    """What a process counts on a disk on which no file may be larger than that."""
    return subprocess.run(
        [sys.executable, "-c", COUNTS, str(MANY), str(room)],
        env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )


def holes(folder: Path) -> list[str]:
    files = [path for path in folder.iterdir() if path.is_file()]
    return [path.name for path in files if (now := path.stat()).st_blocks * 512 < now.st_size]


def test_no_file_of_metrics_has_a_hole_that_a_full_disk_could_not_fill(tmp_path: Path) -> None:
    assert json.loads(counted(tmp_path, 1 << 30).stdout) == list(range(MANY))
    assert max(path.stat().st_size for path in tmp_path.glob("counter_*.db")) > 1 << 16
    assert holes(tmp_path) == []


@pytest.mark.parametrize("room", [0, 1 << 16, 1 << 17])
def test_a_process_whose_disk_is_full_counts_on_for_itself(tmp_path: Path, room: int) -> None:
    ended = counted(tmp_path, room)
    assert json.loads(ended.stdout) == list(range(MANY))
    assert "there is no room for" in ended.stderr
    assert holes(tmp_path) == []


def test_a_callers_limit_holds_in_a_worker_whose_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    kept = RateLimit(0.001, 2, tmp_path / "kept", lambda: 5.0)
    assert holes(tmp_path) == []
    monkeypatch.setattr(os, "posix_fallocate", full)
    limit = RateLimit(0.001, 2, tmp_path / "limits", lambda: 5.0)
    for one in (kept, limit):
        assert [one.wait("engine") > 0 for _ in range(3)] == [False, False, True]
    assert "no room for" in caplog.text
