"""The investigators' search: ids first, then what they begin with; identifiers by token or masked form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graph.model.types import IdentifierKind
from graph.store.search_hit import SearchHit
from graph.stores.neo4j.cypher.read import (
    SEARCH_APPLICANTS,
    SEARCH_APPLICATIONS,
    SEARCH_IDENTIFIERS,
    SEARCH_RINGS,
)

_BY_ID = (("applicant", SEARCH_APPLICANTS), ("application", SEARCH_APPLICATIONS), ("ring", SEARCH_RINGS))


def search(ask: Callable[..., list[list[Any]]], text: str, limit: int) -> tuple[SearchHit, ...]:
    """At most `limit` hits for `text`; `ask` reads through the view."""
    text = text.strip()
    if not text:
        return ()
    hits = [
        SearchHit(f"{kind}:{name}", kind, name)
        for kind, statement in _BY_ID
        for (name,) in ask(statement, text=text, limit=limit)
    ]
    for kind, node, masked in ask(
        SEARCH_IDENTIFIERS, text=text, named=[f"{kind}:{text}" for kind in IdentifierKind], limit=limit
    ):
        hits.append(SearchHit(node, kind, masked or node.partition(":")[2]))
    return tuple(sorted(hits, key=lambda hit: text not in (hit.label, hit.node.partition(":")[2]))[:limit])
