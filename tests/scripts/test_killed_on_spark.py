"""`ringfence train` and `score` on Spark, killed at several stages: the same command goes on, makes no stage
twice, gives the bytes of a run that nobody killed, and leaves nothing behind.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.models.small_models import small_facts, trained
from tests.support.servers.sail import ROOT, SAIL, environment, ran, sail, sail_server
from tests.support.small_worlds import START, day

__all__ = ["sail"]  # a fixture

pytestmark = pytest.mark.slow
pytest.importorskip("pyspark", reason="the extra `spark` is not installed")

LOCAL = "local[2]"
NEXT = "the same command goes on after the last whole stage in"
# where each is killed: so many of what a pattern finds in the folder of all stages
EVERY = [("*/frame.done", 1), ("*/features_*.done", 1), ("*/network_*/*", 1), ("*/network_*.done", 4)]
# at every one with SPARK_KILLS=all, which takes minutes more
TRAINING = EVERY if os.environ.get("SPARK_KILLS") == "all" else EVERY[1::2]
SCORES = [("*/frame.done", 1), ("*/scored/*", 1)]
# the same for who is asked for it: of the scores nothing more once the last stage is made
ASKED = {"train": TRAINING, "score": SCORES[:1]}


@dataclass(frozen=True)
class Work:
    """A command, where it is killed, and what it gives where nobody kills it: bytes by the name of a file."""

    command: list[str]
    places: list[tuple[str, int]]
    out: str
    given: dict[str, bytes]

    def begun(self, folder: Path, cluster: str) -> subprocess.Popen[str]:
        """A run on a cluster; its stages are in `folder`, and what is temporary in another beside."""
        (folder / "temp").mkdir(exist_ok=True)
        (folder / "said").unlink(missing_ok=True)  # the Java of a killed run may still write to that file
        how = ["--engine", "spark", "--cluster", cluster, "--partitions", "2", "--executor-memory", "700"]
        where = ["--stages", str(folder / "stages"), "--out", str(folder / self.out)]
        variables = environment(*(() if cluster == LOCAL else (SAIL,)))
        with (folder / "said").open("w") as said:
            return subprocess.Popen(
                [sys.executable, *self.command, *how, *where],
                env=variables | {"TMPDIR": str(folder / "temp")},
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=said,
                text=True,
            )

    def killed(self, folder: Path, cluster: str, place: tuple[str, int], kill: Callable[[int], None]) -> int:
        """Its exit status where `kill` is called with the number of its process once it is at a place."""
        early = marks(folder)
        there = count(folder, place[0])  # left by a run before
        with self.begun(folder, cluster) as run:
            while count(folder, place[0]) < max(place[1], there + 1):
                assert run.poll() is None, (folder / "said").read_text()
                time.sleep(0.005)
            kill(run.pid)
            status = run.wait(timeout=120)
        refuse_made_twice(folder, early)
        return status

    def goes_on(self, folder: Path, cluster: str) -> None:
        """The same command ends well, says what is there already, and leaves its result alone."""
        early = marks(folder)
        with self.begun(folder, cluster) as run:
            status = run.wait(timeout=300)
        said = (folder / "said").read_text()
        assert status == 0, said
        whole = {name.removesuffix(".done") for name in early}
        told = [line.split()[2:] for line in said.splitlines() if line.startswith("ringfence.stages: stage ")]
        assert {name for name, *what in told if what[0] == "in"}.isdisjoint(whole)
        already = {name for name, *what in told if what == ["is", "there", "already"]}
        assert already
        assert already <= whole
        assert made_in(folder / self.out) == self.given
        assert not list((folder / "stages").iterdir()), "stages go with the run that ends well"
        assert not list((folder / "temp").glob("ringfence-*"))


def made_in(out: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in ([out] if out.is_file() else out.iterdir())}


def count(folder: Path, pattern: str) -> int:
    return len(list((folder / "stages").glob(pattern)))


def marks(folder: Path) -> dict[str, int]:
    return {mark.name: mark.stat().st_mtime_ns for mark in (folder / "stages").glob("*/*.done")}


def refuse_made_twice(folder: Path, early: dict[str, int]) -> None:
    now = marks(folder)
    assert {name: now[name] for name in early} == early


def the_command(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def its_java(pid: int) -> None:
    """Kills the Java process that a command has started."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (process / "stat").read_text().rpartition(")")
        except OSError:  # it has ended
            continue
        if name.endswith("(java") and int(rest.split()[1]) == pid:
            os.kill(int(process.name), signal.SIGKILL)
            return
    pytest.fail("it has no Java")


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Work]:
    """What is to be killed, and what one machine makes of it."""
    folder = tmp_path_factory.mktemp("world")
    _, store, model = trained(folder, small_facts())
    train = f"train --store sqlite:///{store} --as-of {day(65).isoformat()} --horizon-days 25 --processes 1"
    train += " --most-network-samples 40"  # its stages are as many
    score = f"score --store sqlite:///{store} --model {model}"
    score += f" --since {START.isoformat()} --until {day(60).isoformat()}"
    works = {}
    for name, words, places, out in (
        ("train", train, TRAINING, "bundle"),
        ("score", score, SCORES, "scores.parquet"),
    ):
        command = ["-m", "scripts.cli", *words.split()]
        ran(*command, "--out", str(folder / out))
        works[name] = Work(command, places, out, made_in(folder / out))
    return works


@pytest.mark.parametrize("name", ["train", "score"])
def test_a_run_that_is_killed_again_and_again_makes_no_stage_twice(
    works: dict[str, Work], name: str, sail: str, tmp_path: Path
) -> None:
    for place in works[name].places:
        assert works[name].killed(tmp_path, sail, place, the_command) == -signal.SIGKILL
    works[name].goes_on(tmp_path, sail)


@pytest.mark.parametrize("name", ["train", "score"])
def test_a_server_that_dies_is_said_alike_at_every_stage_and_before_the_first(
    works: dict[str, Work], name: str, tmp_path: Path
) -> None:
    for place in (("probe-*/asked", 1), *ASKED[name]):
        with sail_server() as (address, server):
            assert works[name].killed(tmp_path, address, place, lambda _: server.kill()) == 1
        said = (tmp_path / "said").read_text().splitlines()[-1]
        assert f"nobody listens at --cluster {address} any more: start its server again; {NEXT}" in said
    with sail_server() as (address, _):
        works[name].goes_on(tmp_path, address)


@pytest.mark.parametrize("name", ["train", "score"])
def test_apache_spark_that_is_killed_with_or_without_its_command_goes_on(
    works: dict[str, Work], name: str, tmp_path: Path
) -> None:
    midway = "*/features_*/*" if name == "train" else "*/scored/*"
    assert works[name].killed(tmp_path, LOCAL, (midway, 1), the_command) == -signal.SIGKILL
    assert works[name].killed(tmp_path, LOCAL, (midway, 1), its_java) == 1
    said = (tmp_path / "said").read_text().splitlines()[-1]
    assert (
        f"Spark's Java process has ended with status -9, as where a machine is short of memory; {NEXT}"
        in said
    )
    works[name].goes_on(tmp_path, LOCAL)
