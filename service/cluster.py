"""A Spark cluster as the commands use it: which one, where its stages are kept, and a session on it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from graph.model.errors import SettingError

LOCAL, SPARK = "local", "spark"
MEMORY_MB = 2048
PARTITIONS = 64


@dataclass(frozen=True, kw_only=True)
class ClusterPlan:
    """`cluster` is a Spark master or the address of Spark Connect. `stages` is the folder or bucket in which
    the stages are kept, which every executor can read and write; empty: one that goes with the run.
    """

    cluster: str = "local[*]"
    stages: str = ""
    memory_mb: int = MEMORY_MB
    partitions: int = PARTITIONS


@dataclass(frozen=True)
class Cluster:
    """A session of Spark, and the address (fsspec's) of the folder for its stages."""

    session: Any
    stages: str


@contextmanager
def opened_cluster(plan: ClusterPlan) -> Iterator[Cluster]:
    """The cluster of a plan, for one run.

    Raises SettingError where PySpark or a Java is missing, or no Spark answers.
    """
    try:
        from graph.rings.spark.session import opened
    except ImportError as error:
        raise SettingError("--engine spark needs PySpark: pip install 'ringfence[spark]'") from error
    session = opened(plan.cluster, plan.memory_mb, plan.partitions)
    try:
        with tempfile.TemporaryDirectory(prefix="ringfence-stages-") as own:
            yield Cluster(session, plan.stages or f"file://{own}")
    finally:
        session.stop()
