"""The small heterogeneous graph around one subject as flat arrays, read by the network in training and
serving.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gnn.graphs.schema import EDGE_FEATURES, EDGE_TYPES, NODE_FEATURES, NODE_TYPES, TIES, WIDEST, EdgeType
from graph.kernels.compiled import compiled, inner

Array = npt.NDArray[np.float32]
Index = npt.NDArray[np.int32]
_PERSONAL, _DEVICE, _PLACE, _DEALS = range(TIES)  # the first types of link
_STRONGEST = (_PERSONAL, _DEVICE, _DEALS, _PLACE)


class Tensors(NamedTuple):
    """One subject's graph; a tuple of arrays, so that compiled code takes it whole.

    rows     (N, WIDEST) float32: nodes sorted by type, columns as in NODE_FEATURES and 0 beyond. The subject
             is row 0; with an application in question that is the first of its type and `has_application` is
             true.
    first    (types + 1,) int32: where each of NODE_TYPES begins, and the end.
    ends     (E, 2) int32: rows of the source and the target of each link, sorted by type.
    marks    (E, len(EDGE_FEATURES)) float32.
    sorts    (types + 1,) int32: where each of EDGE_TYPES begins among the links, and the end.
    origin   (N,) int32: which applicant, identifier or application of the surroundings a node is, counted in
             the order of the walk; of shops 0 is the merchant and 1 the agent.
    """

    rows: Array
    first: Index
    ends: Index
    marks: Array
    sorts: Index
    origin: Index
    has_application: bool

    @property
    def x(self) -> dict[str, Array]:
        """By node type (N, F), columns as in NODE_FEATURES."""
        return {
            name: self.rows[a:b, : len(NODE_FEATURES[name])]
            for name, (a, b) in zip(NODE_TYPES, self._runs(self.first))
        }

    @property
    def edge_index(self) -> dict[EdgeType, Index]:
        """By edge type (2, E), rows of `x` of the source and the target type."""
        start = dict(zip(NODE_TYPES, self.first.tolist()))
        runs = zip(EDGE_TYPES, self._runs(self.sorts))
        return {
            edge: self.ends[a:b].T - np.array([[start[edge[0]]], [start[edge[2]]]], np.int32)
            for edge, (a, b) in runs
        }

    @property
    def edge_attr(self) -> dict[EdgeType, Array]:
        """By edge type (E, len(EDGE_FEATURES))."""
        return {edge: self.marks[a:b] for edge, (a, b) in zip(EDGE_TYPES, self._runs(self.sorts))}

    @property
    def mine(self) -> Index:
        """The subject's own ties, as positions of links: strong kinds first, then dealings, then places."""
        return ties_of_subject(self)

    def other_end(self, link: int) -> int:
        """The row of the node to which a tie leads from the subject."""
        return int(self.ends[link].max())

    @staticmethod
    def _runs(starts: Index) -> list[tuple[int, int]]:
        return list(pairwise(starts.tolist()))


def tensors(
    x: Mapping[str, Array],
    edge_index: Mapping[EdgeType, Index],
    edge_attr: Mapping[EdgeType, Array],
    origin: Sequence[int],
    has_application: bool,
) -> Tensors:
    """From arrays by type, as Tensors' properties give them."""
    first = np.cumsum([0, *(len(x[name]) for name in NODE_TYPES)], dtype=np.int32)
    rows = np.zeros((int(first[-1]), WIDEST), np.float32)
    start = dict(zip(NODE_TYPES, first.tolist()))
    for name, at in start.items():
        rows[at : at + len(x[name]), : x[name].shape[1]] = x[name]
    ends = [edge_index[edge].T + np.array([start[edge[0]], start[edge[2]]]) for edge in EDGE_TYPES]
    return Tensors(
        rows=rows,
        first=first,
        ends=np.ascontiguousarray(np.concatenate(ends), dtype=np.int32),
        marks=np.concatenate([edge_attr[edge] for edge in EDGE_TYPES]),
        sorts=np.cumsum([0, *map(len, ends)], dtype=np.int32),
        origin=np.array(origin, np.int32),
        has_application=has_application,
    )


