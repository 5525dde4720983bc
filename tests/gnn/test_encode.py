"""The network's inputs show something of everything, read nothing that an earlier subject left, and are the
same for training and serving.
"""

from __future__ import annotations

import random

import numpy as np
import torch

from gnn.graphs.encode import encode
from gnn.graphs.packed import pack
from gnn.graphs.sampler import loader, union
from gnn.graphs.schema import EDGE_FEATURES, EDGE_TYPES, NODE_FEATURES
from gnn.graphs.tensors import Tensors
from gnn.scoring.forward import Forward
from gnn.training.network import GraphBatch, RingNet
from graph.frame.from_view import neighbourhood_of
from graph.frame.neighbourhood import Neighbourhood
from tests.support.oracles.by_views import drawn
from tests.support.worlds.features import odd_evidence


def same(one: Tensors, other: Tensors) -> bool:
    """To the bit, in the same order."""
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_the_worlds_show_something_of_everything() -> None:
    seen = [drawn(e) for seed in (1, 2, 3) for e in odd_evidence(random.Random(seed), 40)]
    for names in set(NODE_FEATURES.values()):
        rows = np.concatenate(
            [t.x[kind] for t in seen for kind in NODE_FEATURES if NODE_FEATURES[kind] == names]
        )
        assert [name for name, column in zip(names, rows.T, strict=True) if len(np.unique(column)) < 2] == []
    for edge in EDGE_TYPES:
        assert sum(len(t.edge_attr[edge]) for t in seen) > 100
    marks = np.concatenate([t.marks for t in seen])
    assert [
        name for name, column in zip(EDGE_FEATURES, marks.T, strict=True) if len(np.unique(column)) < 2
    ] == []


def in_a_larger_room(n: Neighbourhood, rng: np.random.Generator) -> Neighbourhood:
    """The same neighbourhood in arrays that go on with what an earlier subject left there."""
    roomy = {}
    for name, rows in n._asdict().items():
        left = np.frombuffer(rng.bytes(7 * rows.dtype.itemsize), rows.dtype)
        roomy[name] = rows if name in ("subject", "zone") else np.concatenate([rows, left])
    return Neighbourhood(**roomy)


def test_what_an_earlier_subject_left_in_the_room_is_not_read() -> None:
    rng = np.random.default_rng(4)
    for evidence in odd_evidence(random.Random(4), 20):
        n = neighbourhood_of(evidence)
        assert same(encode(in_a_larger_room(n, rng)), encode(n))


def test_training_takes_what_serving_draws() -> None:
    tensors = [drawn(e) for e in odd_evidence(random.Random(5), 6)]
    torch.manual_seed(5)
    network = RingNet(hidden=16, embedding=4).eval()
    network.fit_scale(
        {name: torch.from_numpy(np.concatenate([t.x[name] for t in tensors])) for name in NODE_FEATURES}
    )
    rows = torch.arange(len(tensors))
    with torch.inference_mode():
        batches = loader(union(pack(tensors), np.arange(len(tensors))), rows, batch_size=5)
        learned = torch.cat([network(GraphBatch.from_data(mini))[1] for mini in batches])
    served = Forward(network.weights())
    assert np.allclose(learned.numpy(), [served(one)[0] for one in tensors], rtol=1e-4, atol=1e-5)
