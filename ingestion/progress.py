"""How far a long step is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from tqdm import tqdm

_EVERY = 10.0  # seconds between two lines


class Progress:
    """Counts rows up to `total` on stderr. Use as a context; `step` is told how many more."""

    def __init__(self, what: str, total: int) -> None:
        self._what = what
        self._total = total
        self._done = 0
        self._started = self._said = time.monotonic()
        self._bar = tqdm(total=total, desc=what, unit=" rows", file=sys.stderr) if sys.stderr.isatty() else None

    def step(self, rows: int) -> None:
        """So many rows more are done."""
        self._done += rows
        if self._bar is not None:
            self._bar.update(rows)
        elif time.monotonic() - self._said >= _EVERY:
            self._said = time.monotonic()
            rate = self._done / (self._said - self._started)
            print(f"{self._what}: {self._done:,} of {self._total:,} rows, {rate:,.0f} a second", file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()
