"""A Sail server for the tests that speak with one, and commands whose client is Sail's."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.servers.left_behind import left_behind

ROOT = Path(__file__).parents[3]
SAIL = Path(sys.prefix) / "sail"  # `make test-slow` installs it there


@pytest.fixture
def sail() -> Iterator[str]:
    """The address of a server."""
    with sail_server() as (address, _):
        yield address


@contextmanager
def sail_server(*before: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address of a server that finds these Python packages too, and its process, which may be killed."""
    if not (SAIL / "pysail").is_dir():
        pytest.skip(
            f"Sail is not installed in {SAIL}: make test-slow does, where there is one for the machine"
        )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = f"-m pysail spark server --ip 127.0.0.1 --port {port}"
    server = subprocess.Popen([sys.executable, *command.split()], env=environment(SAIL, *before), cwd=ROOT)
    try:
        _answers(port, server)
        yield f"sc://127.0.0.1:{port}", server
    finally:
        server.terminate()
        server.wait(timeout=60)


def environment(*before: Path) -> dict[str, str]:
    """Of a process that finds these Python packages before others, and may be killed."""
    path = os.pathsep.join(map(str, (*before, ROOT)))
    return os.environ | {"PYTHONPATH": path, "TMPDIR": left_behind()}


def ran(*command: str, before: tuple[Path, ...] = ()) -> str:
    """What Python says that ran so, in a process of its own."""
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, env=environment(*before), cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _answers(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert server.poll() is None, "Sail has ended"
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise AssertionError("Sail does not answer")
