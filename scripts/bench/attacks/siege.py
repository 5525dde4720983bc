"""The service under endless bodies, batches and half-open connections at once: what callers and /healthz
notice. Bounded in count and time.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from scripts.bench.processes import leave_on_sigterm, running
from scripts.bench.traffic import HEADERS, bodies, keyed, wait_until_ready
from scripts.bench.worlds import SCRIPTS, Figures, measured, records_of, trained, url

HALF_OPEN, ENDLESS, BATCHES = 200, 8, 4
DEADLINE_MS = 200
LONGEST_S = 300.0


def main() -> int:
    """Exit status: 0 measured, 1 a step failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("var/siege"),
        help="where the world, store and model go (default var/siege)",
    )
    parser.add_argument(
        "--applicants", type=int, default=2_500, help="size of the made-up world (default 2500)"
    )
    parser.add_argument("--batch", type=int, default=1_000, help="requests in each batch (default 1000)")
    parser.add_argument("--port", type=int, default=8704, help="port of the service (default 8704)")
    options = parser.parse_args()
    leave_on_sigterm()
    try:
        print(json.dumps(besieged(options.folder, options.applicants, options.batch, options.port)))
    except subprocess.CalledProcessError as failed:
        print(f"bench.siege: {failed}", file=sys.stderr)
        return 1
    return 0


def besieged(folder: Path, applicants: int, batch: int, port: int) -> Figures:
    """Figures of the same service in peace and under siege."""
    records, model = records_of(folder, applicants), folder / "model"
    if not model.exists():
        measured("load_records.py", records, "--store", url(folder), "--report", folder / "load")
        trained(model, url(folder))
    command = [
        sys.executable,
        str(SCRIPTS / "serve.py"),
        "--store",
        url(folder),
        "--model",
        str(model),
        "--port",
        str(port),
    ]
    command += ["--casebook", f"sqlite:///{folder / f'casebook-{time.time_ns()}.db'}"]
    with running(command, keyed()) as server:
        wait_until_ready(f"http://127.0.0.1:{port}", server)
        siege = Siege(
            port, [json.loads(body) for body in bodies(str(records / "applications.parquet"), 2_000)]
        )
        siege.batch(50)
        return {"peace": siege.looked(lambda seconds: seconds < 10.0), "siege": siege.laid(batch)}


class Siege:
    """Callers of one service on this machine."""

    def __init__(self, port: int, applications: Sequence[dict[str, Any]]) -> None:
        self._port = port
        self._applications = applications
        self._sent = 0

    def laid(self, batch: int) -> Figures:
        """Lay the siege, and look at the service until the batches are done."""
        started = time.perf_counter()
        half_open = [self._raw(b"POST /risk HTTP/1.1\r\nHost: 127.0.0.1\r\nX-") for _ in range(HALF_OPEN)]
        endless = [
            self._raw(b"POST /risk HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999\r\n\r\n{")
            for _ in range(ENDLESS)
        ]
        with ThreadPoolExecutor(BATCHES) as pool:
            batches = [pool.submit(self.batch, batch) for _ in range(BATCHES)]
            figures = self.looked(
                lambda seconds: seconds < LONGEST_S and not all(one.done() for one in batches)
            )
            figures["batches"] = [one.result() for one in batches]
        figures["seconds"] = round(time.perf_counter() - started, 1)
        figures["endless_answered"] = Counter(connection.recv(12)[9:12].decode() for connection in endless)
        for connection in (*half_open, *endless):
            connection.close()
        return figures

    def looked(self, goes_on: Callable[[float], bool]) -> Figures:
        """Ask /healthz, /metrics now and then, and /risk with a deadline, one after the other."""
        started = time.perf_counter()
        health, metrics, risk, total = list[float](), list[float](), list[float](), list[float]()
        levels, untrue = Counter[str](), 0
        while goes_on(time.perf_counter() - started):
            health += [self._get("/healthz") for _ in range(5)]
            if len(health) % 50 == 0:
                metrics.append(self._get("/metrics"))
            milliseconds, answer = self._risk()
            summary = answer["timings_ms"]["total"]
            risk.append(milliseconds)
            total.append(summary)
            late = answer["degraded"]["reason"] == "deadline"
            levels[f"{answer['degraded']['level']}{' (deadline)' if late else ''}"] += 1
            untrue += summary > milliseconds or (summary > DEADLINE_MS and not late)
        return {
            "healthz_ms": _spread(health),
            "metrics_ms": _spread(metrics),
            "risk_ms": _spread(risk),
            "risk_told_ms": _spread(total),
            "within_the_deadline": round(sum(one <= DEADLINE_MS for one in risk) / len(risk), 4),
            "levels": levels,
            "untrue": untrue,
        }

    def batch(self, size: int) -> Figures:
        """One batch: its status, how long it took and how many of it were answered."""
        started = time.perf_counter()
        status, data = self._ask("POST", "/risk/batch", [self._application() for _ in range(size)], {})
        answers = json.loads(data)
        answered = sum("decision" in one for one in answers) if isinstance(answers, list) else 0
        return {"status": status, "seconds": round(time.perf_counter() - started, 1), "answered": answered}

    def _risk(self) -> tuple[float, Figures]:
        began = time.perf_counter()
        status, data = self._ask("POST", "/risk", self._application(), {"X-Timeout-Ms": str(DEADLINE_MS)})
        milliseconds = (time.perf_counter() - began) * 1000
        if status != 200:
            raise RuntimeError(f"/risk answered {status}: {data[:300]!r}")
        return milliseconds, json.loads(data)

    def _get(self, path: str) -> float:
        began = time.perf_counter()
        status, _ = self._ask("GET", path, None, {})
        if status != 200:
            raise RuntimeError(f"{path} answered {status}")
        return (time.perf_counter() - began) * 1000

    def _application(self) -> Figures:
        self._sent += 1
        one = self._applications[self._sent % len(self._applications)]
        return one | {"application_id": f"siege-{time.time_ns()}-{self._sent}"}

    def _ask(self, method: str, path: str, summary: Any, headers: dict[str, str]) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=LONGEST_S)
        try:
            connection.request(
                method, path, None if summary is None else json.dumps(summary), HEADERS | headers
            )
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def _raw(self, sent: bytes) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=30)
        connection.sendall(sent)
        return connection


def _spread(times: Sequence[float]) -> dict[str, float]:
    """p50, p99 and the longest, in milliseconds, of how many."""
    if not times:
        return {"count": 0}
    ordered = sorted(times)
    p50, p99 = (ordered[min(int(len(ordered) * part), len(ordered) - 1)] for part in (0.5, 0.99))
    return {
        "count": len(ordered),
        "p50": round(p50, 2),
        "p99": round(p99, 2),
        "longest": round(ordered[-1], 2),
    }


if __name__ == "__main__":
    sys.exit(main())
