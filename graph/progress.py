"""Progress on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress

_SECONDS_BETWEEN_LINES = 10.0
_SECONDS_BETWEEN_DRAWINGS = 0.1

_within: ContextVar[tuple[str, ...]] = ContextVar("within", default=())


class ProgressBar:
    """Counts what is done. `total` is None where nobody knows how much there is to do."""

    def __init__(self, what: str, total: int | None, unit: str) -> None:
        self.what, self.total, self.unit, self.n = what, total, unit.strip(), 0
        self._drawn: Progress | None = None
        self._started = self._last = time.monotonic()
        self._pause = _SECONDS_BETWEEN_LINES

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._drawn = _drawing()
            self._task = self._drawn.add_task(self.what, total=self.total, unit=self.unit)
            self._pause = _SECONDS_BETWEEN_DRAWINGS
            self._drawn.start()
        return self

    def update(self, more: int = 1) -> None:
        """So many more are done."""
        self.n += more
        if (now := time.monotonic()) - self._last >= self._pause:
            self._last = now
            self._show()

    def _show(self) -> None:
        if self._drawn is not None:
            self._drawn.update(self._task, completed=self.n)
        else:
            seconds = time.monotonic() - self._started
            share = (
                f"{self.n / self.total:4.0%}, {self.n:,} of {self.total:,}" if self.total else f"{self.n:,}"
            )
            rate = self.n / max(seconds, 1e-9)
            fast = f", {rate:,.0f} a second" if rate >= 1 else ""
            sys.stderr.write(f"{self.what}: {share} {self.unit}, {seconds:.0f} s{fast}\n")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.n:
            self._show()
        if self._drawn is not None:
            self._drawn.stop()


def bar(what: str, total: int | None, unit: str) -> ProgressBar:
    """A context named `what` over `total` units, None where that is unknown, after the parts of the work that
    it is in; call its `update` with the number of further units.
    """
    return ProgressBar(", ".join((*_within.get(), what)), total, unit)


@contextmanager
def part_of_work(name: str) -> Iterator[None]:
    """Every bar within this context says that it belongs to that part of the work."""
    token = _within.set((*_within.get(), name))
    try:
        yield
    finally:
        _within.reset(token)


def _drawing() -> Progress:
    # here, because it takes a tenth of a second and most processes have no terminal
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"), TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    return Progress(*columns, console=Console(stderr=True), auto_refresh=True, refresh_per_second=8)
