"""The monitoring of what serves, once a day by one process among all, and its figures as metrics."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta

from graph.model.moments import EPOCH
from investigations.monitoring.record import KeptKind
from service.assessment.context import AppContext
from service.http import metrics
from service.leases import Lease

log = logging.getLogger("ringfence.monitoring")

FIRST = timedelta(minutes=10)  # after the start, when there is other work
AGAIN = timedelta(hours=1)  # after a run that kept nothing
SNAPSHOT_EVERY = timedelta(hours=1)  # the rings in force are read, to say how old they are
_LOOKS_S = 1.0  # between two looks at whether the process has ended


def run_beside(going_on: Callable[[], bool]) -> None:
    """One monitoring in a process of its own, which is ended where `going_on` says so."""
    process = subprocess.Popen((sys.executable, "-m", "service.processes.monitor"))
    while process.poll() is None:
        try:
            process.wait(_LOOKS_S)
        except subprocess.TimeoutExpired:
            if not going_on():
                process.terminate()


class DailyMonitor:
    """Begins a run where the last one is as long ago as the settings say; `run` does it."""

    def __init__(self, context: AppContext, run: Callable[[Callable[[], bool]], None] = run_beside) -> None:
        self._context, self._run = context, run
        self._every = timedelta(hours=context.settings.monitor_hours)
        self._lease = Lease(context.casebook, "monitoring", context.clock)
        self._closed = False
        self._tried = context.clock() - AGAIN + FIRST
        self._read_snapshot = self._shown = EPOCH

    def step(self) -> bool:
        """Show what is known, and monitor where it is time; nothing is left to do for now."""
        now = self._context.clock()
        self._show(now)
        if not self._every or self._closed or abs(now - self._tried) < AGAIN or not self._due(now):
            return True
        if self._lease.take():
            self._tried = now
            self._run(lambda: not self._closed and self._lease.take())
            self._show(self._context.clock())
        return True

    def close(self) -> None:
        """Let another process go on at once."""
        self._closed = True
        self._lease.give_back()

    def _due(self, now: datetime) -> bool:
        last = self._context.casebook.monitoring.latest(KeptKind.RUN, now)
        return last is None or now - last.since >= self._every

    def _show(self, now: datetime) -> None:
        """The figures as metrics: what is owed at every step, what a run found once."""
        monitoring, store = self._context.casebook.monitoring, self._context.store
        metrics.OWED_FACTS.set(monitoring.owed_facts())
        if abs(now - self._read_snapshot) >= SNAPSHOT_EVERY:
            self._read_snapshot = now
            if (rings := store.view(now).rings_in_turn()) is not None:
                metrics.SNAPSHOT.set(rings.as_of.timestamp())
        run = monitoring.latest(KeptKind.RUN, now)
        if run is None or run.since == self._shown:
            return
        self._shown = run.since
        day = monitoring.latest(KeptKind.DAY, now, run.model_version)
        metrics.note_monitoring(run, day, [one.alarm.code.value for one in monitoring.alarms()])
