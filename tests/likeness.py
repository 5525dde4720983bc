"""What tests ask of neighbourhoods: whether two say the same, ids compared by which rows share them, everything else by value."""

from __future__ import annotations

from typing import Any

import numpy as np

from graph.frame.neighbourhood import NOBODY, UNKNOWN_WORD, Neighbourhood

# Where ids of one kind of thing stand. A number in one neighbourhood stands for one number in the other.
IDS = {
    "person": {"people": ("id",), "applications": ("applicant",), "events": ("other",)},
    "identifier": {"identifiers": ("id",), "mentions": ("id",)},
    "application": {"applications": ("id",), "labels": ("loan",)},
    "word": {"subject": ("merchant_city",), "applications": ("platform", "merchant", "agent", "product", "city")},
    "ring": {"rings": ("id",)},
}
LISTS = {
    "people": (("application", "applications"), ("label", "labels"), ("tie", "ties")),
    "identifiers": (("tie", "ties"),),
    "applications": (("mention", "mentions"), ("outcome", "outcomes")),
}


def used(n: Neighbourhood, name: str) -> Any:
    """The rows of an array that are in use."""
    if name in ("subject", "zone"):
        return getattr(n, name)
    size = int(n.subject[0]["ties" if name == "ties_of" else name])
    return getattr(n, name)[: size + (int(n.subject[0]["outsiders"]) if name == "people" else 0)]


def unlike(a: Neighbourhood, b: Neighbourhood) -> list[str]:
    """The places in which they differ; empty where they say the same."""
    found = [name for name in Neighbourhood._fields if len(used(a, name)) != len(used(b, name))]
    if found:
        return found
    ids = {(array, field) for of in IDS.values() for array, fields in of.items() for field in fields}
    for name in Neighbourhood._fields:
        one, other = used(a, name), used(b, name)
        if one.dtype.names is None:
            found += [] if np.array_equal(one, other) else [name]
            continue
        starts = dict(LISTS.get(name, ()))
        for field in one.dtype.names:
            if (name, field) not in ids:
                told = one[starts[field]] > 0 if field in starts else np.full(len(one), True)
                found += [] if np.array_equal(one[field][told], other[field][told], equal_nan=one[field].dtype.kind == "f") else [f"{name}.{field}"]
    return found + [f"{kind} ids" for kind, of in IDS.items() if not _one_to_one(a, b, of)]


def _one_to_one(a: Neighbourhood, b: Neighbourhood, of: dict[str, tuple[str, ...]]) -> bool:
    pairs = {pair for name, fields in of.items() for field in fields for pair in zip(used(a, name)[field].tolist(), used(b, name)[field].tolist())}
    told = {(x, y) for x, y in pairs if int(UNKNOWN_WORD) not in (x, y)}  # what is unknown stands for any word that nothing else says
    for x, y in pairs - told:
        if x in {one for one, _ in told} or y in {other for _, other in told}:
            return False
    return len({x for x, _ in told}) == len({y for _, y in told}) == len(told) and all((x == NOBODY) == (y == NOBODY) for x, y in pairs)
