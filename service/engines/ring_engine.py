"""Where the rings' links, first cut and features are computed: in this process, or on a Spark cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from graph.rings.projected import Engine, InThisProcess
from service.engines.cluster import LOCAL, ClusterPlan, opened_cluster
from service.engines.spent_stages import spent_after


@contextmanager
def ring_engine(name: str, plan: ClusterPlan, edition: Callable[[], int]) -> Iterator[Engine]:
    """The engine of that name, for one run. Its stages go after it as `spent_after` says, which asks for the
    store's `edition`.

    Raises SettingError where PySpark or a Java is missing, or no Spark answers.
    """
    if name == LOCAL:
        yield InThisProcess()
        return
    with opened_cluster(plan) as cluster:
        from graph.rings.spark.engine import OnSpark  # here, because PySpark is an extra

        engine = OnSpark(cluster.session, cluster.stages)
        with spent_after(engine.folders, edition, plan.keep_stages):
            yield engine
