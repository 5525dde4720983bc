"""What governance costs those who wait for an answer: services on copies of one store, with nothing beside
the audit row, and with seals, self-checks, a model in shadow, a monitoring under way, and all of it, asked by
turns beside a bare echo.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median

from gnn.registry.models import Deed, ModelRegistry
from scripts.bench.processes import leave_on_sigterm, running
from scripts.bench.processor import family, seconds_of
from scripts.bench.risk.serving import prepared
from scripts.bench.traffic import bodies, keyed, traffic, wait_until_ready
from scripts.bench.worlds import AS_OF, SCRIPTS, Figures, measured, url
from service.clock import system_clock
from service.opening import open_keyring, open_store
from service.settings import Settings

FIRST_PORT = 8720
ECHO = "echo"
EARLIER = "2025-10-01"  # until when the model in shadow learned
CAUGHT_UP_S = 60.0  # until when the shadow should have answered a turn
REST_S = 1.0  # after each turn: seals are made every second
NOTHING = {
    "RINGFENCE_WATCH": "off",  # not of governance: figures of its own are in docs/benchmarks.md
    "RINGFENCE_MONITOR_HOURS": "0",
    "RINGFENCE_SELF_CHECK": "0",
    "RINGFENCE_SHADOW": "off",
}
CHECKS, SHADOW = {"RINGFENCE_SELF_CHECK": "0.05"}, {"RINGFENCE_SHADOW": "on"}
SERVICES = {"bare": {}, "seals": {}, "checks": CHECKS, "shadow": SHADOW, "all": CHECKS | SHADOW}
# which service is asked, and whether a monitoring is under way
ARMS = {
    ECHO: (ECHO, False),
    "nothing": ("bare", False),
    "seals": ("seals", False),
    "seals, 5 % self-checks": ("checks", False),
    "seals, shadow": ("shadow", False),
    "seals, monitoring": ("seals", True),
    "all of it": ("all", True),
}


def main() -> int:
    """Exit status: 0 measured, 1 a step failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--folder", type=Path, default=Path("var/bench"), help="where the world and the store go"
    )
    parser.add_argument("--applicants", type=int, default=6_000, help="size of the world (default 6000)")
    parser.add_argument("--blocks", type=int, default=12, help="turns of each arm (default 12)")
    parser.add_argument("--requests", type=int, default=200, help="of each half of a turn (default 200)")
    options = parser.parse_args()
    folder = options.folder / str(options.applicants)
    leave_on_sigterm()
    try:
        if not (folder / "graph.db").exists():
            prepared(folder, options.applicants)
        bundles = _bundles(folder)
        with ExitStack() as opened:
            servers = {ECHO: opened.enter_context(echo())}
            for name, env in SERVICES.items():
                port = FIRST_PORT + len(servers)
                servers[name] = opened.enter_context(Service(folder, name, port, env).running(bundles))
            figures = by_turns(folder, servers, options.blocks, options.requests)
    except subprocess.CalledProcessError as failed:
        print(f"bench.governance: {failed}", file=sys.stderr)
        return 1
    print(json.dumps(figures))
    return 0


@dataclass
class Server:
    """Something that answers: its address and process, and the environment and casebook of a monitoring of
    it.
    """

    address: str
    process: subprocess.Popen[bytes]
    monitoring: Sequence[str] = ()
    environment: dict[str, str] = field(default_factory=dict)

    def caught_up(self) -> None:
        """Wait until what the last turn owes is done."""
        until = time.monotonic() + CAUGHT_UP_S
        while self._lag() > 0 and time.monotonic() < until:
            time.sleep(0.2)
        time.sleep(REST_S)

    def _lag(self) -> float:
        if self.environment.get("RINGFENCE_SHADOW") != "on":
            return 0.0
        with urllib.request.urlopen(f"{self.address}/version", timeout=30) as answer:
            return max((float(one["lag_seconds"]) for one in json.load(answer)["shadows"]), default=0.0)

    @contextmanager
    def monitored(self, spent: list[float]) -> Iterator[None]:
        """Monitor the last day again and again meanwhile, as the service does it; `spent` gets the seconds of
        the processor.
        """
        ended = threading.Event()
        thread = threading.Thread(target=self._monitor, args=(ended, spent))
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
        if not spent:
            raise subprocess.CalledProcessError(1, self.monitoring)

    def _monitor(self, ended: threading.Event, spent: list[float]) -> None:
        while not ended.is_set():
            since = (system_clock() - timedelta(days=1)).isoformat()
            command = [*self.monitoring, "--since", since]
            process = subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            if status:
                return
            spent.append(usage.ru_utime + usage.ru_stime)


@contextmanager
def echo() -> Iterator[Server]:
    """The floor."""
    command = [sys.executable, "-m", "scripts.bench.risk.echo", str(FIRST_PORT), "1"]
    address = f"http://127.0.0.1:{FIRST_PORT}"
    with running(command) as process:
        wait_until_ready(address, process)
        yield Server(address, process)


