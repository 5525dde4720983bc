"""A batch on a Spark cluster: copies for its executors, the work in partitions, and its rows in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from graph import private
from graph.frame.columns.layout import VERSION
from graph.frame.frozen import freeze
from graph.frame.location import frame_of
from graph.model.errors import SettingError
from graph.model.moments import micros, moment
from graph.rings.spark.stages import Stages, digest, folder_of
from graph.store.forgetting import StoreState
from graph.store.past import past_of
from graph.store.port import GraphStore
from service.assessment.batches.executor import FRAME, MODEL, SUBJECTS, ExecutorTask, results
from service.assessment.batches.work import CHUNK, BatchSubject, BatchTask, Period, Rows, chunks
from service.engines.cluster import ClusterPlan, opened_cluster
from service.engines.spent_stages import spent_after
from service.opening import open_store, policy_for
from service.own_folder import own_folder
from service.registered_models import bundle_of
from service.settings import NO_FRAME

_SUBJECTS, _SCORED = "subjects", "scored"
WINDOW = 20_000  # rows that are put in order at once
_SPOKEN = {
    pa.int64(): "bigint",
    pa.int32(): "int",
    pa.string(): "string",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.list_(pa.string()): "array<string>",
}


@dataclass(frozen=True)
class OnCluster:
    """Assesses on a cluster. Its stages are kept in a folder that is named by Ringfence's version and by
    what the rows depend on: a run that was cut off goes on where it stopped.
    """

    plan: ClusterPlan

    def __call__(self, task: BatchTask, period: Period) -> Iterator[Rows]:
        """The period's rows, chunk by chunk, in order; this process holds WINDOW rows at a time.

        Raises SettingError where there is no Spark or no frame, StoreUnavailableError where the frame cannot
        be brought to the revision.
        """
        opened = partial(open_store, task.settings.store, zone=task.settings.timezone)
        with opened_cluster(self.plan) as cluster:
            with opened() as store:
                work = _work(task, period, store, cluster.stages)
            stages = Stages(cluster.session, work.folder, CHUNK)
            with spent_after([work.folder], partial(_edition, opened), self.plan.keep_stages):
                if not (stages.done(_SCORED) and stages.done(_SUBJECTS)):
                    with opened() as store:
                        _prepare(stages, task, store, period)
                columns = ", ".join(f"`{f.name}` {_SPOKEN[f.type]}" for f in results(task.variables))
                stages.kept(
                    _SCORED, lambda: stages.divided(_SUBJECTS, self.plan.partitions).mapInArrow(work, columns)
                )
                yield from _in_order(stages)


def _edition(opened: Callable[[], GraphStore]) -> int:
    with opened() as store:
        return store.edition()


def _work(task: BatchTask, period: Period, store: GraphStore, stages: str) -> ExecutorTask:
    """What executors are told, with a folder that no other work has."""
    policy = policy_for(task.settings, task.scorer)
    model = task.scorer.version if task.scorer else ""
    past = past_of(store, StoreState(task.revision, store.edition()))
    same = (VERSION, past, task.revision, period, model, policy.version, task.variables)
    folder = folder_of(stages, "scores", digest(repr((*same, task.settings.timezone)).encode()))
    zone, has_model = task.settings.timezone, task.scorer is not None
    return ExecutorTask(folder, task.revision, period.until, zone, policy, has_model, task.variables)


def _prepare(stages: Stages, task: BatchTask, store: GraphStore, period: Period) -> None:
    """Frame, model and subjects are in the stages' folder."""
    stages.made(FRAME, partial(_copy_frame, task, store))
    if task.scorer is not None:
        stages.made(MODEL, partial(_copy_model, task, store))
    stages.made(_SUBJECTS, lambda place: _write_subjects(task.subjects(store, period), place))


def _copy_frame(task: BatchTask, store: GraphStore, address: str) -> None:
    if task.settings.frame == NO_FRAME:
        raise SettingError("--engine spark copies the store's frame: it cannot do with RINGFENCE_FRAME=none")
    frame = frame_of(store, task.settings.frame)
    try:
        freeze(frame, task.revision, address)
    finally:
        frame.close()


def _copy_model(task: BatchTask, store: GraphStore, address: str) -> None:
    from gnn.scoring import bundle  # here, because most commands need no model

    assert task.scorer is not None
    files, place = fsspec.core.url_to_fs(address)
    with private.owner_only(), own_folder("ringfence-model-") as own:
        bundle.write(bundle_of(task.settings, store, task.scorer.version), own / MODEL)
        files.makedirs(place, exist_ok=True)
        for path in (own / MODEL).iterdir():
            files.put_file(str(path), f"{place}/{path.name}")


def _write_subjects(subjects: Iterator[BatchSubject], address: str) -> None:
    """The subjects with their places, as one Parquet file."""
    files, place = fsspec.core.url_to_fs(address)
    with private.owner_only():
        files.makedirs(place, exist_ok=True)
        numbers = count()
        with files.open(f"{place}/subjects.parquet", "wb") as file, pq.ParquetWriter(file, SUBJECTS) as out:
            for chunk in chunks(subjects):
                rows = [
                    {
                        "position": next(numbers),
                        "application_id": who.application.application_id if who.application else None,
                        "applicant_id": who.applicant_id,
                        "as_of": micros(as_of),
                    }
                    for who, as_of in chunk
                ]
                out.write_table(pa.Table.from_pylist(rows, SUBJECTS))


def _in_order(stages: Stages) -> Iterator[Rows]:
    """The rows by their places, chunk by chunk."""
    for window in stages.in_order(_SCORED, _SUBJECTS, WINDOW):
        for batch in window.to_batches(CHUNK):
            rows: Rows = batch.to_pylist()
            for row in rows:
                row["as_of"] = moment(row["as_of"])
            yield rows
