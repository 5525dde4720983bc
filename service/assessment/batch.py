"""Assessing the stored applications of a period, or the people where there are none, in several processes, to
a parquet file.
"""

from __future__ import annotations

import os
import sys
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from multiprocessing import get_context
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from graph.features.lending_grammar import beyond_standard, is_variable, nearest
from graph.model.errors import SettingError
from graph.model.moments import micros
from graph.progress import bar
from graph.store.evidence import Subject, subject_of
from graph.store.port import GraphStore, GraphView
from ingestion.parse_context import time_zone
from investigations.policy import Policy
from service.assessment.assess import assess_stored
from service.assessment.batch_output import ScoresOut, kept
from service.assessment.batch_thresholds import followed
from service.assessment.views import Views
from service.clock import system_clock
from service.folders import folder_for
from service.opening import (
    filled_frame,
    follows,
    open_existing,
    open_store,
    policy_for,
)
from service.registered_models import scorer_of
from service.settings import Settings
from service.table_files import writer_for

if TYPE_CHECKING:
    from gnn.scorer import Scorer

CHUNK = 250  # assessments a process takes at once
COLUMNS = pa.schema(
    [
        ("application_id", pa.string()),
        ("applicant_id", pa.string()),
        ("as_of", pa.timestamp("us", tz="UTC")),
        ("probability", pa.float64()),
        ("score", pa.int32()),
        ("decision", pa.string()),
        ("ring_id", pa.string()),
        ("ring_kind", pa.string()),
        ("reason_codes", pa.list_(pa.string())),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """since <= at < until, of applications, or of people's events. Raises SettingError for one that holds no
    moment.
    """

    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        if self.since >= self.until:
            raise SettingError("the period is empty: --since must lie before --until")


def columns_with(variables: Sequence[str]) -> pa.Schema:
    """COLUMNS, and one for each of these multi-lending variables. Raises SettingError for a name that is
    none.
    """
    for name in variables:
        if not is_variable(name):
            like = nearest(name)
            hint = f"; the nearest is {like}" if like else ""
            raise SettingError(f"no multi-lending variable is named {name[:64]}{hint} (docs/variables.md)")
    return pa.schema([*COLUMNS, *((name, pa.float64()) for name in dict.fromkeys(variables))])


class BatchSubject(NamedTuple):
    """Whom to assess, as of when."""

    subject: Subject
    as_of: datetime


@dataclass(frozen=True)
class BatchWorker:
    """What one process assesses with; all processes read the store at the same `revision`."""

    views: Views
    scorer: Scorer | None
    policy: Policy
    revision: int
    variables: tuple[str, ...] = ()


@dataclass(frozen=True)
class BatchTask:
    """What the processes are given; without its scorer it can be sent to a process that was not forked, which
    then loads the model itself.
    """

    settings: Settings
    scorer: Scorer | None
    revision: int
    variables: tuple[str, ...] = ()

    def bare(self) -> BatchTask:
        """Without the scorer."""
        return replace(self, scorer=None)

    def bench(self, store: GraphStore) -> BatchWorker:
        """What a process assesses with: all of them look through one frame, which the first to come fills."""
        scorer = self.scorer or scorer_of(self.settings, store)
        frame = filled_frame(store, self.settings, self.revision)
        policy = policy_for(self.settings, scorer)
        return BatchWorker(Views(store, frame), scorer, policy, self.revision, self.variables)


def score(
    settings: Settings, period: Period, out: ScoresOut, *, processes: int = 2, variables: Sequence[str] = ()
) -> dict[str, Any]:
    """Write one row for every application of the period, by (applied_at, application_id), each as of its own
    moment, with these multi-lending variables; the figures.

    A store that holds no application at all (a payment platform's) has people instead: everybody with an
    event in the period, on either side, by applicant id, as of the period's end; their `application_id` is
    null. Raises BundleError, SettingError or StoreError. The file appears whole or not at all; the
    casebook gets the rows as they come.
    """
    started, at = perf_counter(), system_clock()
    columns, file = columns_with(variables), out.file
    folder_for(file.absolute().parent)
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    decisions: Counter[str] = Counter()
    try:
        with writer_for(file, beside, columns) as write, bar("score", None, " assessments") as progress:
            whole = _scored(settings, period, processes, variables)
            for rows in kept(whole, out.casebook, at) if out.casebook else whole:
                decisions.update(row["decision"] for row in rows)
                write(pa.Table.from_pylist(rows, columns))
                progress.update(len(rows))
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
    seconds = perf_counter() - started
    return {
        "scored": decisions.total(),
        "seconds": round(seconds, 3),
        **{name: decisions[name] for name in ("approve", "review", "decline")},
    }


def scored(
    settings: Settings, period: Period, *, processes: int = 1, variables: Sequence[str] = ()
) -> Iterator[list[dict[str, Any]]]:
    """The rows of the period, in the columns of `columns_with`, chunk by chunk; as `score`, of which it is
    the work.
    """
    columns = columns_with(variables)
    for chunk in _scored(settings, period, processes, variables):
        yield [{name: row[name] for name in columns.names} for row in chunk]


def _scored(
    settings: Settings, period: Period, processes: int, variables: Sequence[str]
) -> Iterator[list[dict[str, Any]]]:
    """The rows of the period with all that is known of them, chunk by chunk."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the processes are the parallelism
    with open_existing(settings.store, zone=settings.timezone) as store:
        scorer, revision = scorer_of(settings, store), store.revision()
    task = BatchTask(settings, scorer, revision, tuple(dict.fromkeys(variables)))
    rows = _all_rows(task, period, processes)
    if task.scorer is not None and follows(settings):
        own = policy_for(settings, task.scorer).thresholds
        rows = followed(rows, own, task.scorer.capacity, time_zone(settings.timezone))
    yield from rows


def _all_rows(task: BatchTask, period: Period, processes: int) -> Iterator[list[dict[str, Any]]]:
    """The period's rows, chunk by chunk, in order; at most two chunks a process are under way, so memory
    stays bounded.
    """
    pool = _pool(task, processes) if processes > 1 else None
    with open_store(task.settings.store, zone=task.settings.timezone) as store:
        chunks = _chunks(_subjects(store, store.view(period.until, task.revision), period))
        if pool is None:
            bench = task.bench(store)
            try:
                yield from (_rows(bench, chunk) for chunk in chunks)
            finally:
                bench.views.close()
            return
        with pool:
            under_way: deque[Future[list[dict[str, Any]]]] = deque(
                pool.submit(_existing_rows, chunk) for chunk in islice(chunks, 2 * processes)
            )
            while under_way:
                yield under_way.popleft().result()
                under_way.extend(pool.submit(_existing_rows, chunk) for chunk in islice(chunks, 1))


def _subjects(store: GraphStore, view: GraphView, period: Period) -> Iterator[BatchSubject]:
    """The applications of the period; of a store without any, the people, which is refused as of a moment
    that has not come.
    """
    if store.counts()["applications"]:
        yield from (
            BatchSubject(subject_of(created), created.applied_at)
            for created in view.applications(period.since)
        )
        return
    if period.until > system_clock():
        raise SettingError(
            "this store holds no applications, so people are assessed as of --until, which has not come "
            "yet: give one that has passed"
        )
    tables = view.tables()
    active = tables.events["at"] >= micros(period.since)
    people = np.union1d(tables.events["applicant"][active], tables.events["counterparty"][active])
    yield from (
        BatchSubject(Subject(applicant_id=who), period.until)
        for who in tables.applicant_ids[people[people >= 0]].tolist()
    )


def _pool(task: BatchTask, processes: int) -> ProcessPoolExecutor:
    """Processes that have begun. They are forked, with the model in them, while no store is open: SQLite must
    not be carried across a fork.
    """
    how = "fork" if sys.platform == "linux" else "spawn"
    pool = ProcessPoolExecutor(
        processes,
        mp_context=get_context(how),
        initializer=_begin,
        initargs=(task,) if how == "fork" else (task.bare(),),
    )
    pool.submit(_existing_rows, []).result()
    return pool


def _rows(bench: BatchWorker, subjects: Iterable[BatchSubject]) -> list[dict[str, Any]]:
    return [_row(bench, one) for one in subjects]


def _row(bench: BatchWorker, request: BatchSubject) -> dict[str, Any]:
    subject = request.subject
    view = bench.views.at(request.as_of, bench.revision)
    wanted = beyond_standard(bench.variables)
    evaluation, concluded = assess_stored(view, subject, bench.scorer, bench.policy, wanted)
    lending = evaluation.variables.variables if evaluation.variables and bench.variables else {}
    membership = evaluation.findings.rule_inputs.membership
    asked = bench.policy.asked(evaluation.findings)
    return {
        "application_id": subject.application.application_id if subject.application else None,
        "applicant_id": subject.applicant_id,
        "as_of": request.as_of,
        "probability": concluded.probability,
        "score": concluded.score,
        "decision": concluded.decision.value,
        "ring_id": membership.ring.ring_id if membership else None,
        "ring_kind": membership.ring.kind.value if membership else None,
        "reason_codes": [reason.code.code for reason in concluded.reasons],
        "asked": asked,
        "model_version": bench.scorer.version if bench.scorer else None,
        **{name: lending.get(name) for name in bench.variables},
    }


def _chunks(subjects: Iterator[BatchSubject]) -> Iterator[list[BatchSubject]]:
    while chunk := list(islice(subjects, CHUNK)):
        yield chunk


_bench: BatchWorker | None = None  # one a process of the pool


def _begin(task: BatchTask) -> None:
    global _bench
    _bench = task.bench(open_store(task.settings.store, zone=task.settings.timezone))


def _existing_rows(subjects: list[BatchSubject]) -> list[dict[str, Any]]:
    assert _bench is not None, "the pool's initializer ran"
    return _rows(_bench, subjects)
