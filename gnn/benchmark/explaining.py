"""How much each link around a node counts for the network's score of it: what the score loses without it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gnn.benchmark.inputs import WebNeighbourhoods
from gnn.benchmark.stages import stages_of
from gnn.benchmark.tables import GraphTables
from gnn.benchmark.web import web_of
from gnn.graphs.tensors import Tensors, without
from gnn.scoring.forward import Forward
from gnn.training.network_fitting import NetworkSamples, fit
from gnn.training_plan import TrainingPlan

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

_ALL = 64  # links in one slot: what is explained is small


class LinkImportance:
    """A network fitted to the graph's train and val, and what it says of single nodes."""

    def __init__(self, graph: GraphTables, plan: TrainingPlan) -> None:
        subjects = graph.subjects
        web, schema = web_of(graph, plan.seed)
        stages = stages_of(graph, subjects, plan)
        self._around = WebNeighbourhoods(web, schema, np.arange(len(graph.kind)), _ALL, _ALL)
        rows = np.flatnonzero(stages.whole.network_weight > 0)
        samples = NetworkSamples(
            self._around.take(subjects[rows]).graphs(),
            stages.moments[rows],
            stages.whole.chance[rows],
            stages.whole.network_weight[rows],
            schema,
        )
        network = fit(samples, plan)
        self._forward = Forward(network.weights())

    def logit(self, node: int) -> float:
        """The score of a node."""
        return float(self._forward(self._seen(node))[0])

    def links(self, node: int) -> tuple[Index, Floats]:
        """The links around a node that the network sees, as pairs of rows of the graph (L, 2), and how much
        the score moves without each (L,).
        """
        one = self._seen(node)
        moved = self._forward(one)[0] - self._forward.without_each(
            one, np.arange(len(one.ends), dtype=np.int32)
        )
        return one.origin[one.ends].astype(np.int64), np.asarray(moved, dtype=np.float64)

    def without(self, node: int, pairs: Sequence[tuple[int, int]]) -> float:
        """The score of a node without those links."""
        one = self._seen(node)
        gone = {frozenset(pair) for pair in pairs}
        rows = [k for k, (a, b) in enumerate(one.origin[one.ends].tolist()) if frozenset((a, b)) in gone]
        return float(self._forward(without(one, rows))[0])

    def _seen(self, node: int) -> Tensors:
        return self._around.take(np.array([node])).graphs().one(0)
