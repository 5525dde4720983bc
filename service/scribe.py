"""Writes facts into the store beside the answer's own thread, so that a store busy with somebody's load does not hold an answer up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, TimeoutError

from graph.model import Added, Facts
from graph.store import GraphStore

LEAST_WAIT_MS = 25.0  # a fact is worth a moment, however short the caller's time


class Scribe:
    """One writing thread a process; facts go in in the order in which they come."""

    def __init__(self, store: GraphStore) -> None:
        self._store = store
        self._hand = ThreadPoolExecutor(max_workers=1, thread_name_prefix="scribe")

    def add(self, facts: Facts, wait_ms: float) -> Added | None:
        """What the store did with the facts, or None when it was too busy to say in time: they are written as soon as it is free.

        Raises StoreUnavailableError when they could not be written.
        """
        writing = self._hand.submit(self._store.add, facts)
        try:
            return writing.result(timeout=max(wait_ms, LEAST_WAIT_MS) / 1000.0)
        except TimeoutError:
            return None

    def close(self) -> None:
        """Wait for what is still to be written."""
        self._hand.shutdown(wait=True)
