"""The whole way once on a simulated world: records in, rings found, a model trained, the service up, and what
it says of three cases.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from graph import private
from graph.model.errors import RingfenceError
from scripts.cli import first_look
from scripts.cli.command import Command, Result
from service.http.callers.operator_key import operators_file
from service.login.accounts import FIRST, first_admin
from service.opening import open_casebook
from service.settings import Settings

EXAMPLE = """examples:
  COMMAND
  COMMAND --once --folder var/demo

Everything is written below --folder, where `latest` leads to what was made last. The world ends on the last
Friday, so that it is the same for everybody who makes it, moved in time. So is the key of its pseudonyms,
which is no secret: load nothing real into its store."""
FRIDAY, LATEST = 4, "latest"
# Tokens put values into an order, and so into training: with one key everybody gets the same model. It is no
# secret, and the people of a simulated world have none.
PSEUDONYMS = hashlib.sha256(b"a simulated world of Ringfence").hexdigest()
SHANGHAI = ZoneInfo("Asia/Shanghai")  # the time zone of deliveries and arguments unless they say another


class StepError(RingfenceError):
    """A step of the demonstration ended otherwise than it should."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--folder", type=Path, default=Path("var/demo"), help="where everything goes (default var/demo)"
    )
    parser.add_argument(
        "--applicants", type=int, default=6000, help="size of the simulated world (default 6000)"
    )
    parser.add_argument(
        "--port",
        type=int,
        default=8000,
        help="port of the service; another free one when it is taken (default 8000)",
    )
    parser.add_argument("--once", action="store_true", help="stop at the end instead of serving on")


def _run(options: argparse.Namespace) -> Result | None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the service is ended with us
    try:
        return demonstrate(options, time.monotonic())
    except subprocess.CalledProcessError as failed:
        raise StepError(f"that step ended with status {failed.returncode}; what it said is above") from failed


@dataclass(frozen=True)
class _Files:
    """Where a day's demonstration keeps what it makes."""

    folder: Path

    @property
    def world(self) -> Path:
        return self.folder / "world"

    @property
    def model(self) -> Path:
        return self.folder / "model"

    @property
    def rings(self) -> Path:
        return self.folder / "rings"

    @property
    def password(self) -> Path:
        return self.folder / f"{FIRST}.password"

    @property
    def graph(self) -> Path:
        return self.folder / "graph.db"

    @property
    def store(self) -> str:
        return f"sqlite:///{self.graph}"

    @property
    def key(self) -> Path:
        """Where the store's key for pseudonyms is looked for."""
        return self.graph.with_name(f"{self.graph.name}.key")

    @property
    def casebook(self) -> str:
        return f"sqlite:///{self.folder / 'casebook.db'}"


def demonstrate(options: argparse.Namespace, started: float) -> Result | None:
    """The steps, each a command that a user can run alone; training and the rings go side by side."""
    ends = last_friday(datetime.now(SHANGHAI).date())
    files = _Files(options.folder / str(ends))
    _graph(files, options.applicants, str(ends))
    judged, learned = _rings_and_model(files, str(ends), str(ends - timedelta(days=7)))
    lead_to(options.folder / LATEST, files.folder)
    first_look.say_table(judged, learned)
    port = free_port(options.port)
    key_file = operators_file(Settings(store=files.store, casebook=files.casebook))
    with open_casebook(files.casebook) as casebook:
        first_admin(casebook.users, files.password)
    given = ("--store", files.store, "--model", files.model, "--casebook", files.casebook)
    service = start("5/6  The service", "serve", *given, "--port", port, "--workers", 1)
    try:
        first_look.wait_until_ready(address := f"http://127.0.0.1:{port}", service)
        api = first_look.Api(address, key_file.read_text().strip())  # the first start has made the key
        say("6/6  Three cases")
        cases = first_look.cases(api, files.world / "records", files.rings)
        seconds = round(time.monotonic() - started)
        say(f"Ready after {seconds} s. Look around:")
        print(f"  the desk, open at that ring   {cases['desk']}\n"
              f"  log in there as               {FIRST}, password: cat {files.password}\n"
              f"  the key of programs           cat {key_file}\n"
              f"  the report of the week        {files.rings / 'report.html'}\n"
              f"  the API                       {api.address}/docs", flush=True)  # fmt: skip
        figures = {**first_look.figures(judged, learned), **cases, "seconds": seconds}
        if options.once:
            again = " ".join(map(str, given))
            print(f"The service ends here, because of --once. To start it again:\n  ringfence serve {again}")
            return Result(figures)
        print(json.dumps(figures, ensure_ascii=False), flush=True)
        print("Ctrl-C ends the service.", file=sys.stderr, flush=True)
        service.wait()
    except KeyboardInterrupt:
        print(file=sys.stderr)
    finally:
        ended(service)
    return None


