"""Where the rings' links and first cut are computed: in this process, or on a Spark cluster."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from graph.model.errors import SettingError
from graph.rings.projected import Engine, in_this_process

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


@contextmanager
def ring_engine(name: str, plan: ClusterPlan) -> Iterator[Engine]:
    """The engine of that name, for one run.

    Raises SettingError where PySpark or a Java is missing, or no Spark answers.
    """
    if name == LOCAL:
        yield in_this_process
        return
    try:
        from graph.rings.spark.engine import OnSpark
        from graph.rings.spark.session import opened
    except ImportError as error:
        raise SettingError("--engine spark needs PySpark: pip install 'ringfence[spark]'") from error
    session = opened(plan.cluster, plan.memory_mb, plan.partitions)
    try:
        with tempfile.TemporaryDirectory(prefix="ringfence-stages-") as own:
            yield OnSpark(session, plan.stages or f"file://{own}")
    finally:
        session.stop()
