"""Training looks through the frame: what it sees of a past application, to the bit, is what a view shows of
it, and nothing of the future.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gnn import batch_extraction
from gnn.batch_extraction import SubjectInputs, extract_all
from gnn.graphs import packed
from gnn.graphs.packed import PackedGraphs
from gnn.graphs.sampler import union
from gnn.graphs.schema import EDGE_TYPES, NODE_TYPES
from gnn.graphs.tensors import Tensors
from gnn.samples.collect import collect
from gnn.scoring.forward import Forward
from gnn.training.network import RingNet
from gnn.training_plan import TrainingPlan
from graph.frame import neighbourhood
from graph.frame.location import folder_of, frame_of
from graph.frame.walk.seeds import Seeds, seeds
from graph.model.errors import NotFoundError
from graph.model.moments import micros
from graph.model.types import Facts
from graph.store.port import GraphStore
from tests.support.oracles.by_views import Seed, drawn, evidence_of, seen
from tests.support.small_worlds import applies, before, day, fraud, random_facts, shuffled, uses
from tests.support.stores import open_store, sqlite_only
from tests.support.worlds.features import made_store, odd_facts, rings_of


@contextmanager
def opened(path: Path, facts: Facts) -> Iterator[GraphStore]:
    with open_store(path) as store:
        store.add(facts)
        yield store


def some(facts: Facts, rng: random.Random, count: int) -> list[Seed]:
    """Applications as they came, and people watched without one."""
    chosen = rng.sample(facts.applications, min(count, len(facts.applications)))
    request = [Seed(a.applicant_id, a.application_id, micros(a.applied_at)) for a in chosen]
    return request + [
        Seed(a.applicant_id, None, micros(a.applied_at + timedelta(days=rng.choice((1, 40)))))
        for a in chosen[: count // 3]
    ]


def as_seeds(chosen: list[Seed]) -> Seeds:
    ids = [one.application_id or one.applicant_id for one in chosen]
    return seeds(
        ids,
        np.array([one.application_id is not None for one in chosen]),
        np.array([one.at for one in chosen]),
    )


def looked(store: GraphStore, chosen: Seeds, mark: int | None = None) -> tuple[SubjectInputs, PackedGraphs]:
    """What training sees of them, and their graphs."""
    frame = frame_of(store)
    try:
        result = extract_all(frame, store.revision() if mark is None else mark, chosen)
        return result, result.neighbourhoods.graphs()
    finally:
        frame.close()


def same(one: Tensors, other: Tensors) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def assert_as_by_views(store: GraphStore, chosen: list[Seed]) -> None:
    observed, graphs = looked(store, as_seeds(chosen))
    assert graphs.size == len(chosen)
    for place, seed in enumerate(chosen):
        evidence = evidence_of(store, seed)
        assert np.array_equal(observed.rows[place], seen(evidence).unjudged, equal_nan=True), seed
        assert same(graphs.one(place), drawn(evidence, unjudged=True)), seed


@pytest.mark.parametrize("world", [1, 2, 3])
def test_of_an_odd_world_training_sees_what_views_show(tmp_path: Path, world: int) -> None:
    rng = random.Random(world)
    facts = odd_facts(rng, people=30, loans=70)
    with opened(tmp_path / "odd.db", facts) as store:
        store.save_rings(rings_of(rng, facts))
        assert_as_by_views(store, some(facts, rng, 25))


@pytest.mark.slow
def test_of_a_made_world_training_sees_what_views_show() -> None:
    with made_store() as store:
        created = sorted(store.view(day(10_000)).applications(day(-3_000)), key=lambda a: a.application_id)
        assert_as_by_views(store, some(Facts(applications=tuple(created)), random.Random(9), 120))


def test_no_bit_changes_with_the_future_deleted_or_the_facts_in_another_order(tmp_path: Path) -> None:
    facts = random_facts(5)
    request = sorted(facts.applications, key=lambda a: (a.applied_at, a.application_id))[40]
    chosen = as_seeds([Seed(request.applicant_id, request.application_id, micros(request.applied_at))])
    with opened(tmp_path / "all.db", facts) as store:
        first, graphs = looked(store, chosen)
    past = before(facts, request.applied_at)
    for name, other in (
        ("past", replace(past, applications=(*past.applications, request))),
        ("shuffled", shuffled(facts, 3)),
    ):
        with opened(tmp_path / f"{name}.db", other) as there:
            again, drawn = looked(there, chosen)
        assert np.array_equal(first.rows, again.rows, equal_nan=True)
        assert same(graphs.one(0), drawn.one(0))


def test_what_was_delivered_later_is_not_seen_though_it_happened_before_the_moment(tmp_path: Path) -> None:
    request = applies("me", 20, uses("device", "d"))
    chosen = as_seeds([Seed("me", request.application_id, micros(request.applied_at))])
    with opened(
        tmp_path / "s.db", Facts(applications=(applies("bad", 1, uses("device", "d")), request))
    ) as store:
        mark = store.revision()
        first, _ = looked(store, chosen, mark)
        store.add(Facts(labels=(fraud("bad@1", known_on=10),)))
        again, _ = looked(store, chosen, mark)
        later, _ = looked(store, chosen)
    assert np.array_equal(first.rows, again.rows, equal_nan=True)
    assert not np.array_equal(first.rows, later.rows, equal_nan=True)


def test_what_was_said_of_the_subject_itself_is_not_seen(tmp_path: Path) -> None:
    request = applies("me", 20, uses("device", "d"))
    facts = Facts(applications=(applies("me", 1, uses("device", "d")), request))
    chosen = as_seeds([Seed("me", request.application_id, micros(request.applied_at))])
    with (
        opened(tmp_path / "untold.db", facts) as untold,
        opened(tmp_path / "told.db", replace(facts, labels=(fraud("me@1", 5),))) as reported,
    ):
        one, other = looked(untold, chosen), looked(reported, chosen)
    assert np.array_equal(one[0].rows, other[0].rows, equal_nan=True)
    assert same(one[1].one(0), other[1].one(0))


@pytest.mark.parametrize(
    "wrong",
    [
        Seed("ann", "never made", 5),
        Seed("ann", "ann@1", micros(day(2))),
        Seed("nobody", None, micros(day(9))),
    ],
)
def test_a_subject_that_there_is_not_at_its_moment_is_named(tmp_path: Path, wrong: Seed) -> None:
    with (
        opened(tmp_path / "s.db", Facts(applications=(applies("ann", 1),))) as store,
        pytest.raises(NotFoundError, match=wrong.application_id or wrong.applicant_id),
    ):
        looked(store, as_seeds([Seed("ann", "ann@1", micros(day(1))), wrong]))


def test_rooms_grow_with_what_is_met(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(2)
    facts = odd_facts(rng, 40, 80)
    chosen = as_seeds(some(facts, rng, 40))
    with opened(tmp_path / "s.db", facts) as store:
        first, graphs = looked(store, chosen)
        small: dict[str, Any] = {name: (kind, 4) for name, (kind, _) in neighbourhood.ROOM.items()}
        monkeypatch.setattr(neighbourhood, "ROOM", small)
        monkeypatch.setattr("graph.frame.walk.scratch.ROOM", small)
        for name in ("_NODES", "_LINKS"):
            monkeypatch.setattr(batch_extraction, name, 2)
        again, drawn = looked(store, chosen)
    assert np.array_equal(first.rows, again.rows, equal_nan=True)
    for one, other in zip(graphs, drawn, strict=True):
        assert np.array_equal(one, other)


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> PackedGraphs:
    facts = random_facts(5)
    with opened(tmp_path_factory.mktemp("graphs") / "s.db", facts) as store:
        return looked(store, as_seeds(some(facts, random.Random(1), 40)))[1]


def test_graphs_side_by_side_are_the_graphs_one_by_one(graphs: PackedGraphs) -> None:
    alone = [graphs.one(place) for place in range(graphs.size)]
    for again in (
        packed.pack(alone),
        packed.joined([packed.pack(alone[:7]), packed.pack([]), packed.pack(alone[7:])]),
    ):
        for one, other in zip(graphs, again, strict=True):
            assert np.array_equal(one, other)


def test_the_union_of_graphs_holds_each_ones_nodes_and_links(graphs: PackedGraphs) -> None:
    data = union(graphs, np.arange(graphs.size))
    for place in range(graphs.size):
        one = graphs.one(place)
        for name in NODE_TYPES:
            first = data[name].first[place : place + 2].tolist()
            assert np.array_equal(data[name].x[first[0] : first[1]].numpy(), one.x[name])
        for edge in EDGE_TYPES:
            a, b = data[edge].first[place : place + 2].tolist()
            shift = np.array([[int(data[edge[0]].first[place])], [int(data[edge[2]].first[place])]])
            assert np.array_equal(data[edge].edge_index[:, a:b].numpy() - shift, one.edge_index[edge])
            assert np.array_equal(data[edge].edge_attr[a:b].numpy(), one.edge_attr[edge])


def test_what_the_network_says_of_many_is_what_it_says_of_each_to_the_bit(graphs: PackedGraphs) -> None:
    answer = Forward(RingNet(hidden=16, embedding=4).weights())
    assert np.array_equal(answer.of_all(graphs), [answer(graphs.one(place)) for place in range(graphs.size)])


def test_seeds_are_the_samples_in_their_order(tmp_path: Path) -> None:
    facts = Facts(
        applications=(applies("张", 1), applies("ann", 2), applies("bob", 3)), labels=(fraud("ann@2", 5),)
    )
    with opened(tmp_path / "s.db", facts) as store:
        samples = collect(store.view(day(60)).tables(), TrainingPlan(least_frauds=0, horizon_days=30))
    result = samples.seeds()
    assert [result.name(place) for place in range(3)] == samples.application_id.tolist()
    assert result.at.tolist() == samples.at.tolist()
    assert result.has_application.all()


@sqlite_only
def test_the_frame_lies_beside_the_stores_file_for_its_owner_alone_or_where_told_to(
    tmp_path: Path,
) -> None:
    (tmp_path / "s.db.frame").mkdir(mode=0o755)
    with opened(tmp_path / "s.db", Facts(applications=(applies("ann", 1),))) as store:
        for kept_in in ("", tmp_path / "kept" / "here"):
            frame = frame_of(store, kept_in)
            assert frame.catch_up()
            frame.close()
            folder = folder_of(store, kept_in)
            assert folder == tmp_path / "s.db.frame" or folder.parent == tmp_path / "kept" / "here"
            there = [folder, *folder.iterdir(), *folder.parent.glob(f"{folder.name}.*")]
            assert {path.stat().st_mode & 0o077 for path in there} == {0}
            assert len(there) > 10