def nobody() -> Tensors:
    """One person of whom nothing at all is known."""
    people = {
        name: np.zeros((int(name == "applicant"), len(columns)), np.float32)
        for name, columns in NODE_FEATURES.items()
    }
    links = {edge: np.zeros((2, 0), np.int32) for edge in EDGE_TYPES}
    return tensors(
        people,
        links,
        {edge: np.zeros((0, len(EDGE_FEATURES)), np.float32) for edge in EDGE_TYPES},
        [0],
        False,
    )


def without(tensors: Tensors, gone: Sequence[int]) -> Tensors:
    """The graph without these links, and without what the subject cannot reach any more."""
    left = np.ones(len(tensors.ends), np.bool_)
    left[list(gone)] = False
    return reached(tensors, left)


@compiled
def ties_of_subject(tensors: Tensors) -> Index:
    """`Tensors.mine`."""
    out, count = np.empty(tensors.sorts[TIES], np.int32), 0
    for sort in _STRONGEST:
        for link in range(tensors.sorts[sort], tensors.sorts[sort + 1]):
            if tensors.ends[link, 0] == 0 or tensors.ends[link, 1] == 0:
                out[count] = link
                count += 1
    return out[:count]


@inner
def within_reach(tensors: Tensors, left: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """(N,): which nodes the subject reaches over the links that are `left` (E,)."""
    ends, there = tensors.ends, np.zeros(len(tensors.rows), np.bool_)
    there[0], result = True, True
    while result:
        result = False
        for link in range(len(ends)):
            a, b = ends[link, 0], ends[link, 1]
            if left[link] and there[a] != there[b]:
                there[a] = there[b] = True
                result = True
    return there


@compiled
def reached(tensors: Tensors, left: npt.NDArray[np.bool_]) -> Tensors:
    """What the subject reaches over the links that are `left` (E,)."""
    first, ends, sorts = tensors.first, tensors.ends, tensors.sorts
    place = np.full(len(tensors.rows), -1, np.int32)  # -1: not reached; then its place among those that are
    there = within_reach(tensors, left)
    for node in range(len(there)):
        if there[node]:
            place[node] = 0
    # Whoever is at one end of a link that is left is reached with who is at the other: so one end tells of
    # both.
    nodes, begins = 0, np.zeros_like(first)
    for kind in range(len(first) - 1):
        for node in range(first[kind], first[kind + 1]):
            if place[node] >= 0:
                place[node] = nodes
                nodes += 1
        begins[kind + 1] = nodes
    links, starts = np.empty(len(ends), np.int32), np.zeros_like(sorts)
    kept = 0
    for kind in range(len(sorts) - 1):
        for link in range(sorts[kind], sorts[kind + 1]):
            if left[link] and place[ends[link, 0]] >= 0:
                links[kept] = link
                kept += 1
        starts[kind + 1] = kept
    return _taken(tensors, place, links[:kept], (begins, starts))


@inner
def _taken(tensors: Tensors, place: Index, links: Index, starts: tuple[Index, Index]) -> Tensors:
    """The nodes that have a `place` (N,), and those `links`, as they are; `starts` where each type begins."""
    begins, sorts = starts
    rows, origin = np.empty((begins[-1], tensors.rows.shape[1]), np.float32), np.empty(begins[-1], np.int32)
    for node in range(len(place)):
        if place[node] >= 0:
            rows[place[node]] = tensors.rows[node]
            origin[place[node]] = tensors.origin[node]
    ends, marks = (
        np.empty((len(links), 2), np.int32),
        np.empty((len(links), tensors.marks.shape[1]), np.float32),
    )
    for link in range(len(links)):
        ends[link, 0], ends[link, 1] = (
            place[tensors.ends[links[link], 0]],
            place[tensors.ends[links[link], 1]],
        )
        marks[link] = tensors.marks[links[link]]
    return Tensors(rows, begins, ends, marks, sorts, origin, tensors.has_application)
