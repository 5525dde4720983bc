"""`make run`: the whole way once on a made-up world: records in, rings out, a model trained, the service up, one application scored."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq

from graph.model.errors import RingfenceError
from ringfence.command import Command
from service.http.operator_key import operators_file
from service.settings import Settings

EXAMPLE = """example:
  COMMAND --once"""
SHANGHAI = ZoneInfo("Asia/Shanghai")  # the time zone of deliveries and arguments unless they say another


class StepError(RingfenceError):
    """A step of the demonstration ended otherwise than it should."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folder", type=Path, default=Path("var/demo"), help="where everything goes (default var/demo)")
    parser.add_argument("--applicants", type=int, default=2500, help="size of the made-up world (default 2500)")
    parser.add_argument("--port", type=int, default=8000, help="port of the service; another free one when it is taken (default 8000)")
    parser.add_argument("--once", action="store_true", help="stop after the scored application instead of serving on")


def _run(options: argparse.Namespace) -> None:
    started = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the service is ended with us
    try:
        demonstrate(options, started)
    except subprocess.CalledProcessError as failed:
        raise StepError(f"that step ended with status {failed.returncode}; what it said is above") from failed


def demonstrate(options: argparse.Namespace, started: float) -> None:
    """The steps, each a command that a user can run alone."""
    today, last_week = (str((datetime.now(SHANGHAI) - timedelta(days=days)).date()) for days in (0, 7))
    folder: Path = options.folder / today  # the world ends today, so that the service's clock is the moment after it
    world, model, rings = folder / "world", folder / "model", folder / "rings"
    store, casebook = f"sqlite:///{folder / 'graph.db'}", f"sqlite:///{folder / 'casebook.db'}"
    if not (world / "truth").exists():
        step("1/6  a made-up world", "world", world, "--applicants", options.applicants, "--days", 365, "--seed", 7, "--until", today)
    step("2/6  its records, through the door", "load", world / "records", "--store", store, "--report", folder / "load")
    weekly = ("rings", "--store", store, "--casebook", casebook)  # the casebook of the service, where its cases are seen
    step("3/6  last week's rings", *weekly, "--new-casebook", "--as-of", last_week, "--out", folder / "rings-last-week")
    step("4/6  this week's rings, and what changed", *weekly, "--as-of", today, "--out", rings)
    step("5/6  a model, of what was known by then", "train", "--store", store, "--as-of", today, "--out", model)
    port = free_port(options.port)
    key_file = operators_file(Settings(store=store, casebook=casebook))
    service = start("6/6  the service", "serve", "--store", store, "--model", model, "--casebook", casebook, "--port", port)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until_ready(address, service)
        show(ask(address, somebody(world / "records", rings), key_file.read_text().strip()))
        say(f"ready after {time.monotonic() - started:.0f} s")
        print(
            f"  the ring report       {rings / 'report.html'}\n  the desk              {address}/desk: sign in with the key below\n"
            f"  the API               {address}/docs: send Authorization: Bearer and the key\n  the key               cat {key_file}",
            flush=True,
        )
        if not options.once:
            print("  Ctrl-C ends the service.", flush=True)
            service.wait()
    except KeyboardInterrupt:
        print(file=sys.stderr)
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(30)


def step(title: str, name: str, *arguments: object) -> None:
    """Say what is done, and do it; the step's own progress goes to stderr, its figures to stdout."""
    subprocess.run(announced(title, name, *arguments), check=True)


def start(title: str, name: str, *arguments: object) -> subprocess.Popen[bytes]:
    """The same for a step that stays; whatever keys are configured here, a demonstration has one of its own, made at its first start."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RINGFENCE_API_KEYS")}
    return subprocess.Popen(announced(title, name, *arguments), env=environment)


def announced(title: str, name: str, *arguments: object) -> list[str]:
    """The command, printed as a user would type it."""
    command = ["ringfence", name, *map(str, arguments)]
    say(title)
    print(f"   $ {shlex.join(command)}", flush=True)
    return [sys.executable, "-m", *command]


def say(text: str) -> None:
    """A headline."""
    print(f"\n== {text}", flush=True)


def free_port(wanted: int) -> int:
    """`wanted`, or any free port of this machine when somebody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_ready(address: str, service: subprocess.Popen[bytes]) -> None:
    """Until /readyz says 200; raises CalledProcessError when the service ends instead."""
    while True:
        if service.poll() is not None:
            raise subprocess.CalledProcessError(service.returncode, "serve")
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.3)


def somebody(records: Path, rings: Path) -> dict[str, Any]:
    """The latest application by a member of the worst ring found, made again under a new id: raw values, as a lender would send them."""
    worst = max(pq.read_table(rings / "rings.parquet").to_pylist(), key=lambda ring: (ring["kind"] == "ring", ring["score"]), default=None)
    members = {row["applicant_id"] for row in pq.read_table(rings / "members.parquet").to_pylist() if worst and row["ring_id"] == worst["ring_id"]}
    rows = [row for row in pq.read_table(records / "applications.parquet").to_pylist() if not members or row["applicant_id"] in members]
    latest = max(rows, key=lambda row: str(row["applied_at"]))
    told = {name: value for name, value in latest.items() if value is not None and name != "applied_at"}
    return told | {"application_id": f"{latest['application_id']}-again-{int(time.time())}"}


def ask(address: str, application: dict[str, Any], key: str) -> dict[str, Any]:
    """POST /risk with a caller's key. A refusal is printed and raised."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    request = urllib.request.Request(f"{address}/risk", json.dumps(application, default=str).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            answer: dict[str, Any] = json.load(response)
            return answer
    except urllib.error.HTTPError as error:
        print(error.read().decode(), file=sys.stderr)
        raise


def show(answer: dict[str, Any]) -> None:
    """The scored application, the parts that a reader looks for first."""
    say("one scored application: POST /risk")
    wanted = ("application_id", "as_of", "decision", "score", "probability", "uncertainty", "degraded", "reasons", "dimensions", "ring", "timings_ms")
    print(json.dumps({name: answer[name] for name in wanted}, ensure_ascii=False, indent=2), flush=True)


COMMAND = Command(name="demo", script="run", description=__doc__, example=EXAMPLE, arguments=_arguments, run=_run)
