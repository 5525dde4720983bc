"""The graphs of many subjects concatenated in a few arrays, so that training holds no object per sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gnn.graphs.schema import LENDING, GraphSchema
from gnn.graphs.tensors import Array, Index, Tensors
from graph.kernels.compiled import compiled, inner

Bounds = npt.NDArray[np.int64]


class PackedGraphs(NamedTuple):
    """N subjects; a tuple of arrays, so that compiled code takes it whole. `first`, `ends` and `sorts` are of
    each by itself, as in Tensors.

    rows, origin     (all nodes, WIDEST) float32 and (all nodes,) int32; `nodes` (N + 1,) int64 says where
                     each subject's begin.
    ends, marks      (all links, 2) int32 and (all links, len(EDGE_FEATURES)) float32; `links` (N + 1,) int64.
    first, sorts     (N, types + 1) int32.
    asked            (N,) int8.
    """

    rows: Array
    origin: Index
    nodes: Bounds
    ends: Index
    marks: Array
    links: Bounds
    first: Index
    sorts: Index
    has_application: npt.NDArray[np.int8]

    @property
    def size(self) -> int:
        """How many subjects there are."""
        return len(self.has_application)

    def one(self, place: int) -> Tensors:
        """The graph of one of them, as it is served."""
        return one_of(self, place)


def empty_pack(subjects: int, nodes: int, links: int, schema: GraphSchema = LENDING) -> PackedGraphs:
    """Room for so many subjects with so many nodes and links in all."""
    return PackedGraphs(
        rows=np.empty((nodes, schema.widest), np.float32),
        origin=np.empty(nodes, np.int32),
        nodes=np.zeros(subjects + 1, np.int64),
        ends=np.empty((links, 2), np.int32),
        marks=np.empty((links, len(schema.edge_features)), np.float32),
        links=np.zeros(subjects + 1, np.int64),
        first=np.zeros((subjects, len(schema.node_types) + 1), np.int32),
        sorts=np.zeros((subjects, len(schema.edge_types) + 1), np.int32),
        has_application=np.zeros(subjects, np.int8),
    )


def pack(graphs: Sequence[Tensors]) -> PackedGraphs:
    """Those graphs side by side."""
    out = empty_pack(len(graphs), sum(len(one.rows) for one in graphs), sum(len(one.ends) for one in graphs))
    for place, one in enumerate(graphs):
        put(one, out, place)
    return out


def joined(parts: Sequence[PackedGraphs]) -> PackedGraphs:
    """One after the other."""
    if not parts:
        return empty_pack(0, 0, 0)
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in PackedGraphs._fields
        if name not in ("nodes", "links")
    }
    return PackedGraphs(
        nodes=_bounds([part.nodes for part in parts]),
        links=_bounds([part.links for part in parts]),
        **columns,
    )


def _bounds(parts: Sequence[Bounds]) -> Bounds:
    return np.concatenate([[0], np.cumsum(np.concatenate([np.diff(part) for part in parts]))]).astype(
        np.int64
    )


def used(packed: PackedGraphs, subjects: int) -> PackedGraphs:
    """A copy of what the first so many subjects take of a room."""
    nodes, links = int(packed.nodes[subjects]), int(packed.links[subjects])
    return PackedGraphs(
        rows=packed.rows[:nodes].copy(),
        origin=packed.origin[:nodes].copy(),
        nodes=packed.nodes[: subjects + 1].copy(),
        ends=packed.ends[:links].copy(),
        marks=packed.marks[:links].copy(),
        links=packed.links[: subjects + 1].copy(),
        first=packed.first[:subjects].copy(),
        sorts=packed.sorts[:subjects].copy(),
        has_application=packed.has_application[:subjects].copy(),
    )


@inner
def put_in(one: Tensors, out: PackedGraphs, place: int) -> bool:
    """`put` for compiled code."""
    nodes, links = out.nodes[place], out.links[place]
    if nodes + len(one.rows) > len(out.rows) or links + len(one.ends) > len(out.ends):
        return False
    for n in range(len(one.rows)):
        out.rows[nodes + n] = one.rows[n]
        out.origin[nodes + n] = one.origin[n]
    for n in range(len(one.ends)):
        out.ends[links + n] = one.ends[n]
        out.marks[links + n] = one.marks[n]
    out.nodes[place + 1], out.links[place + 1] = nodes + len(one.rows), links + len(one.ends)
    out.first[place] = one.first
    out.sorts[place] = one.sorts
    out.has_application[place] = one.has_application
    return True


@compiled
def put(one: Tensors, out: PackedGraphs, place: int) -> bool:
    """Append a graph after those of the subjects before `place`; False, and nothing written, where there is
    no room for it.
    """
    return put_in(one, out, place)


@compiled
def one_of(packed: PackedGraphs, place: int) -> Tensors:
    """The graph of one of them: slices, no copies."""
    a, b, c, d = packed.nodes[place], packed.nodes[place + 1], packed.links[place], packed.links[place + 1]
    return Tensors(
        packed.rows[a:b],
        packed.first[place],
        packed.ends[c:d],
        packed.marks[c:d],
        packed.sorts[place],
        packed.origin[a:b],
        packed.has_application[place] != 0,
    )
