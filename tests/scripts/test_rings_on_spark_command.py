"""`ringfence rings --engine spark` writes the files of one machine, on Apache Spark and on Sail."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.support.ring_worlds import AS_OF, town, with_known_frauds
from tests.support.sail import SAIL, ran, sail
from tests.support.stores import store_url

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


def written(folder: Path, store: str, *how: str, path: tuple[Path, ...] = ()):
    """Tables and figures of the command, run with `how`; `path` comes before other Python packages."""
    command = (
        f"-m scripts.cli rings --store {store} --casebook sqlite:///{folder}.db --new-casebook "
        f"--back-steps 0 --as-of {AS_OF.isoformat()} --out {folder}"
    )
    figures = json.loads(ran(*command.split(), *how, before=path).splitlines()[-1])
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
