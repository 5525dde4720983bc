"""A whole run, from a delivery to a closed case, by the commands and a service in its own processes: none of
the marked identifiers is in a log, an answer, a message, an export, a database, a model or a report.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from service.http.callers.operator_key import operators_file
from service.settings import Settings
from service.webhooks.signing import new_secret
from tests.support.raw_values import MARKED, NAME, SECRET, raw_values
from tests.support.service.whole_days import a_careless_delivery, drive

ROOT = Path(__file__).parents[2]
SHANGHAI = ZoneInfo("Asia/Shanghai")
pytestmark = pytest.mark.slow


def test_a_whole_run_of_commands_leaves_no_raw_value(tmp_path: Path) -> None:
    kept, world = tmp_path / "kept", tmp_path / "world"
    kept.mkdir()
    told: list[bytes] = []
    answers: dict[str, bytes] = {}
    today = datetime.now(SHANGHAI).date().isoformat()
    logs = {f"{name} says": text for name, text in prepared(kept, world, today)}
    with receiving(told) as receiver, serving(kept, receiver, logs) as (address, key):

        def ask(method: str, path: str, sent: Any) -> tuple[int, bytes]:
            status, answer = over_http(address + path, method, sent, key)
            answers[f"{method} {path.partition('?')[0]} #{len(answers)}"] = answer
            return status, answer

        rings = json.loads(ask("GET", "/rings", None)[1])["rings"]
        drive(ask, f"ring:{rings[0]['ring_id']}", "P1")
        ends = time.monotonic() + 60
        while not told and time.monotonic() < ends:
            time.sleep(0.5)
    assert any(b"case.closed" in one for one in told), "others were told"
    logs["webhooks say"] = ringfence("webhooks", "list", "--casebook", f"sqlite:///{kept}/casebook.db")
    messages = {f"message {n}": one for n, one in enumerate(told)}
    assert raw_values(kept, answers | logs | messages) == set()
    made = {path.name for path in kept.iterdir()}
    assert made >= {"graph.db", "graph.db.frame", "casebook.db", "rings", "model", "report", "scores.csv"}


def prepared(kept: Path, world: Path, today: str) -> Iterator[tuple[str, bytes]]:
    """A world with marked people in it, loaded, reviewed, learned from and scored; what each command said."""
    store, book = f"sqlite:///{kept}/graph.db", f"sqlite:///{kept}/casebook.db"
    made = ("--applicants", 1500, "--days", 365, "--guilty-share", 0.25, "--seed", 7, "--until", today)
    yield "world", ringfence("world", world, *made)
    mark(world / "records" / "applications.parquet")
    for number, delivery in enumerate((world / "records", a_careless_delivery(world / "careless"))):
        given = ("--store", store, "--report", kept / "report" / str(number))
        yield f"load {number}", ringfence("load", delivery, *given, may_end=(0, 3))
    common = ("--store", store, "--as-of", today)
    rings = ("--casebook", book, "--new-casebook", "--out", kept / "rings", "--back-steps", 1)
    yield "rings", ringfence("rings", *common, *rings)
    model = kept / "model"
    yield "train", ringfence("train", *common, "--out", model, "--most-network-samples", 100)
    since = (datetime.fromisoformat(today) - timedelta(days=7)).date()
    period = ("--since", since, "--until", today, "--out", kept / "scores.csv")
    yield "score", ringfence("score", "--store", store, "--casebook", book, "--model", model, *period)
    admin = ("wang", "--role", "admin", "--password-stdin", "--casebook", book)
    yield "users", ringfence("users", "add", *admin, typed=SECRET)


def mark(applications: Path) -> None:
    """Six applications get everything that is marked: their people share it."""
    rows = pq.read_table(applications)
    some = range(rows.num_rows - 6, rows.num_rows)
    for column, value in MARKED.items():
        cells = rows.column(column).to_pylist()
        for place in some:
            cells[place] = value
        position = rows.schema.get_field_index(column)
        rows = rows.set_column(position, column, pa.array(cells, rows.schema.field(column).type))
    pq.write_table(rows.append_column("name", pa.array([NAME] * rows.num_rows)), applications)


def ringfence(*command: object, may_end: tuple[int, ...] = (0,), typed: str = "") -> bytes:
    """What a command says, on both its ends."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.cli", *map(str, command)], input=typed.encode(), cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    assert done.returncode in may_end, done.stdout.decode()
    return done.stdout


@contextmanager
def receiving(told: list[bytes]) -> Iterator[str]:
    """The address of a receiver of webhooks."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.append(f"{self.path} {self.headers}".encode() + body)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def serving(kept: Path, receiver: str, logs: dict[str, bytes]) -> Iterator[tuple[str, str]]:
    """A service in processes of its own: its address and the operator's key."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    store, book = f"sqlite:///{kept}/graph.db", f"sqlite:///{kept}/casebook.db"
    endpoint = {"name": "engine", "url": receiver, "secret": new_secret(), "events": ["case.closed"]}
    given = {"RINGFENCE_WEBHOOKS": json.dumps([endpoint]), "RINGFENCE_WEBHOOK_NETWORKS": "127.0.0.0/8"}
    command = ["serve", "--store", store, "--casebook", book, "--model", kept / "model", "--port", port]
    said = kept.parent / "said"
    with said.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.cli", *map(str, command), "--workers", "1"], cwd=ROOT,
            stdout=errors, stderr=errors, env=os.environ | given,
        )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        ends = time.monotonic() + 300
        while over_http(f"{address}/readyz", "GET", None, "")[0] != 200:
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < ends, said.read_text()
            time.sleep(0.3)
        yield address, operators_file(Settings(store=store, casebook=book)).read_text().strip()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        logs["the service says"] = said.read_bytes()


def over_http(url: str, method: str, sent: Any, key: str) -> tuple[int, bytes]:
    """The status and what came; 0 where nobody answers."""
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {key}",
        "X-Timeout-Ms": "20000",
        "X-Purpose": quote(f"call {MARKED['phone']}"),
    }
    data = None if sent is None else json.dumps(sent).encode()
    try:
        request = urllib.request.Request(url, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()
    except OSError:
        return 0, b""
