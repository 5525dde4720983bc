"""`make bench-neo4j`: load, /risk and database hits on a real Neo4j server at one size and a tenth of it, beside bare statements on the same one."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import neo4j
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from graph.evidence import subject_of
from graph.model import Application
from graph.neo4j_store.database import as_sent
from graph.neo4j_store.intern import Interned
from graph.neo4j_store.store import Neo4jStore
from graph.neo4j_store.view import Neo4jView
from scripts.bench import AS_OF, Figures, loaded, measured, url
from scripts.bench_bare import bare_load, floor
from scripts.bench_traffic import bodies
from scripts.neo4j_server import PASSWORD, USER, Neo4jServer

WARM_UP = 1_000  # applicants
# A delivery goes in by parts of so many rows, each followed by its first rows in bare statements: the machine's speed changes within a load.
PART_ROWS = 200_000
MOST_PARTS = 5
RENAMED = frozenset({"application_id", "applicant_id", "counterparty_id", "event_id"})


def main() -> int:
    """Exit status: 0 measured, 1 a step failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/bench"), help="where worlds, stores and servers go (default var/bench)")
    parser.add_argument("--applicants", type=int, default=100_000, help="the large size; the small one is a tenth (default 100000)")
    parser.add_argument("--requests", type=int, default=2000, help="requests of each kind (default 2000)")
    parser.add_argument(
        "--warm-up", type=int, default=4000, help="requests before those: a Java server compiles what it is often asked (default 4000)"
    )
    parser.add_argument("--floor-rows", type=int, default=150_000, help="rows of all that the bare statements write (default 150000)")
    options = parser.parse_args()
    os.environ["RINGFENCE_HASH_KEY"] = secrets.token_hex(32)  # a Neo4j store makes none of its own
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
        with _driver(server) as driver:
            figures: Figures = {"cold": cold, **beside_bare(driver, records, server.url, options.floor_rows)}
            figures["hits"] = hits(driver, server.url)
        if not model.exists():
            measured("train_model.py", "--store", url(options.folder / str(options.applicants // 10)), "--as-of", AS_OF, "--out", model)
        casebook = f"sqlite:///{folder / f'casebook-{time.time_ns()}.db'}"
        command = [sys.executable, str(Path(__file__).parent / "serve.py"), "--store", server.url, "--model", str(model)]
        requests = bodies(str(records / "applications.parquet"), options.warm_up + options.requests)
        serve = [*command, "--casebook", casebook, "--port", "8703", "--workers", "2"]
        figures["risk"] = loaded(serve, "http://127.0.0.1:8703", requests, options.warm_up)
        with _driver(server) as driver:
            figures["floor"] = floor(driver, [application.applicant_id for application in _last(server.url, options.requests)])
        return figures
    finally:
        server.stop()


def _driver(server: Neo4jServer) -> neo4j.Driver:
    return neo4j.GraphDatabase.driver(f"bolt://127.0.0.1:{server.bolt_port}", auth=(USER, PASSWORD), notifications_min_severity="OFF")


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


def beside_bare(driver: neo4j.Driver, records: Path, store: str, most: int) -> Figures:
    """The delivery by parts, each by the whole door and then its first rows by bare statements: rows/s of both, and each part's ratio."""
    loads, bares = [], []
    for part, share in parts(records):
        loads.append(load_rate(part, store, part.parent))
        bares.append(bare_load(driver, part, int(most * share)))
    load, bare = _summed(loads, "read"), _summed(bares, "rows")
    return {"load": load, "bare": bare, "ratios": [round(x["rows_s"] / y["rows_s"], 2) for x, y in zip(loads, bares, strict=True)]}


def _summed(runs: Sequence[Figures], rows: str) -> Figures:
    count, seconds = sum(run[rows] for run in runs), sum(run["seconds"] for run in runs)
    return {rows: count, "seconds": round(seconds, 1), "rows_s": round(count / seconds)}


def parts(records: Path) -> Iterator[tuple[Path, float]]:
    """The delivery as several, each with an equal share of every table in its order, and that share."""
    tables = {path.name: pq.read_table(path) for path in records.glob("*.parquet")}
    count = max(1, min(MOST_PARTS, sum(map(len, tables.values())) // PART_ROWS))
    for n in range(count):
        part = records.parent / f"part-{n}"
        part.mkdir(exist_ok=True)
        for name, table in tables.items():
            first, end = (len(table) * k // count for k in (n, n + 1))
            pq.write_table(table.slice(first, end - first), part / name)
        yield part, 1 / count
        shutil.rmtree(part)


def load_rate(records: Path, store: str, folder: Path) -> Figures:
    """The whole door, rows/s."""
    load = measured("load_records.py", records, "--store", store, "--report", folder / "load-neo4j")
    return {**load, "rows_s": round(load["read"] / load["seconds"])}


def _last(store_url: str, count: int) -> list[Application]:
    as_of = datetime.fromisoformat(AS_OF).replace(tzinfo=UTC)
    with Neo4jStore(store_url) as store:
        return list(store.view(as_of).applications(as_of - timedelta(days=30)))[-count:]


def hits(driver: neo4j.Driver, store_url: str, count: int = 100) -> Figures:
    """Database hits of an assessment's reads: mean and most, over the last applications in the store."""
    with Neo4jStore(store_url) as store:
        mark = store.mark()
    applications = _last(store_url, count)
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
        cold, load, bare, risk = found["cold"], found["load"], found["bare"], found["risk"]["one_connection"]
        eight = found["risk"]["eight_connections"]
        one, create, hops = (found["floor"][name]["p50_ms"] for name in ("return_1", "create_one", "two_hops"))
        ratios = ", ".join(f"{ratio:.2f}" for ratio in found["ratios"])
        lines = (
            f"{int(size):,} applicants in Neo4j",
            f"  load   {load['rows_s']:,} rows/s (the first {cold['read']:,} of a server that had just started: {cold['rows_s']:,})",
            f"         bare UNWIND ... MERGE {bare['rows_s']:,} rows/s: {load['rows_s'] / bare['rows_s']:.2f} x (by parts {ratios})",
            f"  /risk  p50 {risk['p50_ms']} ms, p99 {risk['p99_ms']} ms; RETURN 1 p50 {one} ms: {risk['p50_ms'] / one:.1f} x",
            f"         floor of its statements, bare: one node created {create} ms, two hops {hops} ms: {(create + hops) / one:.1f} x",
            f"         {eight['requests_s']} requests/s over 8 connections; {risk['not_full'] + eight['not_full']} answers not full",
            f"  reads of an assessment: {found['hits']['mean']:,} database hits in the mean, {found['hits']['most']:,} at most",
        )
        print("\n".join(lines), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
