"""Queries whose answers come as columns: Arrow's driver reads them, in a process of its own.

The driver brings a SQLite library of its own, and two of them in one process take each other's locks away:
whichever closes a file gives up all locks that the process has on it, and another process may then take the
write-ahead log away from under it (https://www.sqlite.org/howtocorrupt.html, 2.2.1).
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import pyarrow as pa

from graph.model.errors import StoreUnavailableError

_ROWS = 65_536  # of a batch
_ENDS_S = 5.0
_PROGRAM = Path(__file__).with_name("column_process.py")


class ColumnReader(Protocol):
    """What asks a file for columns, inside one read transaction."""

    def read(self, query: str) -> pa.Table:
        """The rows of a query. Raises StoreUnavailableError."""
        ...


@contextmanager
def reading(path: Path) -> Iterator[ColumnReader]:
    """Queries on the SQLite file at `path`, all of one state. Raises StoreUnavailableError.

    One at a time in a process; the process that reads stays for the next one.
    """
    with _TURN:
        process = _running()
        try:
            process.step(open=path.as_uri() + "?mode=ro")
            yield process
            process.step(close=None)
        except BaseException:
            process.end()  # nobody knows how far it came
            raise


class _ColumnProcess:
    """The process, as long as it lives."""

    def __init__(self) -> None:
        # -P: the folder's modules are not what the libraries mean by these names
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._steps, self._answers = self._process.stdin, self._process.stdout
        self.of = os.getpid()

    @property
    def lives(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def step(self, **step: Any) -> None:
        """Have one step done."""
        try:
            self._steps.write(json.dumps(step).encode() + b"\n")
            self._steps.flush()
            answer = self._answers.readline()
        except OSError as error:
            raise StoreUnavailableError(f"the process that reads columns is gone: {error}") from error
        if not answer:
            raise StoreUnavailableError("the process that reads columns is gone")
        if problem := (said := json.loads(answer)).get("error"):
            temporary = (
                "; what it sorts needs room for temporary files (TMPDIR)" if said["of_the_disk"] else ""
            )
            raise StoreUnavailableError(f"the store cannot be read now: {problem}{temporary}")

    def read(self, query: str) -> pa.Table:
        """The rows of a query."""
        self.step(query=query, rows=_ROWS)
        try:
            with pa.ipc.open_stream(self._answers) as stream:
                return stream.read_all()
        except (pa.ArrowInvalid, OSError) as error:
            raise StoreUnavailableError(f"the store cannot be read now: {error}") from error

    def end(self) -> None:
        """End it; another process's is left alone."""
        if self.of != os.getpid():
            return
        self._process.kill()
        self._process.wait(_ENDS_S)
        self._answers.close()
        with suppress(OSError):  # what was not sent yet has nobody to go to
            self._steps.close()


_TURN = Lock()
_PROCESSES: list[_ColumnProcess] = []


def _running() -> _ColumnProcess:
    """This process's one: a fork takes none along, and one that ended is begun anew."""
    if not _PROCESSES or _PROCESSES[-1].of != os.getpid() or not _PROCESSES[-1].lives:
        if not _PROCESSES:
            atexit.register(_end)
        _end()
        _PROCESSES[:] = [_ColumnProcess()]
    return _PROCESSES[-1]


def _end() -> None:
    for process in _PROCESSES:
        process.end()
