"""A Spark cluster as the commands use it: which one, where its stages are kept, and a session on it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from graph.model.errors import RingfenceError, SettingError
from graph.rings.spark.failures import failures, said_by
from graph.rings.spark.listening import has_ended, refuse_unheard
from service.engines.stages_address import refuse_unwritable, stages_address
from service.own_folder import own_folder

LOCAL, SPARK = "local", "spark"
MEMORY_MB = 2048
LEAST_MEMORY_MB = 450  # with less Spark does not start
PARTITIONS = 64
_GONE_S = 2.0  # who is killed closes connections before being gone


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
    with own_folder("ringfence-spark-") as own:
        stages = stages_address(plan.stages or str(own / "stages"))
        refuse_unwritable(stages)
        session = _session(plan, stages, own)
        try:
            yield Cluster(session, stages)
        except failures() as error:
            raise _failed(plan, f": {said_by(error)}{_ended(plan.cluster)}") from error
        except FileNotFoundError as error:
            if error.filename and urlsplit(stages).path not in error.filename:
                raise
            raise RingfenceError(
                f"{error}: of --stages another run of the same work may have deleted it at its end "
                "(--keep-stages leaves it); the same command makes it again"
            ) from error
        finally:
            _stop(session, plan.cluster)


def _session(plan: ClusterPlan, stages: str, own: Path) -> Any:
    """A session whose executors reach the stages. Raises as `opened_cluster`."""
    try:
        from graph.rings.spark.reach import refuse_apart
        from graph.rings.spark.session import opened
    except ImportError as error:
        raise SettingError("--engine spark needs PySpark: pip install 'ringfence[spark]'") from error
    session = None
    try:
        session = opened(plan.cluster, plan.memory_mb, plan.partitions, own)
        if not (plan.cluster.startswith("local") and stages.startswith("file://")):
            refuse_apart(session, stages)
    except BaseException as error:
        # what has died meanwhile answers as an unusable one does
        ended = _ended(plan.cluster) if isinstance(error, SettingError) else ""
        if session is not None:
            _stop(session, plan.cluster)
        if ended:
            raise _failed(plan, ended) from error
        raise
    return session


def _failed(plan: ClusterPlan, why: str) -> RingfenceError:
    after = f"the same command goes on after the last whole stage in {plan.stages}"
    other = "with --stages the same command would go on where it stopped"
    return RingfenceError(f"--engine spark failed{why}; {after if plan.stages else other}")


def _ended(cluster: str) -> str:
    """What is to be said where Spark itself has ended."""
    from graph.rings.spark.session import java_ended_with

    if cluster.startswith("sc://"):
        again = f"; nobody listens at --cluster {cluster} any more: start its server again"
        return again if has_ended(cluster, _GONE_S) else ""
    if (status := java_ended_with(_GONE_S)) is None:
        return ""
    short = ", as where a machine is short of memory" if status == -signal.SIGKILL else ""
    return f"; Spark's Java process has ended with status {status}{short}"


def _stop(session: Any, cluster: str) -> None:
    """Ends the session. What a Spark says that has ended before is no news."""
    try:
        refuse_unheard(cluster)
    except SettingError:
        return
    with suppress(*failures()):
        session.stop()
