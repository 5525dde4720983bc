"""Measures of what a search found: its groups, or those of the first cut."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from graph.facts.tables import Column
from graph.rings.communities import components
from graph.rings.measures import MEANS, Measures
from graph.rings.search import RingSearch


def measured(search: RingSearch, group: Column) -> Iterator[Measures]:
    """Of the groups of three or more of `group` (A,), some groups after the other, in no order."""
    given = {
        "since": search.known.since,
        **{name: search.applicants.column(name) for name in ("last", "open")},
        "fraud": search.known.fraud,
        "suspicion": search.suspicion,
        **{name: search.own.column(name) for name in MEANS},
    }
    return search.groups.measured(group, given)


def largest_component(search: RingSearch) -> int:
    """How many people the links inside one group hold together, at most."""
    size, found = np.bincount(search.group), min(1, len(search.group))
    for number in np.argsort(-size, kind="stable").tolist():
        if size[number] <= found:
            break
        some = np.flatnonzero(search.group == number)
        links = search.links.among(some)
        a, b = (np.searchsorted(some, end) for end in (links.a, links.b))
        found = max(found, int(np.bincount(components(len(some), a, b)).max()))
    return found
