"""Names that were erased, as somebody asks for them all the same: what is kept of that has their codes."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from graph.model.errors import ErasedError, StoreError
from graph.store.erased_codes import NameKind
from service.http.calls import app_context


def refuse_erased(nodes: Iterable[str]) -> None:
    """Raise ErasedError where one of these nodes was erased, StoreUnavailableError where that cannot be said:
    the store's key is missing, the store was away since this process began, or it cannot say whether an
    erased id is somebody new's by now.
    """
    _learn()
    if any(_code(node) is not None and not _is_new(node) for node in nodes):
        raise ErasedError("it names somebody who was erased")


def without_erased(node: str) -> str:
    """The name of a node as it may be kept: of an erased id its code, as in `applicant:erased:k1:0f3a...`.
    Raises StoreUnavailableError where that cannot be said.
    """
    _learn()
    if (code := _code(node)) is None:
        return node
    with suppress(StoreError):
        if _is_new(node):
            return node
    return f"{node.partition(':')[0]}:erased:{code}"


def _learn() -> None:
    store = app_context().store
    try:
        store.state()
    except StoreError:
        if not store.refusal.informed:  # else it goes by what this process knows of the erased
            raise


def _code(node: str) -> str | None:
    return app_context().store.refusal.code(node)


def _is_new(node: str) -> bool:
    """Whether what was erased is somebody new's by now. Raises StoreError where the store cannot say."""
    store = app_context().store
    kind, _, name = node.partition(":")
    if kind == NameKind.APPLICANT:
        return not store.unknown_ids((), (name,)).applicants
    return kind == NameKind.DEVICE and store.refusal.holds(node)
