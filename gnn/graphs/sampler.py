"""PyG's sampler interface over past-only neighbourhoods: a mini-batch is their disjoint union, each as of its
seed's moment.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.loader import NodeLoader
from torch_geometric.sampler import (
    BaseSampler,
    EdgeSamplerInput,
    HeteroSamplerOutput,
    NegativeSampling,
    NodeSamplerInput,
)

from gnn.graphs.packed import PackedGraphs
from gnn.graphs.schema import LENDING, GraphSchema
from graph.facts.tables import Column


def union(graphs: PackedGraphs, moments: Column, schema: GraphSchema = LENDING) -> HeteroData:
    """All neighbourhoods as one disjoint graph: a node seen at two moments is two nodes, because its features
    differ.

    `moments` (microseconds) become the `time` of the seeds, the first node of each; `first` (N + 1,) of
    a type says where each one's nodes lie.
    """
    data = HeteroData()
    first, sorts = graphs.first, graphs.sorts
    for kind, name in enumerate(schema.node_types):
        counts = first[:, kind + 1] - first[:, kind]
        data[name].x = torch.from_numpy(
            graphs.rows[_rows(graphs.nodes[:-1] + first[:, kind], counts), : len(schema.node_features[name])]
        )
        data[name].first = _bounds(counts)
    for sort, edge in enumerate(schema.edge_types):
        counts = sorts[:, sort + 1] - sorts[:, sort]
        rows = _rows(graphs.links[:-1] + sorts[:, sort], counts)
        shift = np.stack(
            [
                data[end].first[:-1].numpy() - first[:, schema.node_types.index(end)]
                for end in (edge[0], edge[2])
            ],
            axis=1,
        )
        data[edge].edge_index = torch.from_numpy(
            np.ascontiguousarray((graphs.ends[rows] + np.repeat(shift, counts, axis=0)).T)
        )
        data[edge].edge_attr = torch.from_numpy(graphs.marks[rows])
        data[edge].first = _bounds(counts)
    data[schema.subject].time = torch.from_numpy(np.asarray(moments, dtype=np.int64))
    return data


def _rows(starts: Column, counts: Column) -> Column:
    """The rows of ranges one after another, from where each starts and how long it is."""
    return np.asarray(
        np.arange(counts.sum()) + np.repeat(starts - (np.cumsum(counts) - counts), counts), dtype=np.int64
    )


class PastSampler(BaseSampler):  # type: ignore[misc]
    """Gives each seed the surroundings that were gathered through a view as of its own moment, and nothing
    else.

    The compiled samplers that PyG's own loaders need filter one global graph by time; here the frame's walk
    does it, so training and serving see the same through one piece of code (`graph.frame.walk.build`), caps
    and hub guards included.
    """

    def __init__(self, data: HeteroData, schema: GraphSchema = LENDING) -> None:
        self.data, self.schema = data, schema

    def sample_from_nodes(self, index: NodeSamplerInput, **_: Any) -> HeteroSamplerOutput:
        """The surroundings of the seeds `index.node` (numbers of samples), one disjoint part each.

        Raises ValueError when `index.time` asks for another moment than the one through which a seed was
        seen.
        """
        seeds: Tensor = index.node
        if index.time is not None and not torch.equal(index.time, self.data[self.schema.subject].time[seeds]):
            raise ValueError("a seed is sampled through its own moment and no other (got another `time`)")
        node, batch, shift = {}, {}, {}
        for name in self.schema.node_types:
            node[name], batch[name], shift[name] = _ranges(self.data[name].first, seeds)
        row, col, edge = {}, {}, {}
        for kind in self.schema.edge_types:
            edge[kind], part, _shift = _ranges(self.data[kind].first, seeds)
            ends = self.data[kind].edge_index[:, edge[kind]]
            row[kind], col[kind] = ends[0] - shift[kind[0]][part], ends[1] - shift[kind[2]][part]
        return HeteroSamplerOutput(
            node=node, row=row, col=col, edge=edge, batch=batch, metadata=(index.input_id, index.time)
        )

    def sample_from_edges(
        self, index: EdgeSamplerInput, neg_sampling: NegativeSampling | None = None
    ) -> HeteroSamplerOutput:
        """Links are not assessed: raises NotImplementedError."""
        raise NotImplementedError("subjects are sampled, not links")


def loader(
    data: HeteroData,
    rows: Tensor,
    *,
    batch_size: int,
    generator: torch.Generator | None = None,
    schema: GraphSchema = LENDING,
) -> NodeLoader:
    """Mini-batches of the samples `rows`; shuffled when a generator is given. A batch's `input_id` is a
    position in `rows`.
    """
    return NodeLoader(
        data,
        PastSampler(data, schema),
        input_nodes=(schema.subject, rows),
        input_time=data[schema.subject].time[rows],
        batch_size=batch_size,
        shuffle=generator is not None,
        generator=generator,
    )


def _bounds(counts: npt.NDArray[np.int32]) -> Tensor:
    return torch.from_numpy(np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]))


def _ranges(first: Tensor, seeds: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Rows of the seeds' ranges one after another, each row's place among the seeds, and how far each range
    moves to lie there.
    """
    start, counts = first[seeds], first[seeds + 1] - first[seeds]
    place = torch.arange(len(seeds)).repeat_interleave(counts)
    shift = start - (counts.cumsum(0) - counts)
    return torch.arange(int(counts.sum())) + shift[place], place, shift
