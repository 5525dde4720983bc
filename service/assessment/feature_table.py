"""What a model reads of the stored applications of a period, as a table for whoever learns from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa

from graph.features.extraction import COUNT_COLUMNS, SIGNAL_NAMES, VARIABLE_NAMES
from graph.frame.location import frame_of
from graph.frame.seeds import Seeds, seeds
from graph.model.errors import ConflictError
from graph.model.moments import micros
from graph.progress import bar
from service.assessment.batch_output import refuse_other_formats
from service.assessment.batch_work import BatchSubject, BatchTask, Period
from service.cluster import LOCAL, ClusterPlan
from service.folders import folder_for
from service.look_engine import look_engine
from service.opening import open_existing
from service.settings import NO_FRAME, Settings
from service.table_files import writer_for

_WHO = (
    ("application_id", pa.string()),
    ("applicant_id", pa.string()),
    ("as_of", pa.timestamp("us", tz="UTC")),
)
COLUMNS = pa.schema(
    [*_WHO, *((name, pa.float64()) for name in (*SIGNAL_NAMES, *VARIABLE_NAMES, *COUNT_COLUMNS))]
)


@dataclass(frozen=True)
class FeaturesOut:
    """The file to write, .parquet or .csv, and where its rows are computed. Raises SettingError for a file
    that can be none.
    """

    file: Path
    engine: str = LOCAL
    plan: ClusterPlan = field(default_factory=ClusterPlan)

    def __post_init__(self) -> None:
        refuse_other_formats(self.file)


def write_features(settings: Settings, period: Period, out: FeaturesOut) -> dict[str, Any]:
    """Write one row for every application of the period, in the order of `ringfence score`, each as of its
    own moment and as if nobody had said anything of the subject itself, which is how training reads it; the
    figures. Of a store without applications the people, as there.

    Raises SettingError, StoreError, and ConflictError where people were erased meanwhile. The file appears
    whole or not at all.
    """
    started, written = perf_counter(), 0
    folder_for(out.file.absolute().parent)
    kept_in = "" if settings.frame == NO_FRAME else settings.frame
    with open_existing(settings.store, settings.timezone) as store:
        revision, edition = store.state()
        subjects = list(BatchTask(settings, None, revision).subjects(store, period))
        with (
            look_engine(out.engine, out.plan, store) as look,
            closing(frame_of(store, kept_in)) as frame,
            writer_for(out.file, COLUMNS) as write,
            bar("features", len(subjects), " applications") as progress,
        ):
            for rows in look(frame, revision, _seeds_of(subjects)).feature_rows():
                write(_table(subjects[written : written + len(rows)], rows))
                written += len(rows)
                progress.update(len(rows))
            if store.edition() != edition:
                raise ConflictError("people were erased while features were written: begin it again")
    return {"rows": written, "columns": len(COLUMNS), "seconds": round(perf_counter() - started, 3)}


def _seeds_of(subjects: list[BatchSubject]) -> Seeds:
    has_application = np.array([one.subject.application is not None for one in subjects], np.bool_)
    at = np.array([micros(one.as_of) for one in subjects], np.int64)
    return seeds([_name(one) for one in subjects], has_application, at)


def _name(one: BatchSubject) -> str:
    application = one.subject.application
    return application.application_id if application else one.subject.applicant_id


def _table(subjects: list[BatchSubject], rows: np.ndarray[Any, Any]) -> pa.Table:
    who = [
        [one.subject.application.application_id if one.subject.application else None for one in subjects],
        [one.subject.applicant_id for one in subjects],
        [one.as_of for one in subjects],
    ]
    columns: Iterator[Any] = (pa.array(column, kind) for column, (_, kind) in zip(who, _WHO, strict=True))
    return pa.table([*columns, *(pa.array(column, from_pandas=True) for column in rows.T)], COLUMNS)
