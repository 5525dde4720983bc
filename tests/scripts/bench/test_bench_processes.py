"""What a bench has started ends with it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import FrameType

from scripts.bench.processes import Started, leave_on_sigterm

# it takes half a second to end, and has a process of its own
_SERVER = """
import os, signal, subprocess, sys, time
other = subprocess.Popen(["sleep", "600"])
signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.5), sys.exit(0)))
print(os.getpid(), other.pid, flush=True)
time.sleep(600)
"""
_BENCH = """
import sys, time
from contextlib import ExitStack
from scripts.bench.processes import leave_on_sigterm, running
leave_on_sigterm()
with ExitStack() as beside:
    for _ in range(2):
        beside.enter_context(running([sys.executable, "-c", sys.argv[1]]))
    time.sleep(600)
"""


def test_nothing_outlives_a_bench_that_is_told_to_end_twice() -> None:
    command = [sys.executable, "-c", _BENCH, _SERVER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as bench:
        assert bench.stdout is not None
        pids = [int(pid) for _ in range(2) for pid in bench.stdout.readline().split()]
        bench.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        bench.send_signal(signal.SIGTERM)
        assert bench.wait(30) == 128 + signal.SIGTERM
    assert len(pids) == 4
    assert not [pid for pid in pids if _lives(pid)]


def test_a_bench_told_to_end_at_any_step_of_a_start_ends_and_leaves_nothing() -> None:
    before, step = signal.getsignal(signal.SIGTERM), 0
    try:
        while not (ended := _ended_at(step)).is_over:
            assert ended.left, f"step {step} in {ended.where}: the signal was lost"
            assert ended.pid is None or not _lives(ended.pid), f"step {step} in {ended.where}"
            step += 1
    finally:
        signal.signal(signal.SIGTERM, before)
    assert step > 20


def test_what_has_ended_by_itself_is_ended_without_a_word() -> None:
    one = Started()
    one.end()
    one.start(["true"]).wait(30)
    one.end()
    assert one.process is not None
    assert one.process.returncode == 0


@dataclass(slots=True)
class _Ended:
    """A start that was told to end at one step of it."""

    left: bool = False
    is_over: bool = True
    where: str = ""
    pid: int | None = None


def _ended_at(step: int) -> _Ended:
    ended, calls, started = _Ended(), count(), Started()

    def trace(frame: FrameType, event: str, arg: object) -> None:
        if next(calls) == step:
            ended.is_over, ended.where = False, frame.f_code.co_name
            signal.raise_signal(signal.SIGTERM)

    leave_on_sigterm()
    sys.settrace(trace)
    try:
        started.start(["sleep", "60"])
    except SystemExit:
        ended.left = True
    finally:
        sys.settrace(None)
        started.end()
    ended.pid = started.process.pid if started.process else None
    return ended


def _lives(pid: int) -> bool:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        if state == "Z":
            return False
        time.sleep(0.05)
    return True
