"""What the network is told: only the past, whatever the order in which facts came, and the same for training
as for serving.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch_geometric.sampler import NodeSamplerInput

from gnn.graphs.packed import pack
from gnn.graphs.sampler import PastSampler, loader, union
from gnn.graphs.schema import EDGE_FEATURES, EDGE_TYPES, NODE_FEATURES
from gnn.graphs.tensors import Tensors
from gnn.graphs.tensors import tensors as tensors_of
from gnn.scoring.forward import Forward
from gnn.scoring.weights import NetworkWeights, shapes
from gnn.training.network import GraphBatch, RingNet, by_torch
from graph.model.types import Facts
from graph.store.evidence import Subject, subject_of
from graph.store.port import GraphStore
from tests.support.oracles.by_views import drawn
from tests.support.small_worlds import applies, before, day, fraud, random_facts, shuffled, uses
from tests.support.stores import open_store


def stored(path: Path, facts: Facts) -> GraphStore:
    store = open_store(path)
    store.add(facts)
    return store


@pytest.fixture(scope="module")
def facts() -> Facts:
    return random_facts(5)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store") / "small.db"


@pytest.fixture(scope="module")
def store(path: Path, facts: Facts) -> Iterator[GraphStore]:
    with stored(path, facts) as opened:
        yield opened


def some_tensors(store: GraphStore, facts: Facts, count: int = 12) -> list[Tensors]:
    chosen = sorted(facts.applications, key=lambda a: (a.applied_at, a.application_id))[-count:]
    return [drawn(store.view(a.applied_at).evidence_of(subject_of(a))) for a in chosen]


def same(one: Tensors, other: Tensors) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_no_bit_changes_with_the_future_deleted_or_the_facts_in_another_order(
    tmp_path: Path, facts: Facts, store: GraphStore
) -> None:
    request = sorted(facts.applications, key=lambda a: (a.applied_at, a.application_id))[40]
    moment = request.applied_at
    first = drawn(store.view(moment).evidence_of(subject_of(request)))
    for name, other in (("past", before(facts, moment)), ("shuffled", shuffled(facts, 3))):
        with stored(tmp_path / f"{name}.db", other) as there:
            assert same(first, drawn(there.view(moment).evidence_of(subject_of(request))))


def test_every_row_has_the_columns_that_the_schema_names(store: GraphStore, facts: Facts) -> None:
    for tensors in some_tensors(store, facts):
        for kind, columns in NODE_FEATURES.items():
            assert tensors.x[kind].shape[1] == len(columns)
            assert np.isfinite(tensors.x[kind]).all()
        for edge in EDGE_TYPES:
            source, _, target = edge
            index, attr = tensors.edge_index[edge], tensors.edge_attr[edge]
            assert attr.shape == (index.shape[1], len(EDGE_FEATURES))
            assert (index[0] < len(tensors.x[source])).all()
            assert (index[1] < len(tensors.x[target])).all()


def test_the_subject_comes_first_and_the_application_in_question_with_it(
    store: GraphStore, facts: Facts
) -> None:
    for tensors in some_tensors(store, facts):
        assert tensors.x["applicant"][:, 0].tolist() == [1.0] + [0.0] * (len(tensors.x["applicant"]) - 1)
        assert tensors.x["application"][:, 0].tolist() == [1.0] + [0.0] * (len(tensors.x["application"]) - 1)


def test_an_applicant_without_an_application_is_drawn_too(store: GraphStore) -> None:
    tensors = drawn(store.view(day(50)).evidence_of(Subject(applicant_id="p001")))
    assert not tensors.has_application
    assert tensors.x["application"][:, 0].sum() == 0
    assert tensors.x["applicant"][0, 0] == 1


def test_a_fraud_is_seen_on_the_neighbour_from_the_day_it_is_known(tmp_path: Path) -> None:
    first, second = applies("bad", 1, uses("device", "d")), applies("me", 20, uses("device", "d"))
    with stored(
        tmp_path / "two.db", Facts(applications=(first, second), labels=(fraud("bad@1", known_on=10),))
    ) as there:
        column = NODE_FEATURES["applicant"].index("known_fraud")
        seen = {
            on: drawn(there.view(day(on)).evidence_of(Subject(applicant_id="me", application=second)))
            for on in (10, 10.5)
        }
    assert seen[10].x["applicant"][:, column].sum() == 0
    assert seen[10.5].x["applicant"][:, column].sum() == 1


def test_a_batch_of_the_sampler_gives_what_serving_gives_one_by_one(store: GraphStore, facts: Facts) -> None:
    tensors = some_tensors(store, facts)
    network = RingNet(hidden=16, embedding=4).eval()
    with torch.inference_mode():
        alone = torch.cat([network(GraphBatch.of(one))[1] for one in tensors])
        data = union(pack(tensors), np.arange(len(tensors)))
        rows = torch.tensor([7, 2, 11, 0, 5])
        batches = [
            (mini["applicant"].input_id, network(GraphBatch.from_data(mini))[1])
            for mini in loader(data, rows, batch_size=3)
        ]
    together = torch.cat([logit for _, logit in batches])
    order = rows[torch.cat([ids for ids, _ in batches])]
    assert torch.allclose(together, alone[order], atol=1e-5)


def test_the_sampler_refuses_another_moment_than_the_seeds_own(store: GraphStore, facts: Facts) -> None:
    tensors = some_tensors(store, facts, 3)
    sampler = PastSampler(union(pack(tensors), np.array([10, 20, 30])))
    seeds = torch.tensor([0, 1])
    assert sampler.sample_from_nodes(NodeSamplerInput(None, seeds, torch.tensor([10, 20]))).batch is not None
    with pytest.raises(ValueError, match="its own moment"):
        sampler.sample_from_nodes(NodeSamplerInput(None, seeds, torch.tensor([10, 30])))


def permuted(tensors: Tensors, seed: int) -> Tensors:
    """The same graph with its nodes numbered and its links listed in another order."""
    rng = np.random.default_rng(seed)
    order = {kind: rng.permutation(len(x)) for kind, x in tensors.x.items()}
    place = {kind: np.argsort(o) for kind, o in order.items()}
    links = {edge: rng.permutation(index.shape[1]) for edge, index in tensors.edge_index.items()}
    return tensors_of(
        x={kind: x[order[kind]] for kind, x in tensors.x.items()},
        edge_index={
            e: np.stack([place[e[0]][i[0]], place[e[2]][i[1]]])[:, links[e]]
            for e, i in tensors.edge_index.items()
        },
        edge_attr={edge: attr[links[edge]] for edge, attr in tensors.edge_attr.items()},
        origin=np.concatenate(
            [tensors.origin[first + order[kind]] for kind, first in zip(order, tensors.first)]
        ),
        has_application=tensors.has_application,
    )


def test_the_network_does_not_care_how_nodes_and_links_are_numbered(store: GraphStore, facts: Facts) -> None:
    network = RingNet(hidden=16, embedding=4).eval()
    with torch.inference_mode():
        for place, tensors in enumerate(some_tensors(store, facts, 5)):
            z, logit = network(GraphBatch.of(tensors))
            z_again, logit_again = network(GraphBatch.of(permuted(tensors, place)))
            assert torch.allclose(logit, logit_again, atol=1e-5)
            assert torch.allclose(z, z_again, atol=1e-5)


def test_serving_computes_what_the_library_of_the_training_computes(store: GraphStore, facts: Facts) -> None:
    network = RingNet(hidden=16, embedding=4, dropout=0.0)
    for tensors in some_tensors(store, facts, 4):
        z, logit = network.train()(GraphBatch.of(tensors))
        z_served, logit_served = network.eval()(GraphBatch.of(tensors))
        assert torch.allclose(z, z_served, atol=1e-6)
        assert torch.allclose(logit, logit_served, atol=1e-6)


def test_the_network_reads_an_applicant_of_whom_nothing_is_known(tmp_path: Path) -> None:
    with stored(tmp_path / "empty.db", Facts()) as there:
        tensors = drawn(there.view(day(1)).evidence_of(Subject(applicant_id="nobody")))
    z, logit = RingNet(hidden=16, embedding=4).eval()(GraphBatch.of(tensors))
    assert torch.isfinite(z).all()
    assert torch.isfinite(logit).all()


def test_what_is_served_is_what_the_network_says(store: GraphStore, facts: Facts) -> None:
    torch.manual_seed(3)
    network = RingNet(hidden=32, embedding=8).eval()
    nobody = drawn(store.view(day(0)).evidence_of(Subject(applicant_id="nobody")))
    chosen = [*some_tensors(store, facts), nobody]
    network.fit_scale(
        {name: torch.from_numpy(np.concatenate([t.x[name] for t in chosen])) for name in NODE_FEATURES}
    )
    served = Forward(network.weights())
    for tensors in chosen:
        assert served(tensors) == pytest.approx(by_torch(network, tensors), rel=1e-4, abs=1e-5)
        assert np.array_equal(served(tensors), Forward(network.weights())(tensors))


@pytest.mark.parametrize(("hidden", "embedding", "layers"), [(8, 4, 2), (16, 2, 3)])
def test_a_network_is_kept_and_read_again_number_by_number_as_it_was_learned(
    hidden: int, embedding: int, layers: int
) -> None:
    network = RingNet(hidden, embedding, layers)
    learned = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert learned == shapes(hidden, embedding, layers)
    kept = network.weights()
    again = RingNet.of(NetworkWeights.read(kept.shape, kept.content()))
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in network.state_dict().items())
