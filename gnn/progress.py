"""How long it will take, on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import io
import sys
from typing import Any

from tqdm import tqdm

_SECONDS_BETWEEN_LINES = 20.0


class _Lines(io.StringIO):
    """Writes each state of a bar to stderr as a line of its own: a log has no line that could be drawn over."""

    def write(self, text: str) -> int:
        said = text.strip("\r\n ")
        if said:
            sys.stderr.write(said + "\n")
        return len(text)


def bar(what: str, total: int, unit: str) -> tqdm[Any]:
    """A progress bar named `what` over `total` units."""
    if sys.stderr.isatty():
        return tqdm(total=total, desc=what, unit=unit)
    pause = _SECONDS_BETWEEN_LINES
    return tqdm(total=total, desc=what, unit=unit, mininterval=pause, maxinterval=pause, ascii=True, ncols=100, file=_Lines())
