"""A batch in processes of this machine."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context

from service.assessment.batches.work import BatchSubject, BatchTask, BatchWorker, Period, Rows, chunks
from service.opening import open_store
from service.threads.parent_watch import end_with


@dataclass(frozen=True)
class InProcesses:
    """Assesses in so many processes of this machine; one is this process."""

    processes: int = 1

    def __call__(self, task: BatchTask, period: Period) -> Iterator[Rows]:
        """The period's rows, chunk by chunk, in order; at most two chunks a process are under way, so memory
        stays bounded.
        """
        pool = _pool(task, self.processes) if self.processes > 1 else None
        with open_store(task.settings.store, zone=task.settings.timezone) as store:
            work = chunks(task.subjects(store, period))
            if pool is None:
                bench = task.bench(store)
                try:
                    yield from map(bench.rows, work)
                finally:
                    bench.views.close()
                return
            with pool:
                under_way: deque[Future[Rows]] = deque(
                    pool.submit(_existing_rows, chunk) for chunk in islice(work, 2 * self.processes)
                )
                while under_way:
                    yield under_way.popleft().result()
                    under_way.extend(pool.submit(_existing_rows, chunk) for chunk in islice(work, 1))


def _pool(task: BatchTask, processes: int) -> ProcessPoolExecutor:
    """Processes that have begun. They are forked, with the model in them, while no store is open: SQLite must
    not be carried across a fork.
    """
    how = "fork" if sys.platform == "linux" else "spawn"
    pool = ProcessPoolExecutor(
        processes,
        mp_context=get_context(how),
        initializer=_begin,
        initargs=(os.getpid(), task if how == "fork" else task.bare()),
    )
    pool.submit(_existing_rows, []).result()
    return pool


_bench: BatchWorker | None = None  # one a process of the pool


def _begin(parent: int, task: BatchTask) -> None:
    global _bench
    end_with(parent)
    _bench = task.bench(open_store(task.settings.store, zone=task.settings.timezone))


def _existing_rows(subjects: list[BatchSubject]) -> Rows:
    assert _bench is not None, "the pool's initializer ran"
    return _bench.rows(subjects)
