"""What a model reads of the stored applications of a period, as a table for whoever learns from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.features.extraction import COUNT_COLUMNS, SIGNAL_NAMES, VARIABLE_NAMES
from graph.frame.location import frame_of
from graph.frame.walk.seeds import Seeds, seeds
from graph.model.errors import ConflictError
from graph.progress import bar
from service.assessment.batches.output import refuse_other_formats
from service.assessment.batches.work import BatchSubject, BatchTask, Period, chunks
from service.engines.cluster import LOCAL, ClusterPlan
from service.engines.look_engine import look_engine
from service.folders import folder_for
from service.opening import open_existing
from service.settings import NO_FRAME, Settings
from service.table_files import writer_for

Floats = npt.NDArray[np.float64]

ROW_GROUP = 4_000  # rows of a file that are written at once: a column of fewer is mostly its own description
_OF_WHOM = pa.schema(
    [
        ("application_id", pa.string()),
        ("applicant_id", pa.string()),
        ("as_of", pa.timestamp("us", tz="UTC")),
    ]
)
COLUMNS = pa.schema(
    [*_OF_WHOM, *((name, pa.float64()) for name in (*SIGNAL_NAMES, *VARIABLE_NAMES, *COUNT_COLUMNS))]
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
        who = _who(BatchTask(settings, None, revision).subjects(store, period))
        with (
            look_engine(out.engine, out.plan, store) as look,
            closing(frame_of(store, kept_in)) as frame,
            writer_for(out.file, COLUMNS) as write,
            bar("features", len(who), " applications") as progress,
        ):
            for rows in _in_groups(look(frame, revision, _seeds_of(who)).feature_rows()):
                columns = (pa.array(column, from_pandas=True) for column in rows.T)
                own = who.slice(written, len(rows)).columns
                write(pa.table([*own, *columns], COLUMNS))
                written += len(rows)
                progress.update(len(rows))
            if store.edition() != edition:
                raise ConflictError("people were erased while features were written: begin it again")
    return {"rows": written, "columns": len(COLUMNS), "seconds": round(perf_counter() - started, 3)}


def _who(subjects: Iterator[BatchSubject]) -> pa.Table:
    """All of them, in columns: a period may have many."""
    tables = [_OF_WHOM.empty_table()]
    for chunk in chunks(subjects):
        applications = [one.subject.application for one in chunk]
        ids = [one.application_id if one else None for one in applications]
        people, at = [one.subject.applicant_id for one in chunk], [one.as_of for one in chunk]
        columns = zip((ids, people, at), _OF_WHOM.types, strict=True)
        tables.append(pa.table([pa.array(column, kind) for column, kind in columns], _OF_WHOM))
    return pa.concat_tables(tables)


def _in_groups(rows: Iterator[Floats]) -> Iterator[Floats]:
    """The same, ROW_GROUP at a time."""
    held: list[Floats] = []
    for some in rows:
        held.append(some)
        if sum(map(len, held)) >= ROW_GROUP:
            yield np.concatenate(held)
            held = []
    if held:
        yield np.concatenate(held)


def _seeds_of(who: pa.Table) -> Seeds:
    ids = pc.coalesce(who["application_id"], who["applicant_id"])
    has_application = np.array(who["application_id"].is_valid().to_pylist(), np.bool_)
    at = np.array(who["as_of"].cast(pa.int64()).to_pylist(), np.int64)
    return seeds(ids.to_pylist(), has_application, at)
