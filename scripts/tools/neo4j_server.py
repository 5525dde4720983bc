"""A Neo4j server of one's own on loopback ports, in a folder of its own: `make neo4j` in the foreground, and
the tests.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from scripts.tools.neo4j_jars import NoServerError, jars, java

USER, PASSWORD = "neo4j", "ringfence-local"  # of a server that only this machine can reach
START_SECONDS = 300.0  # a busy machine takes minutes, an idle one ten seconds
STOP_SECONDS = 60.0
_OPENED = (
    "java.base/java.nio",
    "java.base/java.io",
    "java.base/sun.nio.ch",
    "java.base/java.util.concurrent",
    "java.base/java.lang",
)

_BRIEF_SETTINGS = {"dbms.cypher.min_replan_interval": "1h"}  # small worlds come and go; plans may stay


def _runs(thread: Path) -> bool:
    """Whether the thread of that `stat` file has neither stopped nor ended: a signal reaches one after the
    other.
    """
    try:
        return (
            thread.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0] not in "TtZX"
        )
    except OSError:
        return False


class Neo4jServer:
    """One server process. `folder` keeps its data between starts; the ports are found at the first start and
    kept.

    A `brief` one, for tests, spends half the processor time on its start and is slower once it is warm.
    """

    def __init__(
        self,
        folder: Path,
        *,
        heap_mb: int = 1024,
        page_cache_mb: int = 512,
        bolt_port: int = 0,
        http_port: int = 0,
        brief: bool = False,
    ) -> None:
        self.folder = folder.resolve()
        self.heap_mb = heap_mb
        self.page_cache_mb = page_cache_mb
        self.bolt_port = bolt_port or free_port()
        self.http_port = http_port or free_port()
        self.brief = brief
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The store URL."""
        return f"bolt://{USER}:{PASSWORD}@127.0.0.1:{self.bolt_port}/neo4j"

    @property
    def pid(self) -> int | None:
        """The server's process, while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start and wait until it answers. Raises NoServerError where that is not possible, with what the
        server said last.
        """
        result, program = jars(), java()
        self._write_settings(result)
        log = (self.folder / "console.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                self._command(program, result),
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        self._wait_until_it_answers()

    def stop(self) -> None:
        """End it as it wants to be ended: everything is written."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it hang: connections stay open and nothing answers. On Linux it has stopped when this
        returns.
        """
        if self.pid:
            os.kill(self.pid, signal.SIGSTOP)
            while any(_runs(task) for task in Path(f"/proc/{self.pid}/task").glob("*/stat")):
                time.sleep(0.01)

    def resume(self) -> None:
        """Let it go on."""
        if self.pid:
            os.kill(self.pid, signal.SIGCONT)

    def wait(self) -> int:
        """Until the server ends by itself: its exit status."""
        return self._process.wait() if self._process else 0

    def _end(self, how: signal.Signals) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _command(self, program: str, result: Path) -> list[str]:
        opened = [f"--add-opens={package}=ALL-UNNAMED" for package in _OPENED]
        compiling = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"] if self.brief else ["-XX:+UseG1GC"]
        # Room for the server's classes from the start: else the heap is collected as a whole, three times,
        # while it grows.
        memory = [
            f"-Xms{min(512, self.heap_mb)}m",
            f"-Xmx{self.heap_mb}m",
            "-XX:MetaspaceSize=256m",
            *compiling,
            "-Dfile.encoding=UTF-8",
            f"-Djava.io.tmpdir={self.folder / 'run'}",  # what it leaves where it is killed
        ]
        home = [f"--home-dir={self.folder}", f"--config-dir={self.folder / 'conf'}"]
        classes = f"{result}/*"
        return [program, *memory, *opened, "-cp", classes, "org.neo4j.server.CommunityEntryPoint", *home]

    def _write_settings(self, result: Path) -> None:
        for name in ("conf", "data", "logs", "run", "import"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        settings = {
            "server.default_listen_address": "127.0.0.1",
            "server.bolt.listen_address": f"127.0.0.1:{self.bolt_port}",
            "server.bolt.advertised_address": f"127.0.0.1:{self.bolt_port}",
            "server.http.listen_address": f"127.0.0.1:{self.http_port}",
            "server.http.advertised_address": f"127.0.0.1:{self.http_port}",
            "server.memory.pagecache.size": f"{self.page_cache_mb}m",
            "db.tx_log.rotation.retention_policy": "1 files",
            "dbms.usage_report.enabled": "false",
            **(_BRIEF_SETTINGS if self.brief else {}),
        }
        text = "".join(f"{name}={value}\n" for name, value in settings.items())
        (self.folder / "conf" / "neo4j.conf").write_text(text, encoding="utf-8")

    def _wait_until_it_answers(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self._process is None or self._process.poll() is not None:
                raise NoServerError(f"Neo4j ended while it started: {self._last_words()}")
            if self._answers():
                return
            time.sleep(0.2)
        self.kill()
        raise NoServerError(f"Neo4j did not answer within {START_SECONDS:.0f} s: {self._last_words()}")

    def _answers(self) -> bool:
        """Whether it answers to our password; a new one's first password is changed to ours on the way."""
        try:
            if self._runs_statement(PASSWORD, "neo4j", "RETURN 1"):
                return True
            return self._runs_statement(
                "neo4j", "system", f"ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO '{PASSWORD}'"
            )
        except OSError:
            return False

    def _runs_statement(self, password: str, database: str, statement: str) -> bool:
        """Run a statement over HTTP, which needs no driver. False when the password is refused; raises
        OSError while nobody answers.
        """
        proof = base64.b64encode(f"{USER}:{password}".encode()).decode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.http_port}/db/{database}/tx/commit",
            json.dumps({"statements": [{"statement": statement}]}).encode(),
            {"Authorization": f"Basic {proof}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return not json.load(answer)["errors"]
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (401, 403):
                return False
            raise

    def _last_words(self) -> str:
        return (self.folder / "console.log").read_text(encoding="utf-8", errors="replace")[-800:]


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def main(arguments: list[str] | None = None) -> int:
    """Run a server until Ctrl-C or SIGTERM. Exit status: 0 ended when told to, 1 it could not start or ended
    by itself.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/neo4j"), help="its data (default var/neo4j)")
    parser.add_argument("--bolt-port", type=int, default=7687, help="port for drivers (default 7687)")
    parser.add_argument("--http-port", type=int, default=7474, help="port for the browser (default 7474)")
    parser.add_argument("--heap-mb", type=int, default=1024, help="heap in MB (default 1024)")
    parser.add_argument("--fresh", action="store_true", help="throw its data away first")
    options = parser.parse_args(arguments)
    if options.fresh:
        shutil.rmtree(options.folder, ignore_errors=True)
    server = Neo4jServer(
        options.folder, heap_mb=options.heap_mb, bolt_port=options.bolt_port, http_port=options.http_port
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        server.start()
        print(f"== Neo4j is up. Store: {server.url}", file=sys.stderr)
        print(
            (
                f"== Browser: http://127.0.0.1:{server.http_port} (user {USER}, password {PASSWORD}). Ctrl-C "
                "ends it."
            ),
            file=sys.stderr,
            flush=True,
        )
        server.wait()
        print("neo4j_server: the server ended by itself", file=sys.stderr)
        return 1
    except NoServerError as error:
        print(f"neo4j_server: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
