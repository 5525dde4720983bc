"""What a benchmark of Neo4j is held beside: bare statements by the driver on the same server, as one would
write them by hand.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import neo4j
import pyarrow.parquet as pq

Figures = dict[str, Any]
BATCH = 5_000
TIMES = 2_000  # that each statement of the floor runs
IDENTIFIERS = (
    "national_id",
    "phone",
    "device_id",
    "bank_card",
    "email",
    "ip",
    "wifi",
    "address",
    "employer",
    "contact_phone_1",
    "contact_phone_2",
)
KEYS = {
    "applications": "application_id",
    "events": "event_id",
    "devices": "device_id",
    "merchants": "merchant_id",
    "platforms": "platform_id",
}
# What any answer needs of the server, bare: a fact written, and two hops from a person over at most 24
# holders an identifier, without guards, counts or time.
CREATE_ONE = "CREATE (:BareFact {id: $q.id})"
TWO_HOPS = """MATCH (p:Applicant {applicant_id: $q.who})-[:USES|NAMES_AS_CONTACT|NAMES_AS_EMPLOYER]->(i)
    CALL (i) { MATCH (i)<-[:USES|NAMES_AS_CONTACT|NAMES_AS_EMPLOYER]-(holder) RETURN holder LIMIT 24 }
    WITH DISTINCT holder LIMIT 24 MATCH (holder)-[t:USES|NAMES_AS_CONTACT|NAMES_AS_EMPLOYER]->(j)
    RETURN collect([holder.applicant_id, j.node, t.since.epochSeconds])"""
# The graph that one would write by hand: a node a row, merged by its key, tied to its applicant, and to each
# value that it names.
BARE_NODE = "UNWIND $rows AS row MERGE (n:Bare{table} {{id: row.id}}) SET n += row.columns"
BARE_PERSON = " MERGE (p:BareApplicant {id: row.who}) MERGE (p)-[:DID]->(n)"
BARE_VALUES = " WITH p, row UNWIND row.values AS value MERGE (i:BareValue {id: value}) MERGE (p)-[:HAS]->(i)"


def bare_load(driver: neo4j.Driver, records: Path, most: int) -> Figures:
    """The first rows of every table, in proportion, by bare statements: rows/s."""
    tables = {path.stem: pq.read_table(path) for path in sorted(records.glob("*.parquet"))}
    share = min(1.0, most / sum(table.num_rows for table in tables.values()))
    for label in ("Applicant", "Value", *(name.title() for name in tables)):
        driver.execute_query(
            f"CREATE CONSTRAINT bare_{label.lower()} IF NOT EXISTS FOR (n:Bare{label}) REQUIRE n.id IS UNIQUE"
        )
    driver.execute_query("CALL db.awaitIndexes(300)")
    written, seconds = 0, 0.0
    for name, table in tables.items():
        rows = table.slice(0, int(table.num_rows * share)).to_pylist()
        statement = BARE_NODE.format(table=name.title())
        if rows and "applicant_id" in rows[0]:
            statement += BARE_PERSON + BARE_VALUES
        started = time.perf_counter()
        with driver.session() as session:
            for start in range(0, len(rows), BATCH):
                batch = list(_bare(name, rows[start : start + BATCH]))
                session.execute_write(_write, statement, batch)
        seconds += time.perf_counter() - started
        written += len(rows)
    return {"rows": written, "seconds": round(seconds, 2), "rows_s": round(written / seconds)}


def _write(transaction: neo4j.ManagedTransaction, statement: str, rows: list[dict[str, Any]]) -> None:
    transaction.run(statement, rows=rows).consume()


def _bare(name: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        summary = {column: value for column, value in row.items() if value is not None}
        values = [
            f"{column}:{summary[column]}"
            for column in (*IDENTIFIERS, *(("phone",) if name == "contacts" else ()))
            if column in summary
        ]
        key = summary.get(KEYS.get(name, ""), "|".join(map(str, summary.values())))
        yield {
            "id": key,
            "who": summary.get("applicant_id") or summary.get("application_id"),
            "columns": summary,
            "values": values,
        }


def floor(driver: neo4j.Driver, who: Sequence[str]) -> Figures:
    """Bare statements in one session: p50 and p99 in ms of `RETURN 1`, of one node created, and of two hops
    from `who`.
    """
    with driver.session() as session:
        session.run(
            "CREATE CONSTRAINT bare_fact IF NOT EXISTS FOR (n:BareFact) REQUIRE n.id IS UNIQUE"
        ).consume()
        return {
            "return_1": _timed(lambda _: session.run("RETURN 1").consume()),
            "create_one": _timed(lambda n: session.run(CREATE_ONE, q={"id": str(n)}).consume()),
            "two_hops": _timed(lambda n: session.run(TWO_HOPS, q={"who": who[n % len(who)]}).consume()),
        }


def _timed(run: Callable[[int], Any]) -> Figures:
    times = []
    for n in range(TIMES):
        started = time.perf_counter()
        run(n)
        times.append((time.perf_counter() - started) * 1000)
    cuts = statistics.quantiles(times[TIMES // 4 :], n=100)  # a Java server compiles what it is often asked
    return {"p50_ms": round(cuts[49], 2), "p99_ms": round(cuts[98], 2)}
