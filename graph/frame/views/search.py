"""The investigators' search in the frame: a scan over all texts, which takes milliseconds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graph.facts.tables import Column
from graph.frame.columns.layout import APPLICATIONS, IDENTIFIERS, PEOPLE, USED, Arrays, Int
from graph.frame.columns.lists import BY_APPLICATION, BY_EVENT, BY_HOLDER, BY_NODE, count_recorded, is_loan
from graph.frame.columns.texts import (
    A_PERSON,
    AN_APPLICATION,
    AN_IDENTIFIER,
    after,
    begins_with,
    form_of,
    is_text,
    text_of,
)
from graph.frame.views.read import FactReader
from graph.kernels.compiled import compiled
from graph.store.search_hit import SearchHit

SearchScope = tuple[np.int64, np.int64, int]  # as of, revision, limit
_ONE = np.int64(1)


def search(r: FactReader, text: str, scope: SearchScope, ring_ids: Sequence[str]) -> tuple[SearchHit, ...]:
    """At most `limit` hits, as `GraphView.search` says; `ring_ids` are those of the snapshot in force."""
    if not text:
        return ()
    as_of, revision, limit = scope
    heap, header = np.frombuffer(text.encode(), "u1"), r.arrays.header
    people = [
        row
        for row in _begin(r.arrays, A_PERSON, header[USED + PEOPLE], heap).tolist()
        if _is_visible(r.arrays, row, as_of, revision)
    ]
    loans = [
        row
        for row in _begin(r.arrays, AN_APPLICATION, header[USED + APPLICATIONS], heap).tolist()
        if is_loan(r.arrays, row, as_of, revision)
    ]
    held = r.arrays.identifiers["ties"]
    named = [
        row
        for row in _begin(r.arrays, AN_IDENTIFIER, header[USED + IDENTIFIERS], heap).tolist()
        if count_recorded(r.arrays, BY_HOLDER, held[row], as_of, revision, _ONE)
    ]
    hits = [
        SearchHit(f"applicant:{who}", "applicant", who)
        for who in sorted(r.person(row) for row in people)[:limit]
    ]
    ids = sorted(str(r.text(r.arrays.applications[row]["id"])) for row in loans)
    hits += [SearchHit(f"application:{loan}", "application", loan) for loan in ids[:limit]]
    hits += [
        SearchHit(f"ring:{ring}", "ring", ring)
        for ring in sorted(ring for ring in ring_ids if ring.startswith(text))[:limit]
    ]
    kinds = r.arrays.identifiers["kind"]
    identifiers = sorted(
        (i.masked, int(kinds[row]), i.token, i) for row in named for i in (r.identifier(row),)
    )
    hits += [SearchHit(i.node, str(i.kind), i.masked or i.token) for *_, i in identifiers[:limit]]
    return tuple(sorted(hits, key=lambda hit: text not in (hit.label, hit.node.partition(":")[2]))[:limit])


def _is_visible(arrays: Arrays, person: Int, as_of: np.int64, revision: np.int64) -> bool:
    lists = (("applications", BY_APPLICATION), ("events", BY_EVENT), ("ties", BY_NODE))
    return any(
        count_recorded(arrays, order, arrays.people[name][person], as_of, revision, _ONE)
        for name, order in lists
    )


@compiled
def _begin(arrays: Arrays, of: Int, used: Int, heap: Column) -> Column:
    """The rows of a sort whose text begins with those bytes, or, of identifiers, whose masked form is them
    (int64).
    """
    out, count = np.empty(used, np.int64), 0
    for row in range(used):
        text = text_of(arrays, of, row)
        form = form_of(arrays.texts, text)
        hit = form.length >= len(heap) and begins_with(
            arrays.texts, form, heap, np.int64(0), np.int64(len(heap))
        )
        if hit or (
            of == AN_IDENTIFIER
            and is_text(arrays.texts, after(arrays.texts, text), heap, np.int64(0), np.int64(len(heap)))
        ):
            out[count] = row
            count += 1
    return out[:count]
