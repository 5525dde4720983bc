"""Two services on copies of one store, one with a model in shadow, asked by turns: what the shadow costs
those who wait for an answer, and how far behind it is.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from gnn.registry.models import Deed, ModelRegistry
from scripts.bench.processor import seconds_of
from scripts.bench.serving import AS_OF, SCRIPTS, Figures, measured, prepared, url, wait_until_ready
from scripts.bench.traffic import bodies, keyed, traffic
from service.clock import system_clock
from service.opening import open_keyring, open_store
from service.settings import Settings

PORTS = {"off": 8721, "on": 8722}
EARLIER = "2025-10-01"  # until when the model in shadow learned
CAUGHT_UP_S = 300.0  # until when the shadow should have answered everything


def main() -> int:
    """Exit status: 0 measured, 1 a step failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--folder", type=Path, default=Path("var/bench"), help="where the world and the store go"
    )
    parser.add_argument("--applicants", type=int, default=6_000, help="size of the world (default 6000)")
    parser.add_argument("--blocks", type=int, default=10, help="turns of each service (default 10)")
    parser.add_argument("--requests", type=int, default=300, help="requests of a turn (default 300)")
    options = parser.parse_args()
    folder = options.folder / str(options.applicants)
    try:
        if not (folder / "graph.db").exists():
            prepared(folder, options.applicants)
        with ExitStack() as opened:
            servers = {name: opened.enter_context(running(folder, name)) for name in PORTS}
            figures = by_turns(folder, servers, options.blocks, options.requests)
    except subprocess.CalledProcessError as failed:
        print(f"bench: {failed}", file=sys.stderr)
        return 1
    print(json.dumps(figures))
    return 0


@contextmanager
def running(folder: Path, shadow: str) -> Iterator[subprocess.Popen[bytes]]:
    """A service on a copy of the store, with a registry of its own: a champion, and a model in shadow that
    answers or not.
    """
    copy = folder / f"shadow-{shadow}"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for part in folder.glob("graph.db*"):
        (shutil.copytree if part.is_dir() else shutil.copy2)(part, copy / part.name)
    registered(copy, _bundles(folder))
    store = ("--store", url(copy), "--registry", str(copy / "registry"))
    command = [sys.executable, str(SCRIPTS / "serve.py"), *store, "--workers", "2"]
    command += ["--port", str(PORTS[shadow]), "--casebook", f"sqlite:///{copy / 'casebook.db'}"]
    with subprocess.Popen(command, env=keyed() | {"RINGFENCE_SHADOW": shadow}) as server:
        try:
            wait_until_ready(_address(shadow), server)
            yield server
        finally:
            server.terminate()


def registered(copy: Path, bundles: Sequence[Path]) -> None:
    """A registry in which the first bundle is champion, without a gate, and the second in shadow."""
    settings = Settings(store=url(copy))
    with open_store(settings.store) as store:
        registry = ModelRegistry(str(copy / "registry"), open_keyring(settings, store).keys)
    deed = Deed(by="bench", at=system_clock(), reason="to measure")
    champion, challenger = (registry.add(bundle, deed).version for bundle in bundles)
    registry.promote(champion, deed, {"passed": True, "checks": []})
    registry.shadow(challenger, deed)


def by_turns(
    folder: Path, servers: dict[str, subprocess.Popen[bytes]], blocks: int, count: int
) -> dict[str, Figures]:
    """Ask one, then the other, over one connection and over eight; the medians of the turns."""
    records = str(folder / "world" / "records" / "applications.parquet")
    found: dict[str, dict[int, list[Figures]]] = {name: {1: [], 8: []} for name in servers}
    for name in servers:
        traffic(_address(name), bodies(records, count), 4)
    before = {name: seconds_of(server.pid) for name, server in servers.items()}
    for block in range(blocks):
        for name in sorted(servers, reverse=bool(block % 2)):
            for connections, turns in found[name].items():
                turns.append(dict(traffic(_address(name), bodies(records, count), connections)))
    lag = _lag()
    _wait_until_caught_up()
    spent = {name: seconds_of(server.pid) - before[name] for name, server in servers.items()}
    asked = 2 * blocks * count
    return {
        name: {
            "one_connection": _medians(turns[1]),
            "eight_connections": _medians(turns[8]),
            "cpu_us": round(spent[name] / asked * 1e6),
            "lag_seconds": lag if name == "on" else None,
        }
        for name, turns in found.items()
    }


def _medians(turns: Sequence[Figures]) -> Figures:
    summed = {name: sum(turn[name] for turn in turns) for name in ("not_200", "not_full")}
    named = ("p50_ms", "p99_ms", "requests_s")
    return {name: round(median(turn[name] for turn in turns), 2) for name in named} | summed


def _bundles(folder: Path) -> list[Path]:
    """The champion and the challenger, trained once."""
    bundles = {folder / "champion": AS_OF, folder / "challenger": EARLIER}
    for bundle, as_of in bundles.items():
        if not bundle.exists():
            measured("train_model.py", "--store", url(folder), "--as-of", as_of, "--out", bundle)
    return list(bundles)


def _address(shadow: str) -> str:
    return f"http://127.0.0.1:{PORTS[shadow]}"


def _lag() -> float:
    with urllib.request.urlopen(f"{_address('on')}/version", timeout=30) as answer:
        (shadow,) = json.load(answer)["shadows"]
    return float(shadow["lag_seconds"])


def _wait_until_caught_up() -> None:
    until = time.monotonic() + CAUGHT_UP_S
    while _lag() > 0 and time.monotonic() < until:
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
