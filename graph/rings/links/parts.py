"""Parts of the links that no first cut joins, each small enough for one process, and the cut inside them."""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column
from graph.rings.links.communities import communities, components
from graph.rings.links.projection import ApplicantLinks

# mean link weight a group of the first cut must keep: what neighbours of all sorts hold together by
COARSE = 0.005
# a part with more people than this is taken apart where its links are light, so that it fits one process
LARGEST = 1_000_000
# links this light or lighter are let go in a part that is too large, one step after the other
RUNGS = (0.01, 0.02, 0.05, 0.1, 0.2)
# Between two groups whose every link is at most COARSE the weight is at most COARSE a pair, and joining them
# never gains. A little below it, so that no last bit of a sum says otherwise.
DECIDES = COARSE * (1 - 1e-9)


def parts(nodes: int, links: ApplicantLinks, largest: int = LARGEST) -> Column:
    """The part of each node (nodes,), numbered by its smallest node in ascending order.

    Parts are what links above DECIDES connect. One of more than `largest` nodes is taken apart by RUNGS: this
    alone may change the cut, and both engines do it alike.
    """
    a, b, weight = links.a, links.b, links.weight
    counts = weight > DECIDES
    a, b, weight = a[counts], b[counts], weight[counts]
    part = components(nodes, a, b)
    for rung in RUNGS:
        large = np.bincount(part)[part] > largest
        if not large.any():
            break
        kept = (part[a] == part[b]) & (~large[a] | (weight > rung))
        a, b, weight = a[kept], b[kept], weight[kept]
        part = components(nodes, a, b)
    return part


def first_cut(nodes: int, links: ApplicantLinks, largest: int = LARGEST) -> Column:
    """The group of each node (nodes,) before anybody is suspected, numbered by smallest node."""
    part = parts(nodes, links, largest)
    inside = part[links.a] == part[links.b]
    ends = (links.a[inside], links.b[inside])
    return communities(np.ones(nodes), ends, links.weight[inside], COARSE)
