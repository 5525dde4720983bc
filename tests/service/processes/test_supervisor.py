"""What ends is begun again, later each time that it ends at once, and what hangs keeps no end waiting."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from service.processes import supervisor as supervisor_module
from service.processes.supervisor import IN_VAIN, LONGEST, SETTLED_S, Supervisor

_IGNORES = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(flush=True)
time.sleep(600)
"""


@dataclass
class Clock:
    """Seconds that run as the test wants."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Process:
    """One that the test ends."""

    clock: Clock
    name: str = "worker 1"
    ends_s: float = 1.0
    status: int | None = None
    begun_at: list[float] = field(default_factory=list)

    def begin(self) -> None:
        self.status = None
        self.begun_at.append(self.clock.now)

    def ended(self) -> int | None:
        return self.status

    def tell(self) -> None:
        raise AssertionError("nobody ends it")

    kill = tell


@dataclass
class Child:
    """A real one, which does what its program says."""

    program: str
    name: str
    ends_s: float

    def begin(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-S", "-c", self.program], stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        with self.process.stdout as said:
            said.readline()

    def ended(self) -> int | None:
        return self.process.poll()

    def tell(self) -> None:
        self.process.terminate()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def run_until(supervisor: Supervisor, clock: Clock, happens: Callable[[], bool]) -> None:
    for _ in range(10_000):
        supervisor.look()
        if happens():
            return
        clock.now += 0.1
    raise AssertionError("it did not happen")


def pauses(status: int, lives: float, times: int) -> list[float]:
    """How long each time until a process is begun again that ends so after so many seconds."""
    clock = Clock()
    process = Process(clock)
    supervisor, result = Supervisor([process], clock), list[float]()
    for n in range(times):
        clock.now += lives
        process.status, ended = status, clock.now
        run_until(supervisor, clock, lambda n=n: len(process.begun_at) > n)  # type: ignore[misc]
        result.append(round(clock.now - ended, 1))
    return result


def test_one_that_ends_again_and_again_is_begun_again_after_longer_and_longer_pauses() -> None:
    said = pauses(-signal.SIGKILL, 1.0, 9)
    assert said[:5] == pytest.approx([0.5, 1, 2, 4, 8], abs=0.2)
    assert said[-1] == pytest.approx(LONGEST.total_seconds(), abs=0.2)


def test_each_that_is_begun_again_is_counted_by_its_name() -> None:
    clock, counted = Clock(), list[str]()
    one, other = Process(clock), Process(clock, "worker 2")
    supervisor = Supervisor([one, other], clock, counted.append)
    for process in (other, one, other):
        process.status = 1
        run_until(supervisor, clock, lambda process=process: process.status is None)  # type: ignore[misc]
    assert counted == ["worker 2", "worker 1", "worker 2"]


def test_one_that_ran_for_a_while_is_begun_again_soon() -> None:
    assert pauses(-signal.SIGKILL, SETTLED_S + 1, 4) == pytest.approx([0.5] * 4, abs=0.2)


@pytest.mark.parametrize(("status", "gives_up"), [(1, True), (-signal.SIGKILL, False)])
def test_nobody_tries_for_ever_where_no_worker_can_start(status: int, gives_up: bool) -> None:
    clock = Clock()
    one, other = Process(clock), Process(clock, "worker 2")
    names = (one.name, other.name)
    supervisor = Supervisor([one, other], clock)
    for n in range(1, IN_VAIN + 1):
        one.status = other.status = status
        supervisor.look()
        assert supervisor.all_in_vain(names) == (gives_up and n == IN_VAIN)
        run_until(supervisor, clock, lambda n=n: len(other.begun_at) == n)  # type: ignore[misc]
    one.status = status
    supervisor.look()
    assert not supervisor.all_in_vain(names), "the other one runs"


def test_how_one_ended_is_said(caplog: pytest.LogCaptureFixture) -> None:
    pauses(-signal.SIGKILL, 3.0, 1)
    pauses(1, 3.0, 1)
    assert [record.getMessage() for record in caplog.records] == [
        "worker 1 ended by signal 9 (out of memory?) after 3 s; it is begun again in 0.5 s",
        "worker 1 ended by itself with status 1 after 3 s; it is begun again in 0.5 s",
    ]


def test_one_that_hangs_is_killed_and_the_others_end_meanwhile(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervisor_module, "_SOON_S", 0.01)
    hangs, ends = (
        Child(_IGNORES, "watch", 0.3),
        Child("import time; print(flush=True); time.sleep(600)", "b", 60),
    )
    for one in (hangs, ends):
        one.begin()
    Supervisor([hangs, ends]).end()
    assert (hangs.ended(), ends.ended()) == (-signal.SIGKILL, -signal.SIGTERM)
    assert [record.getMessage() for record in caplog.records] == [
        "watch did not end within 0.3 s and is killed"
    ]


@pytest.mark.parametrize("module", ["service.processes.watch", "service.processes.shadow"])
def test_a_process_beside_ends_though_its_server_was_gone_before_it_could_look(
    tmp_path: Path, module: str
) -> None:
    """It would watch and send for ever, beside the server that is started next."""
    own = {
        "RINGFENCE_STORE": f"sqlite:///{tmp_path}/s.db",
        "RINGFENCE_CASEBOOK": f"sqlite:///{tmp_path}/c.db",
    }
    begins = f"from service.processes.supervisor import Beside; Beside({module!r}, 5.0).begin()"
    server = subprocess.Popen(
        (sys.executable, "-c", begins), stdout=subprocess.PIPE, env=os.environ | own, start_new_session=True
    )
    try:
        server.communicate(timeout=60)  # until nobody holds the pipe any more
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
    assert (tmp_path / "c.db").exists(), "it was at work"
