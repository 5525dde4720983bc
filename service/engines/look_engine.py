"""Where what is around many subjects is computed: in this process, or on a Spark cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gnn.batch_extraction import LookAround, NeighbourhoodBatch
from gnn.batch_on_spark import LookOnSpark
from graph.store.past import past_of
from graph.store.port import GraphStore
from service.engines.cluster import LOCAL, ClusterPlan, opened_cluster
from service.engines.spent_stages import spent_after


@contextmanager
def look_engine(name: str, plan: ClusterPlan, store: GraphStore) -> Iterator[LookAround]:
    """The engine of that name, for one run over that store.

    Raises SettingError where PySpark or a Java is missing, or no Spark answers.
    """
    if name == LOCAL:
        yield NeighbourhoodBatch
        return
    with opened_cluster(plan) as cluster:
        look = LookOnSpark(cluster.session, cluster.stages, plan.partitions, past_of(store, store.state()))
        with spent_after(look.folders, store.edition, plan.keep_stages):
            yield look
