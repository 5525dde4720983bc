"""How many people the links of a search's groups hold together."""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column
from graph.rings.applicants.everybody import Rows, merged
from graph.rings.groups.whole_groups import AT_ONCE
from graph.rings.links.communities import components
from graph.rings.links.rows import LinkRows
from graph.rings.search import RingSearch


def largest_component(search: RingSearch) -> int:
    """How many people the links inside one group hold together, at most: the groups of some AT_ONCE people
    after the other, the largest first.
    """
    found = _of_groups(search.links, search.people, search.group, min(1, len(search.applicants)))
    if found > 1:
        return found
    pairs = merged(search.everybody.answers(_in_pairs, ("group", "size")))
    return _of_groups(search.links, pairs["who"], pairs["group"], found)


def _in_pairs(rows: Rows, given: Rows) -> Rows:
    """Who is in a group of two."""
    at = np.flatnonzero(rows["size"] == 2)
    return {"who": rows["who"][at], "group": rows["group"][at]}


def _of_groups(links: LinkRows, people: Column, group: Column, found: int) -> int:
    """The same of some whole groups, each of the `people` (N,) in one of `group` (N,); `found` at least."""
    place, size = np.unique(group, return_inverse=True, return_counts=True)[1:]
    largest = np.argsort(-size, kind="stable")
    batch = (np.cumsum(size[largest]) - size[largest]) // AT_ONCE
    for number in range(int(batch.max(initial=-1)) + 1):
        some = largest[(batch == number) & (size[largest] > found)]
        if len(some):
            inside = np.flatnonzero(np.isin(place, some))
            found = max(found, _largest_inside(links, people[inside], group[inside]))
    return found


def _largest_inside(links: LinkRows, people: Column, group: Column) -> int:
    among = links.among(people)
    a, b = (np.searchsorted(people, end) for end in (among.a, among.b))
    inside = group[a] == group[b]
    return int(np.bincount(components(len(people), a[inside], b[inside])).max())
