"""Names that were erased, as somebody asks for them all the same: what is kept of that has their codes."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from graph.model.errors import ErasedError, StoreError
from graph.store.erased_codes import NameKind
from service.http.calls import app_context


def refuse_erased(nodes: Iterable[str]) -> None:
    """Raise ErasedError where one of these nodes was erased, StoreUnavailableError where the store's key is
    missing.
    """
    _learn()
    if any(_erased(node) for node in nodes):
        raise ErasedError("it names somebody who was erased")


def without_erased(node: str) -> str:
    """The name of a node as it may be kept: of an erased id its code, as in `applicant:erased:k1:0f3a...`.
    Raises StoreUnavailableError where the store's key is missing.
    """
    _learn()
    code = _erased(node)
    return node if code is None else f"{node.partition(':')[0]}:erased:{code}"


def _learn() -> None:
    with suppress(StoreError):  # else it goes by what this process knows of the erased
        app_context().store.state()


def _erased(node: str) -> str | None:
    """The code of what was erased; None for all else, also for what is somebody new's by now."""
    store = app_context().store
    if (code := store.refusal.code(node)) is None:
        return None
    kind, _, name = node.partition(":")
    with suppress(StoreError):
        if kind == NameKind.APPLICANT and not store.unknown_ids((), (name,)).applicants:
            return None
        if kind == NameKind.DEVICE and store.refusal.holds(node):
            return None
    return code
