"""Assessing the stored applications of a period, each as of its own moment, in several processes, to a parquet file."""

from __future__ import annotations

import os
import sys
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from graph.errors import SettingError
from graph.model import Application
from graph.progress import bar
from graph.store import GraphStore
from investigations.policy import Policy
from service.assess import assess_stored
from service.command import folder_for
from service.settings import Settings
from service.wiring import load_scorer, open_existing, open_store, policy_for

if TYPE_CHECKING:
    from gnn.scorer import Scorer

CHUNK = 250  # applications a process takes at once
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
    """since <= applied_at < until. Raises SettingError for one that holds no moment."""

    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        if self.since >= self.until:
            raise SettingError("the period is empty: --since must lie before --until")


@dataclass(frozen=True)
class Bench:
    """What one process assesses with; `recorded_by` is the state of the store that all processes look at."""

    store: GraphStore
    scorer: Scorer | None
    policy: Policy
    recorded_by: int


@dataclass(frozen=True)
class Task:
    """What the processes are given; without its scorer it can be sent to a process that was not forked, which then loads the model itself."""

    settings: Settings
    scorer: Scorer | None
    recorded_by: int

    def bare(self) -> Task:
        """Without the scorer."""
        return Task(self.settings, None, self.recorded_by)

    def bench(self, store: GraphStore) -> Bench:
        """What a process assesses with."""
        scorer = self.scorer or (load_scorer(self.settings.model) if self.settings.model else None)
        return Bench(store, scorer, policy_for(self.settings, scorer), self.recorded_by)


def score(settings: Settings, period: Period, out: Path, *, processes: int = 2) -> dict[str, Any]:
    """Write one row for every application of the period, by (applied_at, application_id); the figures.

    Raises BundleError, SettingError or StoreError. The file appears whole or not at all.
    """
    started = perf_counter()
    if out.is_dir():
        raise SettingError(f"{out} is a folder: name a parquet file to write")
    folder_for(out.absolute().parent)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the processes are the parallelism
    task = Task(settings, load_scorer(settings.model) if settings.model else None, _mark(settings))
    beside = out.with_name(f".{out.name}.{os.getpid()}")
    decisions: Counter[str] = Counter()
    try:
        with pq.ParquetWriter(beside, COLUMNS) as writer, bar("score", None, " applications") as progress:
            for rows in _all_rows(task, period, processes):
                decisions.update(row["decision"] for row in rows)
                writer.write_table(pa.Table.from_pylist(rows, COLUMNS))
                progress.update(len(rows))
        beside.replace(out)
    finally:
        beside.unlink(missing_ok=True)
    seconds = perf_counter() - started
    return {"scored": decisions.total(), "seconds": round(seconds, 3), **{name: decisions[name] for name in ("approve", "review", "decline")}}


def _all_rows(task: Task, period: Period, processes: int) -> Iterator[list[dict[str, Any]]]:
    """The period's rows, chunk by chunk, in order; at most two chunks a process are under way, so memory stays bounded."""
    pool = _pool(task, processes) if processes > 1 else None
    with open_store(task.settings.store, zone=task.settings.timezone) as store:
        bench = task.bench(store)
        chunks = _chunks(store.view(period.until, task.recorded_by).applications(period.since))
        if pool is None:
            yield from (_rows(bench, chunk) for chunk in chunks)
            return
        with pool:
            under_way: deque[Future[list[dict[str, Any]]]] = deque(pool.submit(_rows_there, chunk) for chunk in islice(chunks, 2 * processes))
            while under_way:
                yield under_way.popleft().result()
                under_way.extend(pool.submit(_rows_there, chunk) for chunk in islice(chunks, 1))


def _pool(task: Task, processes: int) -> ProcessPoolExecutor:
    """Processes that have begun. They are forked, with the model in them, while no store is open: SQLite must not be carried across a fork."""
    how = "fork" if sys.platform == "linux" else "spawn"
    pool = ProcessPoolExecutor(processes, mp_context=get_context(how), initializer=_begin, initargs=(task,) if how == "fork" else (task.bare(),))
    pool.submit(_rows_there, []).result()
    return pool


def _mark(settings: Settings) -> int:
    with open_existing(settings.store) as store:
        return store.mark()


def _rows(bench: Bench, applications: Iterable[Application]) -> list[dict[str, Any]]:
    return [_row(bench, application) for application in applications]


def _row(bench: Bench, application: Application) -> dict[str, Any]:
    view = bench.store.view(application.applied_at, bench.recorded_by)
    seen, concluded = assess_stored(view, application, bench.scorer, bench.policy)
    membership = seen.findings.known.membership
    return {
        "application_id": application.application_id,
        "applicant_id": application.applicant_id,
        "as_of": application.applied_at,
        "probability": concluded.probability,
        "score": concluded.score,
        "decision": concluded.decision.value,
        "ring_id": membership.ring.ring_id if membership else None,
        "ring_kind": membership.ring.kind.value if membership else None,
        "reason_codes": [reason.code.code for reason in concluded.reasons],
    }


def _chunks(applications: Iterator[Application]) -> Iterator[list[Application]]:
    while chunk := list(islice(applications, CHUNK)):
        yield chunk


_bench: Bench | None = None  # one a process of the pool


def _begin(task: Task) -> None:
    global _bench
    _bench = task.bench(open_store(task.settings.store, zone=task.settings.timezone))


def _rows_there(applications: list[Application]) -> list[dict[str, Any]]:
    assert _bench is not None, "the pool's initializer ran"
    return _rows(_bench, applications)
