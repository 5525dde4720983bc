"""`make bench-neo4j`: /risk on Neo4j beside the same world in the embedded store and a bare echo, in turns
within one run; figures alone.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import neo4j

from graph.frame.location import frame_of
from scripts.bench.processes import leave_on_sigterm, running
from scripts.bench.processor import seconds_of
from scripts.bench.traffic import bodies, keyed, traffic, wait_until_ready
from scripts.bench.worlds import SCRIPTS, Figures, measured, records_of, trained, url
from scripts.tools.neo4j_server import PASSWORD, USER, Neo4jServer
from service.opening import open_existing
from service.settings import Settings

PORTS = {"echo": 8701, "embedded": 8702, "neo4j": 8703}
CONNECTIONS = (1, 8)


@dataclass
class Runner:
    """One server under load: its address, its processes, requests not yet sent, and what each round measured,
    by connections.
    """

    address: str
    pids: list[int]
    requests: list[bytes]
    rounds: dict[int, list[Figures]] = field(default_factory=lambda: {each: [] for each in CONNECTIONS})

    def round(self, count: int, connections: int) -> None:
        """Send the next requests."""
        now, self.requests = self.requests[:count], self.requests[count:]
        before = [seconds_of(pid) for pid in self.pids]
        result: Figures = dict(traffic(self.address, now, connections))
        result["processor_ms"] = [
            (seconds_of(pid) - was) * 1000 / count for pid, was in zip(self.pids, before, strict=True)
        ]
        self.rounds[connections].append(result)

    def figures(self, connections: int) -> Figures:
        """Medians over the rounds; how many answers were not 200 or not full in all of them."""
        rounds = self.rounds[connections]
        medians = {
            name: round(statistics.median(each[name] for each in rounds), 2)
            for name in ("p50_ms", "p99_ms", "requests_s")
        }
        processor = [
            round(statistics.median(each["processor_ms"][n] for each in rounds), 2)
            for n in range(len(self.pids))
        ]
        return (
            medians
            | {"processor_ms": processor}
            | {name: sum(each[name] for each in rounds) for name in ("not_200", "not_full")}
        )


def main() -> int:
    """Exit status: 0 measured, 1 a step failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("var/bench-neo4j"),
        help="where world, stores and model are kept (default var/bench-neo4j)",
    )
    parser.add_argument(
        "--applicants", type=int, default=100_000, help="the size of the world (default 100000)"
    )
    parser.add_argument(
        "--model",
        type=Path,
        help="the model's folder (default: one in the folder, trained on the embedded store where there is "
        "none)",
    )
    parser.add_argument("--rounds", type=int, default=5, help="turns of each server (default 5)")
    parser.add_argument(
        "--requests", type=int, default=400, help="requests of each kind a round (default 400)"
    )
    parser.add_argument(
        "--warm-up",
        type=int,
        default=2000,
        help="requests before those: a Java server compiles what it is often asked (default 2000)",
    )
    options = parser.parse_args()
    folder = options.folder / str(options.applicants)
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["RINGFENCE_HASH_KEY"] = _hash_key(folder)
    os.environ["RINGFENCE_FRAME"] = str((folder / "frames").absolute())
    server = Neo4jServer(folder / "neo4j", heap_mb=2048, page_cache_mb=1024)
    leave_on_sigterm()
    try:
        server.start()
        figures = prepared(folder, options.applicants, server)
        model = options.model or options.folder / "model"
        figures["train"] = trained(model, url(folder))
        figures["risk"] = raced(folder, model, server, options)
    except subprocess.CalledProcessError as failed:
        print(f"bench: {failed}", file=sys.stderr)
        return 1
    finally:
        server.stop()
    report(figures)
    print(json.dumps(figures))
    return 0


def _hash_key(folder: Path) -> str:
    """The key of the pseudonyms of the stores that are kept there."""
    kept = folder / "hash-key"
    if not kept.exists():
        kept.write_text(secrets.token_hex(32))
    return kept.read_text()


def prepared(folder: Path, applicants: int, server: Neo4jServer) -> Figures:
    """The world and both stores, made and loaded where they are not there yet; what the loads said."""
    records, figures = records_of(folder, applicants), Figures()
    for name, store in (("sqlite", url(folder)), ("neo4j", server.url)):
        loaded = folder / f"load-{name}.json"
        if not loaded.exists():
            load = measured("load_records.py", records, "--store", store, "--report", folder / f"load-{name}")
            loaded.write_text(json.dumps(load))
        figures[f"load_{name}"] = json.loads(loaded.read_text())
        fill(store)
    return figures


