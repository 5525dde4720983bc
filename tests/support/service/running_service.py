"""The service as it is run, in processes of its own."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from service.http.callers.operator_key import operators_file
from service.settings import Settings
from tests.support.stores import store_url

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Running:
    """A service in processes of its own."""

    process: subprocess.Popen[bytes]
    port: int
    store: Path
    casebook: Path
    said: Path

    @classmethod
    def started(
        cls,
        store: Path,
        bundle: Path,
        casebook: Path,
        port: int | None = None,
        model_as: str = "--model",
        url: str = "",
    ) -> Running:
        """One that is ready: two workers, on a free port unless it is given; `model_as` --registry takes the
        `bundle` for a registry. `url` is of a casebook that is no file.
        """
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = port or int(probe.getsockname()[1])
        command = [
            sys.executable,
            "scripts/serve.py",
            "--store",
            store_url(store),
            model_as,
            str(bundle),
            "--casebook",
            url or f"sqlite:///{casebook}",
        ]
        soon = os.environ | {"RINGFENCE_BODY_SECONDS": "2"}
        # no pipe: whatever is left of a service that was killed would hold its other end
        stated = casebook.with_name(f"said-{time.time_ns()}")
        with stated.open("wb") as errors:
            arguments = [*command, "--port", str(port), "--workers", "2"]
            process = subprocess.Popen(arguments, cwd=ROOT, stderr=errors, env=soon, start_new_session=True)
        service = cls(process, port, store, casebook, stated)
        try:
            wait_until_ready(service)
        except BaseException:
            service.end()
            raise
        return service

    def end(self) -> None:
        """End it, its workers too, whatever state they are in."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    @property
    def key(self) -> str:
        """One of the environment's, where it has keys, else the one that its first start made."""
        if given := os.environ.get("RINGFENCE_API_KEYS"):
            return given.partition(",")[0].split(":")[1].partition("@")[0]
        settings = Settings(store=store_url(self.store), casebook=f"sqlite:///{self.casebook}")
        file = operators_file(settings)
        return file.read_text().strip() if file.exists() else ""

    def ask(self, method: str, path: str, reported: Any = None, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            sent = {"Content-Type": "application/json", "Authorization": f"Bearer {self.key}"} | headers
            connection.request(method, path, orjson.dumps(reported) if reported is not None else None, sent)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def ask_until_answered(self, reported: Any, **headers: str) -> tuple[int, bytes]:
        """As a decision engine does: when the line breaks, the same request with the same key again."""
        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                return self.ask("POST", "/risk", reported, **headers)
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
        raise AssertionError("no answer within 120 s")

    def workers(self) -> list[int]:
        """Forks of the server, so that they have its command."""
        command = command_of(self.process.pid)
        return [child for child in children(self.process.pid) if command_of(child) == command]

    def watcher(self) -> int | None:
        """The process that watches and sends; None while there is none."""
        return self.beside("service.processes.watch")

    def beside(self, module: str) -> int | None:
        """The process of that module; None while there is none."""
        running = (child for child in children(self.process.pid) if f"-m {module} " in command_of(child))
        return next(running, None)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def command_of(pid: int) -> str:
    """Its command line; empty where it has just ended."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def wait_until_ready(service: Running) -> None:
    for _ in range(3_000):  # a machine that is busy with other things takes its time
        assert service.process.poll() is None, service.said.read_text()
        try:
            if service.ask("GET", "/readyz")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError("not ready after 300 s")
