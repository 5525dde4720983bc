"""Assessing the stored applications of a period, or the people where there are none, to a parquet file."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from time import perf_counter
from typing import Any

import pyarrow as pa

from graph.model.errors import NotFoundError
from graph.progress import bar
from graph.store.one_edition import refuse_another
from ingestion.parse_context import time_zone
from service.assessment.batches.output import ScoresOut, kept
from service.assessment.batches.processes import InProcesses
from service.assessment.batches.thresholds import followed
from service.assessment.batches.work import BatchTask, Period, Rows, columns_with
from service.clock import system_clock
from service.folders import folder_for
from service.opening import follows, open_existing, policy_for
from service.registered_models import scorer_of
from service.settings import Settings
from service.table_files import writer_for

BatchEngine = Callable[[BatchTask, Period], Iterator[Rows]]
"""Assesses a period: its rows, chunk by chunk, in order, with all that `BatchWorker.rows` gives."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """How a period is assessed: by which engine, and with which multi-lending variables beside."""

    engine: BatchEngine = field(default_factory=InProcesses)
    variables: Sequence[str] = ()


HERE = Scoring()


def score(settings: Settings, period: Period, out: ScoresOut, how: Scoring = HERE) -> dict[str, Any]:
    """Write one row for every application of the period, by (applied_at, application_id), each as of its own
    moment; the figures.

    A store that holds no application at all (a payment platform's) has people instead: everybody with an
    event in the period, on either side, by applicant id, as of the period's end; their `application_id` is
    null. Raises BundleError, SettingError or StoreError. The file appears whole or not at all; the
    casebook gets the rows as they come.
    """
    started, at = perf_counter(), system_clock()
    columns, file = columns_with(how.variables), out.file
    folder_for(file.absolute().parent)
    decisions: Counter[str] = Counter()
    with writer_for(file, columns) as write, bar("score", None, " assessments") as progress:
        whole = _scored(settings, period, how)
        for rows in kept(whole, out.casebook, at) if out.casebook else whole:
            decisions.update(row["decision"] for row in rows)
            write(pa.Table.from_pylist(rows, columns))
            progress.update(len(rows))
    seconds = perf_counter() - started
    return {
        "scored": decisions.total(),
        "seconds": round(seconds, 3),
        **{name: decisions[name] for name in ("approve", "review", "decline")},
    }


def scored(settings: Settings, period: Period, how: Scoring = HERE) -> Iterator[Rows]:
    """The rows of the period, in the columns of `columns_with`, chunk by chunk; as `score`, of which it is
    the work.
    """
    columns = columns_with(how.variables)
    for chunk in _scored(settings, period, how):
        yield [{name: row[name] for name in columns.names} for row in chunk]


def _scored(settings: Settings, period: Period, how: Scoring) -> Iterator[Rows]:
    """The rows of the period with all that is known of them, chunk by chunk."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the processes are the parallelism
    with open_existing(settings.store, zone=settings.timezone) as store:
        scorer, (revision, edition) = scorer_of(settings, store), store.state()
    task = BatchTask(settings, scorer, revision, tuple(dict.fromkeys(how.variables)))
    rows = how.engine(task, period)
    if task.scorer is not None and follows(settings):
        own = policy_for(settings, task.scorer).thresholds
        rows = followed(rows, own, task.scorer.capacity, time_zone(settings.timezone))
    yield from _of_one_edition(rows, settings, edition)


def _of_one_edition(rows: Iterator[Rows], settings: Settings, edition: int) -> Iterator[Rows]:
    """The rows. Raises ConflictError where people were erased since they began: some may name them."""
    with ExitStack() as opened:
        # none is open while processes are forked
        store = cache(lambda: opened.enter_context(open_existing(settings.store, zone=settings.timezone)))
        try:
            for chunk in rows:
                refuse_another(store(), edition)
                yield chunk
        except NotFoundError:
            refuse_another(store(), edition)
            raise
        refuse_another(store(), edition)  # the file appears with the last of them
