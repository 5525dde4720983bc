"""A bounded load on a service of this machine: a fixed number of POST /risk over kept-alive connections, and
how long each took.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import statistics
import subprocess
import time
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from urllib.parse import urlsplit

import pyarrow.parquet as pq

KEY = secrets.token_hex(32)  # of this run: a service answers nobody without one
HEADERS = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}


def bodies(applications: str, count: int, named: Mapping[str, str] = MappingProxyType({})) -> list[bytes]:
    """The last `count` applications of a delivery as new requests: raw values, new ids, no date (the
    service's clock is the moment).

    `named`: what every one of them names in place of its own.
    """
    table = pq.read_table(applications)
    rows = table.slice(max(0, table.num_rows - count)).to_pylist()
    summary = [{k: v for k, v in row.items() if v is not None and k != "applied_at"} for row in rows]
    stamp = time.time_ns()
    return [
        json.dumps(row | dict(named) | {"application_id": f"bench-{stamp}-{n}"}, default=str).encode()
        for n, row in enumerate(summary)
    ]


def keyed() -> dict[str, str]:
    """The environment of a service that this run may ask."""
    return os.environ | {"RINGFENCE_API_KEYS": f"bench:{KEY}@*"}


def wait_until_ready(address: str, server: subprocess.Popen[bytes]) -> None:
    """Until /readyz answers and the frame, where the server has one, holds the store; raises
    CalledProcessError when the server ends instead.
    """
    while server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5) as answer:
                if json.load(answer).get("frame", {}).get("state") != "filling":
                    return
        except OSError:
            pass
        time.sleep(0.2)
    raise subprocess.CalledProcessError(server.returncode, server.args)


def traffic(address: str, requests: Sequence[bytes], connections: int) -> dict[str, float]:
    """Send every request once, over `connections` at a time: p50_ms, p99_ms, requests_s, how many answers
    were not 200, and how many degraded.
    """
    shares = [requests[n::connections] for n in range(connections)]
    started = time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        answers = [
            answer for share in pool.map(lambda share: _send(address, share), shares) for answer in share
        ]
    seconds = time.perf_counter() - started
    times = sorted(milliseconds for milliseconds, _, _ in answers)
    cuts = statistics.quantiles(times, n=100)
    return {
        "p50_ms": round(cuts[49], 2),
        "p99_ms": round(cuts[98], 2),
        "requests_s": round(len(answers) / seconds, 1),
        "not_200": sum(status != 200 for _, status, _ in answers),
        "not_full": sum(degraded for _, _, degraded in answers),
    }


def _send(address: str, requests: Sequence[bytes]) -> list[tuple[float, int, bool]]:
    where = urlsplit(address)
    connection = http.client.HTTPConnection(where.hostname or "127.0.0.1", where.port, timeout=30)
    answers = []
    for body in requests:
        started = time.perf_counter()
        connection.request("POST", "/risk", body, HEADERS)
        response = connection.getresponse()
        answer = response.read()
        degraded = b'"degraded":{' in answer and b'"degraded":{"level":"full"' not in answer
        answers.append(((time.perf_counter() - started) * 1000, response.status, degraded))
    connection.close()
    return answers
