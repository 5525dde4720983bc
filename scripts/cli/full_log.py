"""stderr on a disk that is full, or that nobody reads any more: what a command says of its work is lost, and
the work goes on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, suppress
from typing import Any, TextIO, cast


class _Said:
    """The stream, but that what it cannot take raises nothing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def said_where_it_can_be() -> Iterator[None]:
    """Inside nothing fails because stderr does, and the exit status is that of the work."""
    stream = sys.stderr
    with redirect_stderr(cast(TextIO, _Said(stream))):
        yield
    try:
        stream.flush()
    except OSError:  # Python would try once more when it ends, and end with a status of its own
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            stream.flush()
