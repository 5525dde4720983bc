"""What all tests share: fixtures, how many examples are drawn, and which tests run in one process when
several run the suite.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling, Scheduling

from service.app import create_app
from service.assessment.context import AppContext
from tests.support.casebooks import casebook_url, postgres, postgres_server
from tests.support.servers.left_behind import left_behind
from tests.support.small_service import service
from tests.support.stores import ON_NEO4J

__all__ = ["casebook_url", "postgres", "postgres_server"]  # fixtures

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the processes that tests start read one another's byte code

# Spark's Java lives for seconds in a test: a quarter of them would go into machine code that hardly runs.
# TMPDIR does not tell it where to keep what is temporary.
os.environ.setdefault(
    "SPARK_SUBMIT_OPTS", f"-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Djava.io.tmpdir={left_behind()}"
)

# The same examples every time: who breaks a law hears of it at once and again, and no other change is blamed
# for an unlucky draw.
settings.register_profile("fast", max_examples=25, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=200, deadline=None, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))

# Files (by their names) and groups that begin first, because they take longest: whoever takes one last keeps
# everybody waiting. Those of the slow tests lead.
LONGEST = (
    "test_killed_on_spark",
    "neo4j",
    "test_rings_of_delivery_command",
    "test_hostile_deliveries",
    "test_first_look",
    "test_rings_on_spark_command",
    "test_batch_on_spark",
    "test_rings_on_spark",
    "test_delivery_on_spark",
    "test_frame_facts",
    "test_serve",
    "test_desk_accessibility",
    "test_features",
    "test_frame_files",
    "test_desk_browser",
    "test_desk_graph_work",
    "test_desk_explore",
)
TOGETHER = {
    "test_casebook": "postgres",
    "test_databases": "postgres",
    "test_casebook_guards": "postgres",
    "test_control_characters": "postgres",
    "test_full_casebook": "postgres",
    "test_casebook_migrations": "postgres",
    "test_users": "postgres",
    "test_copy_store": "neo4j",
}  # one server for all of a group


def _group(nodeid: str) -> str:
    """What one process runs from end to end: a file with its fixtures, and everything that asks one
    server.
    """
    path = nodeid.partition("::")[0]
    stem = Path(path).stem
    return "neo4j" if ON_NEO4J or stem.startswith("test_neo4j") else TOGETHER.get(stem, path)


def _begins(item: pytest.Item) -> int:
    """Its place among what begins first."""
    name = Path(_group(item.nodeid)).stem
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


class ByGroup(LoadFileScheduling):
    """xdist's own groups by mark do nothing under pytest 9.2."""

    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """What `-n auto` means: twice as many processes as cores, at most four, because one that waits for a
    browser, a server or a child leaves its core idle.
    """
    return min(4, 2 * len(os.sched_getaffinity(0)))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Whole groups go to processes, in the order of `pytest_collection_modifyitems`."""
    return ByGroup(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest groups first."""
    items.sort(key=_begins)


@pytest.fixture
def context(tmp_path: Path) -> Iterator[AppContext]:
    """A service on a random small world."""
    opened = service(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def client(context: AppContext) -> FlaskClient:
    """Somebody who calls the service of `context` and needs no key."""
    return create_app(context).test_client()
