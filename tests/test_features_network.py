"""The network's inputs by compiled code equal those drawn in Python, whatever happened, and training takes the same."""

from __future__ import annotations

import random

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gnn.forward import Forward
from gnn.inputs import draw
from gnn.network import Batch, RingNet
from gnn.observe import unjudged
from gnn.of_evidence import from_evidence
from gnn.packed import pack
from gnn.sampler import loader, union
from gnn.schema import EDGE_FEATURES, EDGE_TYPES, NODE_FEATURES
from gnn.tensors import Tensors
from graph.evidence import Evidence
from graph.frame.neighbourhood import Neighbourhood
from graph.frame.of_view import of_evidence
from tests.feature_worlds import made_evidence, odd_evidence


def drawn(evidence: Evidence, hidden: bool = False) -> Tensors:
    n = of_evidence(evidence)
    if hidden:
        n.people[0]["labels"] = 0
    return draw(n)


def same(one: Tensors, other: Tensors) -> bool:
    """To the bit, in the same order."""
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def agree(evidence: Evidence) -> None:
    assert same(drawn(evidence), from_evidence(evidence))
    assert same(drawn(evidence, hidden=True), from_evidence(unjudged(evidence)))


@given(st.integers(0, 2**32), st.integers(1, 14), st.integers(1, 60))
@settings(max_examples=25, deadline=None)
def test_every_node_and_link_of_an_odd_world_is_what_it_means(seed: int, people: int, loans: int) -> None:
    for evidence in odd_evidence(random.Random(seed), people=people, loans=loans):
        agree(evidence)


def test_every_node_and_link_of_a_made_world_is_what_it_means() -> None:
    for evidence in made_evidence():
        agree(evidence)


def test_the_worlds_show_something_of_everything() -> None:
    seen = [drawn(e) for seed in (1, 2, 3) for e in odd_evidence(random.Random(seed), 40)]
    for names in set(NODE_FEATURES.values()):
        rows = np.concatenate([t.x[kind] for t in seen for kind in NODE_FEATURES if NODE_FEATURES[kind] == names])
        assert [name for name, column in zip(names, rows.T, strict=True) if len(np.unique(column)) < 2] == []
    for edge in EDGE_TYPES:
        assert sum(len(t.edge_attr[edge]) for t in seen) > 100
    marks = np.concatenate([t.marks for t in seen])
    assert [name for name, column in zip(EDGE_FEATURES, marks.T, strict=True) if len(np.unique(column)) < 2] == []


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
        n = of_evidence(evidence)
        assert same(draw(in_a_larger_room(n, rng)), draw(n))


def test_training_takes_what_serving_draws() -> None:
    tensors = [drawn(e) for e in odd_evidence(random.Random(5), 6)]
    torch.manual_seed(5)
    network = RingNet(hidden=16, embedding=4).eval()
    network.settle({name: torch.from_numpy(np.concatenate([t.x[name] for t in tensors])) for name in NODE_FEATURES})
    rows = torch.arange(len(tensors))
    with torch.inference_mode():
        batches = loader(union(pack(tensors), np.arange(len(tensors))), rows, batch_size=5)
        learned = torch.cat([network(Batch.from_data(mini))[1] for mini in batches])
    served = Forward(network)
    assert np.allclose(learned.numpy(), [served(one)[0] for one in tensors], rtol=1e-4, atol=1e-5)
