"""The watcher: one process looks at every new revision of the store and keeps what it is worth, exactly
once.
"""

from __future__ import annotations

import logging
from collections import Counter

from graph.quantities import quantity
from investigations.watch.look import look
from investigations.watch.messages import WatchFindings
from investigations.watch.news import together
from investigations.watch.watched import BeforeAndNow
from service.assessment.context import AppContext
from service.http import metrics
from service.jobs.alert_cases import open_cases
from service.leases import Lease
from service.settings import named

log = logging.getLogger("ringfence.watch")

AT_ONCE = 64  # revisions in one step


class Watcher:
    """Watches a store from where its casebook says that the facts were looked at; of several in many
    processes one is at work. Begun for the first time, it looks at what comes from then on.
    """

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._lease = Lease(context.casebook, "watch", context.clock)
        self._grades = frozenset(named(context.settings.alert_cases))
        self._store: int | None = None

    def step(self) -> bool:
        """Look at some new revisions; whether nothing is left to do for now.

        What one look finds is kept with the revision up to which was looked, all or nothing: whoever is
        killed between has others look again, who find the same.
        """
        store, casebook = self._context.store, self._context.casebook
        if self._store is None:
            self._store = store.identity()
        latest, before = self._context.views.now(), casebook.watched_up_to(self._store)
        if before is None:
            casebook.begin_watch(self._store, latest)
            return True
        if before == latest or not self._lease.take():
            return True
        if before > latest:
            log.warning(
                "the store is at revision %d, and was at %d: it is watched from here on", latest, before
            )
            casebook.keep_findings(self._store, (before, latest), WatchFindings())
            return True
        upto = min(latest, before + AT_ONCE)
        for entry in together(store.journal(before, upto)):
            now, views = self._context.clock(), self._context.views
            both = BeforeAndNow(views.at(now, before), views.at(now, entry.revision))
            findings = look(entry, both)
            if not all(map(views.is_still, both)):
                return False  # somebody was erased meanwhile: look again
            if findings.alerts:  # before they are kept: who is killed between does both again
                open_cases(casebook, findings.alerts, self._grades, both.now)
            if not casebook.keep_findings(self._store, (before, entry.revision), findings):
                return True  # somebody else has looked on
            self._say(findings)
            before = entry.revision
        return upto == latest

    def close(self) -> None:
        """Let another process go on at once."""
        self._lease.give_back()

    def _say(self, findings: WatchFindings) -> None:
        for code, count in Counter(alert.code.value for alert in findings.alerts).items():
            metrics.ALERTS.labels(code).inc(count)
            log.info("%s: %s", quantity(count, "alert"), code)
