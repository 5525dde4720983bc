"""Any graph with labels is measured by the product's own parts: what is read of it, what is hidden, what is
refused.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnn.benchmark import walk
from gnn.benchmark.explaining import LinkImportance
from gnn.benchmark.inputs import WebInputs, inputs_of
from gnn.benchmark.measuring import METHODS, SERVED, figures, measure, table
from gnn.benchmark.tables import TEST, GraphTables, read_graph
from gnn.training.learning import PARTS, thinned
from gnn.training_plan import TrainingPlan
from graph.model.errors import InputError
from scripts.cli.commands.benchmark import COMMAND

SMALL = TrainingPlan(
    members=1, workers=1, hidden=8, embedding=4, epochs=1, fewest_steps=10, most_network_samples=80
)
Table = dict[str, list[Any]]


def rows(count: int = 240, seed: int = 3, *, dated: bool = False) -> tuple[Table, Table]:
    """People on devices; whoever shares a device with a fraud is one more often."""
    rng = np.random.default_rng(seed)
    device = rng.integers(0, count // 4, count)
    bad = rng.random(count // 4)[device] + 0.3 * rng.random(count) > 0.95
    people = [f"p{k}" for k in range(count)]
    nodes: Table = {
        "node_id": people + [f"d{k}" for k in range(count // 4)],
        "node_type": ["person"] * count + ["device"] * (count // 4),
        "label": [int(one) for one in bad] + [None] * (count // 4),
        "split": [("train", "train", "train", "val", "test")[5 * k // count] for k in range(count)]
        + [None] * (count // 4),
        "x_noise": [*rng.normal(size=count), *[None] * (count // 4)],
    }
    edges: Table = {
        "src": people,
        "dst": [f"d{k}" for k in device],
        "relation": ["used"] * count,
    }
    if dated:
        nodes["at"] = [float(k) for k in range(count)] + [None] * (count // 4)
        edges["at"] = [float(k) for k in range(count)]
    return nodes, edges


def stored(folder: Path, nodes: Table, edges: Table) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(nodes), folder / "nodes.parquet")
    pq.write_table(pa.table(edges), folder / "edges.parquet")
    return folder


def everything(graph: GraphTables, rows: Any) -> list[Any]:
    """All that the parts read of these rows."""
    inputs: WebInputs = inputs_of(graph, graph.subjects, 1)[0].take(rows)
    packed = inputs.neighbourhoods.graphs()
    return [inputs.own, inputs.around, inputs.two_hops, *packed]


def same(one: list[Any], other: list[Any]) -> bool:
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(one, other, strict=True))


def test_labels_of_test_nodes_change_nothing_that_is_read(tmp_path: Path) -> None:
    graph = read_graph(stored(tmp_path, *rows()))
    hidden = graph.label.copy()
    tested = graph.split == TEST
    hidden[tested] = 1 - hidden[tested]
    flipped = replace(graph, label=hidden)
    assert same(everything(graph, slice(None)), everything(flipped, slice(None)))


def test_a_nodes_own_label_changes_nothing_that_is_read_of_it(tmp_path: Path) -> None:
    graph = read_graph(stored(tmp_path, *rows()))
    for place in (0, 17, 100):
        hidden = graph.label.copy()
        hidden[graph.subjects[place]] ^= 1
        flipped = replace(graph, label=hidden)
        mine = np.array([place])
        got, other = everything(graph, mine), everything(flipped, mine)
        share = [k for k, name in enumerate(names_around(graph)) if name.endswith(("share", "recent"))]
        for one in (got, other):  # they are drawn to the usual share of train, the only thing that moved
            one[1] = np.delete(one[1], share, axis=1)
        assert same(got, other)


def names_around(graph: GraphTables) -> tuple[str, ...]:
    return inputs_of(graph, graph.subjects, 1)[1]["trees"][len(graph.x_names) :]


@given(seed=st.integers(0, 10_000))
def test_shuffling_the_future_changes_nothing_that_is_read_of_the_past(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    nodes, edges = rows(dated=True)
    graph = read_graph(stored(tmp_path_factory.mktemp("dated"), nodes, edges))
    rng, now = np.random.default_rng(seed), 150.0
    later, links = graph.at >= now, graph.link_at >= now
    ends, label, x = graph.ends.copy(), graph.label.copy(), graph.x.copy()
    ends[links, 1] = rng.permutation(ends[links, 1])
    label[later] = rng.permutation(label[later])
    x[later] = rng.permutation(x[later])
    shuffled = replace(graph, ends=ends, label=label, x=x)
    past = np.flatnonzero(graph.at[graph.subjects] < now)
    past = past[graph.split[graph.subjects[past]] == 0]
    assert same(everything(graph, past), everything(shuffled, past))


def test_a_label_is_seen_from_when_it_became_known(tmp_path: Path) -> None:
    nodes, edges = rows(dated=True)
    count = len(edges["src"])
    nodes["label"][0], edges["dst"] = 1, ["d0"] * count
    nodes["known_at"] = [100.5] + [None] * (len(nodes["node_id"]) - 1)
    graph = read_graph(stored(tmp_path, nodes, edges))
    names = list(names_around(graph))
    seen = inputs_of(graph, graph.subjects, 1)[0].around[:, names.index("used_out.far_bad")]
    assert seen[:101].tolist() == [0.0] * 101
    assert (seen[101:200] == 1.0).all()


def test_a_neighbourhood_is_of_the_past_and_bounded(tmp_path: Path) -> None:
    nodes, edges = rows(600, dated=True)
    edges["dst"] = ["d0"] * 600
    graph = read_graph(stored(tmp_path, nodes, edges))
    around = inputs_of(graph, graph.subjects, 1)[0].neighbourhoods
    packed = around.take(np.arange(600)).graphs()
    assert np.diff(packed.nodes).max() <= walk.NODES
    assert packed.one(0).rows.shape[0] == 2  # the first of all knows of its own device alone


@pytest.mark.parametrize("dated", [False, True])
def test_every_method_is_measured_and_the_same_seed_gives_the_same(tmp_path: Path, dated: bool) -> None:
    graph = read_graph(stored(tmp_path, *rows(dated=dated)))
    results, again = list(measure(graph, [1, 2], SMALL)), next(measure(graph, [1], SMALL))
    assert all(np.array_equal(results[0].scores[name], again.scores[name]) for name in METHODS)
    for one in results:  # what val shows to be worth it, as the product chooses
        assert one.serves in PARTS
        assert np.array_equal(one.scores[SERVED], one.scores[one.serves])
    measured = figures(graph, results)
    assert measured["serves"] == [one.serves for one in results]
    for method in METHODS:
        of = measured["methods"][method]
        assert of.keys() == {"auroc", "auprc", "recall_at_positives"}
        assert of["auroc"]["mean"] == pytest.approx(np.mean(of["auroc"]["each"]), abs=1e-4)
    assert measured["methods"]["trees"]["auroc"]["mean"] > 0.6
    assert table(measured).count("\n| ") == len(METHODS)


def test_the_command_writes_figures_a_table_and_scores(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = stored(tmp_path / "graph", *rows())
    out, scores = tmp_path / "out.json", tmp_path / "scores.parquet"
    given = ["--graph", str(folder), "--out", str(out), "--seeds", "1", "--epochs", "1", "--processes", "1"]
    assert COMMAND.main([*given, "--scores", str(scores)]) == 0
    assert set(json.loads(out.read_text())["methods"]) == set(METHODS)
    assert "| random forest |" in out.with_suffix(".md").read_text()
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["blend"].keys()
    assert {"node_id", "blend_1", "random_forest_1"} <= set(pq.read_schema(scores).names)


def changed(nodes: Table, edges: Table, name: str, value: Any) -> None:
    table = edges if name in edges else nodes
    table[name] = [value, *table[name][1:]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda n, e: n.pop("label"), "nodes.parquet lacks the column label"),
        (lambda n, e: e.pop("relation"), "edges.parquet lacks the column relation"),
        (lambda n, e: n.pop("split"), "neither `split`"),
        (lambda n, e: changed(n, e, "dst", "nobody"), "dst that is no node_id, the first is nobody"),
        (lambda n, e: changed(n, e, "label", 2), "node p0 has 2"),
        (lambda n, e: changed(n, e, "split", "exam"), "not 'exam'"),
        (lambda n, e: changed(n, e, "node_id", "p1"), "null, or twice"),
        (lambda n, e: n.update(x_word=["a"] * len(n["label"])), "x_word holds string"),
        (
            lambda n, e: n.update(label=[0 if s == "val" else y for s, y in zip(n["split"], n["label"])]),
            "no positives (label 1) in the split val",
        ),
        (lambda n, e: n.update(at=[-float(k) for k in range(len(n["label"]))]), "times run backwards"),
        (
            lambda n, e: n.update(at=[float(k) for k in range(len(n["label"]))],
                                  known_at=[-1.0] * len(n["label"])), "p0 has its label before its `at`",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused_by_its_reason(tmp_path: Path, change: Any, said: str) -> None:
    nodes, edges = rows()
    change(nodes, edges)
    with pytest.raises(InputError, match=r".*") as error:
        read_graph(stored(tmp_path, nodes, edges))
    assert said in str(error.value)


def test_without_a_split_the_nodes_are_split_by_time(tmp_path: Path) -> None:
    nodes, edges = rows(dated=True)
    del nodes["split"]
    graph = read_graph(stored(tmp_path, nodes, edges))
    shares = [float((graph.split[graph.subjects] == code).mean()) for code in range(3)]
    assert shares == pytest.approx([0.6, 0.1, 0.3], abs=0.02)


def test_a_link_counts_for_what_the_score_loses_without_it(tmp_path: Path) -> None:
    graph = read_graph(stored(tmp_path, *rows()))
    explained, node = LinkImportance(graph, SMALL), int(graph.subjects[-1])
    pairs, moved = explained.links(node)
    assert (pairs == node).any()
    for pair, value in zip(pairs.tolist(), moved.tolist()):
        assert explained.logit(node) - explained.without(node, [tuple(pair)]) == pytest.approx(
            value, abs=1e-9
        )


def test_many_frauds_leave_the_network_as_many_others_to_tell_them_from() -> None:
    lots = np.random.default_rng(1).random(1_000)
    fraud = np.arange(1_000) < 400
    kept = thinned(np.ones(1_000), fraud, lots, 100)
    assert ((kept > 0) & fraud).sum() == ((kept > 0) & ~fraud).sum() == 50
    assert kept[fraud].sum() == pytest.approx(400)
    assert kept[~fraud].sum() == pytest.approx(600)
    few = thinned(np.ones(1_000), np.arange(1_000) < 10, lots, 100)
    assert (few[:10] == 1).all()
    assert (few > 0).sum() == 100
