"""`ringfence rings --engine spark` writes the files of one machine, on Apache Spark and on Sail."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.support.servers.sail import ROOT, SAIL, environment, ran, sail, sail_server
from tests.support.stores import store_url
from tests.support.worlds.rings import AS_OF, town, with_known_frauds

__all__ = ["sail"]  # a fixture

pytestmark = pytest.mark.slow
pytest.importorskip("pyspark", reason="the extra `spark` is not installed")

FILES = ("rings", "members", "changes")
TIMED = ("seconds", "search_seconds", "peak_mb", "cases_opened", "casebook")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The address of a store, and what one machine writes of it."""
    folder = tmp_path_factory.mktemp("world")
    town(folder / "town.db", with_known_frauds()).close()
    url = store_url(folder / "town.db")
    return url, written(folder / "local", url)


def command(folder: Path, store: str) -> list[str]:
    words = (
        f"-m scripts.cli rings --store {store} --casebook sqlite:///{folder}.db --new-casebook "
        f"--back-steps 0 --as-of {AS_OF.isoformat()} --out {folder}"
    )
    return words.split()


def written(folder: Path, store: str, *how: str, path: tuple[Path, ...] = ()):
    """Tables and figures of the command, run with `how`; `path` comes before other Python packages."""
    figures = json.loads(ran(*command(folder, store), *how, before=path).splitlines()[-1])
    tables = {name: pq.read_table(folder / f"{name}.parquet").to_pylist() for name in FILES}
    return tables, {name: value for name, value in figures.items() if name not in TIMED}


@pytest.mark.parametrize("partitions", [1, 3, 8])
def test_spark_writes_the_files_of_one_machine_whatever_the_partitions(world, tmp_path, partitions):
    url, alone = world
    how = f"--engine spark --cluster local[2] --executor-memory 1024 --partitions {partitions}"
    assert written(tmp_path / "spark", url, *how.split()) == alone
    assert alone[1]["flagged"] == 1


def test_sail_writes_the_files_of_one_machine(world, sail, tmp_path):
    url, alone = world
    how = f"--engine spark --cluster {sail} --partitions 3"
    assert written(tmp_path / "sail", url, *how.split(), path=(SAIL,)) == alone


def until(stages: Path, mark: str, run: subprocess.Popen[str]) -> None:
    """Waits for a stage."""
    while not list(stages.glob(f"rings-*/{mark}.done")):
        assert run.poll() is None, "it has ended before that stage"
        time.sleep(0.02)


def marks(stages: Path) -> dict[str, int]:
    return {mark.name: mark.stat().st_mtime_ns for mark in stages.rglob("*.done")}


def begun(world: str, out: Path, address: str, stages: Path) -> subprocess.Popen[str]:
    how = ["--engine", "spark", "--cluster", address, "--partitions", "2", "--keep-stages"]
    how += ["--stages", str(stages)]
    words = [sys.executable, *command(out, world), *how]
    return subprocess.Popen(words, env=environment(SAIL), cwd=ROOT, stderr=subprocess.PIPE, text=True)


def test_a_run_that_is_killed_again_and_again_makes_no_stage_twice(world, sail, tmp_path):
    (url, alone), stages, early = world, tmp_path / "stages of 折段", {}
    for mark in ("held", "links", "own", "context"):
        with begun(url, tmp_path / "killed", sail, stages) as run:
            until(stages, mark, run)
            run.kill()
        now = marks(stages)
        assert early == {name: now[name] for name in early}
        early = now
    how = f"--engine spark --cluster {sail} --partitions 3 --keep-stages --stages".split()
    assert written(tmp_path / "sail", url, *how, str(stages), path=(SAIL,)) == alone
    assert early == {name: marks(stages)[name] for name in early}


def test_two_runs_at_once_over_the_same_stages_find_the_same_rings(world, sail, tmp_path):
    (url, alone), stages = world, tmp_path / "stages"
    how = f"--engine spark --cluster {sail} --partitions 3 --keep-stages --stages {stages}"
    with begun(url, tmp_path / "one", sail, stages) as run:
        assert written(tmp_path / "other", url, *how.split(), path=(SAIL,)) == alone
        assert run.wait() == 0
    for name in FILES:
        assert pq.read_table(tmp_path / "one" / f"{name}.parquet").to_pylist() == alone[0][name]


def test_a_server_that_dies_midway_is_said_and_the_same_command_goes_on(world, tmp_path):
    (url, alone), stages = world, tmp_path / "stages"
    with sail_server() as (address, server), begun(url, tmp_path / "died", address, stages) as run:
        until(stages, "links", run)
        server.kill()
        said = run.stderr.read().splitlines()[-1]
        assert run.wait() == 1
    assert "--engine spark failed: stage" in said
    assert f"nobody listens at --cluster {address} any more: start its server again" in said
    assert "the same command goes on after the last whole stage" in said
    early = marks(stages)
    with sail_server() as (address, _):
        how = f"--engine spark --cluster {address} --partitions 2 --stages {stages}"
        assert written(tmp_path / "again", url, *how.split(), path=(SAIL,)) == alone
    assert early
    assert not list(stages.iterdir()), "stages go with the run that ends well"