def last_friday(today: date) -> date:
    """The last one, today among them."""
    return today - timedelta(days=(today.weekday() - FRIDAY) % 7)


def lead_to(link: Path, folder: Path) -> None:
    """Let the link lead to a folder beside it, wherever it led before."""
    link.unlink(missing_ok=True)
    link.symlink_to(folder.name, target_is_directory=True)


def _graph(files: _Files, applicants: int, today: str) -> None:
    """A world, and its records in the store."""
    made = ("--applicants", applicants, "--days", 365, "--seed", 7, "--until", today)
    first_look.say_world(
        step(
            "1/6  A simulated year of lending, with crews of fraudsters in it; the truth is kept aside",
            "world", files.world, *made,
        )
    )  # fmt: skip
    if not files.graph.exists():
        private.write(files.key, PSEUDONYMS.encode())
    first_look.say_load(
        step(
            "2/6  Its records go into the graph; no raw phone or id number is kept",
            "load", files.world / "records", "--store", files.store, "--report", files.folder / "load",
        )
    )  # fmt: skip


def _rings_and_model(files: _Files, today: str, last_week: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Figures of the rings, judged by the truth, and of the model, which learns meanwhile."""
    log = files.folder / "train.log"
    training = start(
        "3/6  A model begins to learn, from what was known at each moment",
        "train", "--store", files.store, "--as-of", today, "--out", files.model,
        "--most-network-samples", 1500, quiet=log,
    )  # fmt: skip
    try:
        # the casebook of the service, where its cases are seen
        weekly = ("rings", "--store", files.store, "--casebook", files.casebook)
        step(
            "4/6  Meanwhile the rings, as of last week",
            *weekly, "--new-casebook", "--as-of", last_week, "--back-steps", 0,
            "--out", files.folder / "rings-last-week",
        )  # fmt: skip
        first_look.say_rings(
            step(
                "     and as of today: what changed, and when each would have been flagged first",
                *weekly, "--as-of", today, "--back-steps", 9, "--out", files.rings,
            )
        )  # fmt: skip
        judged = step(
            "     against the truth, beside the usual recipes on the same graph",
            "evaluate", "--store", files.store, "--rings", files.rings, "--truth", files.world / "truth",
            "--as-of", today,
        )  # fmt: skip
        print("   the model is still learning ...", flush=True)
        return judged, figures_of(training, log)
    finally:
        ended(training)


def step(title: str, name: str, *arguments: object) -> dict[str, Any]:
    """Say what is done, and do it: its figures. Its own progress goes to stderr. Raises CalledProcessError
    where it fails.
    """
    command = announced(title, name, *arguments)
    done = subprocess.run(command, check=True, env=own_keys(), stdout=subprocess.PIPE, text=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def start(title: str, name: str, *arguments: object, quiet: Path | None = None) -> subprocess.Popen[str]:
    """The same for a step that stays. `quiet` is a file for what it says meanwhile; its figures can be read
    then.
    """
    command, environment = announced(title, name, *arguments), own_keys()
    if quiet is None:
        return subprocess.Popen(command, env=environment, text=True)
    with quiet.open("w") as log:
        return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=log)


def own_keys() -> dict[str, str]:
    """The environment of a step: whatever keys are configured here, a demonstration has its own."""
    others = ("RINGFENCE_API_KEYS", "RINGFENCE_HASH_KEY")
    return {name: value for name, value in os.environ.items() if not name.startswith(others)}


def figures_of(process: subprocess.Popen[str], log: Path) -> dict[str, Any]:
    """The figures of a step that was started quietly, when it has ended. Raises CalledProcessError where it
    failed, after what it said.
    """
    out, _ = process.communicate()
    if process.returncode:
        print(log.read_text(), file=sys.stderr)
        raise subprocess.CalledProcessError(process.returncode, "train")
    figures: dict[str, Any] = json.loads(out.splitlines()[-1])
    return figures


def ended(process: subprocess.Popen[str]) -> None:
    """End it where it still runs."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def announced(title: str, name: str, *arguments: object) -> list[str]:
    """The command, printed as a user would type it."""
    command = [name, *map(str, arguments)]
    say(title)
    print(f"   $ ringfence {shlex.join(command)}", flush=True)
    return [sys.executable, "-m", "scripts.cli", *command]


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


COMMAND = Command(
    name="demo", script="run", description=__doc__, example=EXAMPLE, arguments=_arguments, run=_run
)
