"""A Spark cluster as the commands use it: which one, where its stages are kept, and a session on it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from graph.model.errors import RingfenceError, SettingError
from graph.rings.spark.listening import has_ended, refuse_unheard
from service.engines.stages_address import refuse_unwritable, stages_address

LOCAL, SPARK = "local", "spark"
MEMORY_MB = 2048
LEAST_MEMORY_MB = 450  # with less Spark does not start
PARTITIONS = 64


@dataclass(frozen=True, kw_only=True)
class ClusterPlan:
    """`cluster` is a Spark master or the address of Spark Connect. `stages` is the folder or bucket in which
    the stages are kept, which every executor can read and write; empty: one that goes with the run.
    `keep_stages`: they stay when the run has ended well.
    """

    cluster: str = "local[*]"
    stages: str = ""
    memory_mb: int = MEMORY_MB
    partitions: int = PARTITIONS
    keep_stages: bool = False


@dataclass(frozen=True)
class Cluster:
    """A session of Spark, and the address (fsspec's) of the folder for its stages."""

    session: Any
    stages: str


@contextmanager
def opened_cluster(plan: ClusterPlan) -> Iterator[Cluster]:
    """The cluster of a plan, for one run.

    Raises SettingError where PySpark or a Java is missing, no Spark answers, or this process and the
    executors do not reach the same stages, RingfenceError where the cluster fails on the way.
    """
    refuse_unheard(plan.cluster)
    try:
        from graph.rings.spark.failures import failures, said_by
        from graph.rings.spark.reach import refuse_apart
        from graph.rings.spark.session import opened
    except ImportError as error:
        raise SettingError("--engine spark needs PySpark: pip install 'ringfence[spark]'") from error
    with tempfile.TemporaryDirectory(prefix="ringfence-stages-") as own:
        stages = stages_address(plan.stages or own)
        refuse_unwritable(stages)
        session = opened(plan.cluster, plan.memory_mb, plan.partitions)
        try:
            if not (plan.cluster.startswith("local") and stages.startswith("file://")):
                refuse_apart(session, stages)
            yield Cluster(session, stages)
        except failures() as error:
            after = f"the same command goes on after the last whole stage in {plan.stages}"
            other = "with --stages the same command would go on where it stopped"
            ended = f"; nobody listens at --cluster {plan.cluster} any more: start its server again"
            raise RingfenceError(
                f"--engine spark failed: {said_by(error)}{ended if has_ended(plan.cluster) else ''}; "
                f"{after if plan.stages else other}"
            ) from error
        except FileNotFoundError as error:
            if error.filename and urlsplit(stages).path not in error.filename:
                raise
            raise RingfenceError(
                f"{error}: of --stages another run of the same work may have deleted it at its end "
                "(--keep-stages leaves it); the same command makes it again"
            ) from error
        finally:
            _stop(session, plan.cluster)


def _stop(session: Any, cluster: str) -> None:
    """Ends the session, unless its server has ended."""
    try:
        refuse_unheard(cluster)
    except SettingError:
        return
    session.stop()
