"""`make bench-network`: microseconds of the model's steps for one subject, the network beside the library's
way that it is held to.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gnn.graphs.encode import encode
from gnn.scoring import bundle
from gnn.scoring.explain import Explainer
from gnn.scoring.forward import Forward
from gnn.training.network import RingNet, by_torch
from graph.features.compute import FeatureExtractor
from graph.frame.from_view import neighbourhood_of
from graph.model.errors import RingfenceError
from graph.store.evidence import Evidence, subject_of
from graph.store.port import GraphStore
from scripts.bench.worlds import AS_OF, Figures, url
from service.opening import open_existing

ROUNDS = 5
BENCH = Path("var/bench")


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0 measured, 2 the store or the model is not there or unusable."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--store",
        default=url(BENCH / "100000"),
        help="a store with applications (default that of `make bench`)",
    )
    parser.add_argument(
        "--model", type=Path, default=BENCH / "model", help="a bundle (default that of `make bench`)"
    )
    parser.add_argument(
        "--subjects", type=int, default=500, help="so many applications of the last year (default 500)"
    )
    options = parser.parse_args(argv)
    try:
        model = bundle.read(options.model)
        with open_existing(options.store) as store:
            evidence_list = evidence(
                store, datetime.fromisoformat(f"{AS_OF}T00:00:00+00:00"), options.subjects
            )
    except RingfenceError as error:
        print(f"bench.network: {error}", file=sys.stderr)
        return 2
    figures = steps(evidence_list, model)
    for name, (p50, p99) in ((name, result.values()) for name, result in figures.items()):
        print(f"{name:18} p50 {p50:7.1f}   p99 {p99:7.1f}", file=sys.stderr)
    print(json.dumps(figures))
    return 0


def evidence(store: GraphStore, until: datetime, count: int) -> list[Evidence]:
    """What was seen of `count` applications of the year before `until`, spread evenly over them, each at its
    own moment.
    """
    created = sorted(
        store.view(until).applications(until - timedelta(days=365)),
        key=lambda a: (a.applied_at, a.application_id),
    )
    return [
        store.view(a.applied_at).evidence_of(subject_of(a))
        for a in created[:: max(1, len(created) // count)][:count]
    ]


def steps(evidence_list: Sequence[Evidence], model: bundle.ModelBundle) -> Figures:
    """Inputs, the network and what each column added, compiled; then the network by torch."""
    around = [neighbourhood_of(one) for one in evidence_list]
    drawn = [encode(one) for one in around]
    forward, network = Forward(model.network), RingNet.of(model.network)
    observer, explainer = FeatureExtractor(), Explainer.of(model.ensembles[model.card["serves"]].texts)
    named = [
        np.resize(observer.row(one, unjudged=True)[0], explainer.columns) for one in around
    ]  # of the right length: what the columns mean costs nothing
    return {
        "nodes": shares([len(one.rows) for one in drawn]),
        "links": shares([len(one.ends) for one in drawn]),
        "inputs": timed(encode, around),
        "network": timed(forward, drawn),
        "explain": timed(explainer, named),
        "network, torch": timed(partial(by_torch, network), drawn),
    }


def timed(step: Callable[[Any], object], subjects: Sequence[Any]) -> Figures:
    """Microseconds a subject, the best of ROUNDS: a busy machine is not what is measured."""
    step(subjects[0])
    spent = np.empty((ROUNDS, len(subjects)))
    for n in range(ROUNDS):
        for place, subject in enumerate(subjects):
            started = time.perf_counter_ns()
            step(subject)
            spent[n, place] = time.perf_counter_ns() - started
    return {f"{name}_us": value for name, value in shares((spent.min(axis=0) / 1000).tolist()).items()}


def shares(values: Iterable[float]) -> Figures:
    """The median and the 99th percentile."""
    p50, p99 = np.percentile(np.fromiter(values, np.float64), [50, 99])
    return {"p50": round(float(p50), 1), "p99": round(float(p99), 1)}


if __name__ == "__main__":
    sys.exit(main())
