"""What the parts read of a benchmark's subjects: neighbourhoods for the network, own and summed columns for
trees.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gnn.benchmark import walk
from gnn.benchmark.tables import GraphTables
from gnn.benchmark.web import Web, slot_names, web_of
from gnn.graphs import packed
from gnn.graphs.column_blocks import ColumnBlocks
from gnn.graphs.packed import PackedGraphs
from gnn.graphs.schema import GraphSchema
from gnn.scoring.blend import NETWORK_WEIGHT
from gnn.scoring.forward import Forward
from gnn.scoring.weights import NetworkWeights
from gnn.training.learning import Design, embedding_names
from gnn.training_plan import TrainingPlan
from graph.facts.tables import Column

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

_AT_ONCE = 256
_MOST_MEANS = 120  # columns; above it the means of neighbours' features are not split by relation


@dataclass(frozen=True, eq=False)
class WebNeighbourhoods:
    """The neighbourhoods of some subjects, walked when they are asked for: so many of the latest links in
    each slot of a subject (`near`) and of a neighbour (`far`).
    """

    web: Web
    schema: GraphSchema
    subjects: Index
    near: int = 3
    far: int = 2

    def take(self, rows: Column) -> WebNeighbourhoods:
        """Those of some of them."""
        return replace(self, subjects=self.subjects[rows])

    def graphs(self) -> PackedGraphs:
        """All, side by side."""
        parts = list(self.parts())
        return packed.joined(parts) if parts else packed.empty_pack(0, 0, 0, self.schema)

    def embedded(self, network: NetworkWeights) -> Floats:
        """(N, 1 + embedding): what the network says of each."""
        return Forward(network).of_parts(self.parts())

    def parts(self) -> Iterator[PackedGraphs]:
        """The same, a few after the other."""
        room = packed.empty_pack(_AT_ONCE, _AT_ONCE * walk.NODES, _AT_ONCE * walk.LINKS, self.schema)
        for start in range(0, len(self.subjects), _AT_ONCE):
            part = self.subjects[start : start + _AT_ONCE]
            walk.neighbourhoods(self.web, part, self.near, self.far, room)
            yield packed.used(room, len(part))


@dataclass(frozen=True, eq=False)
class WebInputs:
    """N subjects: `own` columns (N, features), `around` (N, sums by relation), `two_hops` (N, own features
    and their sums), and their neighbourhoods.
    """

    neighbourhoods: WebNeighbourhoods
    own: Floats
    around: Floats
    two_hops: Floats

    def columns(self, embedded: Floats) -> dict[str, ColumnBlocks]:
        """The inputs of each ensemble; `reference` has what is known of the node alone."""
        return {
            "trees": ColumnBlocks((self.own, self.around)),
            "blend": ColumnBlocks((self.own, self.around, embedded)),
            "reference": ColumnBlocks((self.own,)),
        }

    def take(self, rows: Column) -> WebInputs:
        """Those rows (a mask or positions)."""
        around = self.neighbourhoods.take(rows)
        return WebInputs(around, self.own[rows], self.around[rows], self.two_hops[rows])


def inputs_of(graph: GraphTables, subjects: Index, seed: int) -> tuple[WebInputs, dict[str, tuple[str, ...]]]:
    """The inputs of these rows of the graph, and the names of their columns by ensemble, without the
    network's.
    """
    web, schema = web_of(graph, seed)
    slots, features = slot_names(graph.relations), graph.x.shape[1]
    by_slot = np.zeros((len(subjects), len(slots), len(walk.SLOT_COLUMNS)))
    near = np.zeros((len(subjects), len(slots), features + 1))
    far = np.zeros_like(near)
    walk.sums(web, graph.x, subjects, _usual(graph), by_slot, near, far)
    used = np.flatnonzero(by_slot[:, :, 0].any(axis=0))
    named = [slots[place] for place in used]
    own_names = graph.x_names or ("none",)
    own = graph.x[subjects] if features else np.zeros((len(subjects), 1))
    names = [f"{slot}.{name}" for slot in named for name in walk.SLOT_COLUMNS]
    blocks = [by_slot[:, used].reshape(len(subjects), -1)]
    for way, total in (("near", near), ("far", far)):
        means, averaged = _means(total[:, used], named, graph.x_names)
        blocks.append(means)
        names += [f"{way}.{name}" for name in averaged]
    two_hops = np.hstack([own, near.sum(axis=1), far.sum(axis=1)])
    around = WebNeighbourhoods(web, schema, subjects)
    tabular = _plain([*own_names, *names])
    columns = {"trees": tabular, "blend": tabular, "reference": tabular[: len(own_names)]}
    return WebInputs(around, own, np.hstack(blocks), two_hops), columns


def design_of(inputs: WebInputs, names: dict[str, tuple[str, ...]], plan: TrainingPlan) -> Design:
    """As the lending model's: the blend's first member sees everything, the others no columns of the
    network, so that members make different errors.
    """
    embedding = embedding_names(plan.embedding)
    tabular = np.ones(len(names["trees"]), np.bool_)
    everything = np.ones(len(tabular) + len(embedding), np.bool_)
    without = np.concatenate([tabular, np.zeros(len(embedding), np.bool_)])
    return Design(
        schema=inputs.neighbourhoods.schema,
        names={**names, "blend": names["blend"] + embedding},
        views={
            "trees": (tabular,),
            "blend": (everything, without),
            "reference": (np.ones(len(names["reference"]), np.bool_),),
        },
        network_weights=(0.0, 0.2, NETWORK_WEIGHT),
    )


def _means(total: Floats, slots: list[str], features: tuple[str, ...]) -> tuple[Floats, list[str]]:
    """Means of the neighbours' features by slot, or over all of them where that would be too many columns."""
    if len(slots) * len(features) > _MOST_MEANS:
        total, slots = total.sum(axis=1, keepdims=True), ["any"]
    with np.errstate(invalid="ignore", divide="ignore"):
        means = total[:, :, :-1] / total[:, :, -1:]
    return means.reshape(len(total), -1), [f"{slot}.{name}" for slot in slots for name in features]


def _plain(names: list[str]) -> tuple[str, ...]:
    """The names as a file of trees can hold them, each once."""
    out: dict[str, None] = {}
    for place, name in enumerate(names):
        plain = re.sub(r"[^\w.]", "_", name)
        out[f"{plain}_{place}" if plain in out else plain] = None
    return tuple(out)


def _usual(graph: GraphTables) -> float:
    learned = graph.label[(graph.split == 0) & (graph.label >= 0)]
    return float((learned == 1).mean())
