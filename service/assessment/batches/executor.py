"""What an executor of a cluster does of a batch: rows of subjects, with a copy of the frame and of the model.
It reaches no store and holds no key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import fsspec
import pyarrow as pa

from graph.frame.frozen import FrozenFrame, thawed_once
from graph.model.errors import NotFoundError
from graph.model.moments import micros, moment
from graph.rings.spark.buckets import address_of
from graph.store.evidence import Subject, subject_of
from graph.store.port import GraphView
from investigations.policy import Policy
from service.assessment.batches.work import CHUNK, COLUMNS, BatchSubject, BatchWorker
from service.opening import load_scorer
from service.own_folder import own_folder

if TYPE_CHECKING:
    from gnn.scoring.scorer import Scorer

FRAME, MODEL = "frame", "model"  # in the folder of a task
SUBJECTS = pa.schema(
    [
        ("position", pa.int64()),
        ("application_id", pa.string()),
        ("applicant_id", pa.string()),
        ("as_of", pa.int64()),
    ]
)
"""Whom to assess: the place in the batch, and the moment in microseconds."""


def results(variables: tuple[str, ...]) -> pa.Schema:
    """What comes of each: the place in the batch, the columns of `BatchWorker.rows`, moments in
    microseconds.
    """
    as_of = COLUMNS.get_field_index("as_of")
    return pa.schema(
        [
            ("position", pa.int64()),
            *COLUMNS.set(as_of, pa.field("as_of", pa.int64())),
            ("asked", pa.bool_()),
            ("model_version", pa.string()),
            *((name, pa.float64()) for name in variables),
        ]
    )


@dataclass(frozen=True)
class ExecutorTask:
    """What is the same for all rows; it travels with the work. `folder` is the address (fsspec's) of the
    copies, `until` the end of the period, `zone` the store's.
    """

    folder: str
    revision: int
    until: datetime
    zone: str
    policy: Policy
    has_model: bool
    variables: tuple[str, ...] = ()

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Batches of SUBJECTS to batches of `results`, in the order given."""
        views = _CopiedViews(thawed_once(address_of(self.folder, FRAME), self.zone))
        scorer = _scorer(address_of(self.folder, MODEL)) if self.has_model else None
        worker = BatchWorker(views, scorer, self.policy, self.revision, self.variables)
        whole, schema = views.at(self.until, self.revision), results(self.variables)
        for batch in batches:
            for start in range(0, batch.num_rows, CHUNK):
                given = batch.slice(start, CHUNK).to_pylist()
                rows = worker.rows(_subject(whole, row) for row in given)
                for row, asked in zip(rows, given, strict=True):
                    row |= {"position": asked["position"], "as_of": micros(row["as_of"])}
                yield pa.RecordBatch.from_pylist(rows, schema)


def _subject(whole: GraphView, row: Mapping[str, Any]) -> BatchSubject:
    """Whom a row means. Raises NotFoundError for an application that the copy does not hold."""
    if row["application_id"] is None:
        return BatchSubject(Subject(applicant_id=row["applicant_id"]), moment(row["as_of"]))
    application = whole.application(row["application_id"])
    if application is None:
        raise NotFoundError(f"the copy of the frame has no application {row['application_id']!r}")
    return BatchSubject(subject_of(application), application.applied_at)


@dataclass(frozen=True)
class _CopiedViews:
    frame: FrozenFrame

    def at(self, as_of: datetime, revision: int) -> GraphView:
        return self.frame.view(as_of, revision)

    def close(self) -> None:
        """Nothing is held."""


@lru_cache(maxsize=1)
def _scorer(address: str) -> Scorer:
    files, place = fsspec.core.url_to_fs(address)
    with own_folder("ringfence-model-") as own:
        (own / MODEL).mkdir()
        for name in files.ls(place, detail=False):
            files.get_file(name, str(own / MODEL / name.rpartition("/")[2]))
        return load_scorer(str(own / MODEL))
