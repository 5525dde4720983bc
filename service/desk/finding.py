"""The desk's search: a raw value is pseudonymised before anything is looked up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graph.model.types import IdentifierKind
from graph.store.port import GraphView
from graph.store.search_hit import SearchHit
from ingestion.characters import visible
from ingestion.contract import IDENTIFIERS, Column
from ingestion.identifiers.normalise import normalise
from ingestion.identifiers.recognise import UNMISTAKABLE, recognised
from ingestion.parse_context import Pseudonymiser
from service.desk.drawings import label_of

LEAST = 2  # characters of a search: with fewer everybody would begin
# what a search may name before a colon, beside the kinds of identifiers
_KINDS = ("applicant", "application", "ring")
_COLUMNS: dict[IdentifierKind, Column] = {c.kind: c for c in reversed(IDENTIFIERS) if c.kind is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What a search found: its node, type and label (an identifier's masked form). `exact` is False for a
    value that only looks the same masked.
    """

    node: str
    type: str
    label: str
    exact: bool = True


def find(view: GraphView, naming: Pseudonymiser, text: str) -> tuple[Hit, ...]:
    """What `text` may mean: an id or its beginning, a token, a masked form, or a raw value of any kind.

    Before a colon it may say what it is (`applicant:13812345678`). A raw value is looked up by its pseudonym;
    one that can be nothing else (a phone, an e-mail, a national id) reaches the store in no other form,
    unless it is said to be an id.
    """
    text = visible(text)
    kind, colon, value = text.partition(":")
    if colon and kind in _KINDS:
        return (
            tuple(hit for hit in _listed(view.search(value.strip())) if hit.type == kind)
            if len(value.strip()) >= LEAST
            else ()
        )
    requested = [IdentifierKind(kind)] if colon and kind in tuple(IdentifierKind) else list(_COLUMNS)
    text = value.strip() if len(requested) == 1 else text
    if len(text) < LEAST:
        return ()
    if held := tuple(_held(view, naming, text, requested)):
        return held
    looks = recognised(text)
    if looks in UNMISTAKABLE:
        return _alike(view, looks, text)
    results = [hit for hit in _listed(view.search(text)) if len(requested) > 1 or hit.type == requested[0]]
    return tuple(results) or (_alike(view, looks, text) if looks else ())


def _held(view: GraphView, naming: Pseudonymiser, text: str, kinds: list[IdentifierKind]) -> Iterator[Hit]:
    """The identifiers that `text` is, of those that somebody held before the view's moment."""
    named = (naming.identify(_COLUMNS[kind], text).mention.identifier for kind in kinds)
    known = [result for one in named if (result := view.identifier(one.node)) is not None]
    counts = view.holder_counts(known) if known else {}
    for one in known:
        if counts[one]:
            yield Hit(node=one.node, type=one.kind.value, label=label_of(one.node, one))


def _alike(view: GraphView, kind: IdentifierKind, text: str) -> tuple[Hit, ...]:
    """The identifiers whose masked form is that of `text`: of a store whose values came hashed, or under a
    key that is gone.
    """
    shown = normalise(kind, text).masked
    return tuple(
        Hit(node=f.node, type=f.type, label=f.label, exact=False)
        for f in view.search(shown)
        if f.type == kind and f.label == shown
    )


def _listed(result: tuple[SearchHit, ...]) -> Iterator[Hit]:
    for one in result:
        yield Hit(node=one.node, type=one.type, label=one.label)
