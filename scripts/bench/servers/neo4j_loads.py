"""Loads into a real Neo4j server: the whole load beside bare statements on the same one, with a frame that
follows.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import neo4j
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from graph.frame.location import frame_of
from graph.stores.neo4j.store import Neo4jStore
from scripts.bench.processor import seconds_of
from scripts.bench.servers.bare_statements import bare_load
from scripts.bench.worlds import Figures, measured
from scripts.tools.neo4j_server import PASSWORD, USER, Neo4jServer

WARM_UP = 1_000  # applicants
# A delivery goes in by parts of so many rows, each followed by its first rows in bare statements: the
# machine's speed changes within a load.
PART_ROWS = 200_000
MOST_PARTS = 5
RENAMED = frozenset({"application_id", "applicant_id", "counterparty_id", "event_id"})
PAUSE_S = 0.5  # between two looks of the frame that follows


def main() -> int:
    """Exit status: 0 measured, 1 a step failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("var/bench-neo4j"),
        help="where worlds and servers go (default var/bench-neo4j)",
    )
    parser.add_argument(
        "--applicants", type=int, default=100_000, help="the size of the world (default 100000)"
    )
    parser.add_argument(
        "--floor-rows",
        type=int,
        default=150_000,
        help="rows of all that the bare statements write (default 150000)",
    )
    parser.add_argument("--follow", nargs=2, metavar=("STORE", "FRAMES"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.follow:
        return follow(*options.follow)
    os.environ["RINGFENCE_HASH_KEY"] = secrets.token_hex(32)  # a Neo4j store makes none of its own
    try:
        figures = benched(options)
    except subprocess.CalledProcessError as failed:
        print(f"bench: {failed}", file=sys.stderr)
        return 1
    print(json.dumps(figures))
    return 0


def benched(options: argparse.Namespace) -> Figures:
    """The loads, on a server that is thrown away."""
    folder = options.folder / str(options.applicants)
    records = folder / "world" / "records"
    if not records.exists():
        measured(
            "make_world.py", folder / "world", "--applicants", options.applicants, "--days", 365, "--seed", 11
        )
    server = Neo4jServer(folder / f"neo4j-{time.time_ns()}", heap_mb=2048, page_cache_mb=1024)
    server.start()
    try:
        # what a server does in its first minute
        figures: Figures = {"cold": load_rate(warm_up(options.folder), server.url, folder)}
        driver = neo4j.GraphDatabase.driver(
            f"bolt://127.0.0.1:{server.bolt_port}", auth=(USER, PASSWORD), notifications_min_severity="OFF"
        )
        with driver, followed(server) as frame:
            figures |= beside_bare(driver, records, server.url, options.floor_rows)
        return figures | {"frame": frame}
    finally:
        server.stop()
        shutil.rmtree(server.folder)


@contextmanager
def followed(server: Neo4jServer) -> Iterator[Figures]:
    """A process of its own keeps a frame current meanwhile; afterwards there is what it cost, and what the
    server used.
    """
    frames, figures, before = server.folder / "frames", Figures(), seconds_of(server.pid or 0)
    command = [sys.executable, "-m", "scripts.bench.servers.neo4j_loads", "--follow", server.url, str(frames)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as follower:
        try:
            yield figures
        finally:
            follower.send_signal(signal.SIGTERM)
            message, _ = follower.communicate()
    figures.update(json.loads(message), server_processor_s=round(seconds_of(server.pid or 0) - before, 1))


def follow(store_url: str, frames: str) -> int:
    """Keep a frame current until SIGTERM, and say what it cost."""
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: ended.append(number))
    longest, before = 0.0, time.process_time()
    with Neo4jStore(store_url) as store:
        frame = frame_of(store, frames)
        last = False
        while not last:
            last, started = bool(ended), time.perf_counter()
            frame.catch_up()
            longest = max(longest, time.perf_counter() - started)
            time.sleep(0 if last else PAUSE_S)
        used = time.process_time() - before
        print(
            json.dumps(
                {
                    "marks": frame.revision,
                    "mb": frame.size >> 20,
                    "processor_s": round(used, 1),
                    "longest_catch_up_s": round(longest, 2),
                }
            )
        )
        frame.close()
    return 0


def warm_up(folder: Path) -> Path:
    """Records of other people, for a server that has just started: a small world whose ids are nobody
    else's.
    """
    world = folder / "warm-up"
    if not world.exists():
        measured("make_world.py", world, "--applicants", WARM_UP, "--days", 365, "--seed", 12)
        for path in (world / "records").glob("*.parquet"):
            table = pq.read_table(path)
            for n, name in enumerate(table.column_names):
                if name in RENAMED:
                    table = table.set_column(
                        n, name, pc.binary_join_element_wise(pa.scalar("warm-up"), table[name], "-")
                    )
            pq.write_table(table, path)
    return world / "records"


def beside_bare(driver: neo4j.Driver, records: Path, store: str, most: int) -> Figures:
    """The delivery by parts, each by the whole load and then its first rows by bare statements: rows/s of
    both, and each part's ratio.
    """
    loads, bares = [], []
    for part, share in parts(records):
        loads.append(load_rate(part, store, part.parent))
        bares.append(bare_load(driver, part, int(most * share)))
    load, bare = _summed(loads, "read"), _summed(bares, "rows")
    return {
        "load": load,
        "bare": bare,
        "ratios": [round(x["rows_s"] / y["rows_s"], 2) for x, y in zip(loads, bares, strict=True)],
    }


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
    """The whole load, rows/s."""
    load = measured("load_records.py", records, "--store", store, "--report", folder / "load-neo4j")
    return {**load, "rows_s": round(load["read"] / load["seconds"])}


if __name__ == "__main__":
    sys.exit(main())
