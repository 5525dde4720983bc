"""Connected components on the cluster by large-star and small-star, and the parts of the first cut by them.

Kiveris, Lattanzi, Mirrokni, Rastogi, Vassilvitskii: Connected Components in MapReduce and Beyond (2014).
"""

from __future__ import annotations

from functools import partial
from typing import Any

from pyspark.sql import functions as f

from graph.model.errors import RingfenceError
from graph.rings.links.parts import DECIDES, LARGEST, RUNGS
from graph.rings.spark.incidence import beside_few
from graph.rings.spark.stages import Stages

MOST_ROUNDS = 60  # it needs some ten; more than this is a fault


def parts(stages: Stages, links: Any, largest: int = LARGEST) -> Any:
    """`who` and `part`, the smallest applicant of the part, as `links.parts.parts` has them; applicants
    without a link that counts are left out.
    """
    left = links.filter(f.col("weight") > DECIDES).select("a", "b", "weight")
    part = stages.kept("parts_0", partial(components, stages, left, "parts_0"))
    for number, rung in enumerate(RUNGS, 1):
        large = part.groupBy("part").agg(f.count("*").alias("holders")).filter(f.col("holders") > largest)
        if not large.count():
            break
        name = f"parts_{number}"
        left = stages.kept(f"{name}_links", partial(_lightened, left, part, large, rung))
        part = stages.kept(name, partial(components, stages, left, name))
    return part


def components(stages: Stages, links: Any, name: str) -> Any:
    """`who` and `part`, the smallest of those whom the links (`a`, `b`) connect.

    Each half of a round is kept, so that its plan begins at a file: what reads something thrice would have it
    made thrice. Ends when a round changes nothing.
    """
    edges = stages.kept(f"{name}_round_0", lambda: links.select("a", "b").distinct())
    before = None
    for number in range(1, MOST_ROUNDS):
        stars = stages.kept(f"{name}_star_{number}", partial(_large_star, edges))
        edges = stages.kept(f"{name}_round_{number}", partial(_small_star, stars))
        mixed = f.pmod(f.col("a").cast("long") * 7919 + f.col("b"), f.lit(1_000_003))
        now = tuple(edges.agg(f.count("*"), f.sum("a"), f.sum("b"), f.sum(mixed)).first())
        if now == before:
            centres = edges.select(f.col("a").alias("who"), f.col("a").alias("part"))
            return (
                edges.select(f.col("b").alias("who"), f.col("a").alias("part")).unionAll(centres).distinct()
            )
        before = now
    raise RingfenceError(f"{name}: components did not settle in {MOST_ROUNDS} rounds")


def _large_star(edges: Any) -> Any:
    """Every larger neighbour is tied to the smallest neighbour instead."""
    both = edges.select(f.col("a").alias("at"), f.col("b").alias("to")).unionAll(
        edges.select(f.col("b").alias("at"), f.col("a").alias("to"))
    )
    least = both.groupBy("at").agg(
        f.least(f.min("to"), f.first("at")).alias("least"), f.count("*").alias("holders")
    )
    larger = beside_few(both.filter("to > at"), least, ("at",))
    return larger.select(f.col("least").alias("a"), f.col("to").alias("b")).filter("a != b").distinct()


def _small_star(edges: Any) -> Any:
    """Every smaller neighbour and the node itself are tied to the smallest neighbour instead."""
    least = edges.groupBy("b").agg(f.min("a").alias("least"), f.count("*").alias("holders"))
    moved = beside_few(edges, least, ("b",)).select(f.col("least").alias("a"), f.col("a").alias("b"))
    itself = least.select(f.col("least").alias("a"), "b")
    return moved.unionByName(itself).filter("a != b").distinct()


def _lightened(links: Any, part: Any, large: Any, rung: float) -> Any:
    """Links inside parts; in large parts those heavier than `rung` alone."""
    inside = within(links, part)
    return (
        inside.join(large.select("part", f.lit(True).alias("large")), "part", "left")
        .filter(f.col("large").isNull() | (f.col("weight") > rung))
        .drop("part", "large")
    )


def within(links: Any, part: Any) -> Any:
    """Links whose ends are in one part, with `part`."""
    one = part.select(f.col("who").alias("a"), "part")
    other = part.select(f.col("who").alias("b"), f.col("part").alias("other"))
    return links.join(one, "a").join(other, "b").filter("part = other").drop("other")
