"""`ringfence rings --engine spark` writes the files of one machine, on Apache Spark and on Sail."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.support.ring_worlds import AS_OF, town, with_known_frauds
from tests.support.stores import store_url

pytestmark = pytest.mark.slow
pytest.importorskip("pyspark", reason="the extra `spark` is not installed")

ROOT = Path(__file__).parents[2]
SAIL = Path(sys.prefix) / "sail"  # `make test-slow` installs it there
FILES = ("rings", "members", "changes")
TIMED = ("seconds", "search_seconds", "peak_mb", "cases_opened")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The address of a store, and what one machine writes of it."""
    folder = tmp_path_factory.mktemp("world")
    town(folder / "town.db", with_known_frauds()).close()
    url = store_url(folder / "town.db")
    return url, written(folder / "local", url)


def written(folder: Path, store: str, *how: str, path: tuple[Path, ...] = ()):
    """Tables and figures of the command, run with `how`; `path` comes before other Python packages."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (*path, ROOT)))}
    command = (
        f"-m scripts.cli rings --store {store} --casebook sqlite:///{folder}.db --new-casebook "
        f"--back-steps 0 --as-of {AS_OF.isoformat()} --out {folder}"
    )
    done = subprocess.run(
        [sys.executable, *command.split(), *how], capture_output=True, text=True, env=environment, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    tables = {name: pq.read_table(folder / f"{name}.parquet").to_pylist() for name in FILES}
    return tables, {name: value for name, value in figures.items() if name not in TIMED}


@pytest.mark.parametrize("partitions", [1, 3, 8])
def test_spark_writes_the_files_of_one_machine_whatever_the_partitions(world, tmp_path, partitions):
    url, alone = world
    how = f"--engine spark --cluster local[2] --executor-memory 1024 --partitions {partitions}"
    assert written(tmp_path / "spark", url, *how.split()) == alone
    assert alone[1]["flagged"] == 1


@pytest.fixture
def sail():
    """The address of a Sail server, and the packages of its client."""
    if not (SAIL / "pysail").is_dir():
        pytest.skip(
            f"Sail is not installed in {SAIL}: make test-slow does, where there is one for the machine"
        )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (SAIL, ROOT)))}
    command = f"-m pysail spark server --ip 127.0.0.1 --port {port}"
    server = subprocess.Popen([sys.executable, *command.split()], env=environment, cwd=ROOT)
    try:
        answers(port, server)
        yield f"sc://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=60)


def answers(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert server.poll() is None, "Sail has ended"
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise AssertionError("Sail does not answer")


def test_sail_writes_the_files_of_one_machine(world, sail, tmp_path):
    url, alone = world
    how = f"--engine spark --cluster {sail} --partitions 3"
    assert written(tmp_path / "sail", url, *how.split(), path=(SAIL,)) == alone
