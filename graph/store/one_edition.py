"""Long work by names that were read from a store, during which people may be erased from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from graph.model.errors import ConflictError, NotFoundError
from graph.store.forgetting import ERASED_MEANWHILE, Forgetting


@contextmanager
def of_one_edition(store: Forgetting, edition: int) -> Iterator[None]:
    """Names that were read from that edition are looked up while the block lasts. Raises ConflictError, which
    names nobody, where one is not there any more because people were erased since.
    """
    try:
        yield
    except NotFoundError:
        refuse_another(store, edition)
        raise


def refuse_another(store: Forgetting, edition: int) -> None:
    """Raise ConflictError where people were erased since the store was of that edition."""
    if store.edition() != edition:
        raise ConflictError(ERASED_MEANWHILE) from None
