"""Community detection on weighted links: connected components, then the constant Potts model (CPM), whose
resolution does not depend on graph size.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from graph.facts.tables import Column
from graph.kernels.compiled import compiled


def components(nodes: int, a: Column, b: Column) -> Column:
    """The component of each node (nodes,), numbered by its smallest node in ascending order. `a`, `b` are the
    ends of links (P,).
    """
    links = sparse.coo_matrix((np.ones(len(a)), (a, b)), shape=(nodes, nodes))
    return np.asarray(connected_components(links, directed=False)[1], np.int64)


def communities(mass: Column, ends: tuple[Column, Column], weight: Column, resolution: float) -> Column:
    """Groups that maximise the sum over groups of (inner weight - resolution x inner mass pairs): the
    constant Potts model (Traag 2011).

    `mass` (nodes,) is what a node counts for, 1 for all in the plain form. A group holds together while its
    weight per pair of mass stays above `resolution` (0-1), whatever else the graph holds: components do not
    influence each other, so small rings are never swallowed. Louvain moves in order of node number, levels
    until nothing moves, then each group is cut into its connected parts: the same input gives the same
    answer. Returns (nodes,) numbered by smallest node.
    """
    a, b = ends[0].astype(np.int64), ends[1].astype(np.int64)
    weight = weight.astype(np.float64)
    nodes = len(mass)
    group = np.arange(nodes, dtype=np.int64)
    size: Column = mass.astype(np.float64)
    left, right, between = a, b, weight
    while True:
        start, to, pull = _adjacency(len(size), left, right, between)
        moved = _local_moves(start, to, pull, size, resolution)
        names, moved = np.unique(moved, return_inverse=True)
        if len(names) == len(size):
            break
        group = moved[group]
        size = np.bincount(moved, weights=size)
        left, right, between = _merge(len(size), moved[left], moved[right], between)
    inside = group[a] == group[b]
    return components(nodes, a[inside], b[inside])


def _adjacency(nodes: int, a: Column, b: Column, weight: Column) -> tuple[Column, Column, Column]:
    """Both directions of each link as compressed rows, neighbours in ascending order."""
    both = sparse.csr_matrix((np.r_[weight, weight], (np.r_[a, b], np.r_[b, a])), shape=(nodes, nodes))
    both.sort_indices()
    return both.indptr, both.indices, both.data


def _merge(nodes: int, a: Column, b: Column, weight: Column) -> tuple[Column, Column, Column]:
    """Links between merged nodes, parallel ones added up; what lies inside a node is no longer needed."""
    apart = a != b
    low, high = np.minimum(a[apart], b[apart]), np.maximum(a[apart], b[apart])
    merged = sparse.coo_matrix((weight[apart], (low, high)), shape=(nodes, nodes)).tocsr().tocoo()
    return merged.row.astype(np.int64), merged.col.astype(np.int64), merged.data


@compiled
def _local_moves(start: Column, to: Column, pull: Column, size: Column, resolution: float) -> Column:
    """Move one node at a time to the neighbouring group that gains most, ties to the lower number, until no
    move gains.
    """
    nodes = len(size)
    group = np.arange(nodes)
    members = size.copy()
    towards = np.zeros(nodes)
    for _sweep in range(50):
        moves = 0
        for node in range(nodes):
            first, last = start[node], start[node + 1]
            if first == last:
                continue
            here = group[node]
            members[here] -= size[node]
            for k in range(first, last):
                towards[group[to[k]]] += pull[k]
            best = here
            gain = towards[here] - resolution * size[node] * members[here]
            if gain < 0.0:
                gain = 0.0
                best = node if members[node] == 0.0 else here
            for k in range(first, last):
                there = group[to[k]]
                value = towards[there] - resolution * size[node] * members[there]
                if value > gain + 1e-12 or (value > gain - 1e-12 and value > 0.0 and there < best):
                    gain = value if value > gain else gain
                    best = there
            for k in range(first, last):
                towards[group[to[k]]] = 0.0
            members[best] += size[node]
            if best != here:
                group[node] = best
                moves += 1
        if moves == 0:
            break
    return group
