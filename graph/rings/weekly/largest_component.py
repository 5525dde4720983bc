"""How many people the links of a search's groups hold together."""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column
from graph.rings.groups.whole_groups import AT_ONCE
from graph.rings.links.communities import components
from graph.rings.links.rows import LinkRows
from graph.rings.search import RingSearch


def largest_component(search: RingSearch) -> int:
    """How many people the links inside one group hold together, at most: the groups of some AT_ONCE people
    after the other, the largest first.
    """
    group, size = search.group, np.bincount(search.group)
    largest, found = np.argsort(-size, kind="stable"), min(1, len(search.group))
    batch = (np.cumsum(size[largest]) - size[largest]) // AT_ONCE
    for number in range(int(batch.max(initial=-1)) + 1):
        some = largest[(batch == number) & (size[largest] > found)]
        if len(some):
            found = max(found, _largest_inside(search.links, group, np.flatnonzero(np.isin(group, some))))
    return found


def _largest_inside(links: LinkRows, group: Column, people: Column) -> int:
    among = links.among(people)
    a, b = (np.searchsorted(people, end[group[among.a] == group[among.b]]) for end in (among.a, among.b))
    return int(np.bincount(components(len(people), a, b)).max())
