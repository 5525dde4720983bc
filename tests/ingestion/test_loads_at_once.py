"""Several loads at once, of different deliveries with the same people, into one Neo4j: the graph is that of
one load after the other.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graph.frame.frame import Frame
from graph.model.types import Facts
from graph.stores.neo4j import Neo4jStore
from graph.stores.sqlite import SqliteStore
from scripts.cli.main import main
from scripts.make_world import main as make_world
from tests.support.contracts.journal_contract import all_told
from tests.support.contracts.store_contract import assert_same_tables
from tests.support.servers.neo4j_worlds import empty_graph
from tests.support.stores import HASH_KEY

pytestmark = [pytest.mark.neo4j, pytest.mark.slow]
NOW = datetime(2026, 6, 1, tzinfo=UTC)
MACHINES = 3
IN_ALL = 10  # one row in so many is in every delivery
IN_EVERY_ONE = ("platforms", "merchants")
# a process as on another machine, that brings few rows at once: the turns of the loads mix
LOAD = """
import sys
from graph.stores.neo4j.store import Neo4jStore
from scripts.cli.main import main
Neo4jStore.batch = 150
sys.exit(main(sys.argv[1:]))
"""


def deliveries(folder: Path) -> list[Path]:
    """A made world in several deliveries: everybody's rows are in all of them."""
    assert make_world([str(folder / "world"), "--applicants", "150", "--days", "120", "--seed", "5"]) == 0
    parts = [folder / f"delivery-{n}" for n in range(MACHINES)]
    for part in parts:
        part.mkdir()
    for path in sorted((folder / "world" / "records").glob("*.parquet")):
        table = pq.read_table(path)
        for n, part in enumerate(parts):
            mine = [
                path.stem in IN_EVERY_ONE or row % MACHINES == n or row % IN_ALL == 0
                for row in range(len(table))
            ]
            pq.write_table(table.filter(pa.array(mine)), part / path.name)
    return parts


def loaded_at_once(parts: list[Path], store: str, folder: Path) -> list[dict[str, Any]]:
    """What each of the loads says at its end."""
    env = {**os.environ, "RINGFENCE_HASH_KEY": HASH_KEY}
    running = []
    for n, part in enumerate(parts):
        given = ["load", str(part), "--store", store, "--report", str(folder / f"report-{n}")]
        command = [sys.executable, "-c", LOAD, *given]
        running.append(subprocess.Popen(command, env=env, stdout=subprocess.PIPE))
    said = [process.communicate(timeout=500)[0] for process in running]
    assert [process.returncode for process in running] == [0] * len(parts)
    return [json.loads(lines.splitlines()[-1]) for lines in said]


def test_loads_of_three_machines_at_once_make_the_graph_of_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    parts, url = deliveries(tmp_path), empty_graph()
    figures = loaded_at_once(parts, url, tmp_path)
    one_by_one = f"sqlite:///{tmp_path / 'one.db'}"
    for part in parts:
        report = str(tmp_path / f"report-{part.name}")
        assert main(["load", str(part), "--store", one_by_one, "--report", report]) == 0
    with Neo4jStore(url) as store, SqliteStore(tmp_path / "one.db") as oracle:
        assert store.counts() == oracle.counts()
        told = [each.facts for each in all_told(oracle)]
        rows = sum(len(getattr(facts, name)) for facts in told for name in Facts.__dataclass_fields__)
        assert sum(one["accepted"] for one in figures) == rows
        assert_same_tables(store.view(NOW).tables(), oracle.view(NOW).tables())
        frame = Frame.open(tmp_path / "frame", store)
        assert frame.catch_up()
        assert_same_tables(frame.view(NOW).tables(), oracle.view(NOW).tables())
        frame.close()
        revisions = [each.revision for each in all_told(store)]
    assert revisions == list(range(1, revisions[-1] + 1))
    assert len(revisions) > 3 * MACHINES, "each came in many turns"
