"""Kill a Neo4j server (-9) again and again, during a load and during /risk traffic, and count: what was lost,
doubled, refused, and for how long.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from scripts.bench.processes import leave_on_sigterm, running
from scripts.bench.traffic import HEADERS, bodies, keyed, wait_until_ready
from scripts.bench.worlds import SCRIPTS, Figures, measured, records_of, trained
from scripts.tools.neo4j_server import Neo4jServer
from service.opening import open_store

ADDRESS = "http://127.0.0.1:8704"
LOADED = ("applications", "events", "outcomes", "labels", "contacts", "platforms", "merchants", "devices")
SETTLED_SECONDS = 60.0
PAID_SECONDS = 600.0  # until all that was owed must be in the store


def main() -> int:
    """Exit status: 0 measured, 1 a step failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("var/bench"),
        help="where worlds, the model and servers are (default var/bench)",
    )
    parser.add_argument(
        "--applicants", type=int, default=10_000, help="the size of the world (default 10000)"
    )
    parser.add_argument("--kills", type=int, default=5, help="of each kind (default 5)")
    parser.add_argument("--seconds", type=float, default=60.0, help="of traffic at least (default 60)")
    parser.add_argument(
        "--between", type=float, default=4.0, help="seconds that a server lives between two kills (default 4)"
    )
    options = parser.parse_args()
    os.environ["RINGFENCE_HASH_KEY"] = secrets.token_hex(32)  # a Neo4j store makes none of its own
    folder = options.folder / str(options.applicants)
    leave_on_sigterm()
    try:
        records = records_of(folder, options.applicants)
        server = Neo4jServer(folder / f"neo4j-killed-{time.time_ns()}", heap_mb=2048)
        server.start()
        try:
            figures: Figures = {"load": killed_load(server, records, folder / "load-killed", options)}
            print(json.dumps(figures), file=sys.stderr, flush=True)
            trained(options.folder / "model", server.url)
            figures["risk"] = killed_traffic(server, records, folder, options)
        finally:
            server.stop()
    except subprocess.CalledProcessError as failed:
        print(f"bench.outages: {failed}", file=sys.stderr)
        return 1
    print(json.dumps(figures))
    return 0


def killed_load(server: Neo4jServer, records: Path, report: Path, options: argparse.Namespace) -> Figures:
    """A load during which the server dies: what the store holds against what was read, and what a second load
    finds new.
    """
    command = [
        sys.executable,
        str(SCRIPTS / "load_records.py"),
        str(records),
        "--store",
        server.url,
        "--report",
        str(report),
    ]
    kills = 0
    with running(command, streams=subprocess.PIPE) as load:
        while kills < options.kills and load.poll() is None:
            time.sleep(options.between)
            server.kill()
            server.start()
            kills += 1
        message, _ = load.communicate()
    if load.returncode:
        raise subprocess.CalledProcessError(load.returncode, command)
    summary = json.loads(message.splitlines()[-1])
    with open_store(server.url) as store:
        counts = store.counts()
    tables = {name: summary["tables"].get(name, {"read": 0, "rejected": 0}) for name in LOADED}
    wrong = {
        name: [counts[name], t["read"] - t["rejected"]]
        for name, t in tables.items()
        if counts[name] != t["read"] - t["rejected"]
    }
    again = measured("load_records.py", records, "--store", server.url, "--report", report)
    return {
        "kills": kills,
        "read": summary["read"],
        "seconds": summary["seconds"],
        "lost_or_doubled": wrong,
        "new_when_loaded_again": again["accepted"],
    }


@dataclass
class Answers:
    """When each answer came, its status and whether it was full."""

    answered: list[tuple[float, int, bool]] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, requests: Iterator[bytes]) -> None:
        """Send one after the other until it is ended."""
        where = urlsplit(ADDRESS)
        while not self.ended.is_set():
            with self.turn:
                body = next(requests)
            connection = http.client.HTTPConnection(where.hostname or "127.0.0.1", where.port, timeout=30)
            connection.request("POST", "/risk", body, HEADERS)
            response = connection.getresponse()
            answer = json.loads(response.read())
            connection.close()
            self.answered.append(
                (time.monotonic(), response.status, answer.get("degraded", {}).get("level") == "full")
            )
            if response.status == 200:
                self.sent.append(answer["application_id"])
            time.sleep(0.02)

    def full_after(self, moment: float) -> float | None:
        """Seconds from a moment to the first full answer after it."""
        return next(
            (round(at - moment, 1) for at, _, full in sorted(self.answered) if at > moment and full), None
        )


def killed_traffic(server: Neo4jServer, records: Path, folder: Path, options: argparse.Namespace) -> Figures:
    """Traffic during which the server dies: statuses, answers that were not full, and whether each
    application is in the store once.
    """
    casebook = f"sqlite:///{folder / f'casebook-{time.time_ns()}.db'}"
    command = [
        sys.executable,
        str(SCRIPTS / "serve.py"),
        "--store",
        server.url,
        "--model",
        str(options.folder / "model"),
    ]
    with open_store(server.url) as store:
        before = store.counts()["applications"]
    answers, downs = Answers(), list[tuple[float, float]]()
    requests = endless(records / "applications.parquet")
    command += ["--casebook", casebook, "--port", "8704", "--workers", "2"]
    with running(command, keyed()) as service:
        try:
            wait_until_ready(ADDRESS, service)
            started = time.monotonic()
            threads = [threading.Thread(target=answers.ask, args=(requests,)) for _ in range(4)]
            for thread in threads:
                thread.start()
            for _ in range(options.kills):
                time.sleep(options.between)
                server.kill()
                killed = time.monotonic()
                server.start()
                downs.append((killed, time.monotonic()))
                _wait(lambda: answers.full_after(downs[-1][1]) is not None)
            time.sleep(max(0.0, options.seconds - (time.monotonic() - started)))
            answers.ended.set()
            for thread in threads:
                thread.join()
            with open_store(server.url) as store:
                _wait(lambda: store.counts()["applications"] == before + len(answers.sent), PAID_SECONDS)
                stored = store.counts()["applications"] - before
        finally:
            answers.ended.set()
    return {
        "kills": len(downs),
        "seconds": round(time.monotonic() - started, 1),
        "answers": len(answers.answered),
        "not_200": sum(status != 200 for _, status, _ in answers.answered),
        "not_full": sum(not full for _, _, full in answers.answered),
        "sent": len(answers.sent),
        "stored": stored,
        "down_s": [round(up - killed, 1) for killed, up in downs],
        "full_again_after_up_s": [answers.full_after(up) for _, up in downs],
    }


def endless(applications: Path) -> Iterator[bytes]:
    """The applications of a delivery as requests, again and again under new ids: however long the traffic
    lasts, it must not run dry.
    """
    while True:
        yield from bodies(str(applications), 100_000)


def _wait(done: Callable[[], bool], seconds: float = SETTLED_SECONDS) -> None:
    """Until `done` says so, or so many seconds: the figures then tell."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not done():
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
