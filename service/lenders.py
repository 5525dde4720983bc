"""Which lenders the store knows, kept at hand for a while."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from time import monotonic

from graph.errors import StoreError
from graph.store import GraphStore

FRESH_SECONDS = 5.0  # how long an unknown lender stays unknown before the store is asked again


class Lenders:
    """The ids of the lenders in a store. Lenders are only ever added, so what was known stays known."""

    def __init__(self, store: GraphStore, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._names: frozenset[str] = frozenset()
        self._asked = -FRESH_SECONDS

    def known(self, wanted: object) -> frozenset[str] | None:
        """The known lenders, read again when `wanted` is not among them; None, nobody asks, where there are none or the store is down."""
        if not (isinstance(wanted, str) and wanted in self._names) and monotonic() - self._asked >= FRESH_SECONDS:
            try:
                self._names = frozenset(self._store.view(self._clock()).platforms())
            except StoreError:
                return None
            self._asked = monotonic()
        return self._names or None
