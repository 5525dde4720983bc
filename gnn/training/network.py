"""The network: two rounds of typed message passing over a subject's neighbourhood, read out at the subject;
served by `gnn.scoring.forward`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch_geometric.nn import MessagePassing
from torch_geometric.utils import scatter

from gnn.graphs.schema import LENDING, EdgeType, GraphSchema
from gnn.graphs.tensors import Tensors
from gnn.scoring.weights import BOUND, NetworkWeights


@dataclass(frozen=True, slots=True)
class GraphBatch:
    """Neighbourhoods of B subjects, disjoint: `x`, `edge_index`, `edge_attr` and `batch` (a node's subject)
    by type, as PyG names them.
    """

    x: Mapping[str, Tensor]
    edge_index: Mapping[EdgeType, Tensor]
    edge_attr: Mapping[EdgeType, Tensor]
    batch: Mapping[str, Tensor]
    size: int
    schema: GraphSchema = LENDING

    @classmethod
    def of(cls, tensors: Tensors) -> GraphBatch:
        """One subject, as it is served."""
        x = {name: torch.from_numpy(rows) for name, rows in tensors.x.items()}
        return cls(
            x=x,
            edge_index={edge: torch.from_numpy(index).long() for edge, index in tensors.edge_index.items()},
            edge_attr={edge: torch.from_numpy(attr) for edge, attr in tensors.edge_attr.items()},
            batch={name: torch.zeros(len(rows), dtype=torch.long) for name, rows in x.items()},
            size=1,
        )

    @classmethod
    def from_data(cls, data: Any, schema: GraphSchema = LENDING) -> GraphBatch:
        """A mini-batch (`HeteroData`) of a `NodeLoader` over a `PastSampler`, as the network is trained."""
        return cls(
            x=data.x_dict,
            edge_index={edge: data[edge].edge_index for edge in schema.edge_types},
            edge_attr={edge: data[edge].edge_attr for edge in schema.edge_types},
            batch={name: data[name].batch for name in schema.node_types},
            size=int(data[schema.subject].batch_size),
            schema=schema,
        )


class TypedLinear(nn.Module):
    """A linear map of its own for each node type, over nodes that lie sorted by type."""

    def __init__(self, width: int, out: int, types: int) -> None:
        super().__init__()
        self.maps = nn.ModuleList(nn.Linear(width, out) for _ in range(types))

    def forward(self, h: Tensor, counts: list[int]) -> Tensor:
        """(N, width) to (N, out); `counts` nodes of each type."""
        return torch.cat([linear(part) for linear, part in zip(self.maps, torch.split(h, counts))])


class InputScale(nn.Module):
    """Standardises columns by the training data and clamps them: counts grow as a store grows older."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("deviation", torch.ones(width))

    def fit(self, x: Tensor) -> None:
        """Take the scale from rows (N, width)."""
        if len(x) > 1:
            self.mean.copy_(x.mean(0))
            self.deviation.copy_(x.std(0).clamp_min(0.05))

    def forward(self, x: Tensor) -> Tensor:
        """(N, width) to (N, width), each within -BOUND to BOUND."""
        return ((x - self.mean) / self.deviation).clamp(-BOUND, BOUND)


def _drop_source(propagate: Callable[..., Any]) -> None:
    """PyG writes the code of a layer into the folder for temporary files, a new file for each process, and
    leaves it there once it is loaded.
    """
    name = propagate.__module__
    if name.startswith(__name__):  # and not PyG's own, for which it settles where it cannot write
        for path in (sys.modules[name].__file__, sys.modules[name].__cached__):
            if path:
                Path(path).unlink(missing_ok=True)


class TypedConv(MessagePassing):  # type: ignore[misc]
    """A message is relu(W_type h_source + U_direction edge); a node takes their mean and maximum beside its
    own state.

    GINE's message (Hu et al. 2020, arXiv:1905.12265) with two of PNA's aggregators and weights by node type;
    links go both ways.
    """

    def __init__(self, width: int, edge_width: int, types: int) -> None:
        super().__init__(aggr=["mean", "max"])
        _drop_source(type(self).propagate)
        self.message_and_self = TypedLinear(width, 2 * width, types)
        self.edge_linear = nn.Linear(edge_width, 2 * width)
        self.combine = nn.Linear(2 * width, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, h: Tensor, counts: list[int], edge_index: Tensor, edge_attr: Tensor) -> Tensor:
        """(N, width) to (N, width); `edge_index` (2, E) holds every link once."""
        both = torch.cat([edge_index, edge_index.flip(0)], dim=1)
        messages, kept = self.message_and_self(h, counts).chunk(2, dim=1)
        edge = torch.cat(self.edge_linear(edge_attr).chunk(2, dim=1))
        size = (h.size(0), h.size(0))
        aggregated = self.propagate(both, x=messages, edge=edge, size=size)
        out: Tensor = h + self.norm(torch.relu(kept + self.combine(aggregated)))
        return out

    def message(self, x_j: Tensor, edge: Tensor) -> Tensor:
        """What one link carries."""
        return torch.relu(x_j + edge)


class RingNet(nn.Module):
    """(B subjects' neighbourhoods) to an embedding (B, embedding) and a logit (B,) of fraud within the
    horizon.
    """

    def __init__(
        self,
        hidden: int = 64,
        embedding: int = 16,
        layers: int = 2,
        dropout: float = 0.1,
        schema: GraphSchema = LENDING,
    ) -> None:
        super().__init__()
        self.schema = schema
        widths = {name: len(columns) for name, columns in schema.node_features.items()}
        edge_width = len(schema.edge_features) + len(schema.edge_types)
        self.shape = {"hidden": hidden, "embedding": embedding, "layers": layers}
        self.scale = nn.ModuleDict({name: InputScale(width) for name, width in widths.items()})
        self.enter = nn.ModuleDict({name: nn.Linear(width, hidden) for name, width in widths.items()})
        self.convs = nn.ModuleList(TypedConv(hidden, edge_width, len(widths)) for _ in range(layers))
        self.dropout = nn.Dropout(dropout)
        self.narrow = nn.Linear(4 * hidden, embedding)
        self.decide = nn.Linear(embedding, 1)

    @classmethod
    def of(cls, weights: NetworkWeights) -> Self:
        """The network that has those numbers, as it is served."""
        network = cls(**weights.shape, schema=weights.schema)
        network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.numbers.items()})
        return network.eval()

    def weights(self) -> NetworkWeights:
        """A copy of its numbers, to be kept and served."""
        numbers = {
            name: value.detach().to(torch.float32).numpy().copy() for name, value in self.state_dict().items()
        }
        return NetworkWeights(self.shape, numbers, self.schema)

    def forward(self, batch: GraphBatch) -> tuple[Tensor, Tensor]:
        """Embedding (B, embedding) and logit (B,)."""
        types = self.schema.node_types
        counts = [len(batch.x[name]) for name in types]
        h = torch.relu(torch.cat([self.enter[name](self.scale[name](batch.x[name])) for name in types]))
        edge_index, edge_attr = _flat_links(batch, counts)
        for conv in self.convs:
            h = conv(self.dropout(h), counts, edge_index, edge_attr)
        z = torch.relu(self.narrow(self.dropout(self._read(batch, h, counts))))
        return z, self.decide(z).squeeze(1)

    def fit_scale(self, x: Mapping[str, Tensor]) -> None:
        """Take the scale of the inputs from the rows of each type that will be learned from."""
        for name in self.schema.node_types:
            scale = self.scale[name]
            assert isinstance(scale, InputScale)
            scale.fit(x[name])

    def _read(self, batch: GraphBatch, h: Tensor, counts: list[int]) -> Tensor:
        """The subject, the application in question (0 without one), and the mean and maximum over the people
        around: (B, 4 hidden).
        """
        people, who = h[: counts[0]], batch.batch[self.schema.subject]
        # Column 0 of both types marks the subject and the application in question.
        subject = scatter(people * batch.x[self.schema.subject][:, :1], who, dim_size=batch.size)
        has_application = torch.zeros_like(subject)
        if self.schema.in_question:
            asked = self.schema.node_types[1]
            loans = h[counts[0] : counts[0] + counts[1]] * batch.x[asked][:, :1]
            has_application = scatter(loans, batch.batch[asked], dim_size=batch.size)
        around = scatter(people, who, dim_size=batch.size, reduce="mean")
        most = scatter(people, who, dim_size=batch.size, reduce="max")
        return torch.cat([subject, has_application, around, most], dim=1)


def by_torch(network: RingNet, tensors: Tensors) -> npt.NDArray[np.float32]:
    """(1 + embedding,): what a network in `eval` says of one subject, as `scoring.forward` serves it: the
    logit, then the embedding.
    """
    with torch.inference_mode():
        embedding, logit = network(GraphBatch.of(tensors))
    return np.concatenate([logit.numpy(), embedding[0].numpy()])


def _flat_links(batch: GraphBatch, counts: list[int]) -> tuple[Tensor, Tensor]:
    """All links as one list over the nodes sorted by type, each marked with its edge type: (2, E) and (E,
    features + types).
    """
    types = batch.schema.edge_types
    start = dict(zip(batch.schema.node_types, torch.tensor([0, *counts]).cumsum(0).tolist()))
    index, attr = [], []
    for place, edge in enumerate(types):
        source, _, target = edge
        index.append(batch.edge_index[edge] + torch.tensor([[start[source]], [start[target]]]))
        revision = torch.zeros(len(batch.edge_attr[edge]), len(types))
        revision[:, place] = 1.0
        attr.append(torch.cat([batch.edge_attr[edge], revision], dim=1))
    return torch.cat(index, dim=1), torch.cat(attr)
