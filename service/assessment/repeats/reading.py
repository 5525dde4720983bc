"""How a command reads the store as of thousands of moments: through the frame, without a round trip each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from graph.store.port import GraphStore
from service.assessment.views import Views
from service.opening import filled_frame
from service.settings import Settings


@contextmanager
def views_of_many(store: GraphStore, settings: Settings) -> Iterator[Views]:
    """Views of a store through its frame, which is filled first; through the store where there is none to be
    had. Raises StoreError.
    """
    views = Views(store, filled_frame(store, settings, store.revision()))
    try:
        yield views
    finally:
        views.close()
