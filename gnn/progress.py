"""How long it will take, on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

_SECONDS_BETWEEN_LINES = 20.0


def bar(what: str, total: int, unit: str) -> tqdm[Any]:
    """A progress bar named `what` over `total` units."""
    if sys.stderr.isatty():
        return tqdm(total=total, desc=what, unit=unit)
    return tqdm(total=total, desc=what, unit=unit, mininterval=_SECONDS_BETWEEN_LINES, maxinterval=_SECONDS_BETWEEN_LINES, ascii=True, ncols=100)
