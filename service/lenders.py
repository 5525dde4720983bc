"""A cache of the lenders in the store, and which of them runs the service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from time import monotonic

from graph.model.errors import StoreError
from graph.store.port import GraphStore

FRESH_SECONDS = 5.0  # how long an unknown lender stays unknown before the store is asked again


class Lenders:
    """The ids of the lenders in a store. Lenders are only ever added, so what was known stays known."""

    def __init__(self, store: GraphStore, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._names: frozenset[str] = frozenset()
        self._own: tuple[str, ...] = ()
        self._read_at = -FRESH_SECONDS

    def known(self, wanted: object) -> frozenset[str] | None:
        """The known lenders, read again when `wanted` is not among them; None, nobody asks, where there are
        none or the store is down.
        """
        if not (isinstance(wanted, str) and wanted in self._names) and not self._read():
            return None
        return self._names or None

    def own(self) -> tuple[str, ...]:
        """The lender that runs the service (rarely more than one), by id; none where none is known or the
        store is down.
        """
        if not self._own:
            self._read()
        return self._own

    def _read(self) -> bool:
        """Look again, unless that was a moment ago; False where the store is down."""
        if monotonic() - self._read_at >= FRESH_SECONDS:
            try:
                lenders = self._store.view(self._clock()).platforms()
            except StoreError:
                return False
            self._names, self._own = (
                frozenset(lenders),
                tuple(sorted(name for name, one in lenders.items() if one.is_own)),
            )
            self._read_at = monotonic()
        return True
