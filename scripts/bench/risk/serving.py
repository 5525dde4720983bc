"""`make bench`: speed and memory at several sizes, each beside its floor in the same run, and at a hub.
Figures, never a pass or a fail.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from scripts.bench.processes import leave_on_sigterm, running
from scripts.bench.processor import seconds_of
from scripts.bench.traffic import bodies, keyed, traffic, wait_until_ready
from scripts.bench.worlds import AS_OF, SCRIPTS, Figures, made_world, measured, trained, url

HUB = "7f3a9c0de4b71256"  # a device


def main() -> int:
    """Exit status: 0 measured, 1 a step failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("var/bench"),
        help="where worlds and stores go (default var/bench)",
    )
    parser.add_argument(
        "--applicants",
        type=int,
        nargs="+",
        default=[10_000, 100_000],
        help="sizes, each with a folder of that name",
    )
    parser.add_argument(
        "--reuse",
        action="store_true",
        help="measure serving alone where a folder holds graph.db and world/records already",
    )
    parser.add_argument(
        "--hub",
        type=int,
        default=0,
        help="also load so many applications that name one device, and ask for it (100000)",
    )
    parser.add_argument("--requests", type=int, default=2000, help="requests of each kind (default 2000)")
    options = parser.parse_args()
    figures: Figures = {}
    leave_on_sigterm()
    try:
        for applicants in options.applicants:
            folder = options.folder / str(applicants)
            there = options.reuse and (folder / "graph.db").exists()
            figures[str(applicants)] = {} if there else prepared(folder, applicants)
        model = options.folder / "model"
        figures["train"] = trained(model, url(options.folder / str(min(options.applicants))))
        for applicants in options.applicants:
            folder, result = options.folder / str(applicants), figures[str(applicants)]
            result["risk"] = served(folder, model, options.requests)
            if options.hub:
                result["hub"] = served(folder, model, options.requests, hub=options.hub)
    except subprocess.CalledProcessError as failed:
        print(f"bench: {failed}", file=sys.stderr)
        return 1
    report(figures)
    print(json.dumps(figures))
    return 0


def prepared(folder: Path, applicants: int) -> Figures:
    """Make a world of that size, load it into an empty store, find its rings: seconds, rates and peak memory
    of each.
    """
    world = made_world(folder, applicants)
    for left in folder.glob("graph.db*"):
        left.unlink()
    load = measured(
        "load_records.py", folder / "world" / "records", "--store", url(folder), "--report", folder / "load"
    )
    load["rows_s"] = round(load["read"] / load["seconds"])
    load["applications_s"] = (
        round(load["tables"]["applications"]["read"] / load["seconds"]) if "tables" in load else None
    )
    rings = measured(
        "detect_rings.py",
        "--store",
        url(folder),
        "--as-of",
        AS_OF,
        "--out",
        folder / "rings",
        "--back-steps",
        0,
    )
    return {"world": world, "load": load, "rings": rings}


def load_hub(folder: Path, count: int) -> None:
    """Load `count` applications of as many people that all name one device into the store of that folder.
    Raises CalledProcessError.
    """
    created = [datetime(2025, 1, 1, tzinfo=UTC) + n * timedelta(days=360) / count for n in range(count)]
    columns = {name: [f"hub-{name}-{n}" for n in range(count)] for name in ("application_id", "applicant_id")}
    table = pa.table(
        columns | {"applied_at": created, "platform_id": ["L01"] * count, "device_id": [HUB] * count}
    )
    delivery = folder / "hub"
    delivery.mkdir()
    pq.write_table(table, delivery / "applications.parquet")
    measured("load_records.py", delivery, "--store", url(folder), "--report", folder / "load-hub")


def served(folder: Path, model: Path, count: int, hub: int = 0) -> Figures:
    """The service and the bare echo, one after the other on the same server: one connection, then eight.
    With `hub`, so many more applications name one device, and every request does. Served is a copy of the
    store, so that each run finds it as it was loaded.
    """
    named = {"device_id": HUB} if hub else {}
    requests = bodies(str(folder / "world" / "records" / "applications.parquet"), count, named)
    echo = [sys.executable, "-m", "scripts.bench.risk.echo", "8701", "2"]
    with copied(folder) as copy:
        if hub:
            load_hub(copy, hub)
        ours = [
            *(sys.executable, str(SCRIPTS / "serve.py"), "--port", "8702", "--workers", "2"),
            *("--store", url(copy), "--casebook", f"sqlite:///{copy / 'casebook.db'}", "--model", str(model)),
        ]
        return {
            "echo": loaded(echo, "http://127.0.0.1:8701", requests),
            "risk": loaded(ours, "http://127.0.0.1:8702", requests),
        }


@contextmanager
def copied(folder: Path) -> Iterator[Path]:
    """A folder with a copy of that folder's store, its key and its frame."""
    copy = folder / "serving"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for part in folder.glob("graph.db*"):
        (shutil.copytree if part.is_dir() else shutil.copy2)(part, copy / part.name)
    try:
        yield copy
    finally:
        shutil.rmtree(copy)


def loaded(command: list[str], address: str, requests: list[bytes]) -> Figures:
    """Start a server, warm it with the first tenth of the requests, load it, stop it."""
    print(f"== {' '.join(command[1:])}", file=sys.stderr, flush=True)
    first = len(requests) // 10
    warm, rest = requests[:first], requests[first:]
    with running(command, keyed()) as server:
        wait_until_ready(address, server)
        traffic(address, warm, 4)
        before = seconds_of(server.pid)
        one, many = (
            traffic(address, rest[: len(rest) // 2], 1),
            traffic(address, rest[len(rest) // 2 :], 8),
        )
        spent = seconds_of(server.pid) - before
        return {
            "one_connection": one,
            "eight_connections": many,
            "cpu_us": round(spent / len(rest) * 1e6),
        }


def report(figures: Figures) -> None:
    """The table that the docs/benchmarks.md shows, on stderr."""
    for size, result in figures.items():
        if size == "train":
            continue
        lines = [f"{int(size):,} applicants"]
        if "load" in result:
            load, rings = result["load"], result["rings"]
            lines.append(
                f"  load   {load['rows_s']:,} rows/s, {load['applications_s']} applications/s of the whole "
                f"delivery, peak {load['peak_mb']} MB"
            )
            lines.append(f"  rings  {rings['search_seconds']} s, peak {rings['peak_mb']} MB")
        lines.append(
            "               p50 ms   echo  ratio  p99 ms | 8 connections: requests/s   echo  p99 ms  not "
            "full  CPU us a request"
        )
        lines += [
            _row(title, result[kind])
            for kind, title in (("risk", "/risk"), ("hub", "/risk at a hub"))
            if kind in result
        ]
        print("\n".join(lines), file=sys.stderr, flush=True)


def _row(title: str, result: Figures) -> str:
    """One line of the table of serving."""
    (one, many), (echo, echoes) = (
        (result[who]["one_connection"], result[who]["eight_connections"]) for who in ("risk", "echo")
    )
    return (
        f"  {title:14}{one['p50_ms']:7} {echo['p50_ms']:6} {one['p50_ms'] / echo['p50_ms']:6.1f} "
        f"{one['p99_ms']:7} |"
        f"{many['requests_s']:26} {echoes['requests_s']:6} {many['p99_ms']:7} "
        f"{one['not_full'] + many['not_full']:9} {result['risk']['cpu_us']:17}"
    )


if __name__ == "__main__":
    sys.exit(main())
