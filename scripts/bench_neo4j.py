"""`make bench-neo4j`: load, /risk and database hits on a real Neo4j server at one size and a tenth of it, beside bare statements on the same one."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import neo4j
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from graph.evidence import subject_of
from graph.neo4j_store.database import as_sent
from graph.neo4j_store.intern import Interned
from graph.neo4j_store.store import Neo4jStore
from graph.neo4j_store.view import Neo4jView
from scripts.bench import AS_OF, Figures, loaded, measured, url
from scripts.bench_traffic import bodies
from scripts.neo4j_server import PASSWORD, USER, Neo4jServer

BATCH = 5_000
WARM_UP = 1_000  # applicants
RENAMED = frozenset({"application_id", "applicant_id", "counterparty_id", "event_id"})
IDENTIFIERS = ("national_id", "phone", "device_id", "bank_card", "email", "ip", "wifi", "address", "employer", "contact_phone_1", "contact_phone_2")
KEYS = {"applications": "application_id", "events": "event_id", "devices": "device_id", "merchants": "merchant_id", "platforms": "platform_id"}
# The graph that one would write by hand: a node a row, merged by its key, tied to its applicant, and to each value that it names.
BARE_NODE = "UNWIND $rows AS row MERGE (n:Bare{table} {{id: row.id}}) SET n += row.columns"
BARE_PERSON = " MERGE (p:BareApplicant {id: row.who}) MERGE (p)-[:DID]->(n)"
BARE_VALUES = " WITH p, row UNWIND row.values AS value MERGE (i:BareValue {id: value}) MERGE (p)-[:HAS]->(i)"


def main() -> int:
    """Exit status: 0 measured, 1 a step failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/bench"), help="where worlds, stores and servers go (default var/bench)")
    parser.add_argument("--applicants", type=int, default=100_000, help="the large size; the small one is a tenth (default 100000)")
    parser.add_argument("--requests", type=int, default=2000, help="requests of each kind (default 2000)")
    parser.add_argument(
        "--warm-up", type=int, default=4000, help="requests before those: a Java server compiles what it is often asked (default 4000)"
    )
    parser.add_argument("--floor-rows", type=int, default=150_000, help="rows of a delivery that the bare statements write (default 150000)")
    options = parser.parse_args()
    os.environ["RINGFENCE_HASH_KEY"] = "a key for benchmarks"  # a Neo4j store makes none of its own
    figures: Figures = {}
    try:
        for applicants in (options.applicants // 10, options.applicants):
            figures[str(applicants)] = benched(options, applicants)
            report({str(applicants): figures[str(applicants)]})
    except subprocess.CalledProcessError as failed:
        print(f"bench: {failed}", file=sys.stderr)
        return 1
    print(json.dumps(figures))
    return 0


def benched(options: argparse.Namespace, applicants: int) -> Figures:
    """One size on a server of its own."""
    folder = options.folder / str(applicants)
    records = folder / "world" / "records"
    if not records.exists():
        measured("make_world.py", folder / "world", "--applicants", applicants, "--days", 365, "--seed", 11)
    model = options.folder / "model"
    server = Neo4jServer(folder / f"neo4j-{time.time_ns()}", heap_mb=2048, page_cache_mb=2048)
    server.start()
    try:
        cold = load_rate(warm_up(options.folder), server.url, folder)  # what a server does in its first minute, beside what it does at work
        load = load_rate(records, server.url, folder)
        with neo4j.GraphDatabase.driver(f"bolt://127.0.0.1:{server.bolt_port}", auth=(USER, PASSWORD), notifications_min_severity="OFF") as driver:
            figures: Figures = {"cold": cold, "load": load, "bare": bare_load(driver, records, options.floor_rows), "return_1": return_1(driver)}
            figures["hits"] = hits(driver, server.url)
        if not model.exists():
            measured("train_model.py", "--store", url(options.folder / str(options.applicants // 10)), "--as-of", AS_OF, "--out", model)
        casebook = f"sqlite:///{folder / f'casebook-{time.time_ns()}.db'}"
        command = [sys.executable, str(Path(__file__).parent / "serve.py"), "--store", server.url, "--model", str(model)]
        requests = bodies(str(records / "applications.parquet"), options.warm_up + options.requests)
        figures["risk"] = loaded(
            [*command, "--casebook", casebook, "--port", "8703", "--workers", "2"], "http://127.0.0.1:8703", requests, options.warm_up
        )
        return figures
    finally:
        server.stop()


def warm_up(folder: Path) -> Path:
    """Records of other people, for a server that has just started: a small world whose ids are nobody else's."""
    world = folder / "warm-up"
    if not world.exists():
        measured("make_world.py", world, "--applicants", WARM_UP, "--days", 365, "--seed", 12)
        for path in (world / "records").glob("*.parquet"):
            table = pq.read_table(path)
            for n, name in enumerate(table.column_names):
                if name in RENAMED:
                    table = table.set_column(n, name, pc.binary_join_element_wise(pa.scalar("warm-up"), table[name], "-"))
            pq.write_table(table, path)
    return world / "records"


def load_rate(records: Path, store: str, folder: Path) -> Figures:
    """The whole door, rows/s."""
    load = measured("load_records.py", records, "--store", store, "--report", folder / "load-neo4j")
    return {**load, "rows_s": round(load["read"] / load["seconds"])}


def bare_load(driver: neo4j.Driver, records: Path, most: int) -> Figures:
    """The first rows of every table, in proportion, by bare statements: rows/s."""
    tables = {path.stem: pq.read_table(path) for path in sorted(records.glob("*.parquet"))}
    share = min(1.0, most / sum(table.num_rows for table in tables.values()))
    for label in ("Applicant", "Value", *(name.title() for name in tables)):
        driver.execute_query(f"CREATE CONSTRAINT bare_{label.lower()} IF NOT EXISTS FOR (n:Bare{label}) REQUIRE n.id IS UNIQUE")
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
    return {"rows": written, "seconds": round(seconds, 1), "rows_s": round(written / seconds)}


def _write(transaction: neo4j.ManagedTransaction, statement: str, rows: list[dict[str, Any]]) -> None:
    transaction.run(statement, rows=rows).consume()


def _bare(name: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        told = {column: value for column, value in row.items() if value is not None}
        values = [f"{column}:{told[column]}" for column in (*IDENTIFIERS, *(("phone",) if name == "contacts" else ())) if column in told]
        key = told.get(KEYS.get(name, ""), "|".join(map(str, told.values())))
        yield {"id": key, "who": told.get("applicant_id") or told.get("application_id"), "columns": told, "values": values}


def return_1(driver: neo4j.Driver, count: int = 2000) -> Figures:
    """`RETURN 1` in one session: p50 and p99 in ms."""
    times = []
    with driver.session() as session:
        for _ in range(count):
            started = time.perf_counter()
            session.run("RETURN 1").consume()
            times.append((time.perf_counter() - started) * 1000)
    cuts = statistics.quantiles(times[count // 10 :], n=100)
    return {"p50_ms": round(cuts[49], 2), "p99_ms": round(cuts[98], 2)}


def hits(driver: neo4j.Driver, store_url: str, count: int = 100) -> Figures:
    """Database hits of an assessment's reads: mean and most, over the last applications in the store."""
    as_of = datetime.fromisoformat(AS_OF).replace(tzinfo=UTC)
    with Neo4jStore(store_url) as store:
        mark = store.mark()
        applications = list(store.view(as_of).applications(as_of - timedelta(days=3)))[-count:]
    found: list[int] = []
    with driver.session() as session:

        def profiled(text: str, /, **given: Any) -> list[list[Any]]:
            result = session.run(f"PROFILE {as_sent(text, None)}", {"q": given})
            rows: list[list[Any]] = result.values()
            found[-1] += _hits(result.consume().profile)
            return rows

        for application in applications:
            found.append(0)
            Neo4jView(profiled, Interned(), application.applied_at, mark).evidence_of(subject_of(application))
    return {"assessments": len(found), "mean": round(statistics.mean(found)), "most": max(found)}


def _hits(plan: Any) -> int:
    return int(plan.get("dbHits", 0)) + sum(_hits(child) for child in plan.get("children", ()))


def report(figures: Figures) -> None:
    """The table that the README shows, on stderr."""
    for size, found in figures.items():
        cold, load, bare, one, risk = found["cold"], found["load"], found["bare"], found["return_1"], found["risk"]["one_connection"]
        eight = found["risk"]["eight_connections"]
        lines = (
            f"{int(size):,} applicants in Neo4j",
            f"  load   {load['rows_s']:,} rows/s (the first {cold['read']:,} of a server that had just started: {cold['rows_s']:,})",
            f"         bare UNWIND ... MERGE {bare['rows_s']:,} rows/s: {load['rows_s'] / bare['rows_s']:.2f} x",
            f"  /risk  p50 {risk['p50_ms']} ms, p99 {risk['p99_ms']} ms; RETURN 1 p50 {one['p50_ms']} ms: {risk['p50_ms'] / one['p50_ms']:.1f} x",
            f"         {eight['requests_s']} requests/s over 8 connections; {risk['not_full'] + eight['not_full']} answers not full",
            f"  reads of an assessment: {found['hits']['mean']:,} database hits in the mean, {found['hits']['most']:,} at most",
        )
        print("\n".join(lines), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
