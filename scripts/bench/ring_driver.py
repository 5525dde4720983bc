"""Measures what the driver of a ring search on Spark holds of each person: bytes by Python's own count, of a
small store and of copies of its people, as the difference of both.

Each step says what is held after it and the most while it works. Facts and stages are on the disk by then.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import json
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any, TypeVar, cast

from graph.facts.tables import Tables
from graph.model.moments import moment, read_moment
from graph.rings.projected import Engine
from graph.rings.search import search
from graph.rings.weekly.honest_impact import honest_impact
from graph.rings.weekly.snapshot import rings_found
from ingestion.parse_context import time_zone
from scripts.bench.ring_engines import multiplied
from service.engines.cluster import MEMORY_MB, SPARK, ClusterPlan
from service.engines.ring_engine import ring_engine
from service.engines.stages_address import stages_address
from service.opening import open_existing

EXAMPLE = """example, with Sail beside it:
  .venv/bin/python -m scripts.bench.ring_driver sqlite:///graph.db --as-of 2026-01-01 --copies 16 \\
      --cluster sc://127.0.0.1:50051 --stages var/stages"""
Figures = dict[str, dict[str, int]]
Found = TypeVar("Found")


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 measured, 2 unusable arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("store", help="URL of the small store")
    parser.add_argument("--as-of", required=True)
    parser.add_argument("--copies", type=int, default=16, help="of its people, in the large world")
    parser.add_argument("--cluster", default="local[2]")
    parser.add_argument("--stages", required=True)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--rows", type=int, default=40_000, help="that one task holds, in both worlds")
    options = parser.parse_args(arguments)
    plan = ClusterPlan(
        cluster=options.cluster,
        stages=stages_address(options.stages),
        memory_mb=MEMORY_MB,
        partitions=options.partitions,
        keep_stages=False,
    )
    zone = time_zone("Asia/Shanghai")
    with open_existing(options.store, "Asia/Shanghai") as store:
        tables = store.view(read_moment(options.as_of, zone)).tables()
        with ring_engine(SPARK, plan, store.edition) as engine:
            engine = dataclasses.replace(cast(Any, engine), rows=options.rows)
            of_world(tables, engine)  # what is loaded once belongs to no size
            small = of_world(tables, engine)
            people = len(tables.applicant_ids)
            large = of_world(multiplied(tables, options.copies), engine)
    more = people * (options.copies - 1)
    a_person = {
        step: {what: round((large[step][what] - small[step][what]) / more, 1) for what in small[step]}
        for step in small
    }
    print(json.dumps({"people": [people, people * options.copies], "bytes_a_person": a_person}))
    return 0


def of_world(tables: Tables, engine: Engine) -> Figures:
    """Bytes of each step, and how many people are in rings."""
    projected = engine.of_tables(tables)
    figures: Figures = {}
    tracemalloc.start()
    try:
        found = _counted(figures, "search", lambda: search(projected))
        as_of = moment(found.applicants.as_of)
        _counted(figures, "honest impact", lambda: honest_impact(found))
        rings = _counted(figures, "rings", lambda: rings_found(found, "now", as_of))
    finally:
        tracemalloc.stop()
    inside = sum(ring.size for ring in rings.rings)
    return figures | {"people in rings": {"people": inside}}


def _counted(figures: Figures, step: str, work: Callable[[], Found]) -> Found:
    """What it gives; what is held after it, and the most beyond what was held before."""
    gc.collect()
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    found = work()
    most = tracemalloc.get_traced_memory()[1]
    gc.collect()
    figures[step] = {"held": tracemalloc.get_traced_memory()[0] - before, "most": most - before}
    return found


if __name__ == "__main__":
    sys.exit(main())
