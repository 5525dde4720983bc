"""Measure the model's parts on any graph of nodes and links with labels, beside a random forest."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from scripts.cli.command import Command, Result
from scripts.cli.learning_libraries import learning_libraries

EXAMPLE = """example:
  COMMAND --graph var/graphs/s_ffsd_g --out var/s_ffsd_g.json

The folder holds nodes.parquet (node_id, node_type, label 0/1/null, split train/val/test or a time `at`,
features x_*) and edges.parquet (src, dst, relation, `at` where known). With `at` every node is read as of its
own time, and without `split` the nodes are split by it: 60 % train, 10 % val, 30 % test. A column `known_at`
says when a label became known. docs/benchmarks.md has the rules."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--graph", required=True, type=Path, metavar="DIR", help="folder of the graph")
    parser.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar="FILE",
        help="figures as JSON; a table in Markdown beside it",
    )
    parser.add_argument(
        "--seeds",
        type=int,
        default=5,
        metavar="N",
        help="so many trainings (default 5)",
    )
    parser.add_argument(
        "--scores",
        type=Path,
        metavar="FILE",
        help="write the test nodes' scores (Parquet)",
    )
    parser.add_argument(
        "--most-network-samples",
        type=int,
        default=5_000,
        help="above so many, the network learns from a draw of the negatives (default 5000)",
    )
    parser.add_argument("--epochs", type=int, default=6, help="passes of the network (default 6)")
    parser.add_argument("--members", type=int, default=4, help="trees of each ensemble (default 4)")
    parser.add_argument("--hidden", type=int, default=32, help="the network's width (default 32)")
    parser.add_argument(
        "--processes",
        type=int,
        default=min(os.cpu_count() or 1, 8),
        help="cores that grow trees",
    )


def _run(options: argparse.Namespace) -> Result:
    with learning_libraries("measuring"):
        from gnn.benchmark.measuring import SeedResult, figures, measure, table
        from gnn.benchmark.tables import TEST, read_graph
        from gnn.training_plan import TrainingPlan

    graph = read_graph(options.graph)
    plan = TrainingPlan(
        hidden=options.hidden,
        epochs=options.epochs,
        members=options.members,
        most_network_samples=options.most_network_samples,
        workers=options.processes,
    )
    results: list[SeedResult] = []
    for result in measure(graph, range(1, options.seeds + 1), plan):
        results.append(result)
        measured = figures(graph, results)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_bytes(orjson.dumps(measured, option=orjson.OPT_INDENT_2))
        options.out.with_suffix(".md").write_text(table(measured), encoding="utf-8")
    if options.scores:
        subjects = graph.subjects
        ids = graph.node_id[subjects[graph.split[subjects] == TEST]].tolist()
        columns = {f"{name}_{one.seed}": one.scores[name] for one in results for name in one.scores}
        pq.write_table(pa.table({"node_id": ids, **columns}), options.scores)
    means = {
        method: {name: value["mean"] for name, value in values.items()}
        for method, values in measured["methods"].items()
    }
    return Result({**means, "out": str(options.out), "seeds": len(results)})


COMMAND = Command(
    name="benchmark",
    script="benchmark_model",
    description=__doc__,
    example=EXAMPLE,
    arguments=_arguments,
    run=_run,
)
