"""A name for what a store holds up to a revision."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Protocol

from graph.store.forgetting import StoreState

LATEST = 64  # entries of the journal that are read for it


class _Journal(Protocol):
    def tail(self, after: int, upto: int | None = None) -> Iterator[tuple[int, bytes]]: ...


def past_of(store: _Journal, state: StoreState) -> str:
    """By the edition, the revision and the journal's LATEST entries until then: a store that was brought back
    from a copy and then given other facts has the edition and may have the revision of the one that was
    copied. Raises StoreUnavailableError.
    """
    seal = hashlib.sha256(f"{state.edition} {state.revision}".encode())
    for _, body in store.tail(max(0, state.revision - LATEST), state.revision):
        seal.update(hashlib.sha256(body).digest())
    return seal.hexdigest()[:16]
