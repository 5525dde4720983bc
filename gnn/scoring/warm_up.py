"""Runs every kernel of a model once on an empty subject, so that it is compiled before a request needs it."""

from __future__ import annotations

import numpy as np

from gnn.graphs import packed
from gnn.graphs.encode import encode
from gnn.graphs.tensors import nobody, without
from gnn.scoring.explain import Explainer
from gnn.scoring.forward import Forward
from gnn.scoring.weights import NetworkWeights, shapes
from graph.facts.local_time import offsets
from graph.features.compute import FeatureExtractor
from graph.frame.neighbourhood import empty_neighbourhood
from graph.model.moments import COUNTRY

_TREE = (
    "tree\nmax_feature_idx=0\n\nTree=0\nnum_leaves=2\nsplit_feature=0\nthreshold=0\ndecision_type=2\n"
    "left_child=-1\nright_child=-2\n"
)
_TREE += "leaf_value=0 0\nleaf_count=1 1\ninternal_count=2\n\nend of trees\n"


def exercise_model_kernels() -> None:
    """What training and serving call of a network, of trees and of the inputs of both."""
    someone = empty_neighbourhood(offsets(COUNTRY))
    someone.subject[0]["people"] = 1
    FeatureExtractor().row(someone)
    graphs = packed.empty_pack(1, 64, 64)
    packed.put(encode(someone), graphs, 0)
    shape = {"hidden": 4, "embedding": 2, "layers": 1}
    forward = Forward(
        NetworkWeights(shape, {name: np.ones(size, np.float32) for name, size in shapes(**shape).items()})
    )
    forward(without(nobody(), []))
    forward.of_all(graphs)
    Explainer.of([_TREE])(np.zeros(1))
