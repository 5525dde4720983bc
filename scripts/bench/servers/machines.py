"""Three services as three machines over one Neo4j and one PostgreSQL: one idempotency key in twenty is
repeated at another machine, and a machine is killed (-9) every few seconds. Counted: what was lost, doubled
or answered differently, how far frames are behind, and whether replays are equal.
"""

from __future__ import annotations

import http.client
import json
import signal
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from random import Random

from scripts.bench.processes import Started
from scripts.bench.servers.shared_store import SharedStore, options_of, shared_store
from scripts.bench.traffic import HEADERS, bodies, keyed, wait_until_ready
from scripts.bench.worlds import Figures, measured
from service.opening import open_store

PORTS = (8711, 8712, 8713)
REPEATED = 20  # one key in so many is asked again, at another machine
CONNECTIONS = 6
TRIES_S = 60.0  # a caller goes on asking the next machine for so long
PAID_SECONDS = 600.0  # until all that was owed must be in the store


def main() -> int:
    """Exit status: 0 measured, 1 a step failed."""
    parser = options_of(__doc__)
    parser.add_argument("--requests", type=int, default=10_000, help="requests in all (default 10000)")
    parser.add_argument(
        "--between", type=float, default=10.0, help="seconds from one kill to the next; 0: none (default 10)"
    )
    parser.add_argument("--machines", type=int, default=3, choices=(1, 2, 3), help="(default 3)")
    options = parser.parse_args()
    try:
        with shared_store(options.folder, options.applicants) as shared:
            site = Site(shared, options.machines)
            print(json.dumps(site.run(options.requests, options.between)))
    except subprocess.CalledProcessError as failed:
        print(f"bench.machines: {failed}", file=sys.stderr)
        return 1
    return 0


class Machine:
    """A service with one worker and a frame of its own."""

    def __init__(self, port: int, command: Sequence[str], frame: Path) -> None:
        self.port, self._command = port, [*command, "--port", str(port), "--workers", "1"]
        self._environment = keyed() | {"RINGFENCE_FRAME": str(frame)}
        self._started = Started()

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The one that it is, or last was."""
        return self._started.process

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it is ready. Raises CalledProcessError."""
        wait_until_ready(self.address, self._started.start(self._command, self._environment))

    def end(self, sign: int = signal.SIGTERM) -> None:
        """End it with all its processes."""
        self._started.end(sign)

    def behind(self) -> int | None:
        """By how many revisions its frame is behind the store; None while it does not answer."""
        try:
            with urllib.request.urlopen(f"{self.address}/readyz", timeout=2) as answer:
                return int(json.load(answer)["frame"]["behind"])
        except (OSError, ValueError, KeyError, TypeError):
            return None


class Callers:
    """Callers who go to the next machine where one does not answer, and what they were told."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports, self._turn = ports, threading.Lock()
        self.answers: dict[str, list[bytes]] = {}
        self.lost, self.again = 0, 0

    def ask(self, number: int, body: bytes) -> None:
        """One request under a key of its own; one in REPEATED again, at another machine."""
        key, first = f"machines-{number}", number % len(self._ports)
        self._keep(key, self._answer(first, key, body))
        if number % REPEATED == 0:
            self._keep(key, self._answer(first + 1, key, body))

    def figures(self) -> Figures:
        """What was lost, repeated, and told differently the second time."""
        answers = self.answers.values()
        return {
            "asked_again_elsewhere": self.again,
            "lost": self.lost,
            "repeated": sum(len(one) > 1 for one in answers),
            "repeated_and_different": sum(len(set(one)) > 1 for one in answers),
        }

    def _answer(self, first: int, key: str, body: bytes) -> bytes | None:
        """The body of the first answer of 200 from that machine or the ones after it, as it first was."""
        until, machine = time.monotonic() + TRIES_S, first
        while time.monotonic() < until:
            port = self._ports[machine % len(self._ports)]
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                connection.request("POST", "/risk", body, HEADERS | {"Idempotency-Key": key})
                response = connection.getresponse()
                answer = response.read()
                connection.close()
                if response.status == 200:
                    return answer.replace(b'"idempotent_replay":true', b'"idempotent_replay":false')
            except (OSError, http.client.HTTPException):
                pass
            machine += 1
            with self._turn:
                self.again += 1
            time.sleep(0.05)
        return None

    def _keep(self, key: str, answer: bytes | None) -> None:
        with self._turn:
            if answer is None:
                self.lost += 1
            else:
                self.answers.setdefault(key, []).append(answer)


class Troubles:
    """Kills a machine every `between` seconds (0: none) and starts it again, and looks meanwhile how far each
    frame is behind.
    """

    def __init__(self, machines: Sequence[Machine], between: float) -> None:
        self._machines, self._between = machines, between
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=work) for work in (self._kill, self._observe)]
        self.kills = 0
        self.lags: list[int] = []

    def __enter__(self) -> Troubles:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _kill(self) -> None:
        lot = Random(1)
        while self._between and not self._ended.wait(self._between):
            machine = lot.choice(self._machines)
            machine.end(signal.SIGKILL)
            self.kills += 1
            machine.start()

    def _observe(self) -> None:
        while not self._ended.wait(0.05):
            self.lags.extend(lag for one in self._machines if (lag := one.behind()) is not None)


class Site:
    """Machines over one store and one casebook."""

    def __init__(self, shared: SharedStore, machines: int) -> None:
        self._shared = shared
        command = shared.serving()
        self._machines = [
            Machine(port, command, shared.scratch / f"frame-{port}") for port in PORTS[:machines]
        ]

    def run(self, count: int, between: float) -> Figures:
        """Figures of `count` requests while machines are killed."""
        requests = bodies(str(self._shared.records / "applications.parquet"), count)
        with open_store(self._shared.server.url) as store:
            before = store.counts()["applications"]
        callers = Callers([machine.port for machine in self._machines])
        with ExitStack() as beside:
            for machine in self._machines:
                beside.callback(machine.end)
                machine.start()
            started = time.monotonic()
            with Troubles(self._machines, between) as troubles:
                with ThreadPoolExecutor(CONNECTIONS) as pool:
                    list(pool.map(callers.ask, range(len(requests)), requests))
                seconds = time.monotonic() - started
            stored = self._settled(before, len(requests)) - before
        return {
            "machines": len(self._machines),
            "requests": len(requests),
            "seconds": round(seconds, 1),
            "requests_s": round(len(requests) / seconds, 1),
            "kills": troubles.kills,
            **callers.figures(),
            "stored": stored,
            "frame_behind_p50_p99": _spread(troubles.lags),
            "replay": self._replayed(count),
        }

    def _replayed(self, count: int) -> Figures:
        replay = measured(
            "replay_assessments.py", "--store", self._shared.server.url, "--casebook", self._shared.casebook,
            "--model", self._shared.model, "--last", count,
        )  # fmt: skip
        return {name: replay[name] for name in replay if isinstance(replay[name], int | float)}

    def _settled(self, before: int, count: int) -> int:
        """Applications in the store, once all that was owed is there or PAID_SECONDS have passed."""
        until = time.monotonic() + PAID_SECONDS
        with open_store(self._shared.server.url) as store:
            while (stored := store.counts()["applications"]) < before + count and time.monotonic() < until:
                time.sleep(0.5)
        return stored


def _spread(lags: Sequence[int]) -> tuple[float, float] | None:
    if len(lags) < 2:
        return None
    cuts = statistics.quantiles(lags, n=100)
    return cuts[49], cuts[98]


if __name__ == "__main__":
    sys.exit(main())