@dataclass(frozen=True)
class Service:
    """A service on a copy of the store with a registry of its own: a champion, and a model in shadow that
    answers or not.
    """

    folder: Path
    name: str
    port: int
    more: dict[str, str]

    @contextmanager
    def running(self, bundles: Sequence[Path]) -> Iterator[Server]:
        """It, ready; of `bare` the process that makes the seals is stopped."""
        copy = self.folder / f"governed-{self.name}"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for part in self.folder.glob("graph.db*"):
            (shutil.copytree if part.is_dir() else shutil.copy2)(part, copy / part.name)
        _registered(copy, bundles)
        casebook = f"sqlite:///{copy / 'casebook.db'}"
        where = ("--store", url(copy), "--casebook", casebook)
        command = [sys.executable, str(SCRIPTS / "serve.py"), *where, "--workers", "1"]
        command += ["--registry", str(copy / "registry"), "--port", str(self.port)]
        monitoring = ["nice", "-n", "15", sys.executable, "-m", "scripts.cli", "monitor", *where]
        address, environment = f"http://127.0.0.1:{self.port}", keyed() | NOTHING | self.more
        with running(command, environment) as process:
            wait_until_ready(address, process)
            with _stopped(process.pid, "service.processes.watch") if self.name == "bare" else nullcontext():
                yield Server(address, process, [*monitoring, "--model", str(bundles[0])], environment)


def by_turns(folder: Path, servers: dict[str, Server], blocks: int, count: int) -> dict[str, Figures]:
    """Ask one arm after the other, over one connection and over eight; the medians of the turns, beside the
    echo's.
    """
    records = str(folder / "world" / "records" / "applications.parquet")
    turns: dict[str, list[Figures]] = {name: [] for name in ARMS}
    for server in servers.values():
        traffic(server.address, bodies(records, count), 4)
    for block in range(blocks):
        names = [*ARMS][block % len(ARMS) :] + [*ARMS][: block % len(ARMS)]
        for name in names:
            turns[name].append(_turn(records, servers[ARMS[name][0]], ARMS[name][1], count))
            print(f"== block {block + 1} of {blocks}, {name}: {turns[name][-1]}", file=sys.stderr, flush=True)
    found = {name: _medians(each, count) for name, each in turns.items()}
    floor = found[ECHO]
    for one in found.values():
        one["times_the_echos_p50"] = round(one["p50_ms"] / floor["p50_ms"], 1)
    return found


def _turn(records: str, server: Server, monitored: bool, count: int) -> Figures:
    beside: list[float] = []
    before = seconds_of(server.process.pid)
    with server.monitored(beside) if monitored else nullcontext():
        one = traffic(server.address, bodies(records, count), 1)
        eight = traffic(server.address, bodies(records, count), 8)
    server.caught_up()
    spent = seconds_of(server.process.pid) - before
    summed = {name: one[name] + eight[name] for name in ("not_200", "not_full")}
    return {
        "p50_ms": one["p50_ms"],
        "p99_ms": one["p99_ms"],
        "p99_ms_eight": eight["p99_ms"],
        "requests_s_eight": eight["requests_s"],
        "cpu_us": round(spent / (2 * count) * 1e6),
        "monitoring_s": round(median(beside), 2) if beside else 0.0,
        "load": round(os.getloadavg()[0], 1),
        **summed,
    }


def _medians(turns: Sequence[Figures], count: int) -> Figures:
    summed = {name: sum(turn[name] for turn in turns) for name in ("not_200", "not_full")}
    named = ("p50_ms", "p99_ms", "p99_ms_eight", "requests_s_eight", "cpu_us", "monitoring_s", "load")
    medians = {name: round(median(turn[name] for turn in turns), 2) for name in named}
    return medians | summed | {"requests": 2 * count * len(turns)}


def _registered(copy: Path, bundles: Sequence[Path]) -> None:
    """A registry in which the first bundle is champion, without a gate, and the second in shadow."""
    settings = Settings(store=url(copy))
    with open_store(settings.store) as store:
        registry = ModelRegistry(str(copy / "registry"), open_keyring(settings, store).keys)
    deed = Deed(by="bench", at=system_clock(), reason="to measure")
    champion, challenger = (registry.add(bundle, deed).version for bundle in bundles)
    registry.promote(champion, deed, {"passed": True, "checks": []})
    registry.shadow(challenger, deed)


def _bundles(folder: Path) -> list[Path]:
    """The champion and the challenger, trained once."""
    bundles = {folder / "champion": AS_OF, folder / "challenger": EARLIER}
    for bundle, as_of in bundles.items():
        if not bundle.exists():
            measured("train_model.py", "--store", url(folder), "--as-of", as_of, "--out", bundle)
    return list(bundles)


@contextmanager
def _stopped(parent: int, module: str) -> Iterator[None]:
    """A process under that one stands still meanwhile."""
    pids = [pid for pid in family(parent) if module in Path(f"/proc/{pid}/cmdline").read_text()]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


if __name__ == "__main__":
    sys.exit(main())
