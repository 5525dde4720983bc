"""What 1, 2 and 3 service processes answer over one Neo4j and one PostgreSQL, beside what the same
store takes in when nobody assesses, measured before and after in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path

from graph.model.types import Application, Facts
from graph.store.port import GraphStore
from scripts.bench.processes import running
from scripts.bench.processor import seconds_of
from scripts.bench.servers.machines import PORTS, Machine
from scripts.bench.servers.shared_store import options_of, shared_store
from scripts.bench.traffic import bodies, traffic
from scripts.bench.worlds import Figures
from scripts.tools.neo4j_server import Neo4jServer
from service.opening import open_store

CONNECTIONS = 6  # of all callers together, and of all who only write
WRITERS = 3  # processes that only write


def main() -> int:
    """Exit status: 0 measured, 1 a step failed."""
    parser = options_of(__doc__)
    parser.add_argument("--requests", type=int, default=3_000, help="of each number of processes (3000)")
    parser.add_argument("--write", nargs=2, metavar=("STORE", "COUNT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        return write(options.write[0], int(options.write[1]))
    try:
        with shared_store(options.folder, options.applicants) as shared:
            command = shared.serving()
            machines = [Machine(port, command, shared.scratch / f"frame-{port}") for port in PORTS]
            print(json.dumps(rungs(shared.server, machines, shared.records, options.requests)))
    except subprocess.CalledProcessError as failed:
        print(f"bench.throughput: {failed}", file=sys.stderr)
        return 1
    return 0


def rungs(server: Neo4jServer, machines: Sequence[Machine], records: Path, count: int) -> Figures:
    """The figures of each number of machines, and of the store alone before and after."""
    alone(server, count)  # a server that has just started compiles its own code
    found: Figures = {"store alone, before": alone(server, count)}
    for number in range(1, len(machines) + 1):
        found[f"{number} processes"] = answered(server, machines[:number], records, count)
    return found | {"store alone, after": alone(server, count)}


def answered(server: Neo4jServer, machines: Sequence[Machine], records: Path, count: int) -> Figures:
    """So many requests over all machines at once, each asked by its share of the connections."""
    warm, requests = (bodies(str(records / "applications.parquet"), n) for n in (count // 10, count))
    each = CONNECTIONS // len(machines)
    with ExitStack() as beside:
        for machine in machines:
            beside.callback(machine.end)
            machine.start()
            traffic(machine.address, warm[PORTS.index(machine.port) :: len(PORTS)], each)
        before, started = _processor(server, machines), time.perf_counter()
        with ThreadPoolExecutor(len(machines)) as pool:
            shares = [requests[n :: len(machines)] for n in range(len(machines))]
            results = list(pool.map(lambda m, share: traffic(m.address, share, each), machines, shares))
        seconds = time.perf_counter() - started
        used = [now - then for now, then in zip(_processor(server, machines), before, strict=True)]
    return {
        "requests_s": round(count / seconds, 1),
        "p99_ms": max(one["p99_ms"] for one in results),
        "not_200": sum(one["not_200"] for one in results),
        "not_full": sum(one["not_full"] for one in results),
        "server_ms": round(1000 * used[0] / count, 2),
        "service_ms": round(1000 * used[1] / count, 2),
        "load_average": round(os.getloadavg()[0], 1),
    }


def alone(server: Neo4jServer, count: int) -> Figures:
    """So many applications written by WRITERS processes, as a service writes them, and nothing else."""
    command = [
        sys.executable,
        "-m",
        "scripts.bench.servers.throughput",
        "--write",
        server.url,
        str(count // WRITERS),
    ]
    with ExitStack() as beside:
        writers = [beside.enter_context(running(command, streams=subprocess.PIPE)) for _ in range(WRITERS)]
        for writer in writers:
            assert writer.stdout is not None
            writer.stdout.readline()  # it is ready
        before, started = seconds_of(server.pid or 0), time.perf_counter()
        for writer in writers:
            writer.communicate(b"go\n")
    seconds = time.perf_counter() - started
    used = seconds_of(server.pid or 0) - before
    if failed := [writer.returncode for writer in writers if writer.returncode]:
        raise subprocess.CalledProcessError(failed[0], command)
    return {
        "facts_s": round(count / seconds, 1),
        "server_ms": round(1000 * used / count, 2),
        "load_average": round(os.getloadavg()[0], 1),
    }


def write(url: str, count: int) -> int:
    """Write so many applications, which name what the store's own do, when told to. Exit status: 0 done."""
    now = datetime.now(UTC)
    with open_store(url) as store:
        known = list(islice(store.view(now).applications(now - timedelta(days=3650)), 2000))
        fresh = [
            replace(one, application_id=f"alone-{os.getpid()}-{n}", applied_at=now)
            for n, one in enumerate(islice(cycle(known), count))
        ]
        shares = [fresh[n :: CONNECTIONS // WRITERS] for n in range(CONNECTIONS // WRITERS)]
        with ThreadPoolExecutor(len(shares)) as pool:
            print("ready", flush=True)
            sys.stdin.readline()
            list(pool.map(lambda share: _written(store, share), shares))
    return 0


def _written(store: GraphStore, share: Sequence[Application]) -> None:
    for one in share:
        store.add(Facts(applications=(one,)))


def _processor(server: Neo4jServer, machines: Sequence[Machine]) -> tuple[float, float]:
    """Seconds of the processor of the server and of all machines."""
    services = (machine.process.pid for machine in machines if machine.process)
    return seconds_of(server.pid or 0), sum(map(seconds_of, services))


if __name__ == "__main__":
    sys.exit(main())
