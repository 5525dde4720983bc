"""A search for every name of those who were erased in all that a Neo4j graph and a PostgreSQL schema say."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from graph.journal.entry import decode
from graph.model.errors import StoreUnavailableError
from graph.stores.neo4j.address import address_of
from graph.stores.neo4j.database import Database
from tests.support.erasure.crowd import gone_in

HOW_TO = Path(__file__).parents[3] / "docs" / "how_to" / "erase_a_person.md"
_PROPERTIES = (
    ("node", "MATCH (n) RETURN labels(n), properties(n)"),
    ("relationship", "MATCH ()-[r]->() RETURN [type(r)], properties(r)"),
)
_SAMPLED = """SELECT tablename, attname, most_common_vals, histogram_bounds FROM pg_stats
    WHERE schemaname = current_schema()"""


def traces_in_graph(url: str) -> Counter[str]:
    """How often each property of each kind of node and relationship of the whole server names one of the
    erased.
    """
    found, database = Counter[str](), Database(address_of(url))
    try:
        for kind, statement in _PROPERTIES:
            for labels, properties in database.read(statement):
                for name, value in properties.items():
                    found[f"{kind} {_sort(labels)}.{name}"] += sum(map(gone_in, _readable(value)))
    finally:
        database.close()
    return +found


def _sort(labels: list[str]) -> str:
    """Without the name of the graph, of which a test server has several."""
    return labels[0].partition("_")[0]


def analysed(url: str) -> None:
    """Have a PostgreSQL server sample all columns, as its autovacuum does when it sees fit."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("ANALYZE")
    finally:
        engine.dispose()


def traces_in_rows(url: str) -> Counter[str]:
    """How often each column of each table names one of the erased, in what is compressed in it too, and in
    what the server has sampled of the columns.
    """
    found, engine = Counter[str](), sa.create_engine(url)
    try:
        with engine.connect() as connection:
            for table in sa.inspect(connection).get_table_names():
                for row in connection.execute(sa.text(f'SELECT * FROM "{table}"')).mappings():
                    for name, value in row.items():
                        found[f"{table}.{name}"] += sum(map(gone_in, _readable(value)))
            for table, name, *sampled in connection.execute(sa.text(_SAMPLED)):
                found[f"samples of {table}.{name}"] += gone_in(str(sampled).encode())
    finally:
        engine.dispose()
    return +found


def overwrite_as_documented(url: str) -> None:
    """Run the statements that the how-to gives for old bytes on a PostgreSQL server."""
    _, _, rest = HOW_TO.read_text(encoding="utf-8").partition("```sql\n")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for statement in rest.partition("```")[0].splitlines():
                connection.exec_driver_sql(statement)
    finally:
        engine.dispose()


def data_folder(url: str) -> Path:
    """Where a PostgreSQL server on this machine keeps everything."""
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            return Path(connection.execute(sa.text("SHOW data_directory")).scalar_one())
    finally:
        engine.dispose()


def _readable(value: Any) -> Iterator[bytes]:
    """The bytes of a value, and what is packed in it."""
    if not isinstance(value, bytes | bytearray | memoryview):
        yield str(value).encode()
        return
    yield (held := bytes(value))
    with suppress(zlib.error):
        yield zlib.decompress(held)
    with suppress(StoreUnavailableError):  # else it is no entry of the journal
        yield decode(held).heap.tobytes()