def fill(store_url: str) -> None:
    """Bring the store's frame up to date, which a service does beside its first answers."""
    settings = Settings.from_environment()
    with open_existing(store_url) as store:
        frame = frame_of(store, settings.frame)
        frame.catch_up()
        frame.snapshot()
        frame.close()


def raced(folder: Path, model: Path, server: Neo4jServer, options: argparse.Namespace) -> Figures:
    """All three servers up at once, asked in turns: one connection, then eight."""
    each = options.warm_up + options.rounds * options.requests * len(CONNECTIONS)
    records = str(folder / "world" / "records" / "applications.parquet")
    with ExitStack() as up:
        runners = {"echo": Runner(*up.enter_context(_served(_echo(), "echo")), bodies(records, each))}
        for name, store in (("embedded", url(folder)), ("neo4j", server.url)):
            runners[name] = Runner(
                *up.enter_context(_served(_risk(name, store, model, folder), name)), bodies(records, each)
            )
        runners["neo4j"].pids.append(server.pid or 0)
        for runner in runners.values():
            traffic(runner.address, runner.requests[: options.warm_up], 4)
            runner.requests = runner.requests[options.warm_up :]
        for _ in range(options.rounds):
            for connections in CONNECTIONS:
                for runner in runners.values():
                    runner.round(options.requests, connections)
        figures: Figures = {
            name: {str(n): runner.figures(n) for n in CONNECTIONS} for name, runner in runners.items()
        }
        return figures | {"return_1_ms": _return_1(server)}


def _echo() -> list[str]:
    return [sys.executable, "-m", "scripts.bench.risk.echo", str(PORTS["echo"]), "2"]


def _risk(name: str, store: str, model: Path, folder: Path) -> list[str]:
    casebook = f"sqlite:///{folder / f'casebook-{name}-{time.time_ns()}.db'}"
    ours = [
        "--store",
        store,
        "--model",
        str(model),
        "--casebook",
        casebook,
        "--port",
        str(PORTS[name]),
        "--workers",
        "2",
    ]
    return [sys.executable, str(SCRIPTS / "serve.py"), *ours]


@contextmanager
def _served(command: list[str], name: str) -> Iterator[tuple[str, list[int]]]:
    """A server while it runs: its address and its process."""
    print(f"== {name}", file=sys.stderr, flush=True)
    address = f"http://127.0.0.1:{PORTS[name]}"
    with running(command, keyed()) as process:
        wait_until_ready(address, process)
        yield address, [process.pid]


def _return_1(server: Neo4jServer) -> float:
    """The median of the smallest question there is, one after the other in one session, in ms."""
    times = []
    driver = neo4j.GraphDatabase.driver(
        f"bolt://127.0.0.1:{server.bolt_port}", auth=(USER, PASSWORD), notifications_min_severity="OFF"
    )
    with driver, driver.session() as session:
        for _ in range(1000):
            started = time.perf_counter()
            session.run("RETURN 1").consume()
            times.append((time.perf_counter() - started) * 1000)
    return round(statistics.median(times[250:]), 2)


def report(figures: Figures) -> None:
    """The table that the docs/benchmarks.md shows, on stderr."""
    risk = figures["risk"]
    one, eight = ({name: risk[name][str(n)] for name in PORTS} for n in CONNECTIONS)
    for name in PORTS:
        a, b = one[name], eight[name]
        ratios = (
            f"{a['p50_ms'] / one['echo']['p50_ms']:.1f} x the echo, "
            f"{a['p50_ms'] / one['embedded']['p50_ms']:.2f} x the embedded store"
        )
        print(f"{name}: p50 {a['p50_ms']} ms ({ratios}), p99 {a['p99_ms']} ms", file=sys.stderr)
        print(
            f"  {b['requests_s']} requests/s over 8 connections, p50 {b['p50_ms']} ms, p99 {b['p99_ms']} ms",
            file=sys.stderr,
        )
        print(
            (
                f"  processor a request: {a['processor_ms']} ms, over 8 {b['processor_ms']} ms (the "
                "service, the server)"
            ),
            file=sys.stderr,
        )
        print(
            f"  answers not 200: {a['not_200'] + b['not_200']}, not full: {a['not_full'] + b['not_full']}",
            file=sys.stderr,
        )
    print(f"RETURN 1: {risk['return_1_ms']} ms", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
