"""How long it will take, on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import io
import sys
from typing import Any

from tqdm import tqdm

_SECONDS_BETWEEN_LINES = 10.0


class _Lines(io.StringIO):
    """Writes each state of a bar to stderr as a line of its own: a log has no line that could be drawn over."""

    def write(self, text: str) -> int:
        said = text.strip("\r\n ")
        if said:
            sys.stderr.write(said + "\n")
        return len(text)


def bar(what: str, total: int | None, unit: str) -> tqdm[Any]:
    """A context named `what` over `total` units, None where nobody knows; its `update` is told how many more are done."""
    if sys.stderr.isatty():
        return tqdm(total=total, desc=what, unit=unit, file=sys.stderr)
    pause = _SECONDS_BETWEEN_LINES
    return tqdm(total=total, desc=what, unit=unit, mininterval=pause, maxinterval=pause, ascii=True, ncols=100, file=_Lines())
