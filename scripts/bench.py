"""`make bench`: speed and memory at one size and at a tenth of it, each beside its floor in the same run. Figures, never a pass or a fail."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from scripts.bench_traffic import bodies, keyed, traffic

SCRIPTS = Path(__file__).parent
AS_OF = "2026-01-01"
Figures = dict[str, Any]


def main() -> int:
    """Exit status: 0 measured, 1 a step failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/bench"), help="where worlds and stores go (default var/bench)")
    parser.add_argument("--applicants", type=int, default=100_000, help="the large size; the small one is a tenth (default 100000)")
    parser.add_argument("--requests", type=int, default=2000, help="requests of each kind (default 2000)")
    options = parser.parse_args()
    figures: Figures = {}
    try:
        for applicants in (options.applicants // 10, options.applicants):
            figures[str(applicants)] = prepared(options.folder / str(applicants), applicants)
        model = options.folder / "model"
        if not model.exists():
            small = options.folder / str(options.applicants // 10)
            figures["train"] = measured("train_model.py", "--store", url(small), "--as-of", AS_OF, "--out", model)
        for applicants in (options.applicants // 10, options.applicants):
            figures[str(applicants)]["risk"] = served(options.folder / str(applicants), model, options.requests)
    except subprocess.CalledProcessError as failed:
        print(f"bench: {failed}", file=sys.stderr)
        return 1
    report(figures)
    print(json.dumps(figures))
    return 0


def url(folder: Path) -> str:
    """The store of one size."""
    return f"sqlite:///{folder / 'graph.db'}"


def prepared(folder: Path, applicants: int) -> Figures:
    """Make a world of that size, load it into an empty store, find its rings: seconds, rates and peak memory of each."""
    world = measured("make_world.py", folder / "world", "--applicants", applicants, "--days", 365, "--seed", 11)
    for left in folder.glob("graph.db*"):
        left.unlink()
    load = measured("load_records.py", folder / "world" / "records", "--store", url(folder), "--report", folder / "load")
    load["rows_s"] = round(load["read"] / load["seconds"])
    load["applications_s"] = round(load["tables"]["applications"]["read"] / load["seconds"]) if "tables" in load else None
    rings = measured("detect_rings.py", "--store", url(folder), "--as-of", AS_OF, "--out", folder / "rings", "--back-steps", 0)
    return {"world": world, "load": load, "rings": rings}


def measured(script: str, *arguments: object) -> Figures:
    """Run one script as a user would; its JSON line, with wall seconds and peak memory in MB. Raises CalledProcessError."""
    command = [sys.executable, str(SCRIPTS / script), *map(str, arguments)]
    print(f"== {' '.join(command[1:])}", file=sys.stderr, flush=True)
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    figures: Figures = json.loads(said.splitlines()[-1])
    return figures | {"wall_s": round(time.perf_counter() - started, 1), "peak_mb": round(usage.ru_maxrss / 1024)}


def served(folder: Path, model: Path, count: int) -> Figures:
    """The service and the bare echo, one after the other on the same server: one connection, then eight."""
    requests = bodies(str(folder / "world" / "records" / "applications.parquet"), count)
    casebook = f"sqlite:///{folder / f'casebook-{time.time_ns()}.db'}"
    echo = [sys.executable, "-m", "scripts.bench_echo", "8701", "2"]
    ours = ["--store", url(folder), "--model", str(model), "--casebook", casebook, "--port", "8702", "--workers", "2"]
    return {
        "echo": loaded(echo, "http://127.0.0.1:8701", requests),
        "risk": loaded([sys.executable, str(SCRIPTS / "serve.py"), *ours], "http://127.0.0.1:8702", requests),
    }


def loaded(command: list[str], address: str, requests: list[bytes], warm_up: int | None = None) -> Figures:
    """Start a server, warm it with the first `warm_up` requests (by default a tenth of them), load it, stop it."""
    print(f"== {' '.join(command[1:])}", file=sys.stderr, flush=True)
    first = len(requests) // 10 if warm_up is None else warm_up
    warm, rest = requests[:first], requests[first:]
    with subprocess.Popen(command, env=keyed()) as server:
        try:
            wait_until_ready(address, server)
            traffic(address, warm, 4)
            return {"one_connection": traffic(address, rest[: len(rest) // 2], 1), "eight_connections": traffic(address, rest[len(rest) // 2 :], 8)}
        finally:
            server.terminate()


def wait_until_ready(address: str, server: subprocess.Popen[bytes]) -> None:
    """Until /readyz answers; raises CalledProcessError when the server ends instead."""
    while server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise subprocess.CalledProcessError(server.returncode, server.args)


def report(figures: Figures) -> None:
    """The table that the README shows, on stderr."""
    for size, found in figures.items():
        if size == "train":
            continue
        risk, echo = (found["risk"][who]["one_connection"] for who in ("risk", "echo"))
        load, rings = found["load"], found["rings"]
        lines = (
            f"{int(size):,} applicants",
            f"  load   {load['rows_s']:,} rows/s, {load['applications_s']} applications/s of the whole delivery, peak {load['peak_mb']} MB",
            f"  rings  {rings['search_seconds']} s, peak {rings['peak_mb']} MB",
            f"  /risk  p50 {risk['p50_ms']} ms, p99 {risk['p99_ms']} ms; echo p50 {echo['p50_ms']} ms: {risk['p50_ms'] / echo['p50_ms']:.1f} x",
            f"         {found['risk']['risk']['eight_connections']['requests_s']} requests/s over 8 connections "
            f"(echo {found['risk']['echo']['eight_connections']['requests_s']})",
        )
        print("\n".join(lines), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
