"""Writes facts in the request's own thread where the store is free, otherwise in a background thread, so that
a load does not delay answers.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, TimeoutError
from time import perf_counter

from graph.model.types import Added, Facts
from graph.store.port import GraphStore

FEW = 16  # facts that are written sooner than another thread is woken for them
LEAST_WAIT_MS = 25.0  # a fact is worth a moment, however short the caller's time


class BackgroundWriter:
    """Facts go in in the order in which they come; those that must wait are written by one thread a
    process.
    """

    def __init__(self, store: GraphStore) -> None:
        self._store = store
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="background-writer")
        self._last: Future[Added] | None = None

    def add(self, facts: Facts, wait_ms: float) -> Added | None:
        """What the store did with the facts, or None when it was too busy to say in time: they are written as
        soon as it is free.

        Raises StoreUnavailableError when they could not be written.
        """
        ends = perf_counter() + max(wait_ms, LEAST_WAIT_MS) / 1000.0
        if len(facts) <= FEW and (self._last is None or self._last.done()):
            added = self._store.try_add(facts, (ends - perf_counter()) / 2)
            if added is not None:
                return added
        self._last = writing = self._executor.submit(self._store.add, facts)
        try:
            return writing.result(timeout=max(ends - perf_counter(), 0.0))
        except TimeoutError:
            return None

    def close(self) -> None:
        """Wait for what is still to be written."""
        self._executor.shutdown(wait=True)
