"""Waiting for a store across a network no longer than the caller waits for the answer."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, TimeoutError
from typing import TypeVar

from graph.errors import StoreUnavailableError

T = TypeVar("T")


class Patience:
    """Runs what may never come back in threads of its own; `hands` of them may hang before the next one is not even begun."""

    def __init__(self, hands: int = 8) -> None:
        self._pool = ThreadPoolExecutor(max_workers=hands, thread_name_prefix="store")

    def within(self, milliseconds: float, work: Callable[[], T]) -> T:
        """What `work` gives. Raises whatever it raises, and StoreUnavailableError when it takes longer; it then ends unheard."""
        done = self._pool.submit(work)
        try:
            return done.result(timeout=max(milliseconds, 0.0) / 1000.0)
        except TimeoutError:
            done.cancel()
            raise StoreUnavailableError(f"the store did not answer within {milliseconds:.0f} ms") from None

    def close(self) -> None:
        """Begin nothing more; what hangs is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)
