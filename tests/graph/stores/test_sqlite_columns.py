"""Whole views are read by a process of its own, because two SQLite libraries in one process undo each other's
locks.
"""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from graph.model.errors import StoreUnavailableError
from graph.model.types import Facts
from graph.store.port import GraphStore
from graph.stores.sqlite import columns
from tests.support.small_worlds import applies, day, random_facts
from tests.support.stores import open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    with open_store(tmp_path / "graph.db") as opened:
        opened.add(random_facts(1))
        yield opened


def others_come_and_go(path: Path) -> None:
    """Another process opens the file, reads and closes it: the last one takes the write-ahead log away."""
    look = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT 1 FROM meta'); c.close()"
    subprocess.run([sys.executable, "-c", look, str(path)], check=True)


def test_who_reads_a_whole_view_keeps_the_write_ahead_log(store: GraphStore, tmp_path: Path) -> None:
    store.view(day(400)).tables()
    others_come_and_go(tmp_path / "graph.db")
    assert (tmp_path / "graph.db-wal").exists()
    before = store.counts()["applications"]
    store.add(Facts(applications=(applies("zed", 99),)))
    with closing(sqlite3.connect(tmp_path / "graph.db")) as beside:
        (there,) = beside.execute("SELECT count(*) FROM application").fetchone()
    assert there == before + 1, "what was written is seen by whoever opens the file"


def test_a_reader_that_was_killed_is_begun_anew(store: GraphStore) -> None:
    first = store.view(day(400)).tables()
    process = columns._PROCESSES[-1]._process
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    again = store.view(day(400)).tables()
    assert again.applicant_ids.tolist() == first.applicant_ids.tolist() != []


def test_a_reader_that_dies_at_work_is_said_to_and_the_next_one_reads(
    store: GraphStore, tmp_path: Path
) -> None:
    with pytest.raises(StoreUnavailableError, match="gone"):
        killed_at_work(tmp_path / "graph.db")
    assert len(store.view(day(400)).tables().applicant_ids)


def killed_at_work(path: Path) -> None:
    with columns.reading(path) as reader:
        os.kill(columns._PROCESSES[-1]._process.pid, signal.SIGKILL)
        reader.read("SELECT 1")


def test_a_reader_that_cannot_sort_for_want_of_room_names_the_temporary_files(tmp_path: Path) -> None:
    with open_store(tmp_path / "graph.db"), pytest.raises(StoreUnavailableError, match="TMPDIR"):
        sorted_without_room(tmp_path / "graph.db")


def sorted_without_room(path: Path) -> None:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)"
    with columns.reading(path) as reader:
        process = columns._PROCESSES[-1]._process.pid
        usual = resource.prlimit(process, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        try:
            reader.read(f"{numbers} SELECT i, hex(randomblob(20)) AS x FROM n ORDER BY x")
        finally:
            resource.prlimit(process, resource.RLIMIT_FSIZE, usual)


def test_what_is_no_store_is_said_to_be_unreadable(tmp_path: Path) -> None:
    (tmp_path / "no.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreUnavailableError, match="cannot be read"):
        asked(tmp_path / "no.db")


def asked(path: Path) -> None:
    with columns.reading(path) as reader:
        reader.read("SELECT * FROM application")


def test_a_forked_process_reads_by_a_reader_of_its_own(store: GraphStore) -> None:
    expected = len(store.view(day(400)).tables().applicant_ids)
    if (child := os.fork()) == 0:
        os._exit(0 if len(store.view(day(400)).tables().applicant_ids) == expected else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert len(store.view(day(400)).tables().applicant_ids) == expected
